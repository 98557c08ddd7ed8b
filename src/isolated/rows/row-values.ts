// Finds the columns of a row that are written, and where each value comes from.
import type { RecoverRequest } from '../../child/rows-protocol.js';
import { sqlFromJson } from '../../util/sql-value.js';
import { quoteName, sameName } from './names.js';
import type { Plan } from './plan.js';
import { overrides } from './plan.js';
import type { PlannedTable } from './planned-table.js';

/** The columns that are written, and the SQL of each value, over the backup's row `o`. */
export function valuesOf(
  plan: Plan,
  table: PlannedTable,
  request: RecoverRequest,
): { columns: string[]; values: string[]; bound: unknown[] } {
  const { older, newer, shared } = table;
  const bound: unknown[] = [];
  const columns: string[] = [];
  const values: string[] = [];
  const given = overrides(request, table.pair.name);
  const isRenamed = renames(plan);
  for (const column of shared) {
    const { name } = column.newer;
    if ((newer ?? older).generated.has(name.toLowerCase())) continue;
    if (given.some(([each]) => sameName(each, name))) continue;
    columns.push(name);
    values.push(valueOf(isRenamed, plan.tables.all, table, column.older.name, name));
  }
  for (const [name, value] of given) {
    columns.push(name);
    values.push('?');
    bound.push(toBound(sqlFromJson(value)));
  }
  if (older.virtual) {
    columns.unshift('rowid');
    values.unshift('o.rowid');
  }
  return { columns, values, bound };
}

/**
 * SQL after INSERT or UPDATE. A constraint may be declared with ON CONFLICT IGNORE or REPLACE: the row would silently not come back, or
 * another one silently go. Elsewhere nothing is said, since it would also change what the statements of triggers do.
 */
export function orAbort({ newer, older }: PlannedTable): string {
  return /\bON\s+CONFLICT\b/i.test((newer ?? older).sql) ? ' OR ABORT' : '';
}

/** Whole numbers must stay integers: the driver binds a number as REAL. */
function toBound(value: unknown): unknown {
  if (typeof value === 'number' && Number.isInteger(value) && !Object.is(value, -0)) return BigInt(value);
  return value instanceof Uint8Array ? Buffer.from(value) : value;
}

/** Do rows of this table get new keys? */
export function renames({ report }: Plan): (table: PlannedTable) => boolean {
  const tables = new Set(report.newKeys.map(({ table }) => table));
  return ({ pair }) => tables.has(pair.name);
}

/** A key that is new, or a reference to a row that has a new key. */
export function valueOf(
  renamed: (table: PlannedTable) => boolean,
  all: readonly PlannedTable[],
  table: PlannedTable,
  from: string,
  to: string,
): string {
  const value = `o.${quoteName(from)}`;
  if (table.older.rowidColumn !== undefined && sameName(from, table.older.rowidColumn))
    return renamed(table) ? `coalesce(p.newkey, ${value})` : value;
  for (const key of table.foreignKeys) {
    const parent = all.find(({ pair }) => sameName(pair.name, key.parent));
    const i = key.from.findIndex((column) => sameName(column, to));
    const rowid = parent?.older.rowidColumn;
    if (i < 0 || !parent || rowid === undefined || !sameName(key.to[i]!, rowid) || !renamed(parent)) continue;
    return `coalesce((SELECT q.newkey FROM temp.${parent.rows} q WHERE q.i0 = ${value} AND q.newkey IS NOT NULL), ${value})`;
  }
  return value;
}
