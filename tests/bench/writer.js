'use strict';
// node writer.js DATABASE: an app that commits one row about every 2 ms until its input ends; prints how long the commits took.
const Database = require('better-sqlite3');
const { percentile } = require('./support.js');

const [database] = process.argv.slice(2);
const db = new Database(database, { timeout: 60_000 });
db.pragma('journal_mode = WAL');
db.pragma('synchronous = NORMAL');
const add = db.prepare(
  "INSERT INTO invoices (customer, created, total, note) VALUES ('load', datetime(), 1, hex(randomblob(200)))",
);
const times = [];
let isOver = false;
process.stdin.on('end', () => (isOver = true)).resume();

function write() {
  const begin = performance.now();
  add.run();
  times.push(performance.now() - begin);
  if (!isOver) return void setTimeout(write, 2);
  times.sort((a, b) => a - b);
  console.log(JSON.stringify({ p50: percentile(times, 0.5), p99: percentile(times, 0.99), count: times.length }));
}

write();
