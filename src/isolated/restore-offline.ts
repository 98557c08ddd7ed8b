import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import type { Backup } from '../catalog/backup.js';
import { BackupError, systemCode } from '../errors.js';
import { Damaged } from './check-backup.js';
import type { CheckedBackup } from './check-backup.js';
import { contentHash } from './content-hash.js';
import { exists, flushFile, flushFolder, moveExclusively } from './durable.js';
import { readFacts } from './facts.js';
import { inUse, refuseIfInUse, usersOf } from './in-use.js';
import type { LiveDatabase } from './live-database.js';
import { keepAside, removeSideFiles } from './move-aside.js';
import { likeDatabase } from './ownership.js';
import { enter, send } from './report.js';
import type { RestoreContext } from './restore-online.js';
import { removePartial, removeQuietly } from './sweep.js';

export interface Replaced {
  readonly safety: Backup | undefined;
  readonly movedAside: readonly string[];
  readonly journalMode: string;
}

/**
 * Puts the restored file in the place of the old one: where there is none, where it can't be read as a database, or where
 * SQLite can't write into it (another page size in WAL mode). Nobody else may have it open: he would go on with the old file.
 *
 * Whenever it ends, the old or the new database is there, whole, and beside the new one nothing old is: the old files get
 * second names, what stands beside the old database goes, and then one rename replaces it.
 *
 * @param live the old database, where it can be read and is to be saved first
 */
export async function restoreOffline(
  database: string,
  backup: CheckedBackup,
  live: LiveDatabase | undefined,
  context: RestoreContext,
): Promise<Replaced> {
  enter('replace');
  refuseIfInUse(database);
  const journalMode = live?.wal ? 'wal' : (backup.manifest?.journalMode ?? 'delete');
  const safety = live && (await saveAndLock(live, context));

  enter('replace');
  const staged = stageBeside(database, backup, journalMode);
  try {
    // Windows renames nothing that is open.
    if (process.platform === 'win32') live?.close();
    refuseIfInUse(database);
    const movedAside = keepAside(database);
    removeSideFiles(database);
    if (exists(database)) fs.renameSync(staged, database);
    else if (!moveExclusively(staged, database)) throw inUse(database, usersOf([database]));
    flushFolder(path.dirname(database));
    return { safety, movedAside, journalMode };
  } catch (error) {
    removePartial(staged);
    throw error;
  }
}

/** The safety backup, and from its moment on a lock that keeps everybody out. Without its WAL the old file is one whole. */
async function saveAndLock(live: LiveDatabase, { takeSafetyBackup, deadline }: RestoreContext): Promise<Backup> {
  try {
    live.db.pragma('busy_timeout = 0');
    live.db.pragma('journal_mode = DELETE');
  } catch (error) {
    throw systemCode(error).startsWith('SQLITE_BUSY') ? inUse(live.path, [], error) : error;
  }
  live.holdWriters(deadline);
  const mark = live.mark();
  const safety = await takeSafetyBackup();
  live.release();
  try {
    live.db.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    throw inUse(live.path, [], error);
  }
  if (live.mark() !== mark) throw inUse(live.path, []);
  return safety;
}

/** The new database, whole and on the disk, under a name of its own in the same folder. */
function stageBeside(database: string, backup: CheckedBackup, journalMode: string): string {
  const token = crypto.randomBytes(6).toString('hex');
  const staged = path.join(path.dirname(database), `.${path.basename(database)}.${token}.partial`);
  send({ type: 'partial', path: staged });
  try {
    copyWhole(backup, staged);
    likeDatabase(staged, exists(database) ? database : path.dirname(database), { mode: exists(database) });
    if (journalMode === 'wal') {
      const db = new Database(staged, { fileMustExist: true });
      db.pragma('journal_mode = WAL');
      db.close();
    }
    flushFile(staged);
    return staged;
  } catch (error) {
    removePartial(staged);
    throw error;
  }
}

/** A copy of the file that holds every page of it, or nothing. */
export function copyWhole(backup: CheckedBackup, target: string): void {
  fs.copyFileSync(backup.file, target, fs.constants.COPYFILE_EXCL);
  fs.chmodSync(target, 0o600);
  if (contentHash(target, backup.facts) !== backup.contentHash) {
    throw new Damaged(backup.name, ['it could not be read the same way twice']);
  }
}

/** What a restore that was killed has left beside a file. Under the lock of that folder. */
export function sweepStaged(file: string): void {
  const folder = path.dirname(file);
  const start = `.${path.basename(file)}.`;
  for (const name of fs.readdirSync(folder)) {
    if (name.startsWith(start) && /^[0-9a-f]{12}\.partial/.test(name.slice(start.length))) {
      removeQuietly(path.join(folder, name));
    }
  }
}

/** Opens the new database as the next program will. */
export function proveReplaced(database: string, backup: CheckedBackup): void {
  const db = new Database(database, { fileMustExist: true });
  try {
    const facts = readFacts(db);
    const differing = (['pageCount', 'userVersion', 'applicationId', 'schemaDigest'] as const).filter(
      (fact) => facts[fact] !== backup.facts[fact],
    );
    if (differing.length === 0) return;
    throw new BackupError('ERR_BACKUP_RESTORE_FAILED', `"${database}" differs in ${differing.join(', ')}.`, {
      step: 'compare',
      hint: 'Check the disk, and that nobody else uses the database; then restore again.',
    });
  } finally {
    db.close();
  }
}
