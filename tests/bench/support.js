'use strict';
// What the benchmarks share. They print ratios between things measured in the same run, never verdicts: machines are noisy.
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const Database = require('better-sqlite3');

/** Runs `work` in a folder on a real disk (BENCH_DIR, default the system's temporary folder) and removes it afterwards. */
exports.inTempFolder = async (work) => {
  const folder = fs.mkdtempSync(path.join(process.env.BENCH_DIR ?? os.tmpdir(), 'autobackup-bench-'));
  try {
    return await work(folder);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
};

/** A database of about `bytes`: rows, two indexes, and the freelist and overflow pages that real ones have. */
exports.createDatabase = (file, bytes, journalMode = 'wal') => {
  const db = new Database(file);
  db.pragma(`journal_mode = ${journalMode}`);
  db.pragma('synchronous = OFF');
  db.exec(`
    CREATE TABLE invoices (id INTEGER PRIMARY KEY, customer TEXT NOT NULL, created TEXT NOT NULL, total INTEGER, note TEXT, scan BLOB);
    CREATE INDEX invoices_customer ON invoices (customer);
    CREATE INDEX invoices_created ON invoices (created);
  `);
  const add = db.prepare(
    "INSERT INTO invoices (customer, created, total, note, scan) VALUES (hex(randomblob(12)), datetime(?, 'unixepoch'), ?, hex(randomblob(200)), randomblob(?))",
  );
  const pages = db.prepare('PRAGMA page_count').pluck();
  const rows = db.transaction((from) => {
    for (let i = from; i < from + 2000; i++) add.run(1_700_000_000 + i, i % 10_000, i % 50 === 0 ? 20_000 : 500);
  });
  for (let from = 0; pages.get() * 4096 < bytes; from += 2000) rows(from);
  db.exec('DELETE FROM invoices WHERE id % 37 = 0');
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.close();
};

/** Runs a command line of the shell and fails loudly if it fails. */
exports.shell = (command) => {
  const { status, stderr, stdout } = spawnSync('/bin/bash', ['-ec', command], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command}: ${stderr}`);
  return stdout;
};

exports.median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
exports.silent = { info() {}, warn() {}, error() {} };
exports.seconds = (ms) => `${(ms / 1000).toFixed(2)} s`;
exports.row = (name, ...cells) => console.log(`${name.padEnd(64)}${cells.map((cell) => cell.padStart(14)).join('')}`);
exports.title = (text) => console.log(`\n## ${text}\n`);
