// Rows: how long a diff and a recovery take, as ratios against other tools on the same files. `node tests/bench/rows.js [MB]`
const { execFileSync, spawnSync } = require('node:child_process');
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

const cpu = (command, args) => {
  const before = process.resourceUsage();
  const script = `const s=require('node:child_process').spawnSync(process.argv[1],process.argv.slice(2),{stdio:['ignore','ignore','inherit'],maxBuffer:1e9});const {userCPUTime,systemCPUTime}=process.resourceUsage();console.log(s.status)`;
  (void script, before);
  const start = performance.now();
  const { stderr } = spawnSync('bash', ['-c', 'TIMEFORMAT="%U %S"; time "$@" > /dev/null', '-', command, ...args], {
    encoding: 'utf8',
  });
  const [user, system] = stderr.trim().split('\n').pop().split(' ').map(Number);
  return { seconds: user + system, wall: (performance.now() - start) / 1000 };
};

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
  const input = path.join(folder, 'request.json');
  fs.writeFileSync(input, JSON.stringify(request));
  const ours = cpu('bash', ['-c', `exec "$0" "$1" < "$2"`, process.execPath, main, input]);
  const memory = spawnSync('bash', [
    '-c',
    `"$0" -e 'const c=require("child_process").spawnSync(process.execPath,[process.argv[1]],{input:require("fs").readFileSync(process.argv[2]),maxBuffer:1e9});' "$1" "$2"; true`,
    process.execPath,
    main,
    input,
  ]);
  void memory;
  console.log(`diff, CPU: ${ours.seconds.toFixed(2)} s`);
  if (spawnSync('sqldiff', ['--help']).error) console.log('sqldiff: not installed (Debian: sqlite3-tools)');
  else {
    const theirs = cpu('sqldiff', ['--summary', backup.path, file]);
    console.log(
      `sqldiff --summary, CPU: ${theirs.seconds.toFixed(2)} s; ratio ${(ours.seconds / theirs.seconds).toFixed(2)}`,
    );
    const full = cpu('sqldiff', [backup.path, file]);
    console.log(`sqldiff, CPU: ${full.seconds.toFixed(2)} s; ratio ${(ours.seconds / full.seconds).toFixed(2)}`);
  }

  const node = median(() => { const at = performance.now(); execFileSync(process.execPath, ['-e', '0']); return performance.now() - at; }); // prettier-ignore
  const over = [];
  for (let round = 0; round < 5; round++) {
    const id = 1000 + round;
    db.exec(`PRAGMA foreign_keys = ON; DELETE FROM invoices WHERE id = ${id}`);
    const a = performance.now();
    await service.createBackup();
    const b = performance.now();
    await service.recoverRows(backup.name, { table: 'invoices', where: `id = ${id}` });
    over.push(performance.now() - b - (b - a));
  }
  over.sort((a, b) => a - b);
  console.log(
    `one invoice with five lines: ${over[2].toFixed(0)} ms over a backup, node -e 0 ${node.toFixed(0)} ms; ratio ${(over[2] / node).toFixed(1)}`,
  );

  db.exec(`PRAGMA foreign_keys = OFF; DELETE FROM items WHERE id > (SELECT max(id) FROM items) - 600000`);
  const lost = db.prepare('SELECT max(id) FROM items').pluck().get();
  db.close();
  const copy = path.join(folder, 'shell.db');
  fs.copyFileSync(file, copy);
  const start = performance.now();
  execFileSync('sqlite3', [
    copy,
    `ATTACH '${backup.path}' AS b; INSERT INTO items SELECT * FROM b.items WHERE id > ${lost};`,
  ]);
  const shell = performance.now() - start;
  const c = performance.now();
  await service.createBackup();
  const d = performance.now();
  const report = await service.recoverRows(backup.name, { table: 'items', removed: true });
  const whole = performance.now() - d;
  console.log(
    `${JSON.stringify(report.inserted)}: ${whole.toFixed(0)} ms with its backup (${(d - c).toFixed(0)} ms), shell ${shell.toFixed(0)} ms; ratio ${((whole - (d - c)) / shell).toFixed(1)} (${(whole / shell).toFixed(1)} with the backup)`,
  );
}

function median(measure) {
  return Array.from({ length: 5 }, measure).sort((a, b) => a - b)[2];
}

main().catch((error) => { console.error(error); process.exitCode = 1; }); // prettier-ignore
