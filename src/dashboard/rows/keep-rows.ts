import type { DatabaseDiff, RowChange } from '../../index.js';

/** What a job keeps of the rows of a table, for its page: as many as fit, and always one. */
export const BYTES_KEPT = 2_000_000;

/** Without the rows that would make a table's more than `most` bytes: they are the first ones of the next page. */
export function keepRows(diff: DatabaseDiff, most = BYTES_KEPT): DatabaseDiff {
  return {
    ...diff,
    tables: diff.tables.map((table) => {
      if (!table.rows) return table;
      let bytes = 0;
      const tooMany = table.rows.findIndex((row, i) => (bytes += bytesOf(row)) > most && i > 0);
      return tooMany < 0 ? table : { ...table, rows: table.rows.slice(0, tooMany) };
    }),
  };
}

function bytesOf({ before = {}, after = {} }: RowChange): number {
  return [...Object.values(before), ...Object.values(after)].reduce<number>((sum, value) => {
    if (typeof value === 'string') return sum + 2 * value.length;
    return sum + (value instanceof Uint8Array ? value.byteLength : 8);
  }, 0);
}
