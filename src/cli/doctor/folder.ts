import fs from 'node:fs';
import { messageOf, systemCode } from '../../util/errors.js';
import { SPARE_BYTES } from '../../util/free-room.js';
import type { Backup, BackupService } from '../../index.js';
import { size } from '../format.js';
import { fail, ok, some, warn } from './check.js';
import type { Check } from './check.js';
import { fileSize, partialsIn } from './paths.js';

/** Is it there, and may this process write in it? The rest needs it. */
export function checkFolder({ directory }: BackupService): Check {
  try {
    if (!fs.statSync(directory).isDirectory()) {
      return fail('folder', `"${directory}" is not a folder.`, 'Correct the "directory" option.');
    }
    fs.accessSync(directory, fs.constants.R_OK | fs.constants.W_OK | fs.constants.X_OK);
    return ok('folder', `"${directory}" can be written.`);
  } catch (error) {
    return systemCode(error) === 'ENOENT'
      ? fail(
          'folder',
          `"${directory}" does not exist.`,
          'Create it, mount its disk, or correct the "directory" option.',
        )
      : fail(
          'folder',
          `"${directory}" cannot be used by this user (${messageOf(error)}).`,
          'Give the user that runs the app write permission on it, or set the "directory" option to another folder.',
        );
  }
}

/** Room for the next backup, and for some more. */
export function checkSpace({ database, source, directory }: BackupService, backups: readonly Backup[]): Check {
  const { bavail, bsize } = fs.statfsSync(directory);
  // The size of a database that is not a file here is taken from its newest backup.
  const bytes = source ? (backups[0]?.sizeBytes ?? 0) : fileSize(database) + fileSize(`${database}-wal`);
  return judgeSpace(bavail * bsize, bytes + SPARE_BYTES);
}

export function judgeSpace(free: number, needed: number): Check {
  const message = `${size(free)} free, a backup needs ${size(needed)}.`;
  const advice = 'Free space, keep fewer backups ("retention"), or use another disk ("directory").';
  if (free <= needed) return fail('space', message, advice);
  return free < 3 * needed ? warn('space', message, advice) : ok('space', message);
}

/** Backups hold everything that the database holds. */
export function checkPermissions(backups: readonly Backup[]): Check {
  if (process.platform === 'win32') return ok('permissions', 'Windows: backups have the permissions of their folder.');
  const open = backups.filter(({ path }) => ((fs.statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o077) !== 0);
  if (open.length === 0) return ok('permissions', 'All backups are readable by their owner only.');
  return warn(
    'permissions',
    `Readable by others: ${some(open.map(({ name }) => name))}.`,
    `If that is not meant: chmod 600 ${open.length === 1 ? open[0]!.path : 'on them'}`,
  );
}

export function checkLeftovers({ database, directory }: BackupService, lockIsHeld: boolean): Check {
  const partials = partialsIn(database, directory);
  if (partials.length === 0) return ok('leftovers', 'No unfinished work.');
  if (lockIsHeld) return ok('leftovers', `Work is going on: ${some(partials)}.`);
  return warn(
    'leftovers',
    `Left by an attempt that died (or a drill that runs now): ${some(partials)}.`,
    'The next backup removes it. If there are new ones again and again, look for what kills the process.',
  );
}
