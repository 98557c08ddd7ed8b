import fs from 'node:fs';

/**
 * Root's backups belong to the owner of the database, as SQLite does it for its own `-wal` and `-shm`: a backup that an
 * administrator takes must not lock the app out of its own folder.
 */
export function matchOwner(file: string, database: string, { mode }: { mode: boolean }): void {
  try {
    const { uid, gid, mode: bits } = fs.statSync(database);
    if (mode) fs.chmodSync(file, (bits & 0o666) | 0o600);
    if (process.getuid?.() === 0 && uid !== 0) fs.chownSync(file, uid, gid);
  } catch {
    // A missing database is reported by the step that needs it; a file system without owners has nothing to set.
  }
}
