import fs from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { BackupService } from 'sqlite-autobackup';
import { backupNaming } from '#dist/catalog/backup-name.js';
import { publish } from '#dist/isolated/backup/publish.js';
import { sealWithSideFiles } from '#dist/isolated/backup/seal.js';
import { verifySnapshot } from '#dist/isolated/backup/verify-snapshot.js';
import { readFacts } from '#dist/isolated/shared/database-facts.js';
import { takeBackup } from '#dist/isolated/backup/take-backup.js';
import { WriteBehind } from '#dist/isolated/backup/write-behind.js';
import { Deadline } from '#dist/isolated/shared/deadline.js';
import { takeLock } from '#dist/isolated/shared/lock.js';
import { rewriteManifest } from '#dist/isolated/shared/rewrite-manifest.js';
import { sweep } from '#dist/isolated/shared/temp-files.js';
import * as durable from '#dist/util/durable-files.js';
import { rejectionOf } from '../support/errors';
import { memoryLogger } from '../support/memory-logger';
import { writeBackup } from '../support/planted-backups';
import { createState, stateOf } from '../support/states';
import { useTempFolder } from '../support/temp-folder';
import { filesOf } from '../support/whole-backups';

// What no test from outside can bring about at will: a copy that is altered between two steps, a disk that fails at one call.
// So the steps themselves are run, on real databases, in a process that has no app in it.
jest.mock('#dist/isolated/shared/steps.js', () => ({
  beginStep: () => {},
  send: () => {},
  currentStep: () => 'copy',
  progressReporter: () => () => {},
}));
afterEach(() => jest.restoreAllMocks());

const folder = useTempFolder();
const STATE = { tag: 'a', rows: 40 };
const database = () => folder.file('app.db');
const where = () => ({ directory: folder.path, naming: backupNaming(database()) });
const order = () => ({ database: database(), verify: 'quick', protected: false, startedAt: 0 }) as const;
const take = () => takeBackup(order(), where(), new Deadline(60_000));
const failure = (code: string) => Object.assign(new Error(`${code}: put on by the test`), { code });
/** Everything in the folder but the database. */
const made = () => filesOf(folder.path).filter((name) => !name.startsWith('app.db'));

/** Does something with the copy as soon as it is made: between `copy` and `verify`. */
function afterCopying(act: (partial: string) => void): void {
  const original = Database.prototype.backup;
  jest.spyOn(Database.prototype, 'backup').mockImplementation(async function (this: Database.Database, ...args) {
    const result = await original.apply(this, args);
    act(args[0]);
    return result;
  });
}

function alter(partial: string, sql: string): void {
  const db = new Database(partial);
  db.exec(sql);
  db.close();
}

