import path from 'node:path';
import type { Backup } from './backup.js';
import { manifestName } from './backup-name.js';
import { backupNamed } from './list-backups.js';
import type { BackupFolder } from './list-backups.js';
import { BackupError, messageOf } from '../util/errors.js';
import { files, runSync } from '../util/file-work.js';
import type { FileWork } from '../util/file-work.js';

/**
 * Deletes a backup that retention or a user no longer wants.
 *
 * @throws BackupError `ERR_BACKUP_PROTECTED`, `ERR_BACKUP_DELETE_FAILED`
 */
export function* deleteFiles(folder: BackupFolder, backup: Backup): FileWork<void> {
  // Looked at again: another process may have protected it since it was listed.
  if ((yield* backupNamed(folder, backup.name, Date.now()))?.protected) throw isProtected(backup.name);
  yield* removal(folder, backup);
  yield* flushDeletions(folder);
}

/** {@link removal}, blocking. */
export function removeFiles(folder: BackupFolder, backup: Backup): void {
  runSync(removal(folder, backup));
  runSync(flushDeletions(folder));
}

/**
 * Until the folder is flushed, a power cut may bring back what was deleted.
 *
 * @throws BackupError `ERR_BACKUP_DELETE_FAILED`
 */
function* flushDeletions({ directory }: BackupFolder): FileWork<void> {
  try {
    yield* files.flushFolder(directory);
  } catch (cause) {
    throw new BackupError(
      'ERR_BACKUP_DELETE_FAILED',
      `The deletion in "${directory}" is not on the disk (${messageOf(cause)}).`,
      {
        step: 'delete',
        hint: 'A power cut may bring the backup back. Check the disk.',
        cause,
      },
    );
  }
}

/**
 * The backup, then its manifest: a manifest without its backup is swept by the next attempt, a backup without its manifest
 * would lose its label and hash. One that is gone already (another process was faster) is deleted.
 *
 * @throws BackupError `ERR_BACKUP_DELETE_FAILED`
 */
function* removal({ directory, naming }: BackupFolder, backup: Backup): FileWork<void> {
  try {
    yield* files.remove(backup.path);
    if (backup.manifest) yield* files.remove(path.join(directory, manifestName(naming, backup.name)));
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
