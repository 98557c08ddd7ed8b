// The core of the package in one plain script, for every runtime that can load better-sqlite3: no test runner, no compiler.
//   node core-suite.cjs FOLDER RESULTS: works in FOLDER and writes [{ name, ok, error }] to RESULTS, since the standard output
//   of Windows' Node fails under wine.
'use strict';
const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const zlib = require('node:zlib');
const Database = require('better-sqlite3');
const {
  BackupService,
  configureAutoBackup,
  AutoBackup,
  directoryStore,
  isBackupError,
  keep,
  listCopies,
  pullBackup,
  verifyCopy,
  withAutoBackup,
} = require('sqlite-autobackup');

const [root, resultsFile] = process.argv.slice(2);
const results = [];
const silent = { info() {}, warn() {}, error() {} };

/** A database of its own for each test, and a connection that stays open, as an app's does. */
function shop(name, mode) {
  const folder = path.join(root, name.replace(/\W+/g, '-').slice(0, 40));
  fs.mkdirSync(folder, { recursive: true });
  const database = path.join(folder, 'app.db');
  const db = new Database(database);
  db.pragma(`journal_mode = ${mode}`);
  db.exec('CREATE TABLE invoices (id INTEGER PRIMARY KEY, customer TEXT)');
  const add = db.prepare('INSERT INTO invoices (customer) VALUES (?)');
  for (let i = 0; i < 50; i++) add.run(`customer ${i}`);
  const service = (more = {}) => new BackupService({ database, logger: silent, ...more });
  return { folder, database, db, add, service, count: () => db.prepare('SELECT count(*) AS n FROM invoices').get().n };
}

const tests = [];
const test = (name, run) => tests.push({ name, run });

for (const mode of ['WAL', 'DELETE']) {
  test(`a backup is taken, verified and listed (${mode})`, async () => {
    const { service, db } = shop(`create ${mode}`, mode);
    const backups = service();
    const outcome = await backups.backupIfDue({ label: 'Invoices.remove' });
    assert.equal(outcome.status, 'created');
    assert.equal((await backups.backupIfDue()).status, 'fresh');
    const [backup] = await backups.listBackups();
    assert.equal(backup.label, 'Invoices.remove');
    for (const level of ['hash', 'quick', 'full']) {
      const report = await backups.verifyBackup(backup.name, { level });
      assert.deepEqual({ level, ok: report.ok, problems: report.problems }, { level, ok: true, problems: [] });
    }
    const drill = await backups.verifyBackup(backup.name, {
      level: 'drill',
      assertions: ['SELECT count(*) = 50 FROM invoices'],
    });
    assert.equal(drill.ok, true);
    db.close();
  });

  test(`a restore brings the rows back under an open connection (${mode})`, async () => {
    const { service, db, add, count } = shop(`restore ${mode}`, mode);
    const backups = service();
    const { name } = await backups.createBackup();
    db.exec('DELETE FROM invoices');
    add.run('after');
    const { safetyBackup } = await backups.restoreBackup(name);
    assert.equal(count(), 50);
    const protectedOne = (await backups.listBackups()).find((backup) => backup.name === safetyBackup);
    assert.equal(protectedOne.protected, true);
    add.run('the app writes on');
    assert.equal(count(), 51);
    db.close();
  });
}

test('a restore into another file leaves the database alone', async () => {
  const { service, db, folder, count } = shop('restore to', 'WAL');
  const backups = service();
  const { name } = await backups.createBackup();
  db.exec('DELETE FROM invoices');
  const to = path.join(folder, 'copy.db');
  await backups.restoreBackup(name, { to });
  assert.equal(count(), 0);
  const copy = new Database(to, { readonly: true });
  assert.equal(copy.prepare('SELECT count(*) AS n FROM invoices').get().n, 50);
  copy.close();
  db.close();
});

test('many calls at once make one backup', async () => {
  const { service, db } = shop('at once', 'WAL');
  const backups = service();
  const outcomes = await Promise.all(Array.from({ length: 20 }, () => backups.backupIfDue()));
  assert.equal(new Set(outcomes.map((outcome) => (outcome.backup ?? outcome.latest).name)).size, 1);
  assert.equal((await backups.listBackups()).length, 1);
  db.close();
});

test('the blocking form', () => {
  const { service, db } = shop('blocking', 'WAL');
  assert.equal(service().backupIfDueSync().status, 'created');
  db.close();
});

test('@AutoBackup() and withAutoBackup() take a backup before the call, and pass on this, arguments and errors', async () => {
  const { service, db, database } = shop('decorator', 'WAL');
  const backups = service();
  class Invoices {
    constructor() {
      this.removed = [];
    }
    async remove(id) {
      assert.equal((await backups.listBackups()).length, 1);
      this.removed.push(id);
      return id;
    }
  }
  const descriptor = Object.getOwnPropertyDescriptor(Invoices.prototype, 'remove');
  AutoBackup({ service: backups })(Invoices.prototype, 'remove', descriptor);
  Object.defineProperty(Invoices.prototype, 'remove', descriptor);
  const invoices = new Invoices();
  assert.equal(await invoices.remove(42), 42);
  assert.deepEqual(invoices.removed, [42]);
  configureAutoBackup({ database, logger: silent });
  const failing = withAutoBackup(async () => {
    throw new Error('the method failed');
  });
  await assert.rejects(failing(), /the method failed/);
  db.close();
});

