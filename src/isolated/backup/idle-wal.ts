import fs from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { BackupError } from '../../util/errors.js';
import { exists } from '../../util/durable-files.js';
import { isSqlite, readHeader } from '../../util/database-header.js';

/**
 * Is this a WAL database that nobody has open? Whoever opens it makes a `-wal` and a `-shm` that belong to them.
 *
 * Only before this process opens the database: the header is read without SQLite, and closing that descriptor would drop the
 * locks of a connection.
 */
export function isIdleWal(database: string): boolean {
  if (exists(`${database}-wal`) && exists(`${database}-shm`)) return false;
  if (!fs.statSync(database, { throwIfNoEntry: false })?.isFile()) return false;
  const header = readHeader(database);
  return isSqlite(header) && header[18] === 2;
}

type Rights = Pick<fs.Stats, 'uid' | 'gid' | 'mode'>;

/**
 * Refuses to leave the owner of the database files that they cannot write: their next write would fail with "attempt to write
 * a readonly database". SQLite gives side files the database's mode, and their maker as owner unless that is root.
 *
 * @throws BackupError `ERR_BACKUP_SOURCE_UNREADABLE`
 */
export function ensureOwnerCanWrite(database: string): void {
  const { geteuid, getegid } = process;
  if (!geteuid || !getegid) return;
  const me = { uid: geteuid(), gid: getegid() };
  const stats = fs.statSync(database);
  if (ownerCanWrite(stats, fs.statSync(path.dirname(database)), me)) return;
  throw new BackupError(
    'ERR_BACKUP_SOURCE_UNREADABLE',
    `"${database}" is in WAL mode and nobody has it open: reading it would leave side files of the user ${me.uid}, and its ` +
      `owner (the user ${stats.uid}) could not write any more.`,
    { step: 'pin', hint: `Run this as the user ${stats.uid} or as root, or while the app has the database open.` },
  );
}

/** Pure. Could the owner of `database` write a side file that `me` makes beside it? */
export function ownerCanWrite(database: Rights, folder: Rights, me: Pick<Rights, 'uid' | 'gid'>): boolean {
  if (me.uid === 0 || me.uid === database.uid) return true;
  const group = folder.mode & 0o2000 ? folder.gid : me.gid;
  return (database.mode & 0o002) !== 0 || ((database.mode & 0o020) !== 0 && group === database.gid);
}

/**
 * Removes the side files that reading has made, unless somebody else uses them by now: the last connection that may write does
 * it, under SQLite's own locks, when it is closed.
 */
export function removeTraces(database: string): void {
  if (!exists(`${database}-wal`) && !exists(`${database}-shm`)) return;
  try {
    const db = new Database(database, { fileMustExist: true, timeout: 0 });
    try {
      db.prepare('SELECT count(*) FROM sqlite_schema').get();
    } finally {
      db.close();
    }
  } catch {
    // Somebody else has it open now, or it cannot be written: then the files stay, and their owner can write them.
  }
}
