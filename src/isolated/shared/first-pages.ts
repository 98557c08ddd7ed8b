import fs from 'node:fs';
import type { Database } from 'better-sqlite3';
import { headerProblems, isCounted, pageSizeIn } from '../../util/database-header.js';
import { BackupError } from '../../util/errors.js';
import { meaningOfError } from '../verify/sqlite-answers.js';

// A look at the live database must be short, and does not read all of it. But what its header alone says is as true of a file
// whose other pages are random bytes: each table is asked where it begins.

/** As many as are asked: a look must not take long, and damage seldom keeps to the last ones. */
const MAX_TABLES = 500;

/** @throws the error of SQLite where a table is damaged at its beginning */
export function ensureTablesBegin(db: Database): void {
  const named = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 LIMIT ?").pluck();
  for (const name of named.all(MAX_TABLES) as string[]) {
    try {
      // Of the table itself: an index may be smaller.
      db.prepare(`SELECT 1 FROM "${name.replaceAll('"', '""')}" NOT INDEXED LIMIT 1`).get();
    } catch (error) {
      // What this SQLite lacks (a function of the app, a module) says nothing about the pages.
      if (meaningOfError(error) === 'damage') throw error;
    }
  }
}

/** The kinds of a page of a table or an index (https://sqlite.org/fileformat2.html#b_tree_pages). */
const TREE_PAGES = new Set([2, 5, 10, 13]);
const TABLE_LEAF = 13;
/** The first page begins with the header of the file. */
const FIRST_AT = 100;
/** Bytes at the end of each page that SQLite leaves to extensions. */
const RESERVED_AT = 20;

/**
 * The same of a database that nobody has open, whose pages are all in the file, without SQLite, which would write beside it.
 *
 * @throws BackupError `ERR_BACKUP_SOURCE_CORRUPT`
 */
export function ensureFileBegins(database: string): Buffer {
  const descriptor = fs.openSync(database, 'r');
  try {
    const read = (bytes: number, at: number): Buffer => {
      const buffer = Buffer.alloc(bytes);
      return buffer.subarray(0, fs.readSync(descriptor, buffer, 0, bytes, at));
    };
    const header = Buffer.concat([read(FIRST_AT, 0)], FIRST_AT);
    const pageSize = pageSizeIn(header);
    const { size } = fs.fstatSync(descriptor);
    // It may be longer than its pages: SQLITE_FCNTL_CHUNK_SIZE, or a writer that died.
    const used = isCounted(header) ? Math.min(size, header.readUInt32BE(28) * pageSize) : size - (size % pageSize);
    const [problem] = headerProblems(header, used);
    if (problem !== undefined) throw corrupt(database, problem);
    const roots = rootsIn(read(pageSize, 0));
    const isDamaged = (page: number): boolean => !TREE_PAGES.has(read(1, (page - 1) * pageSize)[0] ?? 0);
    if (roots === undefined) throw corrupt(database, 'its list of tables is none');
    const damaged = roots.slice(0, MAX_TABLES).find(isDamaged);
    if (damaged !== undefined) throw corrupt(database, `page ${damaged}, where a table begins, is none of a table`);
    return header;
  } finally {
    fs.closeSync(descriptor);
  }
}

/**
 * The pages where tables and indexes begin, as the first page lists them; none where that list goes on on other pages.
 *
 * @returns `undefined`: it is no such page
 */
function rootsIn(page: Buffer): number[] | undefined {
  const kind = page[FIRST_AT];
  const cells = page.readUInt16BE(FIRST_AT + 3);
  const list = FIRST_AT + (kind === TABLE_LEAF ? 8 : 12);
  if ((kind !== TABLE_LEAF && kind !== 5) || list + 2 * cells > page.length) return undefined;
  const at = Array.from({ length: cells }, (_, i) => page.readUInt16BE(list + 2 * i));
  if (at.some((offset) => offset < list + 2 * cells || offset >= page.length)) return undefined;
  return kind === TABLE_LEAF ? at.map((offset) => rootOf(page, offset)).filter((root) => root > 1) : [];
}

/** The fourth value of a row of the schema, behind type, name and table; 0 of a view or a trigger, or where it is cut off. */
function rootOf(page: Buffer, cell: number): number {
  let at = cell;
  const varint = (): number => {
    let value = 0;
    for (let i = 0; i < 9; i++) {
      const byte = page[at++] ?? 0;
      value = i === 8 ? value * 256 + byte : value * 128 + (byte & 0x7f);
      if (byte < 0x80) break;
    }
    return value;
  };
  const payload = varint();
  varint(); // the row's number
  const types = at;
  let value = types + varint();
  const [kind, name, table, root] = [varint(), varint(), varint(), varint()];
  for (const text of [kind, name, table]) value += text < 13 ? 0 : (text - 13) >> 1;
  const bytes = root <= 4 ? root : 6;
  const end = Math.min(types + localBytes(payload, page.length - page[RESERVED_AT]!), page.length);
  return root > 0 && root < 7 && value + bytes <= end ? page.readUIntBE(value, bytes) : 0;
}

/** How much of a payload stands in its cell: the rest is on other pages (https://sqlite.org/fileformat2.html#b_tree_pages). */
function localBytes(payload: number, usable: number): number {
  const most = usable - 35;
  if (payload <= most) return payload;
  const least = Math.floor(((usable - 12) * 32) / 255) - 23;
  const fitting = least + ((payload - least) % (usable - 4));
  return fitting <= most ? fitting : least;
}

function corrupt(database: string, problem: string): BackupError {
  return new BackupError('ERR_BACKUP_SOURCE_CORRUPT', `"${database}" is damaged (${problem}).`, {
    step: 'pin',
    hint: 'Run PRAGMA integrity_check on it and keep the backups you have: they were not touched.',
  });
}
