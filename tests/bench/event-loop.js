'use strict';
// How long the app's event loop is held up while a backup is taken.
const fs = require('node:fs');
const path = require('node:path');
const { monitorEventLoopDelay } = require('node:perf_hooks');
const Database = require('better-sqlite3');
const { BackupService } = require('sqlite-autobackup');
const { createDatabase, inTempFolder, median, row, silent, title } = require('./support.js');

const MEGABYTES = Number(process.env.BENCH_MB ?? 600);
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);

exports.run = () =>
  inTempFolder(async (folder) => {
    title(
      `The app's event loop during a backup of ${MEGABYTES} MB: worst delay; median of ${ROUNDS} alternating rounds`,
    );
    const database = path.join(folder, 'app.db');
    createDatabase(database, MEGABYTES * 1e6);
    const service = new BackupService({ database, logger: silent });
    const target = path.join(folder, 'copy.db');
    const peers = {
      'nothing (the noise of this machine)': () => new Promise((resolve) => setTimeout(resolve, 2_000)),
      'sqlite-autobackup': () => service.createBackup(),
      "better-sqlite3's own db.backup(), in-process": async () => {
        const db = new Database(database, { readonly: true });
        await db.backup(target);
        db.close();
      },
    };
    const worst = Object.fromEntries(Object.keys(peers).map((name) => [name, []]));
    for (let round = 0; round < ROUNDS; round++) {
      for (const [name, peer] of Object.entries(peers)) {
        worst[name].push(await worstDelay(peer));
        for (const each of fs.readdirSync(folder)) {
          if (each.includes('_backup_') || each.startsWith('copy.db')) fs.rmSync(path.join(folder, each));
        }
      }
    }
    const own = median(worst['sqlite-autobackup']);
    row('', 'ms', 'ours / it');
    for (const [name, all] of Object.entries(worst)) row(name, median(all).toFixed(1), (own / median(all)).toFixed(2));
  });

async function worstDelay(work) {
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  histogram.enable();
  // The first interval begins with the loop's next turn.
  await new Promise((resolve) => setTimeout(resolve, 20));
  histogram.reset();
  await work();
  await new Promise((resolve) => setTimeout(resolve, 5));
  histogram.disable();
  return histogram.max / 1e6;
}

if (require.main === module) void exports.run();
