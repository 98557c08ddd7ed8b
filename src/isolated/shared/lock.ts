import fs from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { lockName } from '../../catalog/backup-name.js';
import type { BackupFolder } from '../../catalog/list-backups.js';
import { lockTimeout } from '../../util/busy-errors.js';
import { createNew } from '../../util/durable-files.js';
import { systemCode } from '../../util/errors.js';
import { ownerLike } from '../../util/file-owner.js';
import type { Deadline } from './deadline.js';

export interface Lock {
  release(): void;
}

/**
 * One attempt at a time for all processes and containers on the host: an exclusive transaction on a small database
 * beside the backups. The system drops it when its holder dies, however it dies, and it needs no heartbeat.
 */
export function takeLock(folder: BackupFolder, database: string, deadline: Deadline): Promise<Lock> {
  return takeLockFile(path.join(folder.directory, lockName(folder.naming)), database, deadline);
}

export async function takeLockFile(file: string, database: string, deadline: Deadline): Promise<Lock> {
  await createLockFile(file, database);
  const waitMs = deadline.remainingMs();
  const db = new Database(file, { timeout: waitMs });
  try {
    db.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    db.close();
    throw systemCode(error).startsWith('SQLITE_BUSY') ? lockTimeout(`${waitMs / 1000} s`, error) : error;
  }
  return { release: () => void db.close() };
}

/**
 * Whoever may write the database must be able to take the lock, so it gets the database's permissions, and its owner
 * where root makes it. Created here and nowhere else opened through `fs`: closing such a descriptor drops SQLite's lock.
 */
async function createLockFile(file: string, database: string): Promise<void> {
  let handle: fs.promises.FileHandle;
  try {
    handle = await createNew(file, await ownerLike(database, path.dirname(file)));
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return;
    throw error;
  }
  try {
    const stats = fs.statSync(database, { throwIfNoEntry: false });
    // A file system without permissions has nothing to set.
    if (stats) await handle.chmod((stats.mode & 0o666) | 0o600).catch(() => {});
  } finally {
    await handle.close();
  }
}
