import Database from 'better-sqlite3';
import { BackupError } from '../../util/errors.js';

/**
 * Makes the copy one self-contained file. A copy of a WAL database is itself in WAL mode: opening it would leave `-wal`
 * and `-shm` beside it, and fail in a read-only folder.
 */
export function seal(partial: string): void {
  const db = new Database(partial, { fileMustExist: true });
  try {
    const mode = db.pragma('journal_mode = DELETE', { simple: true });
    if (mode !== 'delete') {
      throw new BackupError('ERR_BACKUP_WRITE_FAILED', `The copy stayed in journal mode "${String(mode)}".`, {
        step: 'seal',
        hint: 'Try again; the copy was thrown away.',
      });
    }
  } finally {
    db.close();
  }
}
