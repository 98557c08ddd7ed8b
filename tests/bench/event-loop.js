'use strict';
// How long the app's event loop is held up while a backup is taken.
const path = require('node:path');
const Database = require('better-sqlite3');
const {
  byTurns,
  createDatabase,
  inTempFolder,
  load,
  oursOver,
  removeBackups,
  silent,
  table,
  worstDelay,
} = require('./support.js');

const MEGABYTES = Number(process.env.BENCH_MB ?? 600);
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);

exports.run = () =>
  inTempFolder(async (folder) => {
    const database = path.join(folder, 'app.db');
    createDatabase(database, MEGABYTES * 1e6);
    const service = new (load().BackupService)({ database, logger: silent });
    const target = path.join(folder, 'copy.db');
    const peers = {
      'nothing (the noise of this machine)': () => new Promise((resolve) => setTimeout(resolve, 2_000)),
      ours: () => service.createBackup(),
      "better-sqlite3's own db.backup(), in-process": async () => {
        const db = new Database(database, { readonly: true });
        await db.backup(target);
        db.close();
      },
    };
    const worst = await byTurns(ROUNDS, peers, async (peer) => {
      const delay = await worstDelay(peer);
      removeBackups(folder);
      return delay;
    });
    const title = `The longest that the app was held up during a backup of ${MEGABYTES} MB`;
    return table({ id: 'event-loop', title, unit: 'ms', times: worst, ratio: oursOver() });
  });
