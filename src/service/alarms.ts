import type { CopyStatus } from '../offsite/service-shippers.js';
import type { Alarm, AlarmKind } from '../notify/alarm.js';
import type { AlarmRules } from '../notify/options.js';
import { isBackupError } from '../util/errors.js';
import type { BackupError, BackupErrorCode } from '../util/errors.js';
import { localTime, size } from '../util/format.js';
import type { ServiceStatus } from './status.js';

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

/** These are answers of a moment: the database may be as sound as ever. */
const PASSING = new Set<BackupErrorCode>(['ERR_BACKUP_SOURCE_LOCKED', 'ERR_BACKUP_TIMEOUT', 'ERR_BACKUP_CHILD_FAILED']);

/**
 * Judges what somebody should be told of. Pure.
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
  if (isBackupError(status)) {
    const raised: Alarm[] = [{ kind: 'database', level: 'critical', text: `[${status.code}] ${status.message}` }];
    return { raised, judged: new Set(['database']) };
  }
  const judged = new Set<AlarmKind>(['overdue', 'database', 'verification-failed', 'copies-behind', 'disk-low']);
  judged.add('unverified');
  if (status.due.reason === 'disabled') return { raised: [], judged };
  const found = [
    databaseAlarm(status),
    overdueAlarm(status, changed, rules, intervalMs, now),
    ...badBackups(status),
    unverifiedAlarm(status, rules, now),
    diskAlarm(status, rules),
    ...status.copies.map((copies) => copiesAlarm(copies, rules, now)),
  ];
  return { raised: found.filter((alarm) => alarm !== undefined), judged };
}

function databaseAlarm({ database: { path, sizeBytes, error } }: ServiceStatus): Alarm | undefined {
  if (error && !PASSING.has(error.code)) {
    return { kind: 'database', level: 'critical', text: `[${error.code}] ${error.message}` };
  }
  if (error || sizeBytes !== undefined) return undefined;
  return { kind: 'database', level: 'critical', text: `There is no database file at "${path}".` };
}

/** A shop that is closed takes no backup and needs none: a database that has not changed is never overdue. */
function overdueAlarm(
  { latest, backupCount, database }: ServiceStatus,
  changed: boolean | undefined,
  { overdueAfterMs }: AlarmRules,
  intervalMs: number,
  now: number,
): Alarm | undefined {
  if (database.sizeBytes === undefined) return undefined;
  if (!latest) {
    const what = backupCount > 0 ? `None of the ${backupCount} backups counts` : 'There is no backup yet';
    return { kind: 'overdue', level: backupCount > 0 ? 'critical' : 'warning', text: `${what}. ${TAKE_ONE}` };
  }
  const dueSince = latest.createdAt.getTime() + intervalMs;
  if (changed === false || now < dueSince + overdueAfterMs) return undefined;
  const changes =
    changed === undefined ? 'it is not known whether the database has changed' : 'the database has changed';
  return {
    kind: 'overdue',
    level: 'critical',
    text:
      `A backup has been due since ${localTime(new Date(dueSince))}, and ${changes} since the newest one, ` +
      `${latest.name}. ${TAKE_ONE}`,
  };
}

const TAKE_ONE = 'Take one: npx sqlite-autobackup create. Then find out why no protected call does.';

function badBackups({ problems }: ServiceStatus): Alarm[] {
  return problems
    .filter(({ problem }) => problem !== 'dated in the future')
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

function diskAlarm({ freeBytes, neededBytes = 0, directory }: ServiceStatus, rules: AlarmRules): Alarm | undefined {
  const oneBackup = neededBytes;
  const { minFreeBytes = 2 * oneBackup } = rules;
  // Some network disks do not know.
  if (freeBytes === undefined || freeBytes >= minFreeBytes) return undefined;
  const text = `The disk of "${directory}" has ${size(freeBytes)} left; a backup takes about ${size(oneBackup)}.`;
  return { kind: 'disk-low', level: freeBytes < oneBackup ? 'critical' : 'warning', text };
}
