import type { RowChange, SqlValue } from '../index.js';
import { bytesText } from '../util/sql-value.js';

/** A value as people read it: `NULL`, `'text'`, `x'00ff…'`, `2.0`. */
export function sqlText(value: SqlValue, kind?: 'integer' | 'real'): string {
  if (value === null) return 'NULL';
  if (typeof value === 'string') return `'${value.length > 60 ? `${value.slice(0, 59)}…` : value}'`;
  if (value instanceof Uint8Array) return bytesText(value);
  return kind === 'real' && Number.isInteger(value) ? `${String(value)}.0` : String(value);
}

/** `invoices 42`, `items (3 of a, 7)` */
export function keyText(key: readonly SqlValue[] | undefined): string {
  return key === undefined ? '' : key.map((value) => sqlText(value)).join(', ');
}

export function rowText(row: Readonly<Record<string, SqlValue>>): string {
  return Object.entries(row)
    .map(([column, value]) => `${column} ${sqlText(value)}`)
    .join(', ');
}

/** `total 7 -> 9, note 'a' -> NULL` */
export function changeText({ columns = [], before = {}, after = {}, types = {} }: RowChange): string {
  const of = (row: Readonly<Record<string, SqlValue>>, column: string): SqlValue =>
    row[column] ?? Object.entries(row).find(([name]) => name.toLowerCase() === column.toLowerCase())?.[1] ?? null;
  return columns
    .map((column) => {
      const kinds = types[column];
      return `${column} ${sqlText(of(before, column), kinds?.before)} -> ${sqlText(of(after, column), kinds?.after)}`;
    })
    .join(', ');
}
