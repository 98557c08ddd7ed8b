import { alarmRules } from '#dist/notify/options.js';
import { judgeAlarms } from '#dist/service/alarms.js';
import { BackupError } from 'sqlite-autobackup';
import type { NotifyOptions, ServiceStatus } from 'sqlite-autobackup';
import { aBackup, aManifest } from '../../support/planted-backups';

const DAY = 86_400_000;
const now = Date.parse('2026-11-24T12:00:00Z');
const ago = (days: number) => new Date(now - days * DAY);

function statusWith(more: Partial<ServiceStatus> = {}): ServiceStatus {
  const latest = aBackup(ago(1), { sizeBytes: 1_000, manifest: aManifest({ verifiedAt: ago(1).toISOString() }) });
  return {
    database: { path: '/shop/app.db', sizeBytes: 1_000, journalMode: 'wal', error: undefined },
    directory: '/shop',
    due: { due: false, reason: 'fresh', latest, ageMs: DAY, dueAt: ago(-6) },
    latest,
    backupCount: 3,
    backupBytes: 3_000,
    freeBytes: 1e9,
    neededBytes: 1_000,
    problems: [],
    runningSince: undefined,
    inProgress: undefined,
    lastFailure: undefined,
    copies: [],
    lastVerification: undefined,
    warnings: [],
    ...more,
  } as ServiceStatus;
}

function judge(status: ServiceStatus | BackupError, changed?: boolean, options: NotifyOptions = {}) {
  const { raised } = judgeAlarms(status, changed, alarmRules(options), 7 * DAY, now);
  return raised.map(({ kind, level, about }) => [kind, level, about].filter(Boolean).join(' '));
}

const old = (days: number) => {
  const latest = aBackup(ago(days), { sizeBytes: 1_000, manifest: aManifest() });
  return statusWith({ latest, due: { due: true, reason: 'too-old', latest, ageMs: days * DAY } });
};

test('where all is well there is no alarm', () => {
  expect(judge(statusWith())).toEqual([]);
});

test('an old backup is overdue only if the database has changed since, or if nobody can tell', () => {
  expect(judge(old(21), false)).toEqual([]);
  expect(judge(old(21), true)).toEqual(['overdue critical']);
  expect(judge(old(21), undefined)).toEqual(['overdue critical']);
});

test('what has just become due is not overdue yet', () => {
  expect(judge(old(7.9), true)).toEqual([]);
  expect(judge(old(8), true)).toEqual(['overdue critical']);
  expect(judge(old(8), true, { overdueAfter: '2d' })).toEqual([]);
  expect(judge(old(7), true, { overdueAfter: 0 })).toEqual(['overdue critical']);
});

test('no backup at all is a warning, and backups of which none counts are worse', () => {
  const due = { due: true, reason: 'none' } as const;
  expect(judge(statusWith({ latest: undefined, due, backupCount: 0 }))).toEqual(['overdue warning']);
  expect(judge(statusWith({ latest: undefined, due, backupCount: 2 }))).toEqual(['overdue critical']);
});

test('a database that is gone is an alarm of its own; one that is locked for a moment is none', () => {
  const database = { path: '/shop/app.db', sizeBytes: undefined, journalMode: undefined };
  const error = (code: 'ERR_BACKUP_SOURCE_MISSING' | 'ERR_BACKUP_SOURCE_LOCKED') =>
    new BackupError(code, 'x', { step: 'pin', hint: 'y' });
  const withError = (code: Parameters<typeof error>[0], sizeBytes?: number) =>
    statusWith({ database: { ...database, sizeBytes, error: error(code) } as ServiceStatus['database'] });
  expect(judge(withError('ERR_BACKUP_SOURCE_MISSING'))).toEqual(['database critical']);
  expect(judge(withError('ERR_BACKUP_SOURCE_LOCKED', 1_000))).toEqual([]);
});

test('a folder that cannot be read is an alarm, and says nothing of the others', () => {
  const error = new BackupError('ERR_BACKUP_DIRECTORY_MISSING', 'There is no folder.', {
    step: 'list',
    hint: 'Mount it.',
  });
  const { raised, judged } = judgeAlarms(error, undefined, alarmRules(), 7 * DAY, now);
  expect(raised).toEqual([
    { kind: 'database', level: 'critical', text: '[ERR_BACKUP_DIRECTORY_MISSING] There is no folder. Mount it.' },
  ]);
  expect([...judged]).toEqual(['database']);
});

test('each backup that has failed its verification, or is not whole, is an alarm; a wrong clock is none', () => {
  const problems = [
    { name: 'a.db', problem: 'failed verification' },
    { name: 'b.db', problem: 'damaged' },
    { name: 'c.db', problem: 'dated in the future' },
  ] as const;
  expect(judge(statusWith({ problems }))).toEqual([
    'verification-failed critical a.db',
    'verification-failed critical b.db',
  ]);
});

test('backups that this user may not read are neither bad nor overdue: that they cannot be read is the alarm', () => {
  const problems = [{ name: 'a.db', problem: 'manifest not permitted' }] as const;
  const status = statusWith({ problems, latest: undefined, backupCount: 1, due: { due: true, reason: 'none' } });
  const { raised, judged } = judgeAlarms(status, undefined, alarmRules(), 7 * DAY, now);
  expect(raised).toMatchObject([{ kind: 'database', text: expect.stringContaining('may not be read by this user') }]);
  // What others have found of them lasts.
  expect([...judged]).toEqual(['database', 'copies-behind', 'disk-low']);
});

test('the newest backup may get as old without a verification as was asked for, and any age by default', () => {
  const status = statusWith();
  expect(judge(status, undefined, { unverifiedAfter: '12h' })).toEqual(['unverified warning']);
  expect(judge(status, undefined, { unverifiedAfter: '2d' })).toEqual([]);
  expect(judge(statusWith({ latest: aBackup(ago(400)) }), false)).toEqual([]);
});

test('each store that is behind for too long is an alarm', () => {
  const store = (name: string, days: number) => ({ store: name, pending: ['a'], pendingSince: ago(days) });
  const copies = [store('nas', 2), store('s3', 0.5)] as unknown as ServiceStatus['copies'];
  expect(judge(statusWith({ copies }))).toEqual(['copies-behind critical nas']);
  expect(judge(statusWith({ copies }), undefined, { copiesPendingFor: '1h' })).toHaveLength(2);
});

test('a disk without room for two backups is low, and without room for one it is worse', () => {
  expect(judge(statusWith({ freeBytes: 2_000 }))).toEqual([]);
  expect(judge(statusWith({ freeBytes: 1_999 }))).toEqual(['disk-low warning']);
  expect(judge(statusWith({ freeBytes: 999 }))).toEqual(['disk-low critical']);
  expect(judge(statusWith({ freeBytes: undefined }))).toEqual([]);
  expect(judge(statusWith({ freeBytes: 5e9 }), undefined, { minFreeBytes: 6e9 })).toEqual(['disk-low warning']);
});

test('a service that is switched off raises nothing', () => {
  expect(judge(statusWith({ latest: undefined, due: { due: false, reason: 'disabled' } }))).toEqual([]);
});
