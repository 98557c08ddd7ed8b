import fs from 'node:fs';
import { BackupService, directoryStore } from 'sqlite-autobackup';
import type { BackupServiceOptions } from 'sqlite-autobackup';
import { onBehalfOf } from '#dist/util/actor.js';
import { createLedger } from '../support/databases';
import { thrownBy } from '../support/errors';
import { memoryLogger } from '../support/memory-logger';
import { DAY, writeBackup } from '../support/planted-backups';
import { useTempFolder } from '../support/temp-folder';

const temp = useTempFolder();
const RECORD = '.app_backup.activity.jsonl';
const logger = memoryLogger();
beforeEach(() => void (logger.lines.length = 0));

function aService(options: Partial<BackupServiceOptions> = {}): BackupService {
  const database = temp.file('app.db');
  if (!fs.existsSync(database)) createLedger(database, 'wal').close();
  return new BackupService({ database, logger, ...options });
}

const actions = async (service: BackupService) => (await service.activity()).map(({ action }) => action).reverse();

test('everything that is done with a backup is on record when the call that did it resolves, for other services too', async () => {
  fs.mkdirSync(temp.file('nas'));
  const service = aService({ copies: [directoryStore(temp.file('nas'), { host: 'shop-1' })] });
  const { name } = await service.createBackup({ label: 'InvoicesController.remove' });
  await service.shipPending();
  await service.verifyBackup(name);
  await service.verifyBackup(name, { level: 'drill' });
  await service.protectBackup(name);
  const { safetyBackup } = await service.restoreBackup(name);
  await service.protectBackup(safetyBackup!, false);
  await service.deleteBackup(safetyBackup!);
  await service.whenIdle();
  const [first] = (await service.activity()).reverse();
  expect(first).toMatchObject({ action: 'created', name, label: 'InvoicesController.remove', by: { via: 'app' } });
  expect(first?.by).toMatchObject({ user: expect.any(String), host: expect.any(String), pid: process.pid });

  const record = fs.readFileSync(temp.file(RECORD), 'utf8');
  const copied = /"action":"copied"/g;
  expect(record.match(copied)!.length).toBeGreaterThan(0);
  const others = (await actions(aService())).filter((action) => action !== 'copied');
  expect(others).toEqual([
    'created',
    'verified',
    'drilled',
    'protected',
    'created',
    'restored',
    'unprotected',
    'deleted',
  ]);
});

test('what retention removes is on record with the names, after the backup that made it remove them', async () => {
  const old = writeBackup(temp.path, new Date(Date.now() - 30 * DAY), { manifest: true });
  const keepOne = aService({
    retention: (backups) => ({
      keep: backups.slice(0, 1).map((backup) => ({ backup, reasons: ['the newest'] })),
      remove: backups.slice(1),
    }),
  });
  await keepOne.createBackup();
  const [pruned, made] = await keepOne.activity();
  expect([pruned, made]).toMatchObject([{ action: 'pruned', names: [old] }, { action: 'created' }]);
});

test('a call that blocks leaves its record too, and a failure its code', async () => {
  const service = aService();
  service.createBackupSync({ label: 'nightly' });
  expect(fs.readFileSync(temp.file(RECORD), 'utf8')).toContain('"label":"nightly"');
  fs.renameSync(temp.file('app.db'), temp.file('gone.db'));
  thrownBy(() => service.createBackupSync());
  thrownBy(() => service.createBackupSync());
  const [newest, before] = await service.activity();
  expect(newest).toMatchObject({ action: 'failed', of: 'backup', code: 'ERR_BACKUP_SOURCE_MISSING' });
  // The same failure again is no news.
  expect(before?.action).toBe('created');
});

test('who asked is recorded, through all that the request starts', async () => {
  const service = aService();
  await onBehalfOf({ via: 'dashboard', person: 'anna' }, async () => service.createBackup());
  await service.createBackup();
  const [by, anna] = await service.activity();
  expect(anna?.by).toMatchObject({ via: 'dashboard', person: 'anna' });
  expect(by?.by.via).toBe('app');
  expect(by?.by.person).toBeUndefined();
});

test('a record that cannot be written harms nothing: one line in the log, until it works again', async () => {
  fs.mkdirSync(temp.file(RECORD));
  const service = aService();
  await service.createBackup();
  await service.createBackup();
  const told = () => logger.lines.filter((line) => line.includes('record of activity'));
  expect(told()).toHaveLength(1);
  fs.rmdirSync(temp.file(RECORD));
  await service.createBackup();
  expect(await actions(service)).toEqual(['created']);
  expect(told()).toHaveLength(1);
});

test('a wrong option of activity() is named', async () => {
  await expect(aService().activity({ limit: 0 })).rejects.toMatchObject({ code: 'ERR_BACKUP_OPTIONS' });
  await expect(aService().activity({ before: 'monday' } as never)).rejects.toThrow('"before"');
});
