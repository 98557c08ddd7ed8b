import { isSafetyBackup, safetyLabel } from '#dist/catalog/safety-backup.js';
import { BackupService } from 'sqlite-autobackup';
import { createState } from '../../support/states';
import { memoryLogger } from '../../support/memory-logger';
import { useTempFolder } from '../../support/temp-folder';

const folder = useTempFolder();

test('a safety backup is known by its manifest, not by a label that anybody can write', async () => {
  createState(folder.file('app.db'), 'wal', { tag: 'a', rows: 3 }).close();
  const service = new BackupService({ database: folder.file('app.db'), logger: memoryLogger() });
  const own = await service.createBackup();
  expect(isSafetyBackup({ ...own, label: safetyLabel(own.name) })).toBe(false);
  const { safetyBackup } = await service.restoreBackup(own.name);
  const safety = (await service.listBackups()).find(({ name }) => name === safetyBackup)!;
  expect(isSafetyBackup(safety)).toBe(true);
  expect(isSafetyBackup({ ...safety, label: 'renamed' })).toBe(true);
});
