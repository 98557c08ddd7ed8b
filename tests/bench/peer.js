'use strict';
// node peer.js WHAT DATABASE TARGET: one copy, in a process of its own. Prints how long it took without Node's own start, in ms.
const [what, database, target] = process.argv.slice(2);
const silent = { info() {}, warn() {}, error() {} };

const peers = {
  ours: () =>
    new (require('./support.js').load().BackupService)({
      database,
      directory: target,
      logger: silent,
      timeout: '1h',
    }).createBackup(),
  // The newest in the folder is what is restored.
  restore: async () => {
    const { BackupService } = require('./support.js').load();
    const service = new BackupService({ database, directory: target, logger: silent, timeout: '1h' });
    const [{ name }] = await service.listBackups();
    await service.restoreBackup(name, { to: `${target}/copy.restored.db` });
  },
  'better-sqlite3': async () => {
    const db = new (require('better-sqlite3'))(database, { readonly: true });
    await db.backup(target);
    db.close();
  },
  'node:sqlite': async () => {
    const { DatabaseSync, backup } = require('node:sqlite');
    const db = new DatabaseSync(database, { readOnly: true });
    await backup(db, target, { rate: 1_000 });
    db.close();
  },
};

async function main() {
  const begin = performance.now();
  await peers[what]();
  console.log(performance.now() - begin);
  // The costs of the child process count when it has been waited for, which is a moment after its answer.
  await new Promise((resolve) => setTimeout(resolve, 500));
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
