import fs from 'node:fs';
import path from 'node:path';
import { BackupService, keep } from 'sqlite-autobackup';
import type { BackupServiceOptions } from 'sqlite-autobackup';
import { createLedger } from '../support/databases';
import { memoryLogger } from '../support/memory-logger';
import { DAY, writeBackup } from '../support/planted-backups';
import { useTempFolder } from '../support/temp-folder';
import { checkBackups, failureOf } from '../support/whole-backups';

const folder = useTempFolder();
let logger: ReturnType<typeof memoryLogger>;

const serviceWith = (options: Partial<BackupServiceOptions> = {}) => {
  logger = memoryLogger();
  return new BackupService({ database: folder.file('app.db'), logger, ...options });
};

beforeEach(() => {
  createLedger(folder.file('app.db'), 'wal', 500_000).close();
});

test('a backup is one file of mode 0600 in DELETE mode with its manifest, and leaves nothing else but the lock', async () => {
  const service = serviceWith();
  const before = Date.now();
  const { status, ...outcome } = await service.backupIfDue({ label: 'Shop.sell' });
  expect(status).toBe('created');
  const { backup } = outcome as { backup: Awaited<ReturnType<BackupService['createBackup']>> };

  expect(checkBackups(folder.path)).toEqual([backup.name]);
  expect(folder.list().filter((name) => !name.startsWith('app.db'))).toEqual([
    '.app_backup.lock',
    backup.name,
    backup.name.replace(/db$/, 'json'),
  ]);
  expect(fs.statSync(backup.path).mode & 0o777).toBe(0o600);
  expect([...fs.readFileSync(backup.path).subarray(18, 20)]).toEqual([1, 1]);
  expect(backup.createdAt.getTime()).toBeGreaterThanOrEqual(before);
  expect(backup).toMatchObject({
    label: 'Shop.sell',
    verified: 'quick',
    protected: false,
    sizeBytes: fs.statSync(folder.file('app.db')).size,
    manifest: { formatVersion: 1, journalMode: 'wal', pageSize: 4096, createdAt: backup.createdAt.toISOString() },
  });
  expect(logger.lines).toEqual([
    expect.stringMatching(
      /^info Automatic backup created before Shop\.sell: app_backup_\d{8}_\d{6}\.db \([\d.]+ kB\), \d+\.\d\d s$/,
    ),
  ]);
});

test('a fresh one is enough, and is not logged; createBackup takes another in any case', async () => {
  const service = serviceWith();
  const first = service.createBackupSync({ label: 'by hand' });
  expect(await service.backupIfDue()).toMatchObject({ status: 'fresh', latest: { name: first.name } });
  expect(service.backupIfDueSync()).toMatchObject({ status: 'fresh' });
  expect(logger.lines).toEqual([expect.stringContaining('info Backup created (by hand): ')]);
  const second = await service.createBackup();
  expect((await service.listBackups()).map(({ name }) => name)).toEqual([second.name, first.name]);
});

test('two backups in one second have the names of two seconds, and both are whole', async () => {
  const service = serviceWith();
  const made = await Promise.all([service.createBackup(), service.createBackup(), service.createBackup()]);
  const names = made.map(({ name }) => name);
  expect(new Set(names).size).toBe(3);
  expect(checkBackups(folder.path)).toEqual(names);
});

test('events tell what happened, and one that throws harms nothing', async () => {
  const service = serviceWith({ retention: keep({ last: 1 }) });
  const events: [string, unknown][] = [];
  for (const event of ['created', 'failed', 'pruned', 'deleted'] as const) {
    service.on(event, (payload) => events.push([event, payload]));
  }
  service.on('created', () => {
    throw new Error('a listener');
  });
  const old = writeBackup(folder.path, new Date(Date.now() - 8 * DAY));
  const { name } = await service.createBackup({ label: 'x' });
  await service.deleteBackup(name);
  expect(events).toEqual([
    ['created', expect.objectContaining({ label: 'x', durationMs: expect.any(Number) })],
    ['pruned', expect.objectContaining({ removed: [expect.objectContaining({ name: old })], dryRun: false })],
    ['deleted', { name }],
  ]);
  expect(logger.lines.join('\n')).toMatch(
    /Backup created \(x\)[^]*A listener of "created" failed[^]*Old backups removed: app_/,
  );
});

test('pruning after a success keeps what the policy keeps; a dry run removes nothing and has reasons', async () => {
  for (let i = 1; i <= 25; i++) writeBackup(folder.path, new Date(Date.now() - i * DAY));
  const service = serviceWith({ interval: '1d', retention: keep({ last: 20 }) });
  const dry = await service.pruneBackups({ dryRun: true });
  expect([dry.kept.length, dry.removed.length, dry.dryRun]).toEqual([20, 5, true]);
  expect(dry.kept[0]!.reasons).toEqual(['last 1 of 20', 'newest']);
  expect(await service.listBackups()).toHaveLength(25);

  await service.backupIfDue();
  expect(await service.listBackups()).toHaveLength(20);
});

