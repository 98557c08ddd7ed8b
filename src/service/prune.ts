import type { Backup } from '../catalog/backup.js';
import { listBackups } from '../catalog/list-backups.js';
import type { BackupFolder } from '../catalog/list-backups.js';
import { offsite } from '../offsite/index.js';
import type { BackupError } from '../util/errors.js';
import { pause } from '../util/file-work.js';
import type { FileWork } from '../util/file-work.js';
import type { PruneReport } from './events.js';
import { retainInSlices } from '../retention/apply-retention.js';
import type { RetentionPlan } from '../retention/apply-retention.js';
import { keepPolicyRecord } from '../catalog/policy-record.js';
import { deleteFiles } from '../catalog/delete-backup.js';
import type { BackupStore } from '../stores/backup-store.js';
import type { RetentionPolicy } from '../retention/policy.js';
import { isOnlyOnce, policyOf, readPolicyRecord } from '../retention/recorded-policy.js';

/** A folder with what decides about the backups in it. */
export interface PrunedFolder extends BackupFolder {
  readonly retention: RetentionPolicy;
  /** Absent: nobody has chosen the policy, so the one that the folder keeps comes first. */
  readonly policyRecord?: string | undefined;
  readonly copies?: readonly BackupStore[];
}

/** The policy that a prune applies: the service's own, or the app's as the folder has it. */
export function* policyInForce(
  folder: PrunedFolder,
  backups: readonly Pick<Backup, 'manifest'>[],
): FileWork<RetentionPolicy> {
  const { retention, policyRecord } = folder;
  if (policyRecord !== undefined || isOnlyOnce(retention)) return retention;
  return policyOf(yield* readPolicyRecord(folder), backups, retention);
}

/** What a policy keeps and removes, and what stays until a store has it. */
export function* retentionPlan(
  folder: PrunedFolder,
  policy: RetentionPolicy,
  backups: readonly Backup[],
  now: Date,
  justMade?: string,
): FileWork<RetentionPlan & { readonly missed?: readonly Backup[] }> {
  const plan = yield* retainInSlices(policy, backups, now, justMade);
  return folder.copies?.length ? yield* offsite().keepUnshipped(plan, folder, folder.copies) : plan;
}

/**
 * Applies the policy to the folder. One backup that can't be deleted stops none of the others.
 *
 * @param justMade the name of the backup after which this runs: it stays
 * @throws BackupError if the folder can't be listed or the policy fails; then nothing was removed
 */
export function* prune(
  folder: PrunedFolder & { readonly database?: string },
  dryRun: boolean,
  justMade?: string,
): FileWork<PruneReport> {
  const now = new Date();
  const { policyRecord, database } = folder;
  const backups = yield* listBackups(folder, now.getTime());
  if (policyRecord !== undefined && database !== undefined && !dryRun) {
    yield* keepPolicyRecord(folder, database, policyRecord);
  }
  const policy = yield* policyInForce(folder, backups);
  yield* pause();
  const plan = yield* retentionPlan(folder, policy, backups, now, justMade);
  yield* pause();
  const warned = plan.warnings.length > 0 && { warnings: plan.warnings };
  if (dryRun) return { dryRun, kept: plan.keep, removed: plan.remove, failed: [], ...warned };

  const removed: Backup[] = [];
  const failed: { backup: Backup; error: BackupError }[] = [];
  for (const backup of plan.remove) {
    try {
      yield* deleteFiles(folder, backup);
      removed.push(backup);
    } catch (error) {
      failed.push({ backup, error: error as BackupError });
    }
  }
  const unshipped = new Set(plan.missed);
  const missed = removed.filter((backup) => unshipped.has(backup));
  return { dryRun, kept: plan.keep, removed, failed, ...(missed.length > 0 && { missed }), ...warned };
}
