import { preferTaken } from '../catalog/imported.js';
import type { Backup } from '../catalog/backup.js';
import { BackupError, messageOf } from '../util/errors.js';
import { pause, runSync, slicesOf } from '../util/file-work.js';
import type { FileWork } from '../util/file-work.js';
import { decideByRules, rulesOf } from './keep.js';
import type { KeptBackup, RetentionDecision, RetentionPolicy } from './policy.js';

export interface RetentionPlan {
  /** Every backup that stays, newest first, each with at least one reason. */
  readonly keep: readonly KeptBackup[];
  /** Newest first. */
  readonly remove: readonly Backup[];
  /** Full sentences for the owner. */
  readonly warnings: readonly string[];
}

/**
 * A policy's decision within the laws: the newest backup, the newest verified one, the one that was just made, protected ones
 * and those with a problem stay whatever the policy says; a policy that keeps nothing removes nothing. Pure.
 *
 * @param backups newest first
 * @param justMade the name of the backup after which retention runs. It need not be the newest: the clock may have been put back
 * @throws BackupError `ERR_BACKUP_RETENTION_FAILED` if the policy throws or wants to remove what it was not shown
 */
export function applyRetention(
  policy: RetentionPolicy,
  backups: readonly Backup[],
  now: Date,
  justMade?: string,
): RetentionPlan {
  return runSync(retainInSlices(policy, backups, now, justMade));
}

/** {@link applyRetention} of what may be very many, with pauses for the app. */
export function* retainInSlices(
  policy: RetentionPolicy,
  backups: readonly Backup[],
  now: Date,
  justMade?: string,
): FileWork<RetentionPlan> {
  const whole = backups.filter((backup) => !backup.problem);
  const newest = preferTaken(whole);
  const newestVerified = whole.find(({ verified }) => verified);
  const { keep, remove, warnings = [] } = yield* decide(policy, whole, now);
  yield* pause();
  const emptyPolicy = keep.length === 0;
  const toRemove = new Set(remove);
  const policyKeeps = new Map(keep.map(({ backup, reasons }) => [backup, reasons]));

  const kept: KeptBackup[] = [];
  const removed: Backup[] = [];
  for (const slice of slicesOf(backups)) {
    yield* pause();
    for (const backup of slice) {
      const reasons = [
        ...(policyKeeps.get(backup) ?? []),
        ...alwaysKeptReasons(backup, newest, newestVerified, justMade),
        ...(emptyPolicy && !backup.problem ? ['the policy keeps nothing, so nothing is removed'] : []),
      ];
      // A policy that wants a backup both kept and removed keeps it.
      if (toRemove.has(backup) && !policyKeeps.has(backup) && reasons.length === 0) {
        removed.push(backup);
      } else {
        kept.push({ backup, reasons: reasons.length > 0 ? reasons : ['not removed by the policy'] });
      }
    }
  }
  return { keep: kept, remove: removed, warnings };
}

/** Why a backup stays whatever the policy says; empty if the policy may decide. */
function alwaysKeptReasons(
  backup: Backup,
  newest: Backup | undefined,
  newestVerified: Backup | undefined,
  justMade: string | undefined,
): string[] {
  return [
    ...(backup === newest ? ['newest'] : []),
    ...(backup.name === justMade && backup !== newest ? ['just made'] : []),
    ...(backup === newestVerified && backup !== newest ? ['newest verified'] : []),
    ...(backup.protected ? ['protected'] : []),
    ...(backup.problem ? [backup.problem] : []),
  ];
}

function* decide(policy: RetentionPolicy, whole: readonly Backup[], now: Date): FileWork<RetentionDecision> {
  // Our own changes nothing and answers with what it was given. There may be very many: no copies of them.
  const rules = rulesOf(policy);
  return rules ? yield* decideByRules(rules, whole) : decideByCode(policy, whole, now);
}

function decideByCode(policy: RetentionPolicy, whole: readonly Backup[], now: Date): RetentionDecision {
  // A policy that changes them must not change by it which files are deleted.
  const originals = new Map(whole.map((backup) => [{ ...backup }, backup]));
  try {
    const decision = policy(Object.freeze([...originals.keys()]), { now });
    // Its rejection is caught, or it would end the app as an unhandled one.
    if (decision instanceof Promise) {
      decision.catch(() => {});
      throw new TypeError('it returned a promise');
    }
    const unknown = [...decision.keep.map((kept) => kept.backup), ...decision.remove].find((b) => !originals.has(b));
    const wrong = decision.keep.find(({ reasons }: { reasons: unknown }) => !areReasons(reasons));
    if (wrong) throw new TypeError(`the reasons for "${wrong.backup.name}" are not a list of texts`);
    if (unknown) throw new TypeError(`it names "${unknown.name}", which is not one of the backups it was given`);
    return {
      keep: [...decision.keep].map(({ backup, reasons }) => ({ backup: originals.get(backup)!, reasons })),
      remove: [...decision.remove].map((backup) => originals.get(backup)!),
      warnings: [...(decision.warnings ?? [])].map(String),
    };
  } catch (cause) {
    throw new BackupError('ERR_BACKUP_RETENTION_FAILED', `The retention policy failed: ${messageOf(cause)}.`, {
      step: 'prune',
      hint: 'Return { keep: [{ backup, reasons }], remove: [backup] } with the objects it was given. Nothing was removed.',
      cause,
    });
  }
}

function areReasons(reasons: unknown): boolean {
  return Array.isArray(reasons) && reasons.every((reason) => typeof reason === 'string' && reason !== '');
}
