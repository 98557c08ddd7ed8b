import { isBackupError } from '../util/errors.js';
import type { BackupError, BackupErrorCode } from '../util/errors.js';
import type { CopyStatus } from '../offsite/service-shippers.js';
import type { ServiceStatus } from './status.js';
import type { StoreAnswer, Verdict, VerdictAction, VerdictAnswer, VerdictCode, VerdictMark } from './verdict-types.js';

const RANK: Readonly<Record<VerdictMark, number>> = { good: 0, unknown: 1, warning: 2, bad: 3 };

/** The worse of two marks comes first: for sorting. */
export function worstFirst(a: VerdictMark, b: VerdictMark): number {
  return RANK[b] - RANK[a];
}

/**
 * Judges a status: is the data safe, and if not, why and what to do. Pure.
 *
 * @param status what `service.status()` resolved to, or the BackupError that it rejected with; `undefined`: nobody could be asked
 * @param now milliseconds since 1970
 * @example
 * const { level, worst } = verdict(await backups.status(), Date.now());
 */
export function verdict(status: ServiceStatus | BackupError | undefined, now: number): Verdict {
  const known = status === undefined || isBackupError(status) ? undefined : status;
  const recent = known ? judgeRecent(known, now) : recentUnknown(status as BackupError | undefined);
  const [proven, elsewhere, room] = known
    ? [judgeProven(known, now), judgeElsewhere(known, now), judgeRoom(known)]
    : (['proven', 'elsewhere', 'room'] as const).map((question) => ({
        question,
        mark: 'unknown' as const,
        code: 'not-asked' as const,
      }));
  const answers = [recent, proven, elsewhere, room];
  const worst = answers.toSorted((a, b) => worstFirst(a.mark, b.mark))[0]!;
  return { level: worst.mark, worst, recent, proven, elsewhere, room, answers };
}

type Judged = Omit<VerdictAnswer, 'question'>;

function recentUnknown(error: BackupError | undefined): VerdictAnswer {
  const question = 'recent';
  if (!error) return { question, mark: 'unknown', code: 'not-asked', action: 'look-again' };
  const code = error.code === 'ERR_BACKUP_DIRECTORY_MISSING' ? 'folder-missing' : 'folder-unreadable';
  return { question, mark: 'bad', code, action: 'look-again', error: error.code };
}

function judgeRecent(status: ServiceStatus, now: number): VerdictAnswer {
  return {
    question: 'recent',
    ...(databaseTrouble(status) ?? backupTrouble(status, now) ?? unseen(status) ?? age(status)),
  };
}

/** SQLite answers these for a moment only; the file may be as sound as ever. */
const PASSING = new Set<BackupErrorCode>(['ERR_BACKUP_SOURCE_LOCKED', 'ERR_BACKUP_TIMEOUT', 'ERR_BACKUP_CHILD_FAILED']);

/** A database that is gone or no database any more is worse than any backup's age. */
function databaseTrouble({ database, due, latest }: ServiceStatus): Judged | undefined {
  if (due.reason === 'disabled') return { mark: 'warning', code: 'disabled' };
  const at = latest?.createdAt;
  const action = latest ? 'restore' : 'look-again';
  const error = database.error?.code;
  if (error === 'ERR_BACKUP_SOURCE_MISSING' || (!error && database.sizeBytes === undefined)) {
    return { mark: 'bad', code: 'database-gone', action, at, name: latest?.name };
  }
  if (!error || PASSING.has(error)) return undefined;
  return { mark: 'bad', code: 'database-unusable', action, at, name: latest?.name, error };
}

function backupTrouble(status: ServiceStatus, now: number): Judged | undefined {
  const { lastFailure, latest, problems } = status;
  if (lastFailure) {
    const { error, retryAt } = lastFailure;
    const next = retryAt.getTime() > now ? retryAt : undefined;
    const { freeBytes, neededBytes } = status;
    const action = FAILURE_ACTIONS[error.code] ?? 'look-again';
    return {
      mark: 'bad',
      code: 'failed',
      action,
      error: error.code,
      at: latest?.createdAt,
      next,
      freeBytes,
      neededBytes,
    };
  }
  const ahead = problems.filter(({ problem }) => problem === 'dated in the future').length;
  if (latest) {
    const at = latest.createdAt;
    return ahead === 0 ? undefined : { mark: 'warning', code: 'clock', action: 'fix-clock', at, count: ahead };
  }
  if (status.backupCount === 0) return { mark: 'bad', code: 'no-backup', action: 'back-up' };
  // They may be as whole as any: only their time has not come by this clock.
  if (ahead === status.backupCount) return { mark: 'bad', code: 'dated-ahead', action: 'fix-clock', count: ahead };
  return { mark: 'bad', code: 'unusable', action: 'back-up', count: status.backupCount };
}

