import fs from 'node:fs';
import { BackupService } from 'sqlite-autobackup';
import type { BackupServiceOptions, VerifyReport } from 'sqlite-autobackup';
import { memoryLogger } from '../support/memory-logger';
import { createState } from '../support/states';
import { useTempFolder } from '../support/temp-folder';

const folder = useTempFolder();
const ROWS = 'SELECT count(*) > 0 FROM state';
const verified: VerifyReport[] = [];
const CLAIM = '.app_backup.verifying.json';

function serviceWith(options: Partial<BackupServiceOptions> = {}): BackupService {
  const service = new BackupService({
    database: folder.file('app.db'),
    logger: memoryLogger(),
    verifyEvery: '7d',
    assertions: [ROWS],
    ...options,
  });
  service.on('verified', (report) => verified.push(report));
  return service;
}

beforeEach(() => {
  verified.length = 0;
  createState(folder.file('app.db'), 'wal', { tag: 'a', rows: 40 }).close();
});

test('the call that finds no drill in verifyEvery has one made behind it, with the assertions, and the next one finds it done', async () => {
  const service = serviceWith();
  const { name } = await service.createBackup();
  expect(await service.backupIfDue()).toMatchObject({ status: 'fresh' });
  await service.whenIdle();
  expect(verified).toMatchObject([{ name, level: 'drill', ok: true, assertions: [{ sql: ROWS, ok: true }] }]);
  expect(fs.existsSync(folder.file(CLAIM))).toBe(false);
  const other = serviceWith();
  await other.backupIfDue();
  await other.whenIdle();
  expect(verified).toHaveLength(1);
});

test('a look at the page does it too; without verifyEvery nobody does', async () => {
  const service = serviceWith();
  await service.createBackup();
  const never = new BackupService({ database: folder.file('app.db'), logger: memoryLogger() });
  await never.status({ wait: false });
  await never.whenIdle();
  expect(fs.existsSync(folder.file('.app_backup.drill.json'))).toBe(false);
  await service.status({ wait: false });
  await service.whenIdle();
  expect(verified).toHaveLength(1);
});

test('while another process is at it, it is left to that one; the claim of one that was killed is taken away', async () => {
  const service = serviceWith({ timeout: '5m' });
  await service.createBackup();
  fs.writeFileSync(folder.file(CLAIM), '');
  await service.backupIfDue();
  await service.whenIdle();
  expect(verified).toEqual([]);
  const longAgo = new Date(Date.now() - 11 * 60_000);
  fs.utimesSync(folder.file(CLAIM), longAgo, longAgo);
  const other = serviceWith({ timeout: '5m' });
  await other.backupIfDue();
  await other.whenIdle();
  expect(fs.existsSync(folder.file(CLAIM))).toBe(false);
});

test('a shutdown does not wait for it', async () => {
  const service = serviceWith({
    assertions: ['WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n'],
  });
  await service.createBackup();
  await service.backupIfDue();
  await service.shutDown();
  expect(verified).toEqual([]);
  expect(fs.readdirSync(folder.path).filter((file) => /partial|verifying/.test(file))).toEqual([]);
});
