'use strict';
// So many processes find at the same moment that a backup is due: one is taken, and all go on with it in place.
const { fork } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { createDatabase, inTempFolder, load, silent, table, times } = require('./support.js');

const COUNTS = [1, 4, 8];
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
const nameOf = (count) => `${count} process${count === 1 ? '' : 'es'}`;

exports.run = () =>
  inTempFolder(async (folder) => {
    const database = path.join(folder, 'app.db');
    createDatabase(database, 20e6);
    const all = Object.fromEntries(COUNTS.map((count) => [nameOf(count), []]));
    for (let round = 0; round < ROUNDS; round++) {
      for (const count of COUNTS) {
        const directory = path.join(folder, `${round}-${count}`);
        fs.mkdirSync(directory);
        all[nameOf(count)].push(await together(count, database, directory));
        const made = fs.readdirSync(directory).filter((name) => name.endsWith('.db')).length;
        if (made !== 1) throw new Error(`${made} backups for ${count} processes`);
        fs.rmSync(directory, { recursive: true });
      }
    }
    const title = 'From the due moment until the last of so many processes goes on, 20 MB';
    return table({ id: 'workers', title, unit: 'ms', times: all, ratio: times(nameOf(1)) });
  });

async function together(count, database, directory) {
  const workers = Array.from({ length: count }, () => fork(path.join(__dirname, 'workers.js'), [database, directory]));
  try {
    await Promise.all(workers.map((worker) => once(worker, 'message')));
    const begin = performance.now();
    const done = Promise.all(workers.map((worker) => once(worker, 'message')));
    for (const worker of workers) worker.send('now');
    for (const [error] of await done) if (error) throw new Error(error);
    return performance.now() - begin;
  } finally {
    for (const worker of workers) worker.kill('SIGKILL');
  }
}

if (require.main === module) {
  const [database, directory] = process.argv.slice(2);
  const service = new (load().BackupService)({ database, directory, logger: silent });
  process.once('message', () =>
    service.backupIfDue().then(
      () => process.send(''),
      (error) => process.send(error.message),
    ),
  );
  process.send('ready');
}
