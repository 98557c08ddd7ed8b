import fs from 'node:fs';
import path from 'node:path';
import type { Backup } from './backup.js';
import { manifestName } from './backup-name.js';
import { readBackup } from './list-backups.js';
import type { BackupFolder } from './list-backups.js';
import { BackupError, messageOf } from '../util/errors.js';

/**
 * Deletes a backup that retention or a user no longer wants.
 *
 * @throws BackupError `ERR_BACKUP_PROTECTED`, `ERR_BACKUP_DELETE_FAILED`
 */
export function deleteFiles(folder: BackupFolder, backup: Backup): void {
  // Looked at again: another process may have protected it since it was listed.
  if (readBackup(folder, backup.name, Date.now())?.protected) throw isProtected(backup.name);
  removeFiles(folder, backup);
}

/**
 * The backup, then its manifest: a manifest without its backup is swept by the next attempt, a backup without its manifest
 * would lose its label and hash. One that is gone already (another process was faster) is deleted.
 *
 * @throws BackupError `ERR_BACKUP_DELETE_FAILED`
 */
export function removeFiles({ directory, naming }: BackupFolder, backup: Backup): void {
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

export function isProtected(name: string): BackupError {
  return new BackupError('ERR_BACKUP_PROTECTED', `"${name}" is protected.`, {
    step: 'delete',
    hint: 'Take its protection off first, if it is really to go.',
  });
}
