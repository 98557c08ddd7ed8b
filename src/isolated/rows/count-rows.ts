import type { Database } from 'better-sqlite3';
import { spanOf } from './identity.js';
import { quoteName } from './names.js';
import type { Action, PlannedTable } from './planned-table.js';
import { tableIn } from './read-schema.js';

/** Counts the rows of a table by what a plan does with them. There may be millions: each table is counted once. */
export interface RowCounts extends Readonly<Record<Action, number>> {
  readonly relinked: number;
  /**
   * SQL over the backup's row `o`: which rows come back, where they are all rows of the backup or lie side by side in it. What
   * is done is this condition then, and no list of rows.
   */
  readonly span: string | undefined;
}

export function countRows(db: Database, { rows, relinks, older }: PlannedTable): RowCounts {
  const number = (sql: string): number => Number(db.prepare(sql).pluck().get());
  const counts: Record<Action, number> = {
    insert: 0,
    'as-new': 0,
    overwrite: 0,
    keep: 0,
    skip: 0,
    conflict: 0,
    same: 0,
  };
  const others = db.prepare(`SELECT action, count(*) FROM temp.${rows} WHERE action <> 'insert' GROUP BY action`).raw();
  for (const [action, count] of others.all() as [Action, number][]) counts[action] = count;
  const all = number(`SELECT count(*) FROM temp.${rows}`);
  counts.insert = all - Object.values(counts).reduce((sum, each) => sum + each, 0);
  const relinked = number(`SELECT count(*) FROM temp.${relinks}`);
  return { ...counts, relinked, span: counts.insert === all ? findSpan() : undefined };

  function findSpan(): string | undefined {
    if (all === 0) return undefined;
    const from = `FROM ${tableIn('older', older)} o`;
    const isAll = (): boolean => number(`SELECT count(*) ${from}`) === all;
    if (older.withoutRowid || older.virtual) return isAll() ? 'TRUE' : undefined;
    const id = quoteName(older.id[0]!);
    const { from: first, to: last } = spanOf(db, 'i0', `temp.${rows}`)!;
    const whole = spanOf(db, id, tableIn('older', older));
    if (first === whole?.from && last === whole.to) return isAll() ? 'TRUE' : undefined;
    const between = `o.${id} BETWEEN ${first} AND ${last}`;
    return number(`SELECT count(*) ${from} WHERE ${between}`) === all ? between : undefined;
  }
}
