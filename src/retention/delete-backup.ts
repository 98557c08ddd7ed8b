import fs from 'node:fs';
import path from 'node:path';
import type { Backup } from '../catalog/backup.js';
import { manifestName } from '../catalog/backup-name.js';
import type { BackupFolder } from '../catalog/list-backups.js';
import { BackupError, messageOf } from '../errors.js';

/**
 * Deletes a backup, then its manifest: a manifest without its backup is swept by the next attempt, a backup without its
 * manifest would lose its label and hash. One that is gone already (another process was faster) is deleted.
 *
 * @throws BackupError `ERR_BACKUP_DELETE_FAILED`
 */
export function deleteFiles({ directory, naming }: BackupFolder, backup: Backup): void {
  try {
    fs.rmSync(backup.path, { force: true });
    if (backup.manifest) fs.rmSync(path.join(directory, manifestName(naming, backup.name)), { force: true });
  } catch (cause) {
    throw new BackupError('ERR_BACKUP_DELETE_FAILED', `"${backup.path}" could not be deleted (${messageOf(cause)}).`, {
      step: 'delete',
      hint: 'Give this process write permission on the backup folder; on Windows, close the program that has it open.',
      cause,
    });
  }
}
