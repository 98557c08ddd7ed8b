'use strict';
// From "due" to the start of the method, for a small shop's database.
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { BackupService, withAutoBackup } = require('sqlite-autobackup');
const { createDatabase, inTempFolder, median, row, silent, title } = require('./support.js');

const ROUNDS = 21;

exports.run = () =>
  inTempFolder(async (folder) => {
    title(`A 1 MB database, from the due call to the start of the method; median of ${ROUNDS} alternating rounds`);
    const database = path.join(folder, 'app.db');
    createDatabase(database, 1e6);
    const bare = [];
    const due = [];
    for (let round = 0; round < ROUNDS; round++) {
      bare.push(await timed(() => spawnSync(process.execPath, ['-e', '0'])));
      const directory = path.join(folder, String(round));
      fs.mkdirSync(directory);
      // A second of its own for each name, in a folder of its own: nothing waits for the next free second.
      const service = new BackupService({ database, directory, logger: silent });
      let started;
      const begin = performance.now();
      await withAutoBackup(
        async () => {
          started = performance.now();
        },
        { service },
      )();
      due.push(started - begin);
      if (fs.readdirSync(directory).filter((name) => name.endsWith('.db')).length !== 1) throw new Error('no backup');
    }
    row('', 'ms', 'x node -e 0');
    row('node -e 0', median(bare).toFixed(0), '1.0');
    row('due backup, until the method starts', median(due).toFixed(0), (median(due) / median(bare)).toFixed(2));
  });

async function timed(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

if (require.main === module) void exports.run();
