const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');

const SCHEMA = path.join(__dirname, '..', 'prisma', 'schema.prisma');
// Where it finds @prisma/client, and no linter finds it.
const GENERATED = path.join(__dirname, '..', 'node_modules', '.prisma-client');
const CLIENT = path.join(GENERATED, 'client', 'client.ts');

exports.generate = generate;
exports.label = 'Prisma (adapter-better-sqlite3)';
exports.module = '@prisma/client';
exports.open = async (file) => {
  generate();
  const { PrismaBetterSqlite3 } = require('@prisma/adapter-better-sqlite3');
  const { PrismaClient } = require('tsx/cjs/api').require(CLIENT, module.filename);
  const adapter = new PrismaBetterSqlite3({ url: pathToFileURL(file).href, timeout: 60_000 });
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

/** `prisma generate`, without the network, once per installation. All of it is there, or nothing: tests run side by side. */
function generate() {
  if (fs.existsSync(GENERATED)) return;
  const building = fs.mkdtempSync(`${GENERATED}-`);
  const schema = path.join(building, 'schema.prisma');
  fs.copyFileSync(SCHEMA, schema);
  execFileSync(process.execPath, [require.resolve('prisma/build/index.js'), 'generate', '--schema', schema], {
    cwd: path.dirname(SCHEMA),
    // The command downloads the engine for migrations before anything else. Generating does not start it, so any program does.
    env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, CHECKPOINT_DISABLE: '1' },
    // What it says is part of the error, if it fails.
    stdio: 'pipe',
  });
  try {
    fs.renameSync(building, GENERATED);
  } catch (error) {
    if (!fs.existsSync(GENERATED)) throw error;
    // Another process was faster.
    fs.rmSync(building, { recursive: true });
  }
}
