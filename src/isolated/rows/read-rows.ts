import type { Database } from 'better-sqlite3';
import type { RowChange } from '../../child/rows-protocol.js';
import type { Row, SqlValue } from '../../util/sql-value.js';
import { quoteName, sameName } from './names.js';
import { differs } from './exact-values.js';
import type { SharedColumn } from './exact-values.js';
import { isRow, sharedColumns, sharedKey } from './pair-rows.js';
import type { TableChanges, TablePair } from './pair-rows.js';
import { tableIn } from './read-schema.js';
import type { Table } from './read-schema.js';

/** Some of the changed rows of a table, in the order in which they were found. */
export function readChanges(
  db: Database,
  pair: TablePair,
  { changes }: TableChanges,
  rows: number,
  skip: number,
): RowChange[] {
  const { older, newer } = pair;
  const key = sharedKey(pair);
  const shared = older && newer ? sharedColumns(older, newer) : [];
  const columns = [
    'c.kind',
    ...selectAll('o', older),
    ...selectAll('n', newer),
    // Told by the same expression that found the row.
    ...shared.map((column) => differs('o', 'n', column)),
  ];
  const names = (table: Table | undefined): string[] => withId(table);
  const width = names(older).length;
  const from = `FROM temp.${changes} c ${join('o', 'older', older)} ${join('n', 'main', newer)} ORDER BY c.rowid LIMIT ? OFFSET ?`;
  return readWide(db, columns, from, [rows, skip]).map((values) => {
    const [kind, ...rest] = values as [RowChange['kind'], ...SqlValue[]];
    const rawBefore = toRow(names(older), rest.slice(0, width));
    const rawAfter = toRow(names(newer), rest.slice(width, width + names(newer).length));
    const [before, after] = [readable(rawBefore), readable(rawAfter)];
    const differ = rest.slice(width + names(newer).length);
    const present = kind === 'added' ? after : before;
    return {
      kind,
      key: key?.map((column) => valueOf(present, column)),
      ...(kind !== 'added' && { before: visible(before, older!) }),
      ...(kind !== 'removed' && { after: visible(after, newer!) }),
      ...(kind === 'changed' &&
        changedColumns(
          rawBefore,
          rawAfter,
          shared.filter((_, i) => Number(differ[i]) === 1),
        )),
    };
  });
}

/** SQLite takes 2,000 columns in one answer, and a table alone may have as many. */
const COLUMNS_AT_ONCE = 1_900;

/** @param from SQL whose rows come in one order each time */
function readWide(db: Database, columns: readonly string[], from: string, bound: readonly number[]): unknown[][] {
  const parts = Array.from({ length: Math.ceil(columns.length / COLUMNS_AT_ONCE) }, (_, i) => {
    const some = columns.slice(i * COLUMNS_AT_ONCE, (i + 1) * COLUMNS_AT_ONCE);
    const statement = db
      .prepare(`SELECT ${some.join(', ')} ${from}`)
      .raw()
      .safeIntegers();
    return statement.all(...bound) as unknown[][];
  });
  return parts[0]!.map((_, row) => parts.flatMap((part) => part[row]!));
}

function changedColumns(
  before: Row,
  after: Row,
  changed: readonly SharedColumn[],
): Pick<RowChange, 'columns' | 'types'> {
  const types = changed.flatMap(({ older, newer }): [string, NumberTypes][] => {
    const values = [before[older.name]!, after[newer.name]!] as const;
    const [was, is] = values.map((value) => (typeof value === 'bigint' ? 'integer' : 'real')) as [Numeric, Numeric];
    return isNumber(values[0]) && isNumber(values[1]) && was !== is ? [[newer.name, { before: was, after: is }]] : [];
  });
  const columns = changed.map(({ newer: { name } }) => name);
  return { columns, ...(types.length > 0 && { types: Object.fromEntries(types) }) };
}

type Numeric = 'integer' | 'real';
type NumberTypes = { readonly before: Numeric; readonly after: Numeric };

function isNumber(value: SqlValue): boolean {
  return typeof value === 'bigint' || typeof value === 'number';
}

function readable(row: Row): Row {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, toValue(value)]));
}

function join(alias: 'o' | 'n', side: 'older' | 'main', table: Table | undefined): string {
  return table ? `LEFT JOIN ${tableIn(side, table)} ${alias} ON ${isRow(alias, table, 'c', alias)}` : '';
}

/** A virtual table's rowid is its key, and none of its columns. */
function withId(table: Table | undefined): string[] {
  if (!table) return [];
  return [...(table.virtual ? table.key : []), ...table.columns.map(({ name }) => name)];
}

function selectAll(alias: string, table: Table | undefined): string[] {
  return withId(table).map((name) => `${alias}.${quoteName(name)}`);
}

function toRow(names: readonly string[], values: readonly SqlValue[]): Row {
  return Object.fromEntries(names.map((name, i) => [name, values[i]!]));
}

/** Integers that a number can hold are numbers. */
export function toValue(value: SqlValue): SqlValue {
  if (typeof value !== 'bigint') return value;
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
}

function visible(row: Row, table: Table): Row {
  if (!table.virtual) return row;
  const columns = new Set(table.columns.map(({ name }) => name));
  return Object.fromEntries(Object.entries(row).filter(([name]) => columns.has(name)));
}

function valueOf(row: Row, column: string): SqlValue {
  const name = Object.keys(row).find((each) => sameName(each, column))!;
  return row[name]!;
}
