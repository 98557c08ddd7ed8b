const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');

const FOLDER = path.join(__dirname, '..', 'prisma');
// Where it finds @prisma/client, and no linter finds it.
const CLIENT = path.join(__dirname, '..', 'node_modules', '.prisma-client', 'client.ts');

exports.generate = generate;
exports.label = 'Prisma (adapter-better-sqlite3)';
exports.module = '@prisma/client';
exports.open = async (file) => {
  generate();
  const { PrismaBetterSqlite3 } = require('@prisma/adapter-better-sqlite3');
  const { PrismaClient } = require('tsx/cjs/api').require(CLIENT, module.filename);
  const adapter = new PrismaBetterSqlite3({ url: pathToFileURL(file).href, timeout: 5_000 });
  const prisma = new PrismaClient({ adapter });
  const [{ version }] = await prisma.$queryRaw`SELECT sqlite_version() AS version`;
  return {
    sqlite: version,
    async write() {
      await prisma.$transaction([
        prisma.entry.create({ data: { amount: 3 } }),
        prisma.total.update({ where: { id: 1 }, data: { amount: { increment: 3 }, entries: { increment: 1 } } }),
      ]);
    },
    async read() {
      const rows = await prisma.entry.count();
      const { entries } = await prisma.total.findUniqueOrThrow({ where: { id: 1 } });
      return { rows, entries };
    },
    close: () => prisma.$disconnect(),
  };
};

/** `prisma generate`, without the network, once per installation. */
function generate() {
  if (fs.existsSync(CLIENT)) return;
  const cli = require.resolve('prisma/build/index.js');
  execFileSync(process.execPath, [cli, 'generate'], {
    cwd: FOLDER,
    // The command downloads the engine for migrations before anything else. Generating does not start it, so any program does.
    env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, CHECKPOINT_DISABLE: '1' },
    // What it says is part of the error, if it fails.
    stdio: 'pipe',
  });
}
