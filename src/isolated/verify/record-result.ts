import { readBackup } from '../../catalog/list-backups.js';
import type { BackupFolder } from '../../catalog/list-backups.js';
import type { VerificationRecord } from '../../catalog/manifest.js';
import { boundedRecord, latestRecord } from '../../catalog/verification.js';
import type { Deadline } from '../shared/deadline.js';
import { takeLock } from '../shared/lock.js';
import { beginStep } from '../shared/steps.js';
import { rewriteManifest } from '../shared/rewrite-manifest.js';

/**
 * Keeps a result in the manifest. `false`: there is none, it is of another file by now, or it can't be written (a read-only
 * disk, a lock that another process holds): what was found is worth telling all the same.
 */
export async function recordVerification(
  folder: BackupFolder,
  database: string,
  name: string,
  record: VerificationRecord,
  deadline: Deadline,
): Promise<boolean> {
  beginStep('record');
  // Without a manifest none is made for this: it would make another program's backup look like one of ours.
  if (!readBackup(folder, name, Date.now())?.manifest) return false;
  try {
    const lock = await takeLock(folder, database, deadline);
    try {
      // Read again: retention may have removed it, protectBackup() may have changed it.
      const manifest = readBackup(folder, name, Date.now())?.manifest;
      if (!manifest) return false;
      const lastVerification = latestRecord(manifest.lastVerification, boundedRecord(record));
      await rewriteManifest(folder, database, { ...manifest, lastVerification });
      return true;
    } finally {
      lock.release();
    }
  } catch {
    return false;
  }
}
