'use strict';
// From "due" to the start of the method, for a small shop's database.
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { createDatabase, inTempFolder, load, silent, table, timed, times } = require('./support.js');

const ROUNDS = 21;

exports.run = () =>
  inTempFolder(async (folder) => {
    const { BackupService, withAutoBackup } = load();
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
    const title = 'A 1 MB database, from the due call to the start of the method';
    const found = { 'node -e 0': bare, 'due backup, until the method starts': due };
    return table({ id: 'small-backup', title, unit: 'ms', times: found, ratio: times('node -e 0') });
  });
