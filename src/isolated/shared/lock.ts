import fs from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { lockName } from '../../catalog/backup-name.js';
import type { BackupFolder } from '../../catalog/list-backups.js';
import { databaseFiles } from '../../catalog/side-files.js';
import { lockTimeout } from '../../util/busy-errors.js';
import { createNew, randomToken } from '../../util/durable-files.js';
import { BackupError, systemCode } from '../../util/errors.js';
import { ownerLike } from '../../util/file-owner.js';
import type { Deadline } from './deadline.js';

export interface Lock {
  release(): void;
}

/**
 * Allows one attempt at a time for all processes and containers on the host: an exclusive transaction on a small database
 * beside the backups. The system drops it when its holder dies, however it dies, and it needs no heartbeat.
 *
 * @throws BackupError `ERR_BACKUP_LOCK_TIMEOUT`, `ERR_BACKUP_LOCK_FAILED`
 */
export function takeLock(folder: BackupFolder, database: string, deadline: Deadline): Promise<Lock> {
  return takeLockFile(path.join(folder.directory, lockName(folder.naming)), database, deadline);
}

export async function takeLockFile(file: string, database: string, deadline: Deadline): Promise<Lock> {
  await createLockFile(file, database);
  ensureLockFile(file);
  const waitMs = deadline.remainingMs();
  const soon = lockWithin(file, Math.min(waitMs, DOUBT_AFTER_MS));
  if (soon) return soon;
  await ensureLocksWork(file);
  const later = lockWithin(file, deadline.remainingMs());
  if (!later) throw lockTimeout(`${waitMs / 1000} s`);
  return later;
}

/** Most backups of others are made by then. */
const DOUBT_AFTER_MS = 1_000;

/** Returns `undefined` if somebody else has it. */
export function lockWithin(file: string, waitMs: number): Lock | undefined {
  const db = new Database(file, { fileMustExist: true, timeout: waitMs });
  try {
    db.exec('BEGIN EXCLUSIVE');
    return { release: () => void db.close() };
  } catch (error) {
    db.close();
    if (systemCode(error).startsWith('SQLITE_BUSY')) return undefined;
    throw error;
  }
}

/**
 * Whoever may write the database or the folder must be able to take the lock, so it gets the permissions of both, and their
 * owner where root makes it. Created here and nowhere opened through `fs` afterwards: closing such a descriptor drops SQLite's
 * lock.
 */
async function createLockFile(file: string, database: string): Promise<void> {
  const directory = path.dirname(file);
  let handle: fs.promises.FileHandle;
  try {
    handle = await createNew(file, await ownerLike(database, directory));
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return;
    throw error;
  }
  try {
    const folder = fs.statSync(directory);
    const source = fs.statSync(database, { throwIfNoEntry: false });
    const { mode, group } = lockRights(folder, source);
    // A file system without permissions or groups has nothing to set, and a group that is not ours cannot be.
    await handle.chown(-1, group).catch(() => {});
    await handle.chmod(mode).catch(() => {});
  } finally {
    await handle.close();
  }
}

type Rights = Pick<fs.Stats, 'mode' | 'gid'>;

/** Pure. A folder that its group can write has users who are to share the lock. */
export function lockRights(folder: Rights, database: Rights | undefined): { mode: number; group: number } {
  const fromFolder = (folder.mode & 0o020 ? 0o060 : 0) | (folder.mode & 0o002 ? 0o006 : 0);
  const group = fromFolder & 0o060 || !database ? folder.gid : database.gid;
  return { mode: 0o600 | fromFolder | ((database?.mode ?? 0) & 0o666), group };
}

/**
 * A link would be created at its target, a hard link may be another database, a pipe blocks: nothing but a file is opened.
 *
 * @throws BackupError `ERR_BACKUP_LOCK_FAILED`
 */
export function ensureLockFile(file: string): void {
  for (const name of databaseFiles(file)) {
    const stats = fs.lstatSync(name, { throwIfNoEntry: false });
    const what = stats && kindOf(stats);
    if (what === undefined) continue;
    throw lockFailed(`"${name}" is ${what}: it is not of this package`, 'Look who has put it there, and remove it.');
  }
  try {
    fs.accessSync(file, fs.constants.R_OK | fs.constants.W_OK);
  } catch (cause) {
    if (!/^(EACCES|EPERM)$/.test(systemCode(cause))) throw cause;
    throw lockFailed(
      `The lock file "${file}" cannot be written by this process (it belongs to the user ${fs.lstatSync(file).uid})`,
      "Give it the database's group and write permission for that group, or run this as its owner.",
      cause,
    );
  }
}

function kindOf(stats: fs.Stats): string | undefined {
  if (stats.isSymbolicLink()) return 'a link';
  if (stats.isDirectory()) return 'a folder';
  if (!stats.isFile()) return 'a pipe, a socket or a device';
  return stats.nlink > 1 ? 'a file with a second name' : undefined;
}

/**
 * SQLite takes a lock that the disk cannot give (`ENOLCK`: NFS without lockd) for one that somebody else has. Nobody else knows
 * of a file that was made a moment ago.
 *
 * @throws BackupError `ERR_BACKUP_LOCK_FAILED`
 */
async function ensureLocksWork(lock: string): Promise<void> {
  const directory = path.dirname(lock);
  // A name that the next attempt sweeps after a crash.
  const file = `${lock}.${randomToken()}.partial`;
  await (await createNew(file)).close();
  try {
    const free = lockWithin(file, 1);
    if (!free) {
      throw lockFailed(
        `The disk of "${directory}" gives no locks`,
        'For NFS, start lockd on the server or mount with "nolock" where one host alone uses it; or use another disk.',
      );
    }
    free.release();
  } finally {
    fs.rmSync(file, { force: true });
  }
}

function lockFailed(what: string, hint: string, cause?: unknown): BackupError {
  return new BackupError('ERR_BACKUP_LOCK_FAILED', `${what}.`, { step: 'lock', hint, cause });
}
