import fs from 'node:fs';
import Database from 'better-sqlite3';
import { BackupError } from '../../util/errors.js';
import { pastForeignSchema } from '../shared/foreign-schema.js';

/**
 * Makes a whole copy one self-contained file. The copy of a WAL database is itself in WAL mode: opening it would leave `-wal`
 * and `-shm` beside it, and fail in a read-only folder.
 *
 * The mode is two bytes of the header (sqlite.org/fileformat2.html, 1.3.3), and nothing stands beside the copy that would have
 * to be taken into it. So they are written without SQLite, which would open whatever somebody had put there meanwhile.
 */
export async function seal(partial: string): Promise<void> {
  const handle = await fs.promises.open(partial, fs.constants.O_RDWR | O_NOFOLLOW);
  try {
    await handle.write(ROLLBACK_JOURNAL, 0, ROLLBACK_JOURNAL.length, MODE_AT);
    await ensureSealed(handle, partial);
  } finally {
    await handle.close();
  }
}

/** The same for a copy whose `-wal` or `-journal` was copied with it: SQLite takes them in. */
export async function sealWithSideFiles(partial: string): Promise<void> {
  const db = new Database(partial, { fileMustExist: true });
  try {
    // Not as `simple`: better-sqlite3 would return the row and drop an error of the commit, as of a full disk.
    pastForeignSchema(db, () => db.pragma('journal_mode = DELETE'));
  } finally {
    db.close();
  }
  const handle = await fs.promises.open(partial, fs.constants.O_RDONLY | O_NOFOLLOW);
  try {
    await ensureSealed(handle, partial);
  } finally {
    await handle.close();
  }
}

const MODE_AT = 18;
const ROLLBACK_JOURNAL = Buffer.from([1, 1]);
// Windows has no such flag.
const { O_NOFOLLOW = 0 } = fs.constants as { O_NOFOLLOW?: number };

/**
 * The file is asked, not the pragma.
 *
 * @throws BackupError `ERR_BACKUP_WRITE_FAILED`
 */
async function ensureSealed(handle: fs.promises.FileHandle, file: string): Promise<void> {
  const { buffer } = await handle.read(Buffer.alloc(2), 0, 2, MODE_AT);
  if (buffer.equals(ROLLBACK_JOURNAL)) return;
  throw new BackupError('ERR_BACKUP_WRITE_FAILED', `The copy "${file}" stayed in WAL mode.`, {
    step: 'seal',
    hint: 'It was thrown away. Check the disk of the backup folder and the space on it, then try again.',
  });
}
