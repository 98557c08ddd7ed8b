'use strict';
// Rows: how long a diff and a recovery take, beside other tools on the same files.
const { execFileSync, spawnSync } = require('node:child_process');
const { setTimeout } = require('node:timers/promises');
const fs = require('node:fs');
const path = require('node:path');
const Database = require('better-sqlite3');
const { childCosts, inTempFolder, load, measured, PACKAGE, silent, table, timed, times } = require('./support.js');

const MEGABYTES = Number(process.env.BENCH_ROWS_MB ?? 400);
const DIFF_ROUNDS = 3;
const INVOICES = 7;

/** A shop of about that size: one invoice in a KB, with five lines. */
function makeShop(file, size) {
  const db = new Database(file);
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = OFF');
  const invoices = Math.round((size * 1e6) / 560);
  db.exec(`
    CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT UNIQUE);
    CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE, price REAL, stock INTEGER);
    CREATE TABLE invoices (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers(id), total REAL, note TEXT, made TEXT);
    CREATE TABLE items (id INTEGER PRIMARY KEY, invoice_id INTEGER NOT NULL REFERENCES invoices(id) ON DELETE CASCADE,
      product_id INTEGER REFERENCES products(id), name TEXT, quantity INTEGER, price REAL);
    CREATE INDEX items_of ON items (invoice_id);
    BEGIN;
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
      INSERT INTO customers SELECT i, 'customer ' || i, i || '@example.com' FROM n;
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
      INSERT INTO products SELECT i, 'product ' || i, i * 0.5, 100 FROM n;
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${invoices})
      INSERT INTO invoices SELECT i, 1 + i % 5000, i * 1.25, hex(randomblob(60)), '2026-11-26T10:00:00' FROM n;
    INSERT INTO items SELECT NULL, i.id, 1 + (i.id + k.value) % 2000, 'line ' || k.value || ' ' || hex(randomblob(12)), k.value, i.total / 5
      FROM invoices i, json_each('[1,2,3,4,5]') k;
    COMMIT;`);
  return { db, invoices };
}

exports.run = () =>
  inTempFolder(async (folder) => {
    const file = path.join(folder, 'app.db');
    const { db } = makeShop(file, MEGABYTES);
    const service = new (load().BackupService)({ database: file, logger: silent, timeout: '30m' });
    const backup = await service.createBackup();
    db.exec(`UPDATE invoices SET total = total + 1 WHERE id % 100 = 7`);
    db.pragma('wal_checkpoint(TRUNCATE)');
    const tables = [...(await diffs(folder, file, backup)), await oneInvoice(db, service, backup)];
    return [...tables, ...(await manyItems(folder, file, db, service, backup))];
  });

async function diffs(folder, file, backup) {
  const main = path.join(PACKAGE, 'dist', 'isolated', 'main.js');
  const request = {
    kind: 'diff',
    database: file,
    directory: folder,
    name: backup.name,
    against: 'live',
    rows: 0,
    skip: 0,
    timeoutMs: 1e6,
  };
  const installed = !spawnSync('sqldiff', ['--help']).error;
  const found = { ours: [], 'sqldiff --summary': [], sqldiff: [] };
  for (let round = 0; round < DIFF_ROUNDS; round++) {
    found.ours.push(await measured(process.execPath, [main], { input: JSON.stringify(request) }));
    if (!installed) continue;
    found['sqldiff --summary'].push(await measured('sqldiff', ['--summary', backup.path, file]));
    found.sqldiff.push(await measured('sqldiff', [backup.path, file]));
  }
  const of = (pick) => Object.fromEntries(Object.entries(found).map(([name, all]) => [name, all.map(pick)]));
  const title = `A diff of ${MEGABYTES} MB with its backup`;
  const ratio = { label: 'ours / it', base: 'ours' };
  return [
    table({ id: 'diff', title: `${title}: CPU time`, unit: 'ms', times: of(({ cpuMs }) => cpuMs), by: 'least', ratio }),
    table({ id: 'diff-memory', title: `${title}: memory`, unit: 'MB', times: of(({ mb }) => mb) }),
  ];
}

/** Over the time of its safety backup, which would be taken anyway. */
async function oneInvoice(db, service, backup) {
  const over = [];
  const bare = [];
  for (let round = 0; round < INVOICES; round++) {
    bare.push(await timed(() => spawnSync(process.execPath, ['-e', '0'])));
    const id = 1000 + round;
    db.exec(`PRAGMA foreign_keys = ON; DELETE FROM invoices WHERE id = ${id}`);
    const taken = await timed(() => service.createBackup());
    // Unchanged, the safety backup would be compared with the newest and linked: another backup than the one that was timed.
    db.exec('UPDATE products SET stock = stock - 1 WHERE id = 1');
    const whole = await timed(() => service.recoverRows(backup.name, { table: 'invoices', where: `id = ${id}` }));
    over.push(whole - taken);
  }
  const title = 'Recovering one invoice with its five lines, over the time of a backup';
  return table({
    id: 'recover-one',
    title,
    unit: 'ms',
    times: { 'node -e 0': bare, ours: over },
    ratio: times('node -e 0'),
  });
}

/** Beside `INSERT … SELECT` of the shell, without all that is looked at for the owner. */
async function manyItems(folder, file, db, service, backup) {
  db.pragma('foreign_keys = OFF');
  const { changes } = db.prepare('DELETE FROM items WHERE id > (SELECT max(id) FROM items) - 600000').run();
  const last = db.prepare('SELECT max(id) FROM items').pluck().get() ?? 0;
  db.close();
  const copy = path.join(folder, 'shell.db');
  fs.copyFileSync(file, copy);
  const insert = `ATTACH '${backup.path}' AS b; INSERT INTO items SELECT * FROM b.items WHERE id > ${last};`;
  const shell = await costOf(() => void execFileSync('sqlite3', [copy, insert]));
  const taken = await costOf(() => service.createBackup());
  new Database(file).exec('UPDATE products SET stock = 0 WHERE id = 1');
  const whole = await costOf(() => service.recoverRows(backup.name, { table: 'items', removed: true }));
  const of = (key) => ({ 'INSERT … SELECT in the shell': [shell[key]], ours: [whole[key] - taken[key]] });
  const title = `Recovering ${changes.toLocaleString('en')} rows, over the time of a backup`;
  const ratio = times('INSERT … SELECT in the shell');
  return [
    table({ id: 'recover-many', title, unit: 'ms', times: of('ms'), ratio }),
    table({ id: 'recover-many-cpu', title: `${title}: CPU time`, unit: 'ms', times: of('cpuMs'), ratio }),
  ];
}

async function costOf(work) {
  // The times of a child count when the system has ended it, which is a moment after its answer: also of the one before.
  await setTimeout(500);
  const before = childCosts().cpuMs;
  const ms = await timed(work);
  await setTimeout(500);
  return { ms, cpuMs: childCosts().cpuMs - before };
}
