import fs from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import type { Backup } from '../../catalog/backup.js';
import { exists, flushFile, flushFolder, renameNoReplace } from '../../util/durable-files.js';
import { BackupError, isBackupError, messageOf, systemCode } from '../../util/errors.js';
import { removeFiles } from '../../catalog/delete-backup.js';
import type { CheckedBackup } from '../verify/check-backup.js';
import { readFacts } from '../shared/database-facts.js';
import { inUse, refuseIfInUse, usersOf } from './in-use.js';
import type { LiveDatabase } from './live-database.js';
import { linkAside, removeSideFiles } from './replaced-files.js';
import { beginStep } from '../shared/steps.js';
import type { RestoreContext } from './online.js';
import { ownerLike } from '../../util/file-owner.js';
import { copyWhole } from '../shared/copy-whole.js';
import { announcePartialBeside, removePartial } from '../shared/temp-files.js';

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
  beginStep('replace');
  refuseIfInUse(database);
  const journalMode = live?.wal ? 'wal' : (backup.manifest?.journalMode ?? 'delete');
  const staged = await stageBeside(database, backup, journalMode);
  let safety: Backup | undefined;
  try {
    if (live) safety = await saveAndLock(live, context);
    beginStep('replace');
    // Windows renames nothing that is open.
    if (process.platform === 'win32') live?.close();
    refuseIfInUse(database);
    const movedAside = await linkAside(database);
    await removeSideFiles(database);
    if (exists(database)) fs.renameSync(staged, database);
    else if (!(await renameNoReplace(staged, database))) throw inUse(database, usersOf([database]));
    await flushFolder(path.dirname(database));
    return { safety, movedAside, journalMode };
  } catch (error) {
    await removePartial(staged);
    if (safety && isBackupError(error, 'ERR_BACKUP_RESTORE_IN_USE')) undo(live!, context, safety);
    throw error;
  }
}

/** The safety backup, and from its moment on a lock that keeps everybody out. */
async function saveAndLock(live: LiveDatabase, context: RestoreContext): Promise<Backup> {
  live.holdWriters(context.deadline);
  const version = live.dataVersion();
  const safety = await context.takeSafetyBackup();
  live.release();
  try {
    // Nobody else may have it open for that, and without its WAL the old file is one whole. Only now, since somebody who
    // kills this process in the next few calls leaves the old database in this mode.
    live.db.pragma('busy_timeout = 0');
    live.db.pragma('journal_mode = DELETE');
    live.db.exec('BEGIN EXCLUSIVE');
    if (live.dataVersion() !== version) throw inUse(live.path, []);
    return safety;
  } catch (error) {
    undo(live, context, safety);
    throw systemCode(error).startsWith('SQLITE_BUSY') ? inUse(live.path, [], error) : error;
  }
}

/** Refused: then everything is as it was, also the journal mode, and there is no safety backup of what was not replaced. */
function undo(live: LiveDatabase, { folder }: RestoreContext, safety: Backup): void {
  if (live.db.open) {
    live.release();
    live.db.pragma('journal_mode = WAL');
  }
  removeFiles(folder, safety);
}

/** The new database, whole and on the disk, under a name of its own in the same folder. */
async function stageBeside(database: string, backup: CheckedBackup, journalMode: string): Promise<string> {
  const staged = announcePartialBeside(database);
  try {
    const old = fs.statSync(database, { throwIfNoEntry: false });
    await copyWhole(backup, staged, {
      owner: await ownerLike(database, path.dirname(database)),
      mode: old && (old.mode & 0o666) | 0o600,
    });
    if (journalMode === 'wal') {
      const db = new Database(staged, { fileMustExist: true });
      db.pragma('journal_mode = WAL');
      db.close();
    }
    await flushFile(staged);
    return staged;
  } catch (error) {
    await removePartial(staged);
    throw error;
  }
}

/** Opens the new database as the next program will. */
export function proveReplaced(database: string, backup: CheckedBackup): void {
  const db = new Database(database, { fileMustExist: true });
  try {
    const facts = readFacts(db);
    const compared = ['pageCount', 'userVersion', 'applicationId', 'schemaDigest'] as const;
    const differing = compared.filter((fact) => facts[fact] !== backup.facts[fact]);
    if (differing.length > 0) throw notProven(database, `differs in ${differing.join(', ')}`);
  } catch (error) {
    throw isBackupError(error) ? error : notProven(database, `cannot be read (${messageOf(error)})`, error);
  } finally {
    db.close();
  }
}

function notProven(database: string, what: string, cause?: unknown): BackupError {
  return new BackupError('ERR_BACKUP_RESTORE_FAILED', `The new "${database}" ${what}.`, {
    step: 'compare',
    hint: 'Check the disk, and that nobody else uses the database; then restore again. The old files are beside it.',
    cause,
  });
}
