import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BackupService } from 'sqlite-autobackup';
import { addEntry, checkLedger, createLedger } from '../support/databases';
import { rejectionOf } from '../support/errors';
import { memoryLogger } from '../support/memory-logger';
import { useTempFolder } from '../support/temp-folder';

const folder = useTempFolder();
const NAME = 'app_backup_20260301_120000.db';
const elsewhere = (name: string) => path.join(folder.file('elsewhere'), name);

function aService(options = {}) {
  fs.mkdirSync(folder.file('elsewhere'));
  createLedger(folder.file('app.db'), 'wal').close();
  return new BackupService({ database: folder.file('app.db'), logger: memoryLogger(), ...options });
}

/** A database of three entries that lies elsewhere. */
function anotherFile(name = NAME, mode: 'wal' | 'delete' = 'delete'): string {
  const db = createLedger(elsewhere(name), mode);
  for (let i = 0; i < 3; i++) addEntry(db);
  db.close();
  return elsewhere(name);
}

async function* inPieces(bytes: Buffer, size = 1_000): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < bytes.length; at += size) {
    await Promise.resolve();
    yield bytes.subarray(at, at + size);
  }
}

/** What is left in the folder, other than the database, the lock and the record of activity. */
const left = () =>
  folder.list().filter((name) => !/^(app\.db(-wal|-shm)?|elsewhere|\.app_backup\.(lock|activity\.jsonl))$/.test(name));

test.each(['path', 'stream'] as const)('a file (%s) becomes a protected backup of its own time', async (how) => {
  const service = aService();
  const file = anotherFile();
  const before = fs.readFileSync(file);
  const source = how === 'path' ? file : inPieces(before);
  const { backup, alreadyThere } = await service.importBackup(source, { fileName: NAME, label: 'from the stick' });
  expect(alreadyThere).toBe(false);
  expect(backup).toMatchObject({
    name: NAME,
    createdAt: new Date(2026, 2, 1, 12, 0, 0),
    protected: true,
    label: 'from the stick',
    lastVerification: { level: 'full', ok: true },
  });
  expect(checkLedger(backup.path).entries).toBe(3);
  expect(fs.readFileSync(file)).toEqual(before);
  expect(fs.statSync(backup.path).mode & 0o777).toBe(process.platform === 'win32' ? 0o666 : 0o600);
  expect(left()).toEqual([NAME, NAME.replace('.db', '.json')]);
  const [entry] = await service.activity();
  expect(entry).toMatchObject({
    action: how === 'path' ? 'imported' : 'uploaded',
    name: NAME,
    label: 'from the stick',
  });
  await service.restoreBackup(NAME);
  expect(checkLedger(folder.file('app.db')).entries).toBe(3);
});

test('it never counts as fresh, however new its name says that it is', async () => {
  const service = aService();
  const takenAt = new Date(Date.now() - 1_000);
  const { backup } = await service.importBackup(anotherFile('till.db'), { takenAt });
  expect(service.getLatestBackup()).toBeUndefined();
  expect(service.checkDue()).toMatchObject({ due: true, reason: 'none' });
  // Also as the child sees it, under the lock.
  const outcome = await service.backupIfDue();
  expect(outcome).toMatchObject({ status: 'created' });
  expect((await service.listBackups()).map(({ name }) => name)).toContain(backup.name);
  expect(service.getLatestBackup()!.name).not.toBe(backup.name);
});

test('the retention goes by the newest backup that was taken here', async () => {
  const service = aService({ retention: () => ({ keep: [], remove: [] }) });
  const taken = await service.createBackup();
  await service.importBackup(anotherFile('till.db'), { takenAt: new Date(Date.now() + 30_000) });
  const { kept } = await service.pruneBackups({ dryRun: true });
  expect(kept.find(({ backup }) => backup.name === taken.name)!.reasons).toContain('newest');
});

test.each([
  ['app_backup_20260301_120000 (1).db', [2026, 2, 1, 12, 0, 0]],
  ['till_backup_20260301_120000.sqlite', [2026, 2, 1, 12, 0, 0]],
  ['C:\\Users\\ana\\app_backup_20260301_120000.db', [2026, 2, 1, 12, 0, 0]],
] as const)('the name %s says when its data is from', async (fileName, [...when]) => {
  const service = aService();
  const bytes = fs.readFileSync(anotherFile());
  const { backup } = await service.importBackup(inPieces(bytes), { fileName });
  expect(backup).toMatchObject({ name: NAME, createdAt: new Date(...(when as unknown as [number, number])) });
});

