import type { ActivityRecorder, ActivityFields } from '../activity/recorder.js';
import type { VerifyReport } from '../child/protocol.js';
import type { Counts, RecoverReport } from '../child/rows-protocol.js';
import type { BackupError } from '../util/errors.js';
import type { Events } from '../util/events.js';
import type { BackupEvents } from './events.js';

/** Turns each event into its entry in the record. What another process does, that process records. */
const AS_ACTIVITY: {
  readonly [E in Exclude<keyof BackupEvents, 'alarm'>]: (payload: BackupEvents[E]) => ActivityFields;
} = {
  created: ({ backup: { name, sizeBytes }, label, durationMs }) => ({
    action: 'created',
    name,
    sizeBytes,
    durationMs,
    ...(label !== undefined && { label }),
  }),
  failed: ({ error, label, retryAt }) => failure(retryAt ? 'backup' : 'prune', error, label),
  pruned: ({ removed }) => ({ action: 'pruned', names: removed.map(({ name }) => name) }),
  deleted: ({ name }) => ({ action: 'deleted', name }),
  restored: ({ name, path, method, safetyBackup, durationMs }) => ({
    action: 'restored',
    name,
    durationMs,
    ...(method === 'copy' && { to: path }),
    ...(safetyBackup !== undefined && { safetyBackup }),
  }),
  recovered: ({ name, safetyBackup, ...report }) => ({
    action: 'recovered',
    name,
    rows: rowsOf(report),
    ...(safetyBackup !== undefined && { safetyBackup }),
  }),
  protected: ({ name, protected: on }) => ({ action: on ? 'protected' : 'unprotected', name }),
  verified,
  'copy-verified': (report) => ({ ...verified(report), store: report.store }),
  copied: ({ backup: { name }, store, sizeBytes, durationMs }) => ({
    ...{ action: 'copied', name, store, sizeBytes, durationMs },
  }),
  'copy-failed': ({ name, store, error }) => ({
    ...failure('copy', error),
    store,
    ...(name !== undefined && { name }),
  }),
  'copies-pruned': ({ store, removed }) => ({ action: 'copies-pruned', store, names: removed }),
};

/** Records every event from now on. */
export function recordEvents(events: Events<BackupEvents>, recorder: ActivityRecorder): void {
  for (const [event, toActivity] of Object.entries(AS_ACTIVITY)) {
    events.on(event as keyof BackupEvents, (payload) => recorder.record(toActivity(payload as never)));
  }
}

function verified(report: Pick<VerifyReport, 'name' | 'level' | 'ok' | 'problems' | 'durationMs'>): ActivityFields {
  const { name, level, ok, problems, durationMs } = report;
  const why = ok || problems[0] === undefined ? {} : { message: problems[0] };
  return { action: level === 'drill' ? 'drilled' : 'verified', name, level, ok, durationMs, ...why };
}

export function failure(of: NonNullable<ActivityFields['of']>, error: BackupError, label?: string): ActivityFields {
  return { action: 'failed', of, code: error.code, message: error.what, ...(label !== undefined && { label }) };
}

function rowsOf({ inserted, relinked, overwritten }: Omit<RecoverReport, 'safetyBackup'>): number {
  const sum = (counts: Counts): number => Object.values(counts).reduce((total, count) => total + count, 0);
  return sum(inserted) + sum(relinked) + sum(overwritten);
}
