import Database from 'better-sqlite3';
import { columnList, quoteName } from './names.js';

/** Writes the tables of a backup into a new file of another text encoding: SQLite itself can't convert one. */
export function convertEncoding(from: Database.Database, file: string, encoding: string): void {
  const to = new Database(file);
  try {
    to.pragma(`encoding = '${encoding}'`);
    to.pragma('journal_mode = OFF');
    to.pragma('synchronous = OFF');
    to.exec('BEGIN');
    const schema = from.prepare(
      `SELECT s.name, s.sql, l.type FROM sqlite_schema s JOIN pragma_table_list l ON l.name = s.name AND l.schema = 'main'
       WHERE s.type = 'table' AND s.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND l.type <> 'shadow'`,
    );
    for (const { name, sql } of schema.all() as { name: string; sql: string }[]) {
      to.exec(sql);
      copyRows(from, to, name);
    }
    const rest = `SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND type IN ('index', 'view', 'trigger')`;
    for (const sql of from.prepare(rest).pluck().all() as string[]) to.exec(sql);
    to.exec('COMMIT');
  } finally {
    to.close();
  }
}

function copyRows(from: Database.Database, to: Database.Database, table: string): void {
  const columns = from
    .prepare(`SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0`)
    .pluck()
    .all(table) as string[];
  const named = new Set(columns.map((column) => column.toLowerCase()));
  const rowid = ['rowid', '_rowid_', 'oid'].find((name) => !named.has(name));
  const withRowid = rowid !== undefined && hasRowid(from, table);
  const names = withRowid ? [rowid, ...columns] : columns;
  const insert = to.prepare(
    `INSERT INTO ${quoteName(table)} (${names.map(quoteName).join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
  );
  const rows = from
    .prepare(`SELECT ${columnList('t', names)} FROM ${quoteName(table)} t`)
    .raw()
    .safeIntegers();
  for (const row of rows.iterate()) insert.run(row);
}

function hasRowid(db: Database.Database, table: string): boolean {
  return (
    Number(db.prepare(`SELECT wr FROM pragma_table_list WHERE name = ? AND schema = 'main'`).pluck().get(table)) === 0
  );
}