const FAILURE_ACTIONS: Partial<Record<BackupErrorCode, VerdictAction>> = {
  ERR_BACKUP_NO_SPACE: 'free-space',
  ERR_BACKUP_SOURCE_MISSING: 'restore',
  ERR_BACKUP_SOURCE_INVALID: 'restore',
  ERR_BACKUP_SOURCE_CORRUPT: 'restore',
};

function unseen({ database, latest }: ServiceStatus): Judged | undefined {
  if (!database.error && database.lookedAt) return undefined;
  const action = database.error ? 'look-again' : undefined;
  return { mark: 'unknown', code: 'database-unseen', action, at: latest?.createdAt, error: database.error?.code };
}

function age({ due, latest }: ServiceStatus): Judged {
  const at = latest?.createdAt;
  if (due.reason === 'fresh') return { mark: 'good', code: 'fresh', at, next: due.dueAt, name: latest?.name };
  return { mark: 'warning', code: 'due', action: 'back-up', at, name: latest?.name };
}

function judgeProven(status: ServiceStatus, now: number): VerdictAnswer {
  const { latest, lastVerification: verification, lastDrill: drill, problems, provenWithinMs } = status;
  const old = (at: Date): boolean => now - at.getTime() > provenWithinMs;
  const answer = (
    mark: VerdictMark,
    code: VerdictCode,
    action?: VerdictAction,
    facts: Partial<Judged> = {},
  ): VerdictAnswer => ({
    question: 'proven',
    mark,
    code,
    action,
    ...facts,
  });
  if (verification?.ok === false) return answer('bad', 'verify-failed', 'show-backups', verification);
  if (drill?.ok === false) return answer('bad', 'drill-failed', 'drill', drill);
  if (!latest) return answer('unknown', 'nothing-to-prove');
  const broken = problems.filter(({ problem }) => problem !== 'dated in the future');
  if (broken.length > 0) {
    return answer('warning', 'broken-backups', 'show-backups', { count: broken.length, name: broken[0]!.name });
  }
  const { name } = latest;
  const verifiedAt = latest.lastVerification?.at ?? latest.manifest?.verifiedAt;
  if (verifiedAt === undefined) return answer('warning', 'unverified', 'verify', { name });
  const at = new Date(verifiedAt);
  if (!drill) return answer('warning', 'never-drilled', 'drill', { name, at });
  if (old(at)) return answer('warning', 'verify-old', 'drill', { name, at });
  return old(drill.at)
    ? answer('warning', 'drill-old', 'drill', { name, at: drill.at })
    : answer('good', 'drilled', undefined, drill);
}

function judgeElsewhere({ copies, latest, onlyHere }: ServiceStatus, now: number): VerdictAnswer {
  const question = 'elsewhere';
  if (copies.length === 0) {
    if (!onlyHere) return { question, mark: 'warning', code: 'only-here', action: 'copy-elsewhere' };
    return { question, mark: 'good', code: 'only-here-accepted', at: onlyHere.at, by: onlyHere.by };
  }
  const stores = copies.map((copy) => judgeStore(copy, now));
  const [behind] = stores.filter(({ mark }) => mark === 'warning');
  if (behind && latest) {
    const { since: at, pending: count, error } = behind;
    return { question, mark: 'warning', code: 'stores-behind', action: 'copy-elsewhere', at, count, error, stores };
  }
  if (!latest) return { question, mark: 'unknown', code: 'nothing-to-copy', stores };
  const shipping = stores.some(({ pending }) => pending > 0);
  return { question, mark: 'good', code: shipping ? 'stores-shipping' : 'stores-current', stores };
}

/** Shipping begins right after a backup: what still waits after so long is not on its way. */
const LATE_MS = 3_600_000;

function judgeStore({ store, pending, pendingSince, latest, lastError }: CopyStatus, now: number): StoreAnswer {
  const waits = pending.length > 0;
  const late = pendingSince !== undefined && now - pendingSince.getTime() > LATE_MS;
  const nothing = !latest && !waits;
  return {
    store,
    mark: (waits && (late || lastError)) || nothing ? 'warning' : 'good',
    pending: pending.length,
    since: pendingSince,
    latest: latest?.createdAt,
    error: waits ? lastError?.code : undefined,
  };
}

function judgeRoom({ freeBytes, neededBytes }: ServiceStatus): VerdictAnswer {
  const answer = (mark: VerdictMark, code: VerdictCode, action?: VerdictAction): VerdictAnswer => ({
    question: 'room',
    mark,
    code,
    action,
    freeBytes,
    neededBytes,
  });
  if (freeBytes === undefined || neededBytes === undefined) return answer('unknown', 'space-unknown');
  if (freeBytes < neededBytes) return answer('bad', 'full', 'free-space');
  return freeBytes < 2 * neededBytes ? answer('warning', 'tight', 'free-space') : answer('good', 'enough');
}
