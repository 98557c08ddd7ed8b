import Database from 'better-sqlite3';
import { randomFillSync } from 'node:crypto';
import fs from 'node:fs';
import { BackupService, verdict } from 'sqlite-autobackup';
import type { BackupServiceOptions, Verdict } from 'sqlite-autobackup';
import { memoryLogger } from '../support/memory-logger';
import { createState } from '../support/states';
import { useTempFolder } from '../support/temp-folder';
import { failureOf } from '../support/whole-backups';

const folder = useTempFolder();
let service: BackupService;
const serviceWith = (options: Partial<BackupServiceOptions> = {}) =>
  new BackupService({ database: folder.file('app.db'), logger: memoryLogger(), ...options });
const judged = async (): Promise<Verdict> => verdict(await service.status(), Date.now());

beforeEach(() => {
  createState(folder.file('app.db'), 'wal', { tag: 'a', rows: 40 }).close();
  service = serviceWith();
});

test('a database that has become random bytes is not good, whatever the age of its backup', async () => {
  await service.createBackup();
  expect((await judged()).recent).toMatchObject({ mark: 'good', code: 'fresh' });
  fs.writeFileSync(folder.file('app.db'), Buffer.alloc(40_960, 0x5a));
  for (const side of ['-wal', '-shm']) fs.rmSync(folder.file(`app.db${side}`), { force: true });
  expect((await judged()).recent).toMatchObject({ mark: 'bad', code: 'database-unusable', action: 'restore' });
});

describe.each(['header', 'first page'] as const)('a database of which only the %s is left is not good', (left) => {
  test.each(['wal', 'wal, in use', 'delete'] as const)('%s', async (state) => {
    const database = folder.file('app.db');
    for (const side of ['', '-wal', '-shm']) fs.rmSync(`${database}${side}`, { force: true });
    createState(database, state === 'delete' ? 'delete' : 'wal', { tag: 'a', rows: 400 }).close();
    await service.createBackup();
    expect((await judged()).recent).toMatchObject({ mark: 'good', code: 'fresh' });
    const bytes = fs.readFileSync(database);
    randomFillSync(bytes, left === 'header' ? 100 : bytes.readUInt16BE(16));
    fs.writeFileSync(database, bytes);
    const reader = state === 'wal, in use' ? new Database(database) : undefined;
    reader?.pragma('user_version');
    const { recent, level } = await judged();
    reader?.close();
    expect({ level, recent }).toMatchObject({
      level: 'bad',
      recent: { mark: 'bad', code: 'database-unusable', action: 'restore' },
    });
  });
});

test('a database is good whose tables this SQLite cannot ask: it lacks a function, a module, a collation of the app', async () => {
  const db = new Database(folder.file('app.db'));
  db.function('tax', { deterministic: true }, (net) => net);
  db.exec(`CREATE TABLE priced (net, gross AS (tax(net)) STORED); INSERT INTO priced (net) VALUES (1);
    CREATE VIEW "a view" AS SELECT 1; CREATE TABLE "quo""ted" (x); CREATE TABLE bare (x PRIMARY KEY) WITHOUT ROWID;
    CREATE VIRTUAL TABLE notes USING fts5(body)`);
  await service.createBackup();
  expect((await judged()).recent).toMatchObject({ mark: 'good', code: 'fresh' });
  db.close();
  expect((await judged()).recent).toMatchObject({ mark: 'good', code: 'fresh' });
  // Room that SQLite has taken ahead (SQLITE_FCNTL_CHUNK_SIZE).
  fs.appendFileSync(folder.file('app.db'), Buffer.alloc(10_000));
  expect((await judged()).recent).toMatchObject({ mark: 'good', code: 'fresh' });
});

test('a database whose newest pages are in a WAL that nobody has open is not taken for a damaged one', async () => {
  const db = new Database(folder.file('app.db'));
  db.exec('CREATE TABLE more (x); INSERT INTO more VALUES (1)');
  const [main, wal] = ['', '-wal'].map((side) => fs.readFileSync(folder.file(`app.db${side}`))) as [Buffer, Buffer];
  db.close();
  await service.createBackup();
  // A checkpoint that was ended behind the first page, by a power cut: the file is still too short for what that page says.
  const firstPage = fs.readFileSync(folder.file('app.db')).subarray(0, main.readUInt16BE(16));
  fs.writeFileSync(folder.file('app.db'), Buffer.concat([firstPage, main.subarray(firstPage.length)]));
  fs.writeFileSync(folder.file('app.db-wal'), wal);
  expect((await judged()).recent).toMatchObject({ mark: 'good', code: 'fresh' });
});

test('a status that does not wait tells what the last look at the database has found', async () => {
  await service.createBackup();
  const unseen = await service.status({ wait: false });
  expect(unseen.database).toMatchObject({ lookedAt: undefined, journalMode: undefined });
  expect(verdict(unseen, Date.now()).recent).toMatchObject({ mark: 'unknown', code: 'database-unseen' });
  const { database } = await service.status();
  expect((await service.status({ wait: false })).database).toEqual(database);
});

test('a drill proves the backups also after the one that was drilled has gone', async () => {
  const { name } = await service.createBackup();
  expect((await judged()).proven.code).toBe('never-drilled');
  await service.verifyBackup(name, { level: 'drill' });
  expect((await judged()).proven).toMatchObject({ mark: 'good', code: 'drilled', name });
  // A quick look keeps what the drill has proven.
  await service.verifyBackup(name, { level: 'quick' });
  await service.createBackup();
  await service.deleteBackup(name);
  expect((await judged()).proven).toMatchObject({ mark: 'good', code: 'drilled', name });
});

test('"only on this computer" is accepted once, on record in the folder, and can be taken back', async () => {
  await service.createBackup();
  expect((await judged()).elsewhere).toMatchObject({ mark: 'warning', code: 'only-here' });
  await service.acceptOnlyHere(true, { by: 'Ana' });
  const file = folder.file('.app_backup.only-here.json');
  expect(fs.statSync(file).mode & 0o777).toBe(0o600);
  service = serviceWith();
  expect((await judged()).elsewhere).toMatchObject({ mark: 'good', code: 'only-here-accepted', by: 'Ana' });
  await service.acceptOnlyHere(false);
  expect((await judged()).elsewhere.mark).toBe('warning');
  // A record that says nothing accepts nothing.
  fs.writeFileSync(file, '{"formatVersion":1,"at":"some day"}');
  expect((await judged()).elsewhere.mark).toBe('warning');
});

test('a restore ends the red of a backup that had failed before it', async () => {
  const { name } = await service.createBackup();
  const bytes = fs.readFileSync(folder.file('app.db'));
  fs.rmSync(folder.file('app.db'));
  await failureOf(() => service.createBackup(), 'ERR_BACKUP_SOURCE_MISSING');
  fs.writeFileSync(folder.file('app.db'), bytes);
  expect((await judged()).recent.code).toBe('failed');
  await service.restoreBackup(name);
  expect((await judged()).recent).toMatchObject({ mark: 'good', code: 'fresh' });
});