test('a file whose name says nothing is refused before it is read, until somebody says when it was made', async () => {
  const service = aService();
  const file = anotherFile('till.db');
  let wasRead = false;
  async function* watched() {
    wasRead = true;
    yield* inPieces(fs.readFileSync(file));
  }
  const error = await rejectionOf(service.importBackup(watched(), { fileName: 'till.db' }));
  expect(error).toMatchObject({ code: 'ERR_BACKUP_IMPORT', message: expect.stringMatching(/till\.db.*takenAt/) });
  expect(wasRead).toBe(false);
  for (const takenAt of [new Date(Date.now() + 120_000), new Date(0)]) {
    expect(await rejectionOf(service.importBackup(file, { takenAt }))).toMatchObject({ code: 'ERR_BACKUP_IMPORT' });
  }
  expect(left()).toEqual([]);
  await expect(service.importBackup(file, { takenAt: new Date(2026, 2, 1, 12) })).resolves.toMatchObject({
    backup: { name: NAME },
  });
});

const page = (bytes: Buffer, at: number) => bytes.subarray(0, bytes.length - at);
const BAD: readonly (readonly [string, (good: Buffer) => Buffer, RegExp])[] = [
  ['no database', () => Buffer.from('hello '.repeat(1_000)), /not a SQLite database/],
  ['nothing', () => Buffer.alloc(0), /is empty/],
  ['less than a header', (good) => good.subarray(0, 60), /bytes, and|not a SQLite|pages/],
  ['half of a database', (good) => page(good, 4_096), /bytes, and \d+ pages/],
  ['a database cut inside a page', (good) => page(good, 100), /bytes, and \d+ pages/],
  [
    'a damaged page',
    (good) => Buffer.concat([good.subarray(0, 4_096), Buffer.alloc(good.length - 4_096, 7)]),
    /was not taken/,
  ],
  ['random bytes, as of an encrypted one', (good) => Buffer.alloc(good.length, 0xa7), /encrypted/],
  ['a gzip', () => Buffer.concat([Buffer.from([0x1f, 0x8b]), Buffer.alloc(500)]), /unpack it first/],
  ['an age file', () => Buffer.from(`age-encryption.org/v1\n${'x'.repeat(500)}`), /decrypt it first/],
  ['a WAL', () => Buffer.concat([Buffer.from([0x37, 0x7f, 0x06, 0x82]), Buffer.alloc(500)]), /-wal file/],
];

describe.each(['path', 'stream'] as const)('what is no whole database is refused (%s), and nothing is left', (how) => {
  // The same look decides, so of the paths some are enough.
  test.each(how === 'stream' ? BAD : BAD.filter((_, i) => i % 4 === 1))('%s', async (_, spoil, says) => {
    const service = aService();
    const bad = spoil(fs.readFileSync(anotherFile()));
    fs.writeFileSync(elsewhere('bad.db'), bad);
    const source = how === 'path' ? elsewhere('bad.db') : inPieces(bad);
    const error = await rejectionOf(service.importBackup(source, { fileName: NAME }));
    expect(error).toMatchObject({ code: 'ERR_BACKUP_IMPORT', message: expect.stringMatching(says) });
    expect(left()).toEqual([]);
    const [entry] = await service.activity();
    expect(entry).toMatchObject({ action: 'failed', of: 'import', code: 'ERR_BACKUP_IMPORT' });
  });
});

test('a database without a table is refused', async () => {
  const service = aService();
  const db = createLedger(elsewhere('empty.db'), 'delete');
  db.exec('DROP TABLE entries; DROP TABLE totals; DROP TABLE ballast');
  db.close();
  const error = await rejectionOf(service.importBackup(elsewhere('empty.db'), { takenAt: new Date(2026, 1) }));
  expect(error).toMatchObject({ code: 'ERR_BACKUP_IMPORT', message: expect.stringContaining('no table') });
});

test('the live database, a folder and what is not there are refused, and no path is opened through them', async () => {
  const service = aService();
  fs.linkSync(folder.file('app.db'), elsewhere('second.db'));
  for (const file of [folder.file('app.db'), elsewhere('second.db'), elsewhere('.'), elsewhere('nothing.db')]) {
    const error = await rejectionOf(service.importBackup(file, { takenAt: new Date(2026, 1) }));
    expect(error).toMatchObject({ code: 'ERR_BACKUP_IMPORT' });
  }
  fs.unlinkSync(elsewhere('second.db'));
  expect(left()).toEqual([]);
});