describe('a copy that is not its source', () => {
  beforeEach(() => createState(database(), 'delete', STATE).close());

  test.each([
    ['user_version', 'PRAGMA user_version = 77'],
    ['application_id', 'PRAGMA application_id = 77'],
    ['schema', 'ALTER TABLE state RENAME COLUMN tag TO gat'],
    ['page count', 'CREATE TABLE more (a); INSERT INTO more VALUES (zeroblob(50000)); DROP TABLE more'],
    ['page size', 'PRAGMA page_size = 1024; VACUUM'],
  ])('another %s: refused, and nothing is left', async (_, sql) => {
    afterCopying((partial) => alter(partial, sql));
    const error = await rejectionOf(take());
    expect(error).toMatchObject({ code: 'ERR_BACKUP_VERIFY_FAILED', step: 'verify' });
    expect(error.message).toContain('differs');
    expect(made()).toEqual([]);
  });

  test('another length: refused as a copy that is not whole, not taken for damage of the source', async () => {
    afterCopying((partial) => fs.truncateSync(partial, fs.statSync(partial).size - 4096));
    const error = await rejectionOf(take());
    expect(error).toMatchObject({ code: 'ERR_BACKUP_VERIFY_FAILED', step: 'verify' });
    expect(error.message).toContain('differs from its source in size');
    expect(made()).toEqual([]);
  });

  test('twice as many pages of half the size, which are as many bytes: refused', async () => {
    const db = new Database(database(), { readonly: true });
    const facts = readFacts(db);
    db.close();
    await verifySnapshot(database(), facts, 'quick');
    const other = { ...facts, pageCount: facts.pageCount * 2, pageSize: facts.pageSize / 2 };
    const error = await rejectionOf(verifySnapshot(database(), other, 'quick'));
    expect(error.message).toContain('differs from its source in pageCount');
  });

  test('a page that the disk has altered is damage', async () => {
    afterCopying((partial) => {
      const descriptor = fs.openSync(partial, 'r+');
      fs.writeSync(descriptor, Buffer.alloc(4096, 0xa5), 0, 4096, 4096);
      fs.closeSync(descriptor);
    });
    expect((await rejectionOf(take())).code).toMatch(/^ERR_BACKUP_(SOURCE_CORRUPT|VERIFY_FAILED)$/);
    expect(made()).toEqual([]);
  });

  test('a copy of which SQLite says that it is made, and it is not', async () => {
    jest.spyOn(Database.prototype, 'backup').mockResolvedValue({ totalPages: 0, remainingPages: 0 });
    expect(await rejectionOf(take())).toMatchObject({ code: 'ERR_BACKUP_VERIFY_FAILED', step: 'copy' });
    expect(made()).toEqual([]);
  });

  test.each(['-wal', '-journal', '-shm'])(
    'a link "%s" that somebody puts beside it is not followed',
    async (suffix) => {
      const target = folder.file('app.db.theirs');
      fs.writeFileSync(target, 'untouched');
      afterCopying((partial) => fs.symlinkSync(target, partial + suffix));
      expect(await rejectionOf(take())).toMatchObject({ code: 'ERR_BACKUP_WRITE_FAILED', step: 'seal' });
      expect(fs.readFileSync(target, 'utf8')).toBe('untouched');
      expect(made()).toEqual([]);
    },
  );
});

test('the copy of a WAL database is in rollback-journal mode by its header, not by an answer', async () => {
  const db = createState(database(), 'wal', STATE);
  const { path: file } = await take();
  db.close();
  expect([...fs.readFileSync(file).subarray(18, 20)]).toEqual([1, 1]);
  expect(stateOf(file)).toEqual(STATE);
});

test('a pragma that answers "delete" and changed nothing is not believed', async () => {
  createState(database(), 'wal', STATE).close();
  jest.spyOn(Database.prototype, 'pragma').mockReturnValue('delete');
  expect(await rejectionOf(sealWithSideFiles(database()))).toMatchObject({
    code: 'ERR_BACKUP_WRITE_FAILED',
    step: 'seal',
  });
});

