import type { Backup } from '../catalog/backup.js';
import type { CopyStatus } from '../offsite/service-shippers.js';
import type { Alarm, AlarmKind } from '../notify/alarm.js';
import type { AlarmRules } from '../notify/options.js';
import { isBackupError } from '../util/errors.js';
import type { BackupError } from '../util/errors.js';
import { localTime, size } from '../util/format.js';
import type { ServiceStatus } from './status.js';
import { verdict } from './verdict.js';

/** The result of a look at the service. */
export interface AlarmReport {
  /** What somebody should know now. Empty: all is well. */
  readonly alarms: readonly Alarm[];
  /** `undefined`: it could not be had, and an alarm says why. */
  readonly status: ServiceStatus | undefined;
}

/** Which alarms a status raises, and of which kinds it says that no others last. */
export interface Judgement {
  readonly raised: readonly Alarm[];
  readonly judged: ReadonlySet<AlarmKind>;
}

/**
 * Judges what somebody should be told of: with the verdict where it has the same question. Pure.
 *
 * @param status what `service.status()` resolved to, or rejected with
 * @param changed has the database changed since the newest backup? `undefined`: it could not be looked at
 */
export function judgeAlarms(
  status: ServiceStatus | BackupError,
  changed: boolean | undefined,
  rules: AlarmRules,
  intervalMs: number,
  now: number,
): Judgement {
  if (isBackupError(status)) return { raised: [database(sayError(status))], judged: new Set(['database']) };
  const judged = new Set<AlarmKind>(['database', 'copies-behind', 'disk-low']);
  const hidden = status.problems.filter(({ problem }) => problem === 'manifest not permitted');
  // Of what this user may not read nothing is known: neither that it is bad, nor that it is good again.
  if (hidden.length === 0)
    for (const kind of ['overdue', 'verification-failed', 'unverified'] as const) judged.add(kind);
  if (status.due.reason === 'disabled') return { raised: [], judged };
  const found = [
    databaseAlarm(status, hidden, now),
    overdueAlarm(status, changed, rules, intervalMs, now),
    ...badBackups(status),
    unverifiedAlarm(status, rules, now),
    diskAlarm(status, rules, now),
    ...status.copies.map((copies) => copiesAlarm(copies, rules, now)),
  ];
  const raised = found.filter((alarm) => alarm !== undefined && judged.has(alarm.kind)) as Alarm[];
  return { raised, judged };
}

const sayError = ({ code, message }: BackupError): string => `[${code}] ${message}`;
const database = (text: string): Alarm => ({ kind: 'database', level: 'critical', text });

function databaseAlarm(status: ServiceStatus, hidden: ServiceStatus['problems'], now: number): Alarm | undefined {
  const { path, error } = status.database;
  const { code } = verdict(status, now).recent;
  if (code === 'database-gone' || code === 'database-unusable') {
    return database(error ? sayError(error) : `There is no database file at "${path}".`);
  }
  if (hidden.length === 0) return undefined;
  const what = `${hidden.length} of the ${status.backupCount} backups may not be read by this user, ${hidden[0]!.name} for one`;
  return database(`${what}: what they are is not known. Look as the user that owns the database.`);
}

/** From when on a backup is overdue, if the database has changed: milliseconds since 1970. */
export function overdueAt(latest: Backup, intervalMs: number, { overdueAfterMs }: AlarmRules): number {
  return latest.createdAt.getTime() + intervalMs + overdueAfterMs;
}

/** A shop that is closed takes no backup and needs none: a database that has not changed is never overdue. */
function overdueAlarm(
  { latest, backupCount, database }: ServiceStatus,
  changed: boolean | undefined,
  rules: AlarmRules,
  intervalMs: number,
  now: number,
): Alarm | undefined {
  if (database.sizeBytes === undefined) return undefined;
  if (!latest) {
    const what = backupCount > 0 ? `None of the ${backupCount} backups counts` : 'There is no backup yet';
    return { kind: 'overdue', level: backupCount > 0 ? 'critical' : 'warning', text: `${what}. ${TAKE_ONE}` };
  }
  if (changed === false || now < overdueAt(latest, intervalMs, rules)) return undefined;
  const dueSince = new Date(latest.createdAt.getTime() + intervalMs);
  const changes =
    changed === undefined ? 'it is not known whether the database has changed' : 'the database has changed';
  return {
    kind: 'overdue',
    level: 'critical',
    text:
      `A backup has been due since ${localTime(dueSince)}, and ${changes} since the newest one, ` +
      `${latest.name}. ${TAKE_ONE}`,
  };
}

const TAKE_ONE = 'Take one: npx sqlite-autobackup create. Then find out why no protected call does.';

function badBackups({ problems }: ServiceStatus): Alarm[] {
  return problems
    .filter(({ problem }) => problem !== 'dated in the future' && problem !== 'manifest not permitted')
    .map(({ name, problem }) => {
      const text = `${name} does not count as a backup: ${problem}. Take a new one, and check the disk.`;
      return { kind: 'verification-failed', about: name, level: 'critical', text };
    });
}

export function failedVerification(name: string, level: string, problems: readonly string[] = []): Alarm {
  const why = problems.length > 0 ? `: ${problems.slice(0, 3).join('; ')}` : '';
  const text = `${name} has failed its verification (${level})${why}. It no longer counts: take a new backup, and check the disk.`;
  return { kind: 'verification-failed', about: name, level: 'critical', text };
}

function unverifiedAlarm({ latest }: ServiceStatus, rules: AlarmRules, now: number): Alarm | undefined {
  if (!latest) return undefined;
  const at = latest.lastVerification?.at ?? latest.manifest?.verifiedAt;
  if (at !== undefined && now - Date.parse(at) <= rules.unverifiedAfterMs) return undefined;
  if (rules.unverifiedAfterMs === Infinity) return undefined;
  const last = at === undefined ? 'has never been verified' : `was last verified on ${localTime(new Date(at))}`;
  const text = `${latest.name} ${last}. Verify it: npx sqlite-autobackup verify.`;
  return { kind: 'unverified', level: 'warning', text };
}

function copiesAlarm(copies: CopyStatus, { copiesPendingMs }: AlarmRules, now: number): Alarm | undefined {
  const { store, pending, pendingSince, lastError } = copies;
  if (!pendingSince || now - pendingSince.getTime() < copiesPendingMs) return undefined;
  const why = lastError ? ` [${lastError.code}] ${lastError.message}` : '';
  const text = `${pending.length} of the backups have no copy in ${store}, the oldest of ${localTime(pendingSince)}.${why}`;
  return { kind: 'copies-behind', about: store, level: 'critical', text };
}

function diskAlarm(status: ServiceStatus, { minFreeBytes }: AlarmRules, now: number): Alarm | undefined {
  const { freeBytes, neededBytes = 0, directory } = status;
  const { code } = verdict(status, now).room;
  const isLow = minFreeBytes === undefined ? code === 'full' || code === 'tight' : freeBytes! < minFreeBytes;
  // Some network disks do not know.
  if (freeBytes === undefined || !isLow) return undefined;
  const text = `The disk of "${directory}" has ${size(freeBytes)} left; a backup takes about ${size(neededBytes)}.`;
  return { kind: 'disk-low', level: code === 'full' ? 'critical' : 'warning', text };
}
