import crypto from 'node:crypto';
import fs from 'node:fs';

const CHUNK_BYTES = 1024 * 1024;
/** SQLite locks bytes here and keeps nothing in the page that holds them; a copy need not have what happens to be there. */
const LOCK_BYTES_AT = 0x4000_0000;
/** The parts of the header that every writer sets anew: format (WAL or not), change counter, size, schema cookie, writer's version. */
const SET_BY_WRITERS: readonly (readonly [from: number, to: number])[] = [
  [18, 20],
  [24, 32],
  [40, 44],
  [92, 100],
];

/**
 * A sha256 over all pages of a database file that is the same for its copies by the backup API, into whatever file. Only for
 * files that nobody writes to and nobody here has open: closing it drops locks.
 */
export function contentHash(file: string, { pageSize, pageCount }: { pageSize: number; pageCount: number }): string {
  const hash = crypto.createHash('sha256');
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  const end = pageSize * pageCount;
  const descriptor = fs.openSync(file, 'r');
  try {
    for (let at = 0; at < end;) {
      const read = fs.readSync(descriptor, chunk, 0, Math.min(CHUNK_BYTES, end - at), at);
      if (read === 0) break;
      if (at === 0) for (const [from, to] of SET_BY_WRITERS) chunk.fill(0, from, to);
      // Chunks begin at multiples of every page size there is.
      if (at === LOCK_BYTES_AT) chunk.fill(0, 0, pageSize);
      hash.update(chunk.subarray(0, read));
      at += read;
    }
  } finally {
    fs.closeSync(descriptor);
  }
  return hash.digest('hex');
}
