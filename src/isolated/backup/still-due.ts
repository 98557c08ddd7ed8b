import fs from 'node:fs';
import type { Backup } from '../../catalog/backup.js';
import { checkDue } from '../../catalog/due-check.js';
import { keepForeignRecord } from '../../catalog/foreign-record.js';
import { isImported } from '../../catalog/imported.js';
import { listBackups } from '../../catalog/list-backups.js';
import type { BackupFolder } from '../../catalog/list-backups.js';
import type { SnapshotRequest } from '../../child/protocol.js';
import { runAsync, runSync } from '../../util/file-work.js';
import { partialPath } from '../shared/temp-files.js';
import { findsDamage } from '../verify/check-backup.js';

/**
 * Looks again, under the lock, by the same code as the app's check: another process may have made a backup while this one
 * waited. A file without a manifest counts only if it is a database: another program's, a download, or random bytes may
 * have that name.
 */
export async function findIfFresh(
  folder: BackupFolder,
  { database, ifOlderThanMs }: SnapshotRequest,
): Promise<Backup | undefined> {
  if (ifOlderThanMs === null) return undefined;
  const now = Date.now();
  for (const latest of runSync(listBackups(folder, now))) {
    if (latest.problem || isImported(latest)) continue;
    if (checkDue({ latest, now, intervalMs: ifOlderThanMs }).due) return undefined;
    if (latest.manifest || !(isSameFile(latest.path, database) || (await findsDamage(folder, latest)))) return latest;
    const { size: sizeBytes, mtimeMs } = fs.lstatSync(latest.path);
    const looked = { [latest.name]: { sizeBytes, mtimeMs } };
    await runAsync(keepForeignRecord(folder, looked, partialPath(folder, new Date())));
  }
  return undefined;
}

/** A hard link to the live database is no backup of it. */
function isSameFile(file: string, database: string): boolean {
  const [a, b] = [file, database].map((each) => fs.statSync(each, { bigint: true, throwIfNoEntry: false }));
  return a !== undefined && b !== undefined && a.ino === b.ino && a.dev === b.dev;
}
