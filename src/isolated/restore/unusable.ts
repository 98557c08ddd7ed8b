import fs from 'node:fs';
import Database from 'better-sqlite3';
import type { VerifyLevel } from '../../catalog/manifest.js';
import { BackupError, messageOf, systemCode } from '../../util/errors.js';
import { checkDatabase } from '../verify/check-database.js';

/**
 * Does this error say that the file itself is not a whole database, so that it can only be replaced? That the disk, the memory,
 * a permission or a lock failed (EIO, ENOMEM, EACCES, BUSY) says nothing about the file (https://sqlite.org/rescode.html).
 */
export function isUnusable(error: unknown): boolean {
  return /^(SQLITE_(NOTADB|CORRUPT)|ERR_BACKUP_SOURCE_(CORRUPT|INVALID)$)/.test(systemCode(error));
}

/**
 * Asks the live database itself whether it is damaged, after a copy of it was: the disk of the copy may have been the cause.
 *
 * @throws BackupError `ERR_BACKUP_VERIFY_FAILED` if it is whole; what SQLite throws if it could not be read
 */
export function ensureDamaged(database: string, level: VerifyLevel, found: unknown): void {
  let db: Database.Database | undefined;
  try {
    db = new Database(database, { readonly: true, fileMustExist: true });
    if (checkDatabase(db, level, true).problems.length > 0 || isCutOff(db)) return;
  } catch (error) {
    if (isUnusable(error)) return;
    throw error;
  } finally {
    db?.close();
  }
  throw new BackupError('ERR_BACKUP_VERIFY_FAILED', `The safety backup is damaged (${messageOf(found)}).`, {
    step: 'verify',
    hint: `"${database}" itself passes the same check, so nothing was changed. Check the disk of the backup folder, then restore again.`,
    cause: found,
  });
}

/** SQLite's check does not read the end of the last overflow page. With a WAL, the rest of the file may be in that. */
function isCutOff(db: Database.Database): boolean {
  const [pages, pageSize] = ['page_count', 'page_size'].map((pragma) => Number(db.pragma(pragma, { simple: true })));
  const wal = fs.statSync(`${db.name}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  return wal === 0 && fs.statSync(db.name).size < pages! * pageSize!;
}
