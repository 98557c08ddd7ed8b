import path from 'node:path';
import { BackupError } from '../util/errors.js';
import { backupName, partialName } from './backup-name.js';
import type { BackupFolder } from './list-backups.js';

/** The longest name on ext4, XFS, NTFS, APFS and nearly every other file system: bytes, or UTF-16 units on Windows. */
const MAX_NAME = 255;
/** SQLite's own limit where it is not Windows, in bytes. It opens no file of a longer path, nor one whose journal has one. */
const MAX_PATH = 512;

/**
 * Can all files that a backup needs exist, the rollback journal of an unfinished one among them? Otherwise every attempt would
 * fail, with SQLite saying no more than "unable to open database file".
 *
 * @throws BackupError `ERR_BACKUP_OPTIONS`
 */
export function checkNameLengths(
  { directory, naming }: BackupFolder,
  database: string,
  platform: NodeJS.Platform = process.platform,
): void {
  const measure = (text: string): number => (platform === 'win32' ? text.length : Buffer.byteLength(text));
  const finished = backupName(naming, new Date(0));
  const journal = `${partialName(naming, finished, '0'.repeat(12))}-journal`;
  const fileName = path.basename(database);
  const tooLong = Math.max(measure(finished), measure(journal)) - MAX_NAME;
  if (tooLong > 0) {
    throw new BackupError(
      'ERR_BACKUP_OPTIONS',
      `The "database" option names a file whose backups would have names that are too long, by ${tooLong} bytes: "${fileName}".`,
      { step: 'options', hint: `Give it a name of at most ${measure(fileName) - tooLong} bytes.` },
    );
  }
  const tooFar = measure(path.join(directory, journal)) - MAX_PATH;
  if (platform === 'win32' || tooFar <= 0) return;
  throw new BackupError(
    'ERR_BACKUP_OPTIONS',
    `The backup folder's path is too long for SQLite, by ${tooFar} bytes: "${directory}".`,
    { step: 'options', hint: 'Set the "directory" option to a folder whose path is shorter by that.' },
  );
}
