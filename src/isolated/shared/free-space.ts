import fs from 'node:fs';
import bytes from 'bytes';
import type { ChildRequest } from '../../child/protocol.js';
import { BackupError, messageOf, systemCode } from '../../util/errors.js';
import { SPARE_BYTES } from '../../util/free-room.js';

/** @throws BackupError if the folder is missing, or is not a folder */
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
      hint:
        'Correct the "database" option; a relative path counts from the working directory of the app. ' +
        'Is the file lost? "sqlite-autobackup restore latest" puts a backup back.',
    });
  }
  if (stats.isFile() && stats.size > 0) return;
  const what = stats.isFile() ? 'an empty file' : stats.isDirectory() ? 'a folder' : 'not a regular file';
  throw new BackupError('ERR_BACKUP_SOURCE_INVALID', `"${database}" is ${what}.`, {
    step: 'space',
    hint: 'The "database" option must name a SQLite database that holds at least one table.',
  });
}

/** How many bytes will be written into a folder. */
export interface SpaceNeed {
  readonly folder: string;
  readonly bytes: number;
}

/**
 * Is there room for what will be written? Needs on the same disk add up.
 *
 * @throws BackupError `ERR_BACKUP_NO_SPACE` before anything is written
 */
export function ensureSpace(work: Work, needs: readonly SpaceNeed[]): void {
  for (const { folder } of needs) {
    const device = fs.statSync(folder).dev;
    const onIt = needs.filter((need) => fs.statSync(need.folder).dev === device);
    const needed = onIt.reduce((sum, need) => sum + need.bytes, SPARE_BYTES);
    const { blocks, bavail, bsize } = fs.statfsSync(folder);
    const free = bavail * bsize;
    // Some network and FUSE disks answer with zeros: they do not know.
    if (blocks === 0 || free >= needed) continue;
    throw noSpace(work, folder, 'space', `${bytes(free)} free, ${bytes(needed)} needed`);
  }
}

/**
 * Is it the error of a full disk? SQLite calls it an I/O error where it has no room for the files that it keeps beside a database.
 *
 * @param folder where this process writes
 */
export function isFull(error: unknown, folder: string): boolean {
  const code = systemCode(error);
  if (/^(SQLITE_FULL|ENOSPC|EDQUOT)/.test(code)) return true;
  if (!/^SQLITE_(IOERR|CANTOPEN)/.test(code) || folder === '') return false;
  try {
    const { blocks, bavail, bsize } = fs.statfsSync(folder);
    return blocks !== 0 && bavail * bsize < SPARE_BYTES;
  } catch {
    return false;
  }
}

/** Found to be the error of a full disk, while it was full: what is cleaned up after it makes room. */
export class DiskFull extends Error {
  readonly code = 'ENOSPC';

  constructor(cause: unknown) {
    super(messageOf(cause), { cause });
  }
}

/** For which there was no room. */
export type Work = 'drill' | ChildRequest['kind'];

const NAMES: Readonly<Record<Work, string>> = {
  create: 'a backup',
  restore: 'a restore',
  drill: 'a drill',
  verify: 'the check of a backup',
  protect: 'the record of a backup',
  diff: 'a comparison',
  recover: 'the recovery of rows',
  query: 'a query',
  import: 'an import',
  inspect: 'a look at the database',
  probe: 'a look at the set-up',
};

const HINTS: Readonly<Partial<Record<Work, string>>> = {
  create: 'Free space, keep fewer backups ("retention"), or use another disk ("directory").',
  restore: 'Nothing was changed. Free space, or restore to another disk with "to".',
};

export function noSpace(
  work: Work,
  folder: string,
  step: 'space' | 'copy',
  detail: string,
  cause?: unknown,
): BackupError {
  return new BackupError('ERR_BACKUP_NO_SPACE', `No space left for ${NAMES[work]} in "${folder}" (${detail}).`, {
    step,
    hint: HINTS[work] ?? 'Nothing was changed. Free space there; a backup that another program made is copied first.',
    cause,
  });
}
