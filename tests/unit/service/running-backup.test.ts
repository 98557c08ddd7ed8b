import fs from 'node:fs';
import { BackupService } from 'sqlite-autobackup';
import { fakeSnapshotter } from '../../support/fake-snapshotter';
import { memoryLogger } from '../../support/memory-logger';
import { useTempFolder } from '../../support/temp-folder';

const temp = useTempFolder();
const PARTIAL = '.app_backup_20261124_093000.0a1b2c.partial';

function service(): BackupService {
  fs.writeFileSync(temp.file('app.db'), Buffer.alloc(10_000, 1));
  return new BackupService({ database: temp.file('app.db'), logger: memoryLogger(), snapshotter: fakeSnapshotter() });
}

test('the unfinished file that another process writes is a running backup, with how far it is', () => {
  const backups = service();
  expect(backups.getRunningBackup()).toBeUndefined();
  fs.writeFileSync(temp.file(PARTIAL), Buffer.alloc(4_000, 1));
  expect(backups.getRunningBackup()).toEqual({ doneBytes: 4_000, totalBytes: 10_000 });
});

test('it is never done by more than all of it: the database may have shrunk meanwhile', () => {
  const backups = service();
  fs.writeFileSync(temp.file(PARTIAL), Buffer.alloc(12_000, 1));
  expect(backups.getRunningBackup()).toEqual({ doneBytes: 12_000, totalBytes: 12_000 });
});

test('side files, other databases’ files and finished backups are none', () => {
  const backups = service();
  for (const name of [
    `${PARTIAL}-journal`,
    `${PARTIAL}.json`,
    '.web_backup_20261124_093000.0a1b2c.partial',
    'x.partial',
  ]) {
    fs.writeFileSync(temp.file(name), 'x');
  }
  fs.writeFileSync(temp.file('app_backup_20261124_093000.db'), 'x');
  expect(backups.getRunningBackup()).toBeUndefined();
});

test('a file that nobody has written to for minutes was left by a process that died', () => {
  const backups = service();
  fs.writeFileSync(temp.file(PARTIAL), Buffer.alloc(4_000, 1));
  const longAgo = new Date(Date.now() - 10 * 60_000);
  fs.utimesSync(temp.file(PARTIAL), longAgo, longAgo);
  expect(backups.getRunningBackup()).toBeUndefined();
});

test('a folder that cannot be read is the due check’s to report', () => {
  const backups = service();
  fs.rmSync(temp.path, { recursive: true, maxRetries: 50, retryDelay: 20 });
  expect(backups.getRunningBackup()).toBeUndefined();
});
