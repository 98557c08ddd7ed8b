import type { Backup } from '../../catalog/backup.js';
import { checkDue } from '../../catalog/due-check.js';
import { findLatestBackup } from '../../catalog/list-backups.js';
import type { BackupFolder } from '../../catalog/list-backups.js';

/** Under the lock, by the same code as the app's check: the backup that another process made while this one waited. */
export function findIfFresh(folder: BackupFolder, ifOlderThanMs: number | null): Backup | undefined {
  if (ifOlderThanMs === null) return undefined;
  const now = Date.now();
  const { latest } = findLatestBackup(folder, now);
  const check = checkDue({ latest, now, intervalMs: ifOlderThanMs });
  return check.due ? undefined : check.latest;
}
