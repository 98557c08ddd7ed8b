import fs from 'node:fs';
import Database from 'better-sqlite3';

/**
 * The numbers of a database's pages by what each is for (https://sqlite.org/fileformat2.html). Not the page with the lock byte: it
 * is behind the first gigabyte.
 */
export function pagesByKind(file: string): ReadonlyMap<string, readonly number[]> {
  const kinds = new Map<string, number[]>();
  const add = (kind: string, page: number): void => void kinds.set(kind, [...(kinds.get(kind) ?? []), page]);
  const bytes = fs.readFileSync(file);
  const pageSize = bytes.readUInt16BE(16);
  const db = new Database(file, { readonly: true });
  try {
    const rows = db.prepare('SELECT pageno AS page, pagetype AS type FROM dbstat').all() as {
      page: number;
      type: string;
    }[];
    for (const { page, type } of rows) {
      const header = (page - 1) * pageSize + (page === 1 ? 100 : 0);
      const tree = { 2: 'interior index', 5: 'interior table', 10: 'leaf index', 13: 'leaf table' }[bytes[header]!];
      add(page === 1 ? 'first page' : type === 'overflow' ? 'overflow' : tree!, page);
    }
  } finally {
    db.close();
  }
  for (let trunk = bytes.readUInt32BE(32); trunk !== 0;) {
    const start = (trunk - 1) * pageSize;
    add('free trunk', trunk);
    const leaves = bytes.readUInt32BE(start + 4);
    for (let i = 0; i < leaves; i++) add('free leaf', bytes.readUInt32BE(start + 8 + 4 * i));
    trunk = bytes.readUInt32BE(start);
  }
  // The root's number, which only a database that can be vacuumed by and by has, is at 52. Each map is followed by its pages.
  const mapped = Math.floor(pageSize / 5);
  const isMapped = bytes.readUInt32BE(52) !== 0;
  for (let page = 2; isMapped && page * pageSize <= bytes.length; page += mapped + 1) add('pointer map', page);
  return kinds;
}
