import fs from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { BackupService } from 'sqlite-autobackup';
import type { BackupErrorCode, BackupServiceOptions } from 'sqlite-autobackup';
import { addEntry, checkLedger, createLedger } from '../support/databases';
import { memoryLogger } from '../support/memory-logger';
import { patience } from '../support/patience';
import { DAY, writeBackup } from '../support/planted-backups';
import { isolatedChildOf, isRunning, noIsolatedChild, until, useScripts } from '../support/processes';
import { useTempFolder } from '../support/temp-folder';
import { checkBackups, contentsOf, failureOf, filesOf } from '../support/whole-backups';

const start = useScripts();
const folder = useTempFolder();
let database: string;
let directory: string;

beforeEach(() => {
  database = folder.file('app.db');
  directory = folder.file('backups');
  fs.mkdirSync(directory);
  writeBackup(directory, new Date(Date.now() - 30 * DAY));
});

const serviceWith = (options: Partial<BackupServiceOptions> = {}) =>
  new BackupService({ database, directory, logger: memoryLogger(), ...options });

/** Every way to back up fails so; the backups that exist stay as they are; the next due call makes no attempt. */
async function expectFailure(code: BackupErrorCode, named: string, service = serviceWith()): Promise<void> {
  const untouched = fs.existsSync(directory) && contentsOf(directory);
  await failureOf(() => service.backupIfDue(), code, named);
  expect(await service.backupIfDue()).toMatchObject({ status: 'backing-off', error: { code } });
  expect(service.backupIfDueSync()).toMatchObject({ status: 'backing-off', error: { code } });
  await failureOf(() => service.createBackup(), code, named);
  await failureOf(() => service.createBackupSync(), code, named);
  if (untouched) expect(contentsOf(directory)).toEqual(untouched);
}

test('a missing database is named, and not created', async () => {
  await expectFailure('ERR_BACKUP_SOURCE_MISSING', database);
  expect(fs.existsSync(database)).toBe(false);
});

test.each<[string, (file: string) => void]>([
  ['a folder', (file) => fs.mkdirSync(file)],
  ['an empty file', (file) => fs.writeFileSync(file, '')],
  ['something else', (file) => fs.writeFileSync(file, 'This is no database. '.repeat(1000))],
])('%s in the place of the database is refused', async (_, put) => {
  put(database);
  await expectFailure('ERR_BACKUP_SOURCE_INVALID', database);
});

test.each(['quick', 'full'] as const)('a damaged page in the database is found by the %s check', async (verify) => {
  createLedger(database, 'delete', 2_000_000).close();
  damage(database);
  await expectFailure('ERR_BACKUP_SOURCE_CORRUPT', 'damaged', serviceWith({ verify }));
});

test('a missing folder is a failure, never "no backups"', async () => {
  createLedger(database, 'wal').close();
  fs.rmSync(directory, { recursive: true, maxRetries: 50, retryDelay: 20 });
  const service = serviceWith();
  await expectFailure('ERR_BACKUP_DIRECTORY_MISSING', directory, service);
  await failureOf(() => service.getLatestBackup(), 'ERR_BACKUP_DIRECTORY_MISSING', directory);
  await failureOf(() => service.shouldBackup(), 'ERR_BACKUP_DIRECTORY_MISSING', directory);
  await failureOf(() => service.listBackups(), 'ERR_BACKUP_DIRECTORY_MISSING', directory);
  fs.writeFileSync(directory, 'a file');
  await failureOf(() => service.listBackups(), 'ERR_BACKUP_DIRECTORY_MISSING', 'is not a folder');
});

test('what a killed writer has left in a rollback journal is rolled back, not backed up', async () => {
  createLedger(database, 'delete', 2_000_000).close();
  const writer = start('die-in-transaction.js', [database]);
  expect(await writer.next()).toBe('in the middle');
  writer.kill();
  await writer.ended;
  expect(fs.statSync(`${database}-journal`).size).toBeGreaterThan(0);

  const { path: file } = await serviceWith().createBackup();
  expect(checkLedger(file)).toEqual({ entries: 0 });
});

test.each(['createBackup', 'createBackupSync'] as const)(
  'a child that prints far more than a pipe holds does not block: %s',
  async (method) => {
    createLedger(database, 'wal', 1_000_000).close();
    fs.rmSync(directory, { recursive: true, maxRetries: 50, retryDelay: 20 });
    fs.mkdirSync(directory);
    // More than a megabyte: more than a pipe holds, and than spawnSync() takes by itself. Node's own lines wait in its
    // memory while the pipe is full; the system's (glibc's linker, on Linux) do not: they hold the process up.
    const folders = Array.from({ length: process.platform === 'win32' ? 2_000 : 8_000 }, (_, i) => `/no/folder/${i}`);
    const loud = { LD_DEBUG: 'all', NODE_DEBUG: 'module', NODE_PATH: folders.join(path.delimiter) };
    Object.assign(process.env, loud);
    try {
      const { name } = await serviceWith()[method]();
      expect(checkBackups(directory)).toEqual([name]);
    } finally {
      for (const name of Object.keys(loud)) Reflect.deleteProperty(process.env, name);
    }
  },
);

