// Rows: how long a diff and a recovery take, as ratios against other tools on the same files. `node tests/bench/rows.js [MB]`
const { execFileSync, spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const { setTimeout } = require('node:timers/promises');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const Database = require('better-sqlite3');
const { BackupService } = require('../..');

const megabytes = Number(process.argv[2] ?? 400);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rows-bench-'));
const silent = { info() {}, warn() {}, error() {} };
process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));

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

/** CPU seconds and the largest resident memory of a command, by what Linux says of the process. */
async function measure(command, args, input) {
  const child = spawn(command, args, { stdio: ['pipe', 'ignore', 'inherit'] });
  child.stdin.end(input);
  let peakKb = 0;
  const look = () => {
    const [, kb] = /VmHWM:\s+(\d+)/.exec(readOr(`/proc/${child.pid}/status`)) ?? [];
    peakKb = Math.max(peakKb, Number(kb ?? 0));
  };
  const timer = setInterval(look, 5);
  const before = childTimes();
  await once(child, 'exit');
  clearInterval(timer);
  return { seconds: childTimes() - before, megabytes: (peakKb * 1024) / 1e6 };
}

const readOr = (file) => {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return '';
  }
};

/** The times of a child count when the system has ended it, which is a moment after its answer. */
const reaped = () => setTimeout(500);

/** User and system time of the children that have ended, in seconds (proc(5): cutime and cstime, at 100 ticks a second). */
function childTimes() {
  const [, fields = ''] = /\) (.*)/s.exec(fs.readFileSync('/proc/self/stat', 'utf8')) ?? [];
  const [user, system] = fields.split(' ').slice(13, 15).map(Number);
  return (user + system) / 100;
}

async function main() {
  const file = path.join(folder, 'app.db');
  const { db, invoices } = makeShop(file, megabytes);
  const service = new BackupService({ database: file, logger: silent, timeout: '30m' });
  const backup = await service.createBackup();
  console.log(`shop: ${(backup.sizeBytes / 1e6).toFixed(0)} MB, ${invoices} invoices`);

  db.exec(`UPDATE invoices SET total = total + 1 WHERE id % 100 = 7`);
  db.pragma('wal_checkpoint(TRUNCATE)');
  const main = path.join(__dirname, '..', '..', 'dist', 'isolated', 'main.js');
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
  const runs = { diff: [], 'sqldiff --summary': [], sqldiff: [] };
  // By turns, and the best of each: what else runs on the machine only ever adds.
  for (let round = 0; round < 3; round++) {
    runs.diff.push(await measure(process.execPath, [main], JSON.stringify(request)));
    if (!installed) continue;
    runs['sqldiff --summary'].push(await measure('sqldiff', ['--summary', backup.path, file]));
    runs.sqldiff.push(await measure('sqldiff', [backup.path, file]));
  }
  const best = (what) => Math.min(...runs[what].map(({ seconds }) => seconds));
  const peak = Math.max(...runs.diff.map((run) => run.megabytes));
  console.log(`diff: ${best('diff').toFixed(2)} s of CPU, ${peak.toFixed(0)} MB at most`);
  if (!installed) console.log('sqldiff: not installed (Debian: sqlite3-tools)');
  for (const what of installed ? ['sqldiff --summary', 'sqldiff'] : []) {
    console.log(`${what}: ${best(what).toFixed(2)} s of CPU; ratio ${(best('diff') / best(what)).toFixed(2)}`);
  }

  const node = median(() => { const at = performance.now(); execFileSync(process.execPath, ['-e', '0']); return performance.now() - at; }); // prettier-ignore
  const over = [];
  const touch = () => db.exec('UPDATE products SET stock = stock - 1 WHERE id = 1');
  for (let round = 0; round < 7; round++) {
    const id = 1000 + round;
    db.exec(`PRAGMA foreign_keys = ON; DELETE FROM invoices WHERE id = ${id}`);
    const a = performance.now();
    await service.createBackup();
    const b = performance.now();
    // Unchanged, the safety backup would be compared with the newest and linked: another backup than the one that was timed.
    touch();
    const c = performance.now();
    await service.recoverRows(backup.name, { table: 'invoices', where: `id = ${id}` });
    over.push(performance.now() - c - (b - a));
  }
  over.sort((a, b) => a - b);
  console.log(
    `one invoice with five lines: ${over[3].toFixed(0)} ms over a backup, node -e 0 ${node.toFixed(0)} ms; ratio ${(over[3] / node).toFixed(1)}`,
  );

  db.exec(`PRAGMA foreign_keys = OFF; DELETE FROM items WHERE id > (SELECT max(id) FROM items) - 600000`);
  const lost = db.prepare('SELECT max(id) FROM items').pluck().get();
  db.close();
  const copy = path.join(folder, 'shell.db');
  fs.copyFileSync(file, copy);
  const insert = `ATTACH '${backup.path}' AS b; INSERT INTO items SELECT * FROM b.items WHERE id > ${lost};`;
  const start = performance.now();
  const cpuBefore = childTimes();
  execFileSync('sqlite3', [copy, insert]);
  const shell = performance.now() - start;
  const shellCpu = childTimes() - cpuBefore;
  await reaped();
  const c = performance.now();
  const backupBefore = childTimes();
  await service.createBackup();
  const taken = performance.now() - c;
  await reaped();
  const backupCpu = childTimes() - backupBefore;
  new Database(file).exec('UPDATE products SET stock = 0 WHERE id = 1');
  const d = performance.now();
  const cpuAfter = childTimes();
  const report = await service.recoverRows(backup.name, { table: 'items', removed: true });
  const whole = performance.now() - d;
  await reaped();
  const recoverCpu = childTimes() - cpuAfter - backupCpu;
  console.log(
    `${JSON.stringify(report.inserted)}: ${whole.toFixed(0)} ms, ${taken.toFixed(0)} of them for its backup; shell ${shell.toFixed(0)} ms; ratio ${((whole - taken) / shell).toFixed(1)}`,
  );
  console.log(
    `the same in CPU: ${recoverCpu.toFixed(2)} s, shell ${shellCpu.toFixed(2)} s; ratio ${(recoverCpu / shellCpu).toFixed(1)}`,
  );
}

function median(measure) {
  return Array.from({ length: 5 }, measure).sort((a, b) => a - b)[2];
}

main().catch((error) => { console.error(error); process.exitCode = 1; }); // prettier-ignore