describe('the last steps', () => {
  const facts = { createdAt: new Date().toISOString(), sizeBytes: 1, pageCount: 1, pageSize: 1, journalMode: 'delete' };
  const manifest = { ...facts, sha256: 'ab'.repeat(32), durationMs: 1, protected: false };
  const partial = () => folder.file('.app_backup_20260102_030405.0123456789ab.partial');
  const publishIt = () => publish(where(), partial(), new Date(2026, 0, 2, 3, 4, 5), undefined, manifest);
  beforeEach(() => fs.writeFileSync(partial(), 'x'));

  test('a name that another program takes between manifest and file: its file gets no manifest of ours', async () => {
    const link = fs.promises.link.bind(fs.promises);
    let theirs = '';
    jest.spyOn(fs.promises, 'link').mockImplementation(async (from, to) => {
      if (theirs === '' && String(to).endsWith('.db')) fs.writeFileSync((theirs = String(to)), 'theirs');
      return link(from, to);
    });
    const name = await publishIt();
    expect(path.basename(theirs)).toBe('app_backup_20260102_030405.db');
    expect(fs.readFileSync(theirs, 'utf8')).toBe('theirs');
    expect(made()).toEqual([path.basename(theirs), name, name.replace(/db$/, 'json')].sort());
    expect(JSON.parse(fs.readFileSync(folder.file(name.replace(/db$/, 'json')), 'utf8'))).toMatchObject({ name });
  });

  test("another program's backup of that second never gets a manifest of ours, not even for a moment", async () => {
    fs.writeFileSync(folder.file('app_backup_20260102_030405.db'), 'theirs');
    const link = jest.spyOn(fs.promises, 'link');
    const name = await publishIt();
    const named = link.mock.calls.map(([, to]) => path.basename(String(to)));
    expect(named).toEqual([name.replace(/db$/, 'json'), name]);
  });

  test('a file that cannot get its name leaves no manifest', async () => {
    const link = fs.promises.link.bind(fs.promises);
    jest
      .spyOn(fs.promises, 'link')
      .mockImplementation((from, to) => (String(to).endsWith('.db') ? Promise.reject(failure('EIO')) : link(from, to)));
    await expect(publishIt()).rejects.toMatchObject({ code: 'EIO' });
    expect(made()).toEqual([path.basename(partial())]);
  });

  test('a name that cannot be brought to the disk is taken back: no error of a backup that stands', async () => {
    jest.spyOn(durable, 'flushFolder').mockRejectedValue(failure('EIO'));
    await expect(publishIt()).rejects.toMatchObject({ code: 'EIO' });
    expect(made()).toEqual([]);
  });

  test('and where it cannot be taken back, the error says that it stands', async () => {
    jest.spyOn(durable, 'flushFolder').mockRejectedValue(failure('EIO'));
    jest.spyOn(durable, 'removeQuietly').mockImplementation(async (file) => {
      if (!/backup_\d+_\d+\.(db|json)$/.test(file)) fs.rmSync(file, { force: true });
    });
    const error = await rejectionOf(publishIt());
    expect(error).toMatchObject({ code: 'ERR_BACKUP_WRITE_FAILED', step: 'publish' });
    expect(error.message).toContain('is made, whole and verified');
    expect(made()).toEqual(['app_backup_20260102_030405.db', 'app_backup_20260102_030405.json']);
  });

  test('a manifest that is rewritten and cannot be flushed: the error says so', async () => {
    const name = writeBackup(folder.path, new Date('2026-01-01T00:00:00Z'), { manifest: true });
    const file = folder.file(name.replace(/db$/, 'json'));
    const old = JSON.parse(fs.readFileSync(file, 'utf8')) as Parameters<typeof rewriteManifest>[2];
    jest.spyOn(durable, 'flushFolder').mockRejectedValue(failure('EIO'));
    const error = await rejectionOf(rewriteManifest(where(), database(), { ...old, protected: true }));
    expect(error).toMatchObject({ code: 'ERR_BACKUP_MANIFEST_FAILED', step: 'record' });
    expect(error.message).toContain('was rewritten, but not flushed');
    expect(JSON.parse(fs.readFileSync(file, 'utf8'))).toMatchObject({ protected: true });
  });
});

test('an error of a flush while the copy grows is kept: the system reports it once', async () => {
  const file = folder.file('growing');
  fs.writeFileSync(file, 'x');
  jest.spyOn(fs, 'fdatasync').mockImplementation((_, done) => done(failure('EIO')));
  const behind = new WriteBehind(file);
  behind.wrote(64 * 1024 * 1024);
  await expect(behind.close()).rejects.toMatchObject({ code: 'EIO' });
});

describe('the space that is needed', () => {
  const disk = (free: number, blocks = 1000) =>
    jest
      .spyOn(fs, 'statfsSync')
      .mockReturnValue({ blocks, bavail: free, bsize: 1 } as unknown as fs.StatsFs & fs.BigIntStatsFs);

  test('is that of the pages, not of a WAL that holds them many times', async () => {
    const db = createState(database(), 'wal', STATE);
    db.pragma('wal_autocheckpoint = 0');
    while (fs.statSync(`${database()}-wal`).size < 2_000_000)
      db.exec("UPDATE state SET tag = 'b'; UPDATE state SET tag = 'a'");
    const pages = Number(db.pragma('page_count', { simple: true })) * 4096;
    disk(pages + 200_000);
    expect((await take()).sizeBytes).toBe(pages);
    disk(pages - 1);
    expect(await rejectionOf(take())).toMatchObject({ code: 'ERR_BACKUP_NO_SPACE', step: 'space' });
    db.close();
    expect(made().filter((name) => name.endsWith('.partial'))).toEqual([]);
  });

  test('is not asked of a disk that answers with zeros', async () => {
    createState(database(), 'delete', STATE).close();
    disk(0, 0);
    expect(stateOf((await take()).path)).toEqual(STATE);
  });
});

