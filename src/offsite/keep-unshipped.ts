import type { Backup } from '../catalog/backup.js';
import type { BackupFolder } from '../catalog/list-backups.js';
import type { RetentionPlan } from '../retention/apply-retention.js';
import { files } from '../util/file-work.js';
import type { FileWork } from '../util/file-work.js';
import type { BackupStore } from '../stores/backup-store.js';
import { shipTarget, recordView } from './ship-target.js';
import { pendingBackups } from './pending.js';

/**
 * Local retention and copies that are not made yet: a backup that a store still lacks stays, so that a store that is down
 * for a week leaves no hole in what it keeps. But backups that cannot be shipped must never fill the disk that the
 * database lives on: with too little room, retention goes on as without copies.
 */
export function* keepUnshipped(
  plan: RetentionPlan,
  folder: BackupFolder,
  copies: readonly BackupStore[],
): FileWork<RetentionPlan & { readonly missed: readonly Backup[] }> {
  const all = [...plan.keep.map(({ backup }) => backup), ...plan.remove];
  const waitingFor = new Map<Backup, string[]>();
  for (const store of copies) {
    const target = shipTarget(folder, store);
    for (const backup of pendingBackups(all, yield* recordView(target), target.settings.retention, new Date())) {
      waitingFor.set(backup, [...(waitingFor.get(backup) ?? []), store.name]);
    }
  }
  const unshipped = plan.remove.filter((backup) => waitingFor.has(backup));
  if (unshipped.length === 0) return { ...plan, missed: [] };
  const { bavail, blocks, bsize } = yield* files.statfs(folder.directory);
  // Some network disks answer zeros: they do not know.
  const largest = all.reduce((bytes, { sizeBytes }) => Math.max(bytes, sizeBytes), 0);
  if (blocks > 0 && !hasRoomToKeep(bavail * bsize, blocks * bsize, largest)) return { ...plan, missed: unshipped };
  const held = unshipped.map((backup) => ({
    backup,
    reasons: [`not yet copied to ${waitingFor.get(backup)!.join(', ')}`],
  }));
  return {
    ...plan,
    keep: [...plan.keep, ...held].sort((a, b) => b.backup.createdAt.getTime() - a.backup.createdAt.getTime()),
    remove: plan.remove.filter((backup) => !waitingFor.has(backup)),
    missed: [],
  };
}

/** Is a tenth of the disk free, and room for three more backups? */
export function hasRoomToKeep(freeBytes: number, diskBytes: number, backupBytes: number): boolean {
  return freeBytes >= diskBytes / 10 && freeBytes >= backupBytes * 3;
}
