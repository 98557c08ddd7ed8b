import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import type { BackupFolder } from '../catalog/list-backups.js';
import { activityName, isActivityName, rotatedActivityName } from '../catalog/backup-name.js';
import { randomToken } from '../util/durable-files.js';
import { BackupError, messageOf, systemCode } from '../util/errors.js';
import { fileCall, files } from '../util/file-work.js';
import type { FileWork } from '../util/file-work.js';
import { parseActivities } from './activity.js';
import type { Activity } from './activity.js';

// The record lies in the backup folder. Any number of processes append to it without a lock: each write is one call, at the
// end of the file. A file that is full is moved away under a name that no other process chooses, so a process that has it open
// just then writes into the moved file, and nothing is lost.

/** When a new file is begun. */
const FULL_BYTES = 256 * 1024;
/** Full files stay as long as those that are newer hold less than this. */
const KEPT_BYTES = 3 * FULL_BYTES;
/** Far more than a file can hold that only this package has written; of one that holds more, its end is read. */
const MAX_FILE_BYTES = 4 * FULL_BYTES;
/** Far more files than are kept, even where many processes move a full one away at once: others are not read. */
const MAX_FILES = 16;

const { O_RDWR, O_APPEND, O_CREAT } = fs.constants;
// Windows has neither flag.
const SAFELY = (fs.constants as { O_NOFOLLOW?: number }).O_NOFOLLOW ?? 0;
const AT_ONCE = (fs.constants as { O_NONBLOCK?: number }).O_NONBLOCK ?? 0;
const FLAGS = O_RDWR | O_APPEND | O_CREAT | SAFELY | AT_ONCE;

type Folder = BackupFolder & { readonly database: string };

/**
 * Appends whole lines. The file is readable by its owner only, who is the owner of the database where root makes it.
 *
 * @throws what the file system says, or an Error if this is not a regular file of one name
 */
export function* appendLines(folder: Folder, lines: string, now: Date): FileWork<void> {
  if ((yield* appendTo(folder, lines, FULL_BYTES)) === 'written') return;
  yield* rotate(folder, now);
  yield* appendTo(folder, lines, Infinity);
}

function* appendTo(folder: Folder, lines: string, fullBytes: number): FileWork<'written' | 'full'> {
  const file = path.join(folder.directory, activityName(folder.naming));
  const fd = yield* open(file);
  try {
    const stats = yield* fileStats(fd);
    // A second name would be a file of somebody else, which is not to grow by our lines.
    if (!stats.isFile() || stats.nlink > 1) throw new Error(`"${file}" is not a regular file of one name`);
    if (stats.size >= fullBytes) return 'full';
    if (stats.uid === 0 && process.geteuid?.() === 0) yield* giveToOwner(fd, folder);
    const torn = stats.size > 0 && (yield* lastByte(fd, stats.size)) !== NEWLINE;
    const bytes = Buffer.from(torn ? `\n${lines}` : lines);
    if ((yield* write(fd, bytes)) < bytes.length) throw new Error('the disk is full');
    return 'written';
  } finally {
    yield* close(fd);
  }
}

/** Others may do the same at the same time: then there is one file more, with fewer lines in it. */
function* rotate({ directory, naming }: Folder, now: Date): FileWork<void> {
  const file = path.join(directory, activityName(naming));
  if (((yield* files.lstat(file))?.size ?? 0) < FULL_BYTES) return;
  try {
    yield* files.rename(file, path.join(directory, rotatedActivityName(naming, now, randomToken())));
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
  let newerBytes = 0;
  for (const name of (yield* listFiles({ directory, naming })).slice(1)) {
    const full = path.join(directory, name);
    if (newerBytes >= KEPT_BYTES) yield* files.remove(full);
    else newerBytes += (yield* files.lstat(full))?.size ?? 0;
  }
}

/** Newest first: the file that grows, then the full ones. */
function* listFiles({ directory, naming }: BackupFolder): FileWork<string[]> {
  const current = activityName(naming);
  const names = (yield* files.readdir(directory)).filter((name) => isActivityName(naming, name) && name !== current);
  return [current, ...names.sort().reverse()];
}

/**
 * The newest activities, newest first.
 *
 * @throws BackupError `ERR_BACKUP_RECORD_FAILED`: an unreadable record is not an empty one
 */
export function* readActivities(folder: BackupFolder, limit: number, before = Infinity): FileWork<Activity[]> {
  const found: Activity[] = [];
  for (const name of (yield* listFiles(folder)).slice(0, MAX_FILES)) {
    const file = path.join(folder.directory, name);
    try {
      found.push(...parseActivities(yield* files.readEnd(file, MAX_FILE_BYTES)).reverse());
    } catch (error) {
      // There is none yet, or another process has removed an old one meanwhile.
      if (systemCode(error) !== 'ENOENT') throw unreadable(file, error);
    }
  }
  // Sorted, since a clock may have been put back; stable, so what has the same time stays in the order of the file.
  return found
    .filter(({ at }) => at.getTime() < before)
    .sort((a, b) => b.at.getTime() - a.at.getTime())
    .slice(0, limit);
}

function unreadable(file: string, cause: unknown): BackupError {
  const what = `The record of activity "${file}" could not be read (${messageOf(cause)}).`;
  const hint = 'Check its permissions; or move it away, and a new one is begun.';
  return new BackupError('ERR_BACKUP_RECORD_FAILED', what, { step: 'record', hint, cause });
}

const NEWLINE = 10;

/** Gives a file that root has made to the owner of the database: otherwise the app could not write its own record. */
function* giveToOwner(fd: number, { database, directory }: Folder): FileWork<void> {
  const owner = (yield* files.stat(database)) ?? (yield* files.stat(directory));
  if (!owner || owner.uid === 0) return;
  yield* fileCall(
    () => fs.fchownSync(fd, owner.uid, owner.gid),
    () => promisify(fs.fchown)(fd, owner.uid, owner.gid),
  );
}

function open(file: string): FileWork<number> {
  return fileCall(
    () => fs.openSync(file, FLAGS, 0o600),
    () => promisify(fs.open)(file, FLAGS, 0o600),
  );
}

function fileStats(fd: number): FileWork<fs.Stats> {
  return fileCall(
    () => fs.fstatSync(fd),
    () => promisify(fs.fstat)(fd),
  );
}

function* lastByte(fd: number, size: number): FileWork<number | undefined> {
  const byte = Buffer.alloc(1);
  yield* fileCall(
    () => fs.readSync(fd, byte, 0, 1, size - 1),
    async () => (await promisify(fs.read)(fd, byte, 0, 1, size - 1)).bytesRead,
  );
  return byte[0];
}

function write(fd: number, bytes: Buffer): FileWork<number> {
  return fileCall(
    () => fs.writeSync(fd, bytes),
    async () => (await promisify(fs.write)(fd, bytes, 0, bytes.length, null)).bytesWritten,
  );
}

function close(fd: number): FileWork<void> {
  return fileCall(
    () => fs.closeSync(fd),
    () => promisify(fs.close)(fd),
  );
}
