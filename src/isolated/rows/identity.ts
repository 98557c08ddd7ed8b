// SQL about the identity of rows in a backup, and what of it an index can find.
import type { Database } from 'better-sqlite3';
import { fold, quoteName, sameName } from './names.js';
import type { Side, Table } from './read-schema.js';

/** Whole numbers from `from` to `to`, both included. */
export interface Span {
  readonly from: bigint;
  readonly to: bigint;
}

export function idNames(table: Table): string {
  return table.id.map((_, i) => `i${i}`).join(', ');
}

export function ids(alias: string, table: Table): string {
  return table.id.map((id) => `${alias}.${quoteName(id)}`).join(', ');
}

export function hasColumns(table: Table, columns: readonly string[]): boolean {
  const has = (column: string): boolean =>
    table.generated.has(fold(column)) || table.columns.some(({ name }) => sameName(name, column));
  return columns.length > 0 && columns.every(has);
}

/** Does an index find rows by the first of these columns? */
export function hasIndex(db: Database, side: Side, table: Table, columns: readonly string[]): boolean {
  const first = columns[0]!;
  if (table.key[0] !== undefined && sameName(table.key[0], first)) return true;
  const leading = db
    .prepare(
      `SELECT x.name FROM pragma_index_list(?, ?) l JOIN pragma_index_xinfo(l.name, ?) x
       WHERE x.seqno = 0 AND l.partial = 0`,
    )
    .pluck()
    .all(table.name, side, side) as (string | null)[];
  return leading.some((name) => name !== null && sameName(name, first));
}

/**
 * The smallest and the largest whole number of an indexed column, without a walk; `undefined`: there are no rows.
 *
 * @param column SQL, as is `from`: of a table that has rowids, its rowid
 */
export function spanOf(db: Database, column: string, from: string): Span | undefined {
  // Each by itself, so that neither is a walk.
  const [first, last] = db
    .prepare(`SELECT (SELECT min(${column}) FROM ${from}), (SELECT max(${column}) FROM ${from})`)
    .raw()
    .safeIntegers()
    .get() as [bigint | null, bigint];
  return first === null ? undefined : { from: first, to: last };
}
