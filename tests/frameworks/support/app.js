// What the apps have in common, whatever their framework: the database with its invoices, and the line that tells the test
// where they listen. The test makes the database; the app opens it with a driver of its own, as apps do.
'use strict';
const { Readable } = require('node:stream');
const Database = require('better-sqlite3');

const db = new Database(process.env.DATABASE, { fileMustExist: true, timeout: 5_000 });

/** Every protected method calls this once: it shows whether, and how often, the method has run. */
function called(method) {
  db.prepare('INSERT INTO calls (method) VALUES (?)').run(method);
}

/** Adds an invoice, and answers what `POST /invoices` answers. */
function createInvoice({ customer, total }, user) {
  called('create');
  const { lastInsertRowid } = db.prepare('INSERT INTO invoices (customer, total) VALUES (?, ?)').run(customer, total);
  return { id: Number(lastInsertRowid), customer, total, user };
}

/** Was there such an invoice? */
function removeInvoice(id) {
  called('remove');
  return db.prepare('DELETE FROM invoices WHERE id = ?').run(Number(id)).changes === 1;
}

/** For `GET /invoices`, which is not protected. */
function countInvoices() {
  return { count: db.prepare('SELECT count(*) FROM invoices').pluck().get() };
}

/** A stream that comes in pieces. */
function reportStream() {
  called('report');
  return Readable.from(
    (function* () {
      yield 'customer,total\n';
      for (let i = 1; i <= 1_000; i++) yield `customer ${i},${i}\n`;
    })(),
    { objectMode: false },
  );
}

/** Tells the test the port, and ends when the test is done (or gone). */
function announce(port) {
  console.log(JSON.stringify({ port }));
  process.stdin.resume().on('end', () => process.exit(0));
}

/** For `new BackupService(…)` or `configureAutoBackup(…)`. */
const backupOptions = {
  database: process.env.DATABASE,
  directory: process.env.BACKUPS,
  // The tests delete backups: each request looks at the folder.
  recheckInterval: 0,
};

/** Is the service to come from the framework's container? Otherwise from `configureAutoBackup()`. */
const serviceFromContainer = process.env.SERVICE === 'container';

module.exports = {
  called,
  createInvoice,
  removeInvoice,
  countInvoices,
  reportStream,
  announce,
  backupOptions,
  serviceFromContainer,
};
