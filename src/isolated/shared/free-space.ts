import fs from 'node:fs';
import path from 'node:path';
import bytes from 'bytes';
import { BackupError, systemCode } from '../../util/errors.js';

/** @throws BackupError if the folder is missing, no folder, or not writable */
export function ensureFolder(directory: string): void {
  const stats = fs.statSync(directory, { throwIfNoEntry: false });
  if (!stats?.isDirectory()) {
    const what = stats ? 'is not a folder' : 'does not exist';
    throw new BackupError('ERR_BACKUP_DIRECTORY_MISSING', `The backup folder "${directory}" ${what}.`, {
      step: 'lock',
      hint: 'Create it, mount its disk, or correct the "directory" option.',
    });
  }
  // Windows answers by the read-only attribute alone; there the first write finds out.
  fs.accessSync(directory, fs.constants.W_OK | fs.constants.X_OK);
}

/** @throws BackupError if there is no file, or something that cannot be a database. SQLite would create it or say less. */
export function ensureSource(database: string): void {
  const stats = fs.statSync(database, { throwIfNoEntry: false });
  if (!stats) {
    throw new BackupError('ERR_BACKUP_SOURCE_MISSING', `There is no database at "${database}".`, {
      step: 'space',
      hint: 'Correct the "database" option; a relative path counts from the working directory of the app.',
    });
  }
  if (stats.isFile() && stats.size > 0) return;
  const what = stats.isFile() ? 'an empty file' : stats.isDirectory() ? 'a folder' : 'not a regular file';
  throw new BackupError('ERR_BACKUP_SOURCE_INVALID', `"${database}" is ${what}.`, {
    step: 'space',
    hint: 'The "database" option must name a SQLite database that holds at least one table.',
  });
}

/** @throws BackupError `ERR_BACKUP_NO_SPACE` before anything is written */
export function ensureSpace(database: string, directory: string): void {
  const needed = sizeOf(database) + sizeOf(`${database}-wal`) + SPARE_BYTES;
  const { bavail, bsize } = fs.statfsSync(directory);
  const free = bavail * bsize;
  if (free >= needed) return;
  throw noSpace(directory, 'space', `${bytes(free)} free, ${bytes(needed)} needed`);
}

export function noSpace(directory: string, step: 'space' | 'copy', detail: string, cause?: unknown): BackupError {
  return new BackupError('ERR_BACKUP_NO_SPACE', `No space left for a backup in "${directory}" (${detail}).`, {
    step,
    hint: 'Free space, keep fewer backups ("retention"), or use another disk ("directory").',
    cause,
  });
}

// The manifest, and what file systems need for themselves.
const SPARE_BYTES = 64 * 1024;

function sizeOf(file: string): number {
  try {
    return fs.statSync(path.resolve(file)).size;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return 0;
    throw error;
  }
}
