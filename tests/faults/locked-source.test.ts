import fs from 'node:fs';
import { AutoBackup, BackupService } from 'sqlite-autobackup';
import type { BackupServiceOptions } from 'sqlite-autobackup';
import { checkBackups, failureOf, filesOf } from '../support/whole-backups';
import { createLedger } from '../support/databases';
import type { JournalMode } from '../support/databases';
import { memoryLogger } from '../support/memory-logger';
import { patience } from '../support/patience';
import { cpuMs, isolatedChildOf, noIsolatedChild, sleep, until, useScripts } from '../support/processes';
import { useTempFolder } from '../support/temp-folder';

const start = useScripts();
const folder = useTempFolder();

/** A database that another process keeps exclusively locked, and a service for it. */
async function lockedDatabase(mode: JournalMode, options: Partial<BackupServiceOptions> = {}) {
  const database = folder.file('app.db');
  createLedger(database, mode, 1_000_000).close();
  fs.mkdirSync(folder.file('backups'));
  const holder = start('hold-lock.js', [database, mode]);
  expect(await holder.next()).toBe('locked');
  const logger = memoryLogger();
  const service = new BackupService({
    database,
    directory: folder.file('backups'),
    timeout: patience(8_000),
    logger,
    ...options,
  });
  const failures: unknown[] = [];
  service.on('failed', (failure) => failures.push(failure));
  return { database, holder, logger, service, failures, files: () => filesOf(folder.file('backups')) };
}

class Invoices {
  created = 0;
  constructor(readonly backups: BackupService) {}

  @AutoBackup<Invoices>({ service: (self) => self.backups })
  async create() {
    return ++this.created;
  }

  @AutoBackup<Invoices>({ service: (self) => self.backups, onFailure: 'abort' })
  async createOrAbort() {
    return ++this.created;
  }

  @AutoBackup<Invoices>({ service: (self) => self.backups, onFailure: 'abort', blocking: true })
  createOrAbortBlocking() {
    return ++this.created;
  }
}

describe.each<JournalMode>(['delete', 'wal'])('a database in %s mode that another process keeps locked', (mode) => {
  test('cannot be backed up: ERR_BACKUP_SOURCE_LOCKED, no file, and it works when the lock is gone', async () => {
    const { database, holder, service, files } = await lockedDatabase(mode);

    const error = await failureOf(() => service.createBackup(), 'ERR_BACKUP_SOURCE_LOCKED', database);
    expect(error.step).toBe('pin');
    await failureOf(() => service.createBackupSync(), 'ERR_BACKUP_SOURCE_LOCKED', database);
    expect(files()).toEqual([]);

    await holder.ask('release');
    const backup = await new BackupService({
      database,
      directory: service.directory,
      logger: memoryLogger(),
    }).createBackup();
    expect(checkBackups(folder.file('backups'))).toEqual([backup.name]);
  });
});

test('status tells of it within seconds, and shows the rest', async () => {
  const { service } = await lockedDatabase('delete', { timeout: '10m' });
  const { warnings, backupCount } = await service.status();
  expect(backupCount).toBe(0);
  expect(warnings).toEqual([expect.stringMatching(/was locked for (5|4\.\d+) s\./)]);
});

const onLinux = process.platform === 'linux' ? test : test.skip;
onLinux('the child that waits for the lock sleeps, it does not spin (read from /proc: Linux only)', async () => {
  const { service } = await lockedDatabase('delete');
  await noIsolatedChild();
  let waiting = false;
  const attempt = failureOf(
    () => service.createBackup({ onProgress: ({ step }) => (waiting ||= step === 'pin') }),
    'ERR_BACKUP_SOURCE_LOCKED',
  );
  await until(() => waiting);
  const child = isolatedChildOf(process.pid)!;
  const since = performance.now();
  const before = cpuMs(child)!;
  let used = 0;
  let waited = 0;
  for (let now: number | undefined; (now = cpuMs(child)) !== undefined; await sleep(20)) {
    used = now - before;
    waited = performance.now() - since;
  }
  await attempt;
  // Of processor time, which another process's load does not lengthen. A loop would use all of the time.
  expect(used).toBeLessThan(100 + waited / 4);
});

test("with onFailure 'continue' the method runs, and before retryAfter no other attempt is made", async () => {
  const { service, failures, logger, files } = await lockedDatabase('delete');
  const invoices = new Invoices(service);

  expect(await invoices.create()).toBe(1);
  expect(failures).toHaveLength(1);
  expect(service.checkDue()).toMatchObject({ due: false, reason: 'backing-off' });
  expect(service.shouldBackup()).toBe(false);
  expect(await Promise.all([invoices.create(), invoices.create(), invoices.create()])).toEqual([2, 3, 4]);
  expect(await service.backupIfDue()).toMatchObject({
    status: 'backing-off',
    error: { code: 'ERR_BACKUP_SOURCE_LOCKED' },
  });
  expect(failures).toHaveLength(1);
  expect(logger.lines.filter((line) => line.includes('FAILED before Invoices.create'))).toHaveLength(1);
  expect(logger.lines.filter((line) => line.includes('skipped'))).toHaveLength(1);
  expect(files()).toEqual([]);
});

test("with onFailure 'abort' the method does not run, and is refused without an attempt until retryAfter", async () => {
  const { database, service, failures } = await lockedDatabase('delete');
  const invoices = new Invoices(service);

  // A client may see the error; where the database is stands in its cause.
  const refused = await failureOf(() => invoices.createOrAbort(), 'ERR_BACKUP_SOURCE_LOCKED');
  expect(refused.message).not.toContain(database);
  expect((refused.cause as Error).message).toContain(database);
  await failureOf(() => invoices.createOrAbort(), 'ERR_BACKUP_BACKING_OFF', 'Invoices.createOrAbort');
  await failureOf(() => invoices.createOrAbortBlocking(), 'ERR_BACKUP_BACKING_OFF', 'Invoices.createOrAbortBlocking');
  expect(invoices.created).toBe(0);
  expect(failures).toHaveLength(1);
});

test('after retryAfter a protected method tries again, and with the lock gone it is protected', async () => {
  const { holder, service, failures, files } = await lockedDatabase('delete', { retryAfter: '3s' });
  const invoices = new Invoices(service);

  await failureOf(() => invoices.createOrAbortBlocking(), 'ERR_BACKUP_SOURCE_LOCKED');
  await holder.ask('release');
  await until(() => service.shouldBackup());
  expect(await invoices.createOrAbort()).toBe(1);
  expect(failures).toHaveLength(1);
  expect(files()).toHaveLength(2);
});
