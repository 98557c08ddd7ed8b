import type { Backup } from '../catalog/backup.js';
import { isFromTheFuture, newestFirst } from '../catalog/backup.js';
import { applyRetention } from '../retention/apply-retention.js';
import type { RetentionPolicy } from '../retention/policy.js';
import { backoffMs } from '../util/backoff.js';
import type { CopyFailure, CopyRecord, ShippedCopy } from './copy-record.js';

/**
 * The backups that a store still lacks, newest first: the newest one is worth most. Backups without a manifest (another
 * program made them) and those with a problem are not shipped: nothing proves them. Nor are those that the store's own
 * policy would remove at once. Pure.
 */
export function pendingBackups(
  backups: readonly Backup[],
  record: CopyRecord,
  policy: RetentionPolicy | undefined,
  now: Date,
): Backup[] {
  const missing = backups.filter(({ name, manifest, problem }) => manifest && !problem && !record.shipped[name]);
  if (!policy || missing.length === 0) return missing;
  const there = Object.entries(record.shipped)
    .filter(([, copy]) => copy.removedAt === undefined)
    .map(([name, copy]) => asBackup(name, copy, now));
  try {
    const { remove } = applyRetention(policy, [...missing, ...there].sort(newestFirst), now);
    const unwanted = new Set(remove);
    return missing.filter((backup) => !unwanted.has(backup));
  } catch {
    // The policy fails. That is reported where it is to remove something; here it must not keep a copy from being made.
    return missing;
  }
}

/** A copy, as retention policies look at backups. */
export function asBackup(name: string, copy: ShippedCopy, now: Date): Backup {
  const { createdAt, sizeBytes, verified } = copy;
  return {
    name,
    path: copy.key,
    createdAt: new Date(createdAt),
    sizeBytes,
    protected: copy.protected,
    ...(verified && { verified }),
    ...(isFromTheFuture(Date.parse(createdAt), now.getTime()) && { problem: 'dated in the future' as const }),
  };
}

/**
 * How long the next automatic try has still to wait, never longer than the back-off itself: a failure that is dated ahead of
 * the clock, which was put back since, holds nothing up. Pure.
 */
export function retryInMs(failure: CopyFailure | undefined, firstMs: number, now: number): number {
  if (!failure || !(Date.parse(failure.at) <= now)) return 0;
  const waitMs = Math.min(Date.parse(failure.retryAt) - now, backoffMs(firstMs, failure.failures));
  return waitMs > 0 ? waitMs : 0;
}
