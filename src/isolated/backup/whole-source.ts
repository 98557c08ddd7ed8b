import fs from 'node:fs';
import { BackupError } from '../../util/errors.js';
import type { DatabaseFacts } from '../../child/protocol.js';

/**
 * Refuses a database whose file is shorter than its pages. SQLite's backup API reads NULs for a page that is cut off, and no
 * check of the copy can tell those from data. Only the size of the file is asked: opening it here would drop the locks that
 * this process has on it.
 *
 * @param facts of the pinned snapshot
 * @throws BackupError `ERR_BACKUP_SOURCE_CORRUPT`
 */
export function ensureWholeSource(database: string, { pageSize, pageCount }: DatabaseFacts): void {
  const isWhole = (): boolean => {
    const { size } = fs.statSync(database);
    if (size >= pageSize * pageCount) return true;
    const inWal = pagesInWal(`${database}-wal`);
    for (let page = Math.floor(size / pageSize) + 1; page <= pageCount; page++) if (!inWal.has(page)) return false;
    return true;
  };
  // A checkpoint between the two looks may have moved pages from the WAL to the file.
  if (isWhole() || isWhole()) return;
  const { size } = fs.statSync(database);
  throw new BackupError(
    'ERR_BACKUP_SOURCE_CORRUPT',
    `"${database}" is cut off: it has ${size} bytes, and ${pageCount} pages of ${pageSize} bytes are ${pageCount * pageSize}.`,
    {
      step: 'pin',
      hint: 'A copy would hold NULs instead of the missing rows. Keep the backups you have: they were not touched.',
    },
  );
}

const WAL_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;

/**
 * The pages that a WAL holds (https://sqlite.org/fileformat2.html#the_write_ahead_log): those of its frames with the salt of
 * its header; other frames are of the time before its last restart. No lock of SQLite is on this file.
 */
function pagesInWal(wal: string): Set<number> {
  const pages = new Set<number>();
  let descriptor: number;
  try {
    descriptor = fs.openSync(wal, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return pages;
    throw error;
  }
  try {
    const header = Buffer.alloc(WAL_HEADER_BYTES);
    const frame = Buffer.alloc(FRAME_HEADER_BYTES);
    if (fs.readSync(descriptor, header, 0, WAL_HEADER_BYTES, 0) < WAL_HEADER_BYTES) return pages;
    const step = FRAME_HEADER_BYTES + header.readUInt32BE(8);
    for (let at = WAL_HEADER_BYTES; ; at += step) {
      if (fs.readSync(descriptor, frame, 0, FRAME_HEADER_BYTES, at) < FRAME_HEADER_BYTES) return pages;
      if (frame.compare(header, 16, 24, 8, 16) !== 0) return pages;
      pages.add(frame.readUInt32BE(0));
    }
  } finally {
    fs.closeSync(descriptor);
  }
}
