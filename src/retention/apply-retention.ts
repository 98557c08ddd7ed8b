import type { Backup } from '../catalog/backup.js';
import { BackupError, messageOf } from '../errors.js';
import type { KeptBackup, RetentionPolicy } from './policy.js';

export interface RetentionPlan {
  /** Every backup that stays, newest first, each with at least one reason. */
  readonly keep: readonly KeptBackup[];
  /** Newest first. */
  readonly remove: readonly Backup[];
}

/**
 * A policy's wishes within the laws: the newest backup, the newest verified one, protected ones and those with a problem
 * stay whatever the policy says; a policy that keeps nothing removes nothing. Pure.
 *
 * @param backups newest first
 * @throws BackupError `ERR_BACKUP_RETENTION_FAILED` if the policy throws or wants to remove what it was not shown
 */
export function applyRetention(policy: RetentionPolicy, backups: readonly Backup[], now: Date): RetentionPlan {
  const whole = backups.filter((backup) => !backup.problem);
  const { keep, remove } = decide(policy, whole, now);
  const emptyPolicy = keep.length === 0;
  const toRemove = new Set(remove);
  const wishesFor = new Map(keep.map(({ backup, reasons }) => [backup, reasons]));
  const newestVerified = whole.find((backup) => backup.verified);

  const kept: KeptBackup[] = [];
  const removed: Backup[] = [];
  for (const backup of backups) {
    const laws = [
      ...(backup === whole[0] ? ['newest'] : []),
      ...(backup === newestVerified && backup !== whole[0] ? ['newest verified'] : []),
      ...(backup.protected ? ['protected'] : []),
      ...(backup.problem ? [backup.problem] : []),
      ...(emptyPolicy && !backup.problem ? ['the policy keeps nothing, so nothing is removed'] : []),
    ];
    const reasons = [...(wishesFor.get(backup) ?? []), ...laws];
    if (toRemove.has(backup) && reasons.length === 0) {
      removed.push(backup);
    } else {
      kept.push({ backup, reasons: reasons.length > 0 ? reasons : ['not removed by the policy'] });
    }
  }
  return { keep: kept, remove: removed };
}

function decide(policy: RetentionPolicy, whole: readonly Backup[], now: Date): ReturnType<RetentionPolicy> {
  let decision: ReturnType<RetentionPolicy>;
  try {
    decision = policy(Object.freeze([...whole]), { now });
    const shown = new Set(whole);
    const unknown = [...decision.keep.map((kept) => kept.backup), ...decision.remove].find((b) => !shown.has(b));
    if (unknown) throw new TypeError(`it names "${unknown.name}", which is not one of the backups it was given`);
  } catch (cause) {
    throw new BackupError('ERR_BACKUP_RETENTION_FAILED', `The retention policy failed: ${messageOf(cause)}.`, {
      step: 'prune',
      hint: 'Return { keep: [{ backup, reasons }], remove: [backup] } with the objects it was given. Nothing was removed.',
      cause,
    });
  }
  return decision;
}
