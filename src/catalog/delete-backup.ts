import crypto from 'node:crypto';
import path from 'node:path';
import type { Backup, FoundManifest } from './backup.js';
import { manifestName, partialName } from './backup-name.js';
import { isListedFile, readManifest } from './list-backups.js';
import type { BackupFolder } from './list-backups.js';
import { BackupError, isBackupError, messageOf, systemCode } from '../util/errors.js';
import { files, runSync } from '../util/file-work.js';
import type { FileWork } from '../util/file-work.js';

/**
 * Deletes a backup that retention or a user no longer wants. First it gets a hidden name, and then its manifest is read again:
 * `protectBackup()`, which writes the manifest and then looks whether the backup is there, either is seen here or sees that it
 * came too late. A backup that is gone already (another process was faster) is deleted.
 *
 * @throws BackupError `ERR_BACKUP_PROTECTED`, `ERR_BACKUP_DELETE_FAILED`
 */
export function* deleteFiles(folder: BackupFolder, backup: Backup): FileWork<void> {
  const { directory, naming } = folder;
  refuseProtected(backup.name, yield* readManifest(folder, backup.name));
  const token = crypto.randomBytes(6).toString('hex');
  // A name that the next attempt sweeps after a crash, and that is not taken for a backup in the making.
  const aside = `${path.join(directory, partialName(naming, backup.name, token))}.removed`;
  try {
    if (yield* rename(backup.path, aside)) yield* removeAside(folder, backup, aside);
    else yield* removal(folder, backup);
  } catch (error) {
    throw isBackupError(error) ? error : deleteFailed(backup, error);
  }
  yield* flushDeletions(folder);
}

function* removeAside(folder: BackupFolder, backup: Backup, aside: string): FileWork<void> {
  try {
    const stats = yield* files.lstat(aside);
    refuseProtected(backup.name, yield* readManifest(folder, backup.name));
    if (stats && !isListedFile(backup, stats)) throw new Error('another file has taken its place since it was listed');
    yield* removal(folder, backup, aside);
  } catch (error) {
    yield* rename(aside, backup.path);
    throw error;
  }
}

/** @returns `false` if there is no such file */
function* rename(from: string, to: string): FileWork<boolean> {
  try {
    yield* files.rename(from, to);
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}

/** Deletes a backup of one's own, whatever protects it; blocking. */
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
 * would lose its label and hash.
 *
 * @throws BackupError `ERR_BACKUP_DELETE_FAILED`
 */
function* removal({ directory, naming }: BackupFolder, backup: Backup, file = backup.path): FileWork<void> {
  try {
    yield* files.remove(file);
    if (backup.manifest) yield* files.remove(path.join(directory, manifestName(naming, backup.name)));
  } catch (cause) {
    throw deleteFailed(backup, cause);
  }
}

function deleteFailed(backup: Backup, cause: unknown): BackupError {
  return new BackupError('ERR_BACKUP_DELETE_FAILED', `"${backup.path}" could not be deleted (${messageOf(cause)}).`, {
    step: 'delete',
    hint: 'Give this process write permission on the backup folder; on Windows, close the program that has it open.',
    cause,
  });
}

function refuseProtected(name: string, manifest: FoundManifest): void {
  if (typeof manifest === 'string') {
    throw new BackupError('ERR_BACKUP_PROTECTED', `"${name}" may be protected: its manifest cannot be read.`, {
      step: 'delete',
      hint: 'Correct its .json file or the permissions of it, or delete both files by hand.',
    });
  }
  if (!manifest?.protected) return;
  throw new BackupError('ERR_BACKUP_PROTECTED', `"${name}" is protected.`, {
    step: 'delete',
    hint: 'Take its protection off first, if you really want it deleted.',
  });
}
