import fs from 'node:fs';
import { pageSizeIn, readHeader } from '../../util/database-header.js';
import { contentHash } from './content-hash.js';

/**
 * Has anything been committed since a backup was taken? Times alone do not tell: an app that is closed moves its WAL into the
 * database, which changes the file and nothing in it. The change counter does not either: commits to a WAL leave it as it is. So:
 * every commit to a WAL that is there writes to it; without one, the pages are compared with the backup's.
 *
 * Reads without SQLite: only before this process opens the database.
 */
export function hasChanged(database: string, since: { readonly path: string; readonly createdAt: string }): boolean {
  const takenAt = Date.parse(since.createdAt);
  const wal = fs.statSync(`${database}-wal`, { throwIfNoEntry: false });
  if (wal && wal.size > 0) return wal.mtimeMs >= takenAt;
  const [live, backup] = [fs.statSync(database), fs.statSync(since.path)];
  if (live.mtimeMs < takenAt) return false;
  if (live.size !== backup.size) return true;
  return hashOf(database, live.size) !== hashOf(since.path, backup.size);
}

function hashOf(file: string, sizeBytes: number): string {
  const pageSize = pageSizeIn(readHeader(file));
  return contentHash(file, { pageSize, pageCount: sizeBytes / pageSize });
}
