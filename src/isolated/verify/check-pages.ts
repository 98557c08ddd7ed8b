import Database from 'better-sqlite3';
import { readHeader } from '../../util/database-header.js';
import { meaningOfError, PAGE_CHECK, sortLines } from './sqlite-answers.js';

const MAX_LINES = 10;

/**
 * SQLite's check of all pages (b-trees, freelist, double references) without its check of the rows, which needs the app's
 * functions, collations and modules. For that the connection sees a schema of its own making: one table, and every other
 * tree as an index of it. It lives in a transaction that is rolled back, in memory only: the file does not change.
 *
 * @param file one that nobody writes to; not in WAL mode unless it is private to this process
 * @returns the damage in words; `undefined` if the file can't be opened for that
 * @throws what SQLite throws if a page cannot be read
 */
export function checkPages(file: string, isPrivate: boolean): string[] | undefined {
  const isWal = readHeader(file)[18] === 2;
  if (isWal && !isPrivate) return undefined;
  const db = new Database(file, { fileMustExist: true });
  try {
    // The driver's defensive mode forbids a schema that is written by hand.
    db.unsafeMode(true);
    // First, as the others read the schema, in which there may be what this SQLite does not know.
    db.pragma('writable_schema = ON');
    if (!isWal) db.pragma('journal_mode = MEMORY');
    db.pragma('cache_spill = OFF');
    db.exec('BEGIN');
    replaceSchema(db);
    return firstAnswer(db);
  } catch (error) {
    if (/^SQLITE_(READONLY|CANTOPEN|PERM)/.test((error as { code?: string }).code ?? '')) return undefined;
    if (meaningOfError(error) === 'damage') return [(error as Error).message];
    throw error;
  } finally {
    // Rolls back.
    db.close();
  }
}

function replaceSchema(db: Database.Database): void {
  const rows = db.prepare('SELECT rowid, rootpage FROM sqlite_schema').all() as { rowid: number; rootpage: number }[];
  const remove = db.prepare('DELETE FROM sqlite_schema WHERE rowid = ?');
  const update = db.prepare("UPDATE sqlite_schema SET type = ?, name = ?, tbl_name = 't', sql = ? WHERE rowid = ?");
  let trees = 0;
  for (const { rowid, rootpage } of rows) {
    if (!rootpage) remove.run(rowid);
    else if (trees++ === 0) update.run('table', 't', 'CREATE TABLE t(x)', rowid);
    else update.run('index', `i${trees}`, `CREATE INDEX i${trees} ON t(x)`, rowid);
  }
  db.pragma('writable_schema = RESET');
}

/** The page check comes first, in one row. What follows is nonsense under this schema, so it is not asked for. */
function firstAnswer(db: Database.Database): string[] {
  try {
    for (const row of db.prepare<[], string>(`PRAGMA quick_check(${MAX_LINES})`).pluck().iterate()) {
      return row.startsWith(PAGE_CHECK) ? sortLines([row]).damage : [];
    }
  } catch (error) {
    // All pages were good, and the row check has begun: the "table" may well be an index.
    if (meaningOfError(error) !== 'damage') throw error;
  }
  return [];
}