test('a file in WAL mode becomes one that stands alone, and what is not in it is said', async () => {
  const service = aService();
  const { backup } = await service.importBackup(inPieces(fs.readFileSync(anotherFile(NAME, 'wal'))), {
    fileName: NAME,
  });
  expect(backup.findings).toEqual([expect.stringContaining('WAL mode')]);
  expect(backup.manifest).toMatchObject({ journalMode: 'wal' });
  expect(fs.readFileSync(backup.path).subarray(18, 20)).toEqual(Buffer.from([1, 1]));
  expect(checkLedger(backup.path).entries).toBe(3);
});

test('by its path, what stands in the -wal file beside it is taken along', async () => {
  const service = aService();
  const db = createLedger(elsewhere('open.db'), 'wal');
  for (let i = 0; i < 5; i++) addEntry(db);
  // As a program that was killed leaves it.
  for (const suffix of ['', '-wal']) fs.copyFileSync(elsewhere(`open.db${suffix}`), elsewhere(`killed.db${suffix}`));
  db.close();
  const { backup } = await service.importBackup(elsewhere('killed.db'), { takenAt: new Date(2026, 1) });
  expect(checkLedger(backup.path).entries).toBe(5);
  expect(backup.findings).toBeUndefined();
});

test('the same file again is the same backup; another one of that second gets the next', async () => {
  const service = aService();
  const file = anotherFile();
  const [first, second] = await Promise.all([service.importBackup(file), service.importBackup(file)]);
  expect([first.alreadyThere, second.alreadyThere].sort()).toEqual([false, true]);
  const db = createLedger(elsewhere('other.db'), 'delete');
  addEntry(db);
  db.close();
  const other = await service.importBackup(elsewhere('other.db'), { takenAt: new Date(2026, 2, 1, 12) });
  expect(other.alreadyThere).toBe(false);
  expect(other.backup.name).toBe('app_backup_20260301_120001.db');
  // The one that is there has rotted: then the file is needed.
  const bytes = fs.readFileSync(first.backup.path);
  fs.writeFileSync(first.backup.path, Buffer.concat([bytes.subarray(0, -1), Buffer.from([bytes.at(-1)! ^ 1])]));
  expect(await service.importBackup(file)).toMatchObject({
    alreadyThere: false,
    backup: { name: 'app_backup_20260301_120002.db' },
  });
});

test('a stream that breaks off, is too large or is cancelled leaves nothing', async () => {
  const service = aService();
  const bytes = fs.readFileSync(anotherFile());
  async function* broken() {
    yield bytes.subarray(0, 8_000);
    await Promise.resolve();
    throw new Error('the line is dead');
  }
  expect(await rejectionOf(service.importBackup(broken(), { fileName: NAME }))).toMatchObject({
    code: 'ERR_BACKUP_IMPORT',
    message: expect.stringContaining('the line is dead'),
  });
  for (const sizeBytes of [undefined, bytes.length]) {
    const limited = { fileName: NAME, maxBytes: 8_000, ...(sizeBytes !== undefined && { sizeBytes }) };
    expect(await rejectionOf(service.importBackup(inPieces(bytes), limited))).toMatchObject({
      message: expect.stringMatching(/larger than/),
    });
  }
  const controller = new AbortController();
  async function* hanging() {
    yield bytes.subarray(0, 8_000);
    controller.abort();
    await sleep(100_000, undefined, { ref: false });
  }
  const { signal } = controller;
  expect(await rejectionOf(service.importBackup(hanging(), { fileName: NAME, signal }))).toMatchObject({
    code: 'ERR_BACKUP_CANCELLED',
  });
  expect(left()).toEqual([]);
});

test('more than the disk has room for is refused before it is read', async () => {
  const service = aService();
  const error = await rejectionOf(service.importBackup(inPieces(Buffer.alloc(1)), { fileName: NAME, sizeBytes: 1e15 }));
  expect(error).toMatchObject({ code: 'ERR_BACKUP_NO_SPACE' });
  expect(left()).toEqual([]);
});

test('a source that is none, and a service that is switched off, are refused', async () => {
  const service = aService();
  expect(await rejectionOf(service.importBackup(42 as never, { fileName: NAME }))).toMatchObject({
    code: 'ERR_BACKUP_OPTIONS',
  });
  const off = new BackupService({ database: folder.file('app.db'), logger: memoryLogger(), enabled: false });
  expect(await rejectionOf(off.importBackup(anotherFile()))).toMatchObject({ code: 'ERR_BACKUP_DISABLED' });
});
