import fs from 'node:fs';
import { BackupService } from 'sqlite-autobackup';
import type { BackupServiceOptions } from 'sqlite-autobackup';
import Database from 'better-sqlite3';
import { memoryLogger } from '../support/memory-logger';
import { createWith, SCHEMA_OBJECTS } from '../support/schema-objects';
import { useTempFolder } from '../support/temp-folder';
import { failureOf, filesOf } from '../support/whole-backups';

// Every kind of schema object: tests/unit/isolated/check-database.test.ts.
const folder = useTempFolder();
let logger: ReturnType<typeof memoryLogger>;
const serviceOf = (options: Partial<BackupServiceOptions> = {}) =>
  new BackupService({ database: folder.file('app.db'), logger: (logger = memoryLogger()), ...options });

test.each([
  'FTS4, contentless',
  'FTS3 with a tokenizer of the app',
  'FTS5 out of step with its content',
  'NULL in a NOT NULL column',
  "an index with the app's collation",
])('%s: backed up, said everywhere, verified as good at every level, and restorable', async (kind) => {
  const { fill, finding } = SCHEMA_OBJECTS[kind]!;
  const database = createWith(folder.file('app.db'), fill);
  const service = serviceOf();
  const backup = await service.createBackup();
  expect(backup.manifest!.findings!.join()).toMatch(finding!);
  expect(backup.findings).toEqual(backup.manifest!.findings);
  expect(logger.lines.join('\n')).toMatch(finding!);
  expect((await service.status()).warnings.join()).toMatch(finding!);

  for (const level of ['hash', 'quick', 'full', 'drill'] as const) {
    const report = await service.verifyBackup(backup.name, { level });
    expect(report).toMatchObject({ ok: true, problems: [] });
    if (level !== 'hash') expect(report.findings.join()).toMatch(finding!);
    const [listed] = await service.listBackups();
    expect(listed!.findings!.join()).toMatch(finding!);
    expect(listed).not.toHaveProperty('problem');
  }
  expect(await service.backupIfDue()).toMatchObject({ status: 'fresh' });

  await service.restoreBackup(backup.name, { to: folder.file('copy.db') });
  expect(fs.readFileSync(folder.file('copy.db'))).toEqual(fs.readFileSync(backup.path));
  expect(await service.restoreBackup(backup.name)).toMatchObject({ method: 'online', path: database });
});

test('a manifest with findings of nonsense is none, and a database without any has none', async () => {
  createWith(folder.file('app.db'), (db) => void db.exec('CREATE TABLE t (a)'));
  const backup = await serviceOf().createBackup();
  expect(backup.manifest).not.toHaveProperty('findings');
  const file = backup.path.replace(/db$/, 'json');
  for (const findings of ['x', [5], Array.from({ length: 101 }, () => 'x'), ['x'.repeat(1_001)]]) {
    fs.writeFileSync(file, JSON.stringify({ ...backup.manifest, findings }));
    expect(await serviceOf().listBackups()).toEqual([expect.objectContaining({ problem: 'unreadable manifest' })]);
  }
});

describe('a database whose file is cut inside its last overflow page', () => {
  const BYTES = 40_000;

  function createCut(mode: 'wal' | 'delete', cutBytes: number): string {
    const file = createWith(folder.file('app.db'), (db) => {
      db.pragma(`journal_mode = ${mode}`);
      db.exec(`CREATE TABLE t (b BLOB); INSERT INTO t VALUES (randomblob(${BYTES}))`);
    });
    fs.truncateSync(file, fs.statSync(file).size - cutBytes);
    return file;
  }

  test.each([
    ['delete', 10],
    ['wal', 10],
    ['wal', 4_096],
  ] as const)('in %s mode, by %d bytes: no backup is made of it, and it says why', async (mode, bytes) => {
    createCut(mode, bytes);
    for (const verify of ['quick', 'full'] as const) {
      const error = await failureOf(() => serviceOf({ verify }).createBackup(), 'ERR_BACKUP_SOURCE_CORRUPT');
      // SQLite itself sees only that whole pages are missing.
      expect(error.message).toMatch(bytes === 10 ? /is cut off: it has \d+ bytes/ : /is cut off|malformed/);
      expect(error.step).toBe('pin');
    }
    expect(filesOf(folder.path).filter((name) => name.includes('_backup_2'))).toEqual([]);
  });

  test('is not taken for cut while its pages are in the WAL', async () => {
    const file = folder.file('app.db');
    const db = new Database(file);
    db.pragma('journal_mode = WAL');
    db.pragma('wal_autocheckpoint = 0');
    db.exec(`CREATE TABLE t (b BLOB); INSERT INTO t VALUES (randomblob(${BYTES}))`);
    expect(fs.statSync(file).size).toBeLessThan(BYTES);
    await serviceOf().createBackup();
    // A checkpoint, and the WAL begins again: frames of the time before stay behind those of now.
    db.pragma('wal_checkpoint(PASSIVE)');
    db.exec('INSERT INTO t VALUES (randomblob(9000))');
    expect((await serviceOf().createBackup()).manifest!.pageCount).toBe(db.pragma('page_count', { simple: true }));
    db.close();
  });

  test.each(['quick', 'full', 'drill'] as const)(
    "as another program's backup it fails %s, and is not restored",
    async (level) => {
      createCut('delete', 10);
      const name = 'app_backup_20260101_120000.db';
      fs.renameSync(folder.file('app.db'), folder.file(name));
      createWith(folder.file('app.db'), (db) => void db.exec('CREATE TABLE t (a)'));
      const service = serviceOf();
      const report = await service.verifyBackup(name, { level });
      expect(report.ok).toBe(false);
      expect(report.problems.join()).toMatch(/it has \d+ bytes, and \d+ pages of 4096 bytes are \d+/);
      await failureOf(() => service.restoreBackup(name), 'ERR_BACKUP_DAMAGED', 'bytes');
      expect(filesOf(folder.path).filter((file) => file.includes('_backup_2'))).toEqual([name]);
    },
  );
});

test('a header of nonsense is found before a restore fails of it', async () => {
  const file = createWith(folder.file('app_backup_20260101_120000.db'), (db) => void db.exec('CREATE TABLE t (a)'));
  fs.copyFileSync(file, folder.file('app.db'));
  const bytes = fs.readFileSync(file);
  bytes[18] = 30;
  fs.writeFileSync(file, bytes);
  fs.writeFileSync(folder.file('app.db'), bytes);
  const report = await serviceOf().verifyBackup('app_backup_20260101_120000.db');
  expect(report).toMatchObject({ ok: false, problems: [expect.stringContaining('the format versions 30 and 1')] });
  // A copy of such a database is sealed, and so has them right.
  const made = await serviceOf().createBackup();
  expect([...fs.readFileSync(made.path).subarray(18, 20)]).toEqual([1, 1]);
  expect(await serviceOf().verifyBackup(made.name)).toMatchObject({ ok: true });
});
