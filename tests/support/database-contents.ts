import crypto from 'node:crypto';
import Database from 'better-sqlite3';

/**
 * One hash over all that a database holds: settings, schema, and every row of every table, shadow tables of FTS5 and R-tree
 * among them, with its rowid and the type of each value. Equal hashes are equal databases, row for row.
 */
export function hashOfContents(file: string): string {
  const db = new Database(file, { readonly: true, fileMustExist: true });
  try {
    // 64-bit numbers as they are.
    db.defaultSafeIntegers(true);
    const hash = crypto.createHash('sha256');
    const add = (value: unknown) => hash.update(JSON.stringify(value, asText)).update('\n');
    for (const pragma of ['page_size', 'page_count', 'auto_vacuum', 'encoding', 'user_version', 'application_id']) {
      add([pragma, db.pragma(pragma, { simple: true })]);
    }
    const schema = 'SELECT type, name, tbl_name, rootpage, sql FROM sqlite_schema ORDER BY rowid';
    for (const row of db.prepare(schema).raw().iterate()) add(row);
    for (const table of tablesOf(db)) {
      add(table);
      for (const row of db
        .prepare(`SELECT * FROM ${quoted(table)}`)
        .raw()
        .iterate())
        add(row);
    }
    return hash.digest('hex');
  } finally {
    db.close();
  }
}

/** How many rows all of its tables have. */
export function countRows(file: string): number {
  const db = new Database(file, { readonly: true, fileMustExist: true });
  try {
    const count = (table: string) =>
      db
        .prepare(`SELECT count(*) FROM ${quoted(table)}`)
        .pluck()
        .get() as number;
    return tablesOf(db).reduce((sum, table) => sum + count(table), 0);
  } finally {
    db.close();
  }
}

function tablesOf(db: Database.Database): string[] {
  return db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").pluck().all() as string[];
}

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;

/** What JSON has no word for. */
function asText(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `int ${value}`;
  if (typeof value === 'number' && !Number.isFinite(value)) return `real ${value}`;
  return value;
}
