'use strict';
// The backup folder with very many files: a due check beside `readdir` alone, and how long anything holds the app up.
const fs = require('node:fs');
const path = require('node:path');
const {
  createDatabase,
  inTempFolder,
  load,
  plantBackups,
  silent,
  table,
  timed,
  times,
  worstDelay,
} = require('./support.js');

const BACKUPS = (process.env.BENCH_BACKUPS ?? '8,1000,20000').split(',').map(Number);
const OTHERS = 60_000;
const PRUNED = 2_000;
const CHECKS = 25;
const ROUNDS = 3;
const IDLE = 'idle';

exports.run = async () => {
  const tables = [];
  for (const count of BACKUPS) tables.push(...(await inTempFolder((folder) => withBackups(folder, count))));
  tables.push(...(await inTempFolder((folder) => withOthers(folder))));
  return tables;
};

async function withBackups(folder, count) {
  const database = path.join(folder, 'app.db');
  createDatabase(database, 8_192);
  plantBackups(folder, database, count);
  const what = `${count.toLocaleString('en')} backups`;
  const checks = await dueChecks(folder, database, `checks-${count}`, what);
  if (count < Math.max(...BACKUPS)) return checks;
  return [...checks, await stalls(folder, database, `stalls-${count}`, what, count)];
}

async function withOthers(folder) {
  const database = path.join(folder, 'app.db');
  createDatabase(database, 8_192);
  plantBackups(folder, database, 8);
  for (let i = 0; i < OTHERS; i++) fs.writeFileSync(path.join(folder, `scan-of-invoice-${i}.pdf`), '');
  const what = `8 backups and ${OTHERS.toLocaleString('en')} other files`;
  return [
    ...(await dueChecks(folder, database, 'checks-others', what)),
    await stalls(folder, database, 'stalls-others', what, 8),
  ];
}

function serviceOf(database, last = Infinity) {
  const { BackupService, keep } = load();
  return new BackupService({ database, interval: '300d', logger: silent, retention: keep({ last }) });
}

async function dueChecks(folder, database, id, what) {
  const service = serviceOf(database);
  const own = { readdirSync: [], 'checkDue()': [] };
  const asynchronous = { 'fs.promises.readdir': [], 'backupIfDue()': [] };
  for (let i = 0; i < CHECKS; i++) {
    own.readdirSync.push(await timed(() => void fs.readdirSync(folder)));
    own['checkDue()'].push(await timed(() => void service.checkDue()));
    asynchronous['fs.promises.readdir'].push(await timed(() => fs.promises.readdir(folder)));
    asynchronous['backupIfDue()'].push(await timed(() => service.backupIfDue()));
  }
  return [
    table({
      id: `${id}-sync`,
      title: `A due check, blocking: ${what}`,
      unit: 'ms',
      times: own,
      ratio: times('readdirSync'),
    }),
    table({ id, title: `A due check: ${what}`, unit: 'ms', times: asynchronous, ratio: times('fs.promises.readdir') }),
  ];
}

async function stalls(folder, database, id, what, count) {
  const service = serviceOf(database);
  const peers = {
    [IDLE]: () => new Promise((resolve) => setTimeout(resolve, 2_000)),
    'fs.promises.readdir alone': () => fs.promises.readdir(folder),
    'backupIfDue()': () => service.backupIfDue(),
    'listBackups()': () => service.listBackups(),
    'status({ wait: false })': () => service.status({ wait: false }),
    'pruneBackups({ dryRun: true })': () => serviceOf(database, 100).pruneBackups({ dryRun: true }),
  };
  const worst = Object.fromEntries(Object.keys(peers).map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, peer] of Object.entries(peers)) worst[name].push(await worstDelay(peer));
  }
  // Once: then they have gone.
  if (count > PRUNED) {
    const left = count - PRUNED;
    worst[`pruneBackups() of ${PRUNED.toLocaleString('en')}`] = [
      await worstDelay(() => serviceOf(database, left).pruneBackups()),
    ];
  }
  return table({
    id,
    title: `The longest that the app was held up: ${what}`,
    unit: 'ms',
    times: worst,
    ratio: times(IDLE),
  });
}
