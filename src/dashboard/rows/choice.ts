import type { RecoverOptions, RowChange, SqlValue, TableDiff } from '../../index.js';
import { HttpError } from '../http-error.js';

// Which rows somebody has chosen, as the one expression that recoverRows() takes. Pure: what people type never gets into it.

/** What is to come back, as far as somebody has decided. */
export interface RowsOrder {
  readonly table: string;
  /** One expression; absent: all rows that have gone since. */
  readonly where?: string;
  readonly onConflict?: NonNullable<RecoverOptions['onConflict']>;
  readonly triggers?: boolean;
}

/** As many as one expression may name: SQLite bounds its depth. */
export const MAX_CHOSEN = 200;

/** A row by the values of some of its columns. */
export type Chosen = Readonly<Record<string, SqlValue>>;

/** The expression for these rows, and for no others. @throws HttpError where there are none or too many */
export function whereOf(rows: readonly Chosen[]): string {
  const usable = rows.filter((row) => Object.keys(row).length > 0);
  if (usable.length === 0 || usable.length > MAX_CHOSEN || usable.length !== rows.length) {
    throw new HttpError('ERR_DASHBOARD_BODY');
  }
  return usable.map((row) => `(${Object.entries(row).map(equals).join(' AND ')})`).join(' OR ');
}

/** The columns that say which row it is: its key, or all that it holds. */
export function identityOf({ key }: Pick<TableDiff, 'key'>, row: RowChange): Chosen | undefined {
  if (!row.before) return undefined;
  if (!key || !row.key || row.key.includes(null)) return row.before;
  return Object.fromEntries(key.map((column, i) => [column, row.key![i]!]));
}

function equals([column, value]: [string, SqlValue]): string {
  const name = `"${column.replaceAll('"', '""')}"`;
  if (typeof value === 'string') return `${name} IS ${textLiteral(value)} COLLATE BINARY`;
  return `${name} IS ${literal(value)}`;
}

function literal(value: Exclude<SqlValue, string>): string {
  if (value === null) return 'NULL';
  if (value instanceof Uint8Array) return `x'${Buffer.from(value).toString('hex')}'`;
  if (typeof value === 'bigint' || Number.isSafeInteger(value)) return String(value);
  // A number beyond the safe integers is a REAL: without its exponent SQLite would read an integer, which is another value.
  if (Number.isFinite(value)) return value.toExponential();
  return Number.isNaN(value) ? 'NULL' : `${value < 0 ? '-' : ''}9e999`;
}

/** A text with a NUL in it would end the statement there. */
function textLiteral(value: string): string {
  if (!value.includes('\0')) return `'${value.replaceAll("'", "''")}'`;
  return `CAST(x'${Buffer.from(value, 'utf8').toString('hex')}' AS TEXT)`;
}

const WAYS: readonly string[] = ['overwrite', 'skip', 'as-new', 'keep'];

/** What a form or a JSON body says about rows that are in the way, and about triggers. */
export function decisionsOf({ onConflict, triggers }: Readonly<Record<string, unknown>>): Partial<RowsOrder> {
  if (onConflict !== undefined && !(typeof onConflict === 'string' && WAYS.includes(onConflict))) {
    throw new HttpError('ERR_DASHBOARD_BODY');
  }
  const off = triggers === false || triggers === 'false';
  if (triggers !== undefined && !off && triggers !== true && triggers !== 'true')
    throw new HttpError('ERR_DASHBOARD_BODY');
  return {
    ...(onConflict !== undefined && { onConflict: onConflict as NonNullable<RowsOrder['onConflict']> }),
    ...(off && { triggers: false }),
  };
}