test('nothing is pruned after a failure', async () => {
  for (let i = 8; i <= 40; i++) writeBackup(folder.path, new Date(Date.now() - i * DAY));
  const service = serviceWith();
  fs.renameSync(folder.file('app.db'), folder.file('elsewhere.db'));
  await failureOf(() => service.backupIfDue(), 'ERR_BACKUP_SOURCE_MISSING');
  await failureOf(() => service.createBackup(), 'ERR_BACKUP_SOURCE_MISSING');
  expect(await service.listBackups()).toHaveLength(33);
  expect(logger.lines[0]).toMatch(/^error Automatic backup FAILED \[ERR_BACKUP_SOURCE_MISSING\]: There is no database/);
});

test('a failed pruning is reported, and the backup counts all the same', async () => {
  const service = serviceWith({
    retention: () => {
      throw new Error('a policy');
    },
  });
  const failed = jest.fn();
  service.on('failed', failed);
  const { name } = await service.createBackup();
  expect(checkBackups(folder.path)).toEqual([name]);
  expect(failed).toHaveBeenCalledWith({ error: expect.objectContaining({ code: 'ERR_BACKUP_RETENTION_FAILED' }) });
});

test.each([
  '../app.db',
  '/etc/passwd',
  'app.db',
  'app_backup_20260101_000000.db/..',
  'app_backup_20260101_000000.json',
  '',
])('the name %p reaches no file', async (name) => {
  const service = serviceWith();
  await failureOf(() => service.deleteBackup(name), 'ERR_BACKUP_INVALID_NAME');
  await failureOf(() => service.verifyBackup(name), 'ERR_BACKUP_INVALID_NAME');
  expect(fs.existsSync(folder.file('app.db'))).toBe(true);
});

test('a protected backup and one that is not there are not deleted', async () => {
  const service = serviceWith();
  const name = writeBackup(folder.path, new Date(Date.now() - DAY), { manifest: { protected: true } });
  await failureOf(() => service.deleteBackup(name), 'ERR_BACKUP_PROTECTED', name);
  expect(folder.list()).toContain(name);
  await failureOf(() => service.deleteBackup('app_backup_20200101_000000.db'), 'ERR_BACKUP_NOT_FOUND');
  const unknown = writeBackup(folder.path, new Date(Date.now() - 2 * DAY), { manifest: 'torn {' });
  await failureOf(() => service.deleteBackup(unknown), 'ERR_BACKUP_PROTECTED', 'may be protected');
  expect(folder.list()).toContain(unknown);
});

test.each([
  ['wal', []],
  ['delete', [expect.stringContaining('rollback-journal mode')]],
] as const)('status of a database in %s mode', async (mode, warnings) => {
  fs.rmSync(folder.file('app.db'));
  createLedger(folder.file('app.db'), mode).close();
  const service = serviceWith();
  const { name } = await service.createBackup();
  const status = await service.status();
  expect(status).toMatchObject({
    database: { path: folder.file('app.db'), journalMode: mode },
    due: { due: false, reason: 'fresh' },
    latest: { name },
    backupCount: 1,
    warnings,
  });
  expect(status.freeBytes).toBeGreaterThan(0);
});

test('status tells the last failure and when it is tried again', async () => {
  fs.rmSync(folder.file('app.db'));
  const service = serviceWith();
  await failureOf(() => service.backupIfDue(), 'ERR_BACKUP_SOURCE_MISSING');
  const { lastFailure, due, warnings } = await service.status();
  expect(due.reason).toBe('backing-off');
  expect(lastFailure!.retryAt.getTime() - lastFailure!.at.getTime()).toBe(300_000);
  expect(warnings[0]).toContain('There is no database');
});

test('two databases of one name are refused one folder', () => {
  fs.mkdirSync(folder.file('a'));
  serviceWith({ directory: folder.path });
  expect(() => serviceWith({ database: path.join(folder.file('a'), 'app.db'), directory: folder.path })).toThrow(
    expect.objectContaining({ code: 'ERR_BACKUP_OPTIONS', message: expect.stringContaining('of its own') }),
  );
});

test('progress is told, step by step, up to the whole', async () => {
  const seen: string[] = [];
  let last = { doneBytes: 0, totalBytes: 0 };
  await serviceWith().createBackup({
    onProgress({ step, doneBytes, totalBytes }) {
      if (seen.at(-1) !== step) seen.push(step);
      if (step === 'copy') last = { doneBytes, totalBytes };
    },
  });
  expect(seen).toEqual(['lock', 'sweep', 'due', 'space', 'pin', 'copy', 'seal', 'verify', 'publish']);
  expect(last.doneBytes).toBe(last.totalBytes);
  expect(last.totalBytes).toBeGreaterThan(500_000);
});
