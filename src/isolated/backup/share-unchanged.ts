import fs from 'node:fs';
import { findLatestBackup } from '../../catalog/latest-backup.js';
import type { BackupFolder } from '../../catalog/list-backups.js';
import { MTIME_TOLERANCE_MS } from '../../catalog/backup.js';
import { removeQuietly } from '../../util/durable-files.js';
import { hashFile } from '../shared/sha256.js';

/**
 * Where nothing has changed since the newest backup, the new one becomes another name of the same file, so that a burst of
 * backups takes no room. Where the disk has no hard links, or anything is odd about that file, the copy stays.
 *
 * @param partial the verified copy
 */
export async function shareUnchanged(
  folder: BackupFolder,
  partial: string,
  { sha256, sizeBytes }: { readonly sha256: string; readonly sizeBytes: number },
): Promise<void> {
  const { latest } = findLatestBackup(folder, Date.now());
  if (latest?.sha256 !== sha256 || latest.sizeBytes !== sizeBytes) return;
  // Under a name that the sweep knows, as it knows the partial's.
  const same = `${partial}.same`;
  try {
    await fs.promises.link(latest.path, same);
    const [ours, theirs] = [fs.lstatSync(partial), fs.lstatSync(same)];
    const alike = theirs.isFile() && (['uid', 'gid', 'mode'] as const).every((key) => theirs[key] === ours[key]);
    // A file that somebody has touched must not share its time.
    const touched = Math.abs(theirs.mtimeMs - (latest.manifest?.mtimeMs ?? 0)) > MTIME_TOLERANCE_MS;
    // Its manifest says what it was. It may have rotted since.
    if (!alike || touched || (await hashFile(same)) !== sha256) return;
    // The new time is that of both names. That does no harm: the older backup's age comes from its manifest.
    await fs.promises.utimes(same, ours.atime, ours.mtime);
    await fs.promises.rename(same, partial);
  } catch {
    // Sharing failed: the copy is kept as it is.
  } finally {
    await removeQuietly(same);
  }
}