test('retention keeps what its rules say, and never a protected one less', async () => {
  const { service, db, add } = shop('retention', 'WAL');
  const backups = service({ retention: keep({ last: 1 }) });
  const first = await backups.createBackup();
  await backups.protectBackup(first.name);
  await assert.rejects(backups.deleteBackup(first.name), (error) => isBackupError(error, 'ERR_BACKUP_PROTECTED'));
  add.run('one more');
  await backups.createBackup();
  add.run('and another');
  const last = await backups.createBackup();
  await backups.pruneBackups();
  assert.deepEqual((await backups.listBackups()).map(({ name }) => name).sort(), [first.name, last.name].sort());
  db.close();
});

test('a copy in a folder is read back, listed and pulled', async () => {
  const { service, db, folder } = shop('copies', 'WAL');
  const nas = path.join(folder, 'nas');
  fs.mkdirSync(nas);
  const store = directoryStore(nas, { host: 'till', compress: 'gzip' });
  const backups = service({ copies: [store] });
  const { name } = await backups.createBackup();
  const [{ errors }] = await backups.shipPending();
  assert.deepEqual(errors, []);
  assert.equal((await listCopies(store))[0].name, name);
  fs.rmSync(path.join(folder, name));
  const { path: pulled } = await backups.pullBackup('latest');
  assert.equal(path.basename(pulled), name);
  assert.equal((await backups.verifyBackup(name, { level: 'full' })).ok, true);
  db.close();
});

test('a copy that is cut or changed at any of 30 places is refused, and no file is left, on the disk or open', async () => {
  const { service, db, folder } = shop('damaged', 'WAL');
  const age = await import('age-encryption');
  const identities = [await age.generateIdentity()];
  const encrypt = { recipients: [await age.identityToRecipient(identities[0])] };
  const kinds = [{ compress: 'gzip' }, { encrypt }, ...(zlib.createZstdCompress ? [{ compress: 'zstd' }] : [])];
  db.exec('CREATE TABLE noise (a); INSERT INTO noise VALUES (randomblob(40000))');
  const warnings = [];
  const listener = ({ message }) => warnings.push(message);
  process.on('warning', listener);
  for (const [i, kind] of kinds.entries()) {
    const nas = path.join(folder, `nas-${i}`);
    fs.mkdirSync(nas);
    const store = directoryStore(nas, { host: 'till', ...kind });
    const backups = service({ copies: [store] });
    const { name } = await backups.createBackup();
    assert.deepEqual((await backups.shipPending())[0].errors, []);
    const [{ key }] = await listCopies(store);
    const object = path.join(nas, key);
    const manifest = path.join(nas, 'till', name.replace(/db$/, 'json'));
    const whole = fs.readFileSync(object);
    const record = JSON.parse(fs.readFileSync(manifest, 'utf8'));
    const before = openFiles();
    for (let n = 0; n < 60; n++) {
      const at = Math.floor((whole.length * (n >> 1)) / 30);
      const bytes = n % 2 === 0 ? whole.subarray(0, at) : Buffer.from(whole);
      if (n % 2 === 1) bytes[at] ^= 1 << (n % 8);
      fs.writeFileSync(object, bytes);
      // As somebody writes it who can write the store: only what is unpacked shows that it is damaged.
      const copy = { ...record.copy, sizeBytes: bytes.length, sha256: sha256(bytes) };
      fs.writeFileSync(manifest, JSON.stringify({ ...record, copy }));
      const given = { from: store, name, identities };
      const isDamage = (error) => isBackupError(error, 'ERR_BACKUP_COPY_DAMAGED');
      await assert.rejects(pullBackup({ ...given, to: path.join(folder, 'back.db') }), isDamage);
      const report = await verifyCopy({ ...given, level: 'quick', scratch: folder });
      assert.equal(report.ok, false);
    }
    assert.ok(openFiles() <= before);
    assert.deepEqual(
      fs.readdirSync(folder).filter((file) => /back\.db|autobackup-verify/.test(file)),
      [],
    );
  }
  process.off('warning', listener);
  assert.deepEqual(warnings, []);
  db.close();
});

/** Where the system tells it. */
function openFiles() {
  return fs.existsSync('/proc/self/fd') ? fs.readdirSync('/proc/self/fd').length : 0;
}

function sha256(bytes) {
  return crypto.createHash('sha256').update(bytes).digest('hex');
}

test('wrong use is a BackupError with a code and a hint', async () => {
  const { service, db, folder } = shop('errors', 'WAL');
  assert.throws(
    () => service({ retries: 3 }),
    (error) => isBackupError(error, 'ERR_BACKUP_OPTIONS'),
  );
  const missing = new BackupService({ database: path.join(folder, 'no.db'), logger: silent });
  await assert.rejects(missing.createBackup(), (error) => isBackupError(error, 'ERR_BACKUP_SOURCE_MISSING'));
  await assert.rejects(
    service().verifyBackup('../app.db'),
    (error) => isBackupError(error, 'ERR_BACKUP_INVALID_NAME') || isBackupError(error, 'ERR_BACKUP_NOT_FOUND'),
  );
  db.close();
});

test('a call can be cancelled, and nothing is left', async () => {
  const { service, db, folder } = shop('cancel', 'WAL');
  await assert.rejects(service().createBackup({ signal: AbortSignal.abort() }), (error) =>
    isBackupError(error, 'ERR_BACKUP_CANCELLED'),
  );
  assert.deepEqual(
    fs.readdirSync(folder).filter((name) => /backup_\d/.test(name)),
    [],
  );
  db.close();
});

async function main() {
  for (const { name, run } of tests) {
    try {
      await run();
      results.push({ name, ok: true });
    } catch (error) {
      results.push({ name, ok: false, error: String(error && error.stack ? error.stack : error) });
    }
    fs.writeFileSync(resultsFile, JSON.stringify(results));
  }
  process.exit(results.every(({ ok }) => ok) ? 0 : 1);
}

void main();