test('a child that hangs is ended at the timeout, leaves nothing, and the lock is free again', async () => {
  createLedger(database, 'wal', 50_000_000).close();
  const before = contentsOf(directory);
  const service = serviceWith({ timeout: patience(15_000) });
  // In the middle of the copy: there is something to leave behind. Again where the child was faster than this process.
  let failure: Error | undefined;
  let stopped: number | undefined;
  while (failure === undefined) {
    await noIsolatedChild();
    stopped = undefined;
    const attempt = service.createBackup({
      onProgress({ doneBytes }) {
        if (doneBytes === 0 || stopped !== undefined) return;
        stopped = isolatedChildOf(process.pid);
        if (stopped !== undefined) process.kill(stopped, 'SIGSTOP');
      },
    });
    failure = await attempt.then(
      async ({ name }): Promise<undefined> => {
        if (stopped !== undefined && isRunning(stopped)) process.kill(stopped, 'SIGKILL');
        await service.deleteBackup(name);
      },
      (error: unknown) => error as Error,
    );
  }
  const error = await failureOf(() => Promise.reject(failure), 'ERR_BACKUP_TIMEOUT');
  // It was stopped in the copy, or where it had come to by the time that this process read of the copy.
  expect(['copy', 'seal', 'verify']).toContain(error.step);
  await until(() => !isRunning(stopped!));
  expect(contentsOf(directory)).toEqual(before);
  const { path: file } = await serviceWith().createBackup();
  checkLedger(file);
});

test('cancelling ends the child and leaves nothing, and is no failure that holds up the next attempt', async () => {
  createLedger(database, 'wal', 50_000_000).close();
  const service = serviceWith();
  const before = contentsOf(directory);
  await noIsolatedChild();
  const controller = new AbortController();
  let child: number | undefined;
  const attempt = service.backupIfDue({
    signal: controller.signal,
    onProgress: ({ doneBytes }) => {
      child ??= isolatedChildOf(process.pid);
      if (doneBytes > 0) controller.abort();
    },
  });
  await failureOf(() => attempt, 'ERR_BACKUP_CANCELLED');
  expect(isRunning(child!)).toBe(false);
  expect(contentsOf(directory)).toEqual(before);
  expect(await service.backupIfDue()).toMatchObject({ status: 'created' });
});

describe("a database that needs the app's own functions", () => {
  beforeEach(() => {
    const db = createLedger(database, 'delete', 2_000_000);
    db.function('slug', { deterministic: true }, (text) => String(text).toLowerCase());
    db.exec(`
      CREATE TABLE pages (title TEXT, slug TEXT NOT NULL AS (slug(title)));
      CREATE INDEX by_slug ON pages (slug(title));
      INSERT INTO pages (title) VALUES ('One'), ('Two');
    `);
    addEntry(db);
    db.close();
  });

  test.each(['quick', 'full'] as const)(
    'is backed up, and the manifest names what could not be checked: %s',
    async (verify) => {
      const service = serviceWith({ verify });
      const { name, manifest, path: file } = await service.createBackup();
      expect(manifest?.uncheckedTables).toEqual(['pages']);
      expect(await service.verifyBackup(name, { level: verify })).toMatchObject({
        ok: true,
        uncheckedTables: ['pages'],
      });
      const backup = new Database(file, { readonly: true });
      expect(backup.prepare('SELECT entries FROM totals').pluck().get()).toBe(1);
      backup.close();
    },
  );

  test('is refused where it is damaged', async () => {
    damage(database);
    await expectFailure('ERR_BACKUP_SOURCE_CORRUPT', 'damaged');
  });
});

test('verifyBackup finds a single changed byte, and a file that was cut off', async () => {
  createLedger(database, 'wal', 1_000_000).close();
  const service = serviceWith();
  const { name, path: file, sizeBytes } = await service.createBackup();
  expect(await service.verifyBackup(name)).toMatchObject({ ok: true, problems: [] });

  const descriptor = fs.openSync(file, 'r+');
  fs.writeSync(descriptor, 'X', sizeBytes - 100);
  fs.closeSync(descriptor);
  const changed = await service.verifyBackup(name);
  expect(changed).toMatchObject({ ok: false, problems: ['its sha256 is not the one in its manifest'] });

  fs.truncateSync(file, sizeBytes / 2);
  const cut = await service.verifyBackup(name, { level: 'full' });
  expect(cut.problems[0]).toMatch(/^it has \d+ bytes, its manifest records \d+$/);
  expect(service.getLatestBackup()?.name).not.toBe(name);
});

/** Overwrites the head of a page in the middle. */
function damage(file: string): void {
  const { size } = fs.statSync(file);
  const descriptor = fs.openSync(file, 'r+');
  for (let page = 8; page < 16; page++) {
    fs.writeSync(descriptor, Buffer.alloc(4096, 0xa5), 0, 4096, Math.min(page * 4096, size - 4096));
  }
  fs.closeSync(descriptor);
  expect(filesOf(folder.path)).not.toContain('app.db-journal');
}
