import fs from 'node:fs';

/**
 * The first 100 bytes of a database file (sqlite.org/fileformat.html, 1.3), zeros where it is shorter. Read without SQLite,
 * which may write beside a file that it opens.
 */
export function readHeader(file: string): Buffer {
  const header = Buffer.alloc(100);
  const descriptor = fs.openSync(file, 'r');
  try {
    fs.readSync(descriptor, header, 0, header.length, 0);
  } finally {
    fs.closeSync(descriptor);
  }
  return header;
}

export function isSqlite(header: Buffer): boolean {
  return header.toString('latin1', 0, 16) === 'SQLite format 3\0';
}