test('a disk that gives no locks is not taken for another process that holds one', async () => {
  const exec = Database.prototype.exec;
  jest.spyOn(Database.prototype, 'exec').mockImplementation(function (this: Database.Database, sql) {
    if (sql === 'BEGIN EXCLUSIVE') throw failure('SQLITE_BUSY');
    return exec.call(this, sql);
  });
  const error = await rejectionOf(takeLock(where(), database(), new Deadline(600_000)));
  expect(error).toMatchObject({ code: 'ERR_BACKUP_LOCK_FAILED', step: 'lock' });
  expect(error.message).toContain('gives no locks');
  expect(made()).toEqual([]);
});

test('a schema is not trusted: what it calls must be harmless', async () => {
  const db = createState(database(), 'delete', STATE);
  db.exec("CREATE VIEW loader AS SELECT load_extension('theirs') AS loaded");
  db.close();
  const { name } = await take();
  const service = new BackupService({ database: database(), logger: memoryLogger() });
  const drill = service.verifyBackup(name, { level: 'drill', assertions: ['SELECT loaded FROM loader'] });
  const error = await rejectionOf(drill);
  expect(error).toMatchObject({ code: 'ERR_BACKUP_OPTIONS' });
  expect(error.message).toContain('unsafe use of load_extension()');
});

describe('the sweep', () => {
  const old = new Date('2026-01-01T00:00:00Z');
  function plant(name: string, text: string, mtime = old): void {
    fs.writeFileSync(folder.file(name), text);
    fs.utimesSync(folder.file(name), mtime, mtime);
  }
  const manifestFor = (name: string) => {
    const made = writeBackup(folder.path, old, { manifest: true });
    const text = fs.readFileSync(folder.file(made.replace(/db$/, 'json')), 'utf8').replaceAll(made, name);
    fs.rmSync(folder.file(made));
    fs.rmSync(folder.file(made.replace(/db$/, 'json')));
    return text;
  };

  test('takes a manifest whose backup was never published, and not that of another database of the same stem', async () => {
    plant('app_backup_20260101_000001.json', manifestFor('app_backup_20260101_000001.db'));
    plant('app_backup_20260101_000002.json', manifestFor('app_backup_20260101_000002.sqlite'));
    plant('app_backup_20260101_000003.json', '{"somebody": "else"}');
    await sweep(where());
    expect(made()).toEqual(['app_backup_20260101_000002.json', 'app_backup_20260101_000003.json']);
  });

  test('leaves a backup that is there its manifest', async () => {
    const name = writeBackup(folder.path, old, { manifest: true });
    await sweep(where());
    expect(made()).toEqual([name, name.replace(/db$/, 'json')]);
  });

  test('takes the empty file of a crash on a disk without hard links, and not one that was made a moment ago', async () => {
    plant('app_backup_20260101_000001.db', '');
    plant('app_backup_20260101_000002.json', '');
    plant('app_backup_20260101_000003.db', '', new Date());
    plant('app_backup_today.db', '');
    await sweep(where());
    expect(made()).toEqual(['app_backup_20260101_000003.db', 'app_backup_today.db']);
  });

  test('takes what a kill has left of a record or of a trial of the lock, and not one of a moment ago', async () => {
    for (const start of ['.app_backup.lock', '.app_backup.copies-3f2a.lock', '..app_backup.policy.json']) {
      plant(`${start}.0123456789ab.partial`, 'half');
    }
    plant('.app_backup.lock.0123456789ab.partial-journal', 'half');
    plant('.app_backup.lock.ba9876543210.partial', '', new Date());
    plant('.app_backup.lock', '');
    await sweep(where());
    expect(folder.list().filter((name) => name.startsWith('.'))).toEqual([
      '.app_backup.lock',
      '.app_backup.lock.ba9876543210.partial',
    ]);
  });

  test('removes the link in the place of a scratch folder, and nothing behind it', async () => {
    const theirs = folder.file('theirs');
    fs.mkdirSync(theirs);
    fs.writeFileSync(path.join(theirs, 'app.db'), 'untouched');
    fs.symlinkSync(theirs, folder.file('.app_backup_20260101_000001.0123456789ab.partial'));
    await sweep(where());
    expect(fs.readFileSync(path.join(theirs, 'app.db'), 'utf8')).toBe('untouched');
    expect(made()).toEqual(['theirs']);
  });
});
