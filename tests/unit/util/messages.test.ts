import { BackupError } from 'sqlite-autobackup';
import { messages } from '#dist/util/messages.js';
import { aBackup, localTime } from '../../support/planted-backups';

const backup = aBackup('2026-11-24 09:30:00', { sizeBytes: 3_355_443 });
const method = { label: 'InvoicesController.create', moment: 'before' } as const;
const error = new BackupError('ERR_BACKUP_NO_SPACE', 'No space left.', { step: 'copy', hint: 'Free some.' });
const retryAt = localTime('2026-11-24 09:35:00');
const time = '2026-11-24 09:35:00';

test.each([
  [
    'a backup before a method names the method, the file, its size and the duration',
    messages.created(method, backup, 83),
    'Automatic backup created before InvoicesController.create: app_backup_20261124_093000.db (3.2 MB), 0.08 s',
  ],
  [
    'a backup after a method says so',
    messages.created({ ...method, moment: 'after' }, backup, 12_345),
    'Automatic backup created after InvoicesController.create: app_backup_20261124_093000.db (3.2 MB), 12.35 s',
  ],
  [
    'a backup that a person asked for is not called automatic',
    messages.created({ label: 'nightly' }, backup, 83),
    'Backup created (nightly): app_backup_20261124_093000.db (3.2 MB), 0.08 s',
  ],
  [
    'a backup without a label has none in its line',
    messages.created({}, backup, 83),
    'Backup created: app_backup_20261124_093000.db (3.2 MB), 0.08 s',
  ],
  [
    'a backup that another process made',
    messages.madeByOther(method, backup),
    'Automatic backup not needed before InvoicesController.create: another process has made app_backup_20261124_093000.db (3.2 MB)',
  ],
  [
    'a failure says its code, what to do and when it is tried again',
    messages.failed(method, error, retryAt),
    `Automatic backup FAILED before InvoicesController.create [ERR_BACKUP_NO_SPACE]: No space left. Free some. No further automatic attempt before ${time}.`,
  ],
  ['a cancelled one', messages.cancelled({ label: 'nightly' }), 'Backup cancelled (nightly)'],
  [
    'one that is not tried',
    messages.skipped(method, retryAt),
    `Automatic backup skipped before InvoicesController.create: the last attempt failed, next try after ${time}`,
  ],
  [
    'removed backups, each with its size',
    messages.pruned([backup, aBackup('2026-11-23 09:30:00', { sizeBytes: 512 })], 20),
    'Old backups removed: app_backup_20261124_093000.db (3.2 MB), app_backup_20261123_093000.db (512 B); 20 kept',
  ],
  [
    'a failed pruning',
    messages.pruneFailed(error),
    'Removing old backups FAILED [ERR_BACKUP_NO_SPACE]: No space left. Free some.',
  ],
  [
    'a restore, with where the state before is',
    messages.restored({
      name: 'app_backup_20261124_093000.db',
      path: '/shop/app.db',
      safetyBackup: 'app_backup_20261124_093100.db',
      movedAside: [],
      sizeBytes: 4096,
      durationMs: 83,
    }),
    'Backup restored: app_backup_20261124_093000.db (4 kB) to "/shop/app.db", 0.08 s; the state before is in app_backup_20261124_093100.db, protected',
  ],
  [
    'a failed restore says its code and what to do',
    messages.restoreFailed(backup.name, error),
    'Restoring app_backup_20261124_093000.db FAILED [ERR_BACKUP_NO_SPACE]: No space left. Free some.',
  ],
  [
    'a bad backup, with what is wrong',
    messages.verified({
      name: backup.name,
      level: 'drill',
      ok: false,
      problems: ['one', 'two'],
      durationMs: 83,
    }),
    'Backup verified (drill): app_backup_20261124_093000.db is BAD: one; two, 0.08 s',
  ],
  ['a deleted backup', messages.deleted(backup), 'Backup deleted: app_backup_20261124_093000.db (3.2 MB)'],
  [
    'a damaged backup',
    messages.ignored({ ...backup, problem: 'damaged' }),
    'Backup not counted: app_backup_20261124_093000.db (damaged)',
  ],
  [
    'a backup from the future, with its time',
    messages.ignored({ ...backup, createdAt: localTime('2030-01-01 00:00:00'), problem: 'dated in the future' }),
    'Backup not counted: app_backup_20261124_093000.db (dated in the future, 2030-01-01 00:00:00: check the clock)',
  ],
  ['a listener that threw a text', messages.listenerFailed('created', 'no'), 'A listener of "created" failed: no'],
])('%s', (_what, line, expected) => {
  expect(line).toBe(expected);
});

test('a listener that threw an error is logged with the place where it threw', () => {
  const line = messages.listenerFailed('created', new Error('no'));
  expect(line).toContain('A listener of "created" failed: Error: no');
  expect(line).toContain(__filename);
});
