import fs from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import type { Backup } from '../../catalog/backup.js';
import { exists, flushFile, flushFolder, renameNoReplace } from '../../util/durable-files.js';
import type { CheckedBackup } from '../verify/check-backup.js';
import { copyWhole } from '../shared/copy-whole.js';
import { readFacts } from '../shared/database-facts.js';
import { beginStep } from '../shared/steps.js';
import { announcePartialBeside, removePartial } from '../shared/temp-files.js';
import { restoredBut, takeBack, unchanged } from './failures.js';
import type { Undo } from './failures.js';
import { inUse, refuseIfInUse, usersOf } from './in-use.js';
import { keepRights } from './keep-rights.js';
import { isBusy, switchToWal } from './live-database.js';
import type { LiveDatabase } from './live-database.js';
import type { RestoreContext } from './online.js';
import { refuseMountPoint } from './real-database.js';
import { inodeOf, moveAside } from './replaced-files.js';
import { takeBackSafety } from './safety.js';

export interface Replaced {
  readonly safety: Backup | undefined;
  readonly movedAside: readonly string[];
  readonly journalMode: string;
}

/**
 * Puts the restored file in the place of the old one: where there is none, where it cannot be read as a database, or where its
 * open connections could not go on (another encoding, or another page size in WAL mode). No other process may have it open: it
 * would keep using the old inode.
 *
 * Whenever it ends, the old or the new database is there, whole, and nothing old is beside the new one: the old files get
 * second names, the side files of the old database are removed, and then one rename replaces it. If anything fails before
 * that rename, everything is taken back.
 *
 * @param live the old database, where it can be read and is to be saved first
 */
export async function restoreOffline(
  database: string,
  backup: CheckedBackup,
  live: LiveDatabase | undefined,
  context: RestoreContext,
): Promise<Replaced> {
  beginStep('replace');
  refuseMountPoint(database);
  refuseIfInUse(database);
  const journalMode = live?.wal ? 'wal' : (backup.manifest?.journalMode ?? 'delete');
  const undo: Undo = [];
  let inode: bigint | undefined;
  let safety: Backup | undefined;
  let movedAside: string[] = [];
  try {
    const staged = await stageBeside(database, backup, journalMode, undo);
    inode = inodeOf(staged);
    if (live) safety = await saveAndLock(live, context, undo);
    beginStep('replace');
    // Windows renames nothing that is open.
    if (process.platform === 'win32') live?.close();
    refuseIfInUse(database);
    movedAside = await moveAside(database, undo);
    if (exists(database)) fs.renameSync(staged, database);
    else if (!(await renameNoReplace(staged, database))) throw inUse(database, usersOf([database]));
  } catch (error) {
    // On a network disk a call can do its work and fail all the same.
    const isInPlace = inode !== undefined && inode === inodeOf(database);
    throw isInPlace ? restoredBut(error, database, { safety, movedAside }) : unchanged(error, await takeBack(undo));
  }
  try {
    await flushFolder(path.dirname(database));
    live?.close();
    beginStep('compare');
    compareWithBackup(database, backup);
  } catch (error) {
    throw restoredBut(error, database, { safety, movedAside });
  }
  return { safety, movedAside, journalMode };
}

/** Takes the safety backup, and locks everybody out from its moment on. */
async function saveAndLock(live: LiveDatabase, context: RestoreContext, undo: Undo): Promise<Backup> {
  live.holdWriters(context.deadline);
  const version = live.dataVersion();
  const safety = await context.takeSafetyBackup();
  undo.push(takeBackSafety(context.folder, safety));
  live.release();
  try {
    live.db.pragma('busy_timeout = 0');
    // Only now, since whoever kills this process in the next few calls leaves the old database in this mode.
    if (live.wal) {
      undo.push({ what: `"${live.path}" is no longer in WAL mode`, run: () => live.backToWal() });
      live.leaveWal();
    }
    live.db.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    throw isBusy(error) ? inUse(live.path, [], error) : error;
  }
  if (live.dataVersion() !== version) throw inUse(live.path, []);
  return safety;
}

/** The new database, whole and on the disk, under a name of its own in the same folder. */
async function stageBeside(database: string, backup: CheckedBackup, journalMode: string, undo: Undo): Promise<string> {
  const staged = announcePartialBeside(database);
  undo.push({ what: `"${staged}" is still there`, run: () => removePartial(staged) });
  await copyWhole(backup, staged);
  if (journalMode === 'wal') switchToWal(staged);
  await keepRights(staged, database);
  await flushFile(staged);
  return staged;
}

/** Opens the new database as the next program will. */
function compareWithBackup(database: string, backup: CheckedBackup): void {
  const db = new Database(database, { fileMustExist: true });
  try {
    const facts = readFacts(db);
    const compared = ['pageCount', 'encoding', 'userVersion', 'applicationId', 'schemaDigest'] as const;
    const differing = compared.filter((fact) => facts[fact] !== backup.facts[fact]);
    if (differing.length > 0) throw new Error(`it differs from the backup in ${differing.join(', ')}`);
  } finally {
    db.close();
  }
}
