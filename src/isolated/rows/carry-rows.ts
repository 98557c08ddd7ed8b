// Carries rows from one connection to another, byte for byte. JavaScript has no string for a text that is not well-formed: it would
// arrive with U+FFFD in it. So texts travel as their bytes, and a mask says which values are texts.
import type { Database } from 'better-sqlite3';
import { balanced } from './names.js';

const CELLS_AT_ONCE = 2_000;
/** Rows may hold megabytes each. */
const BYTES_AT_ONCE = 4_000_000;

/** SQL of what the reader selects for these values: the mask, then each value. */
export function carried(values: readonly string[]): string {
  // A parameter comes from JavaScript anyway.
  const flags = values.map((value) => (value === '?' ? `'0'` : `(typeof(${value}) = 'text')`));
  const bytes = values.map((value) =>
    value === '?' ? value : `iif(typeof(${value}) = 'text', CAST(${value} AS BLOB), ${value})`,
  );
  return [balanced([...flags, `''`], '||'), ...bytes].join(', ');
}

/** SQL of the same values again, as columns v0, v1, … of `count` rows whose cells are bound. */
export function received(width: number, count = 1): string {
  const columns = Array.from({ length: width }, (_, i) => {
    const value = `column${i + 2}`;
    return `iif(substr(column1, ${i + 1}, 1) = '1', CAST(${value} AS TEXT), ${value}) AS v${i}`;
  });
  const row = `(${Array(width + 1)
    .fill('?')
    .join(', ')})`;
  return `SELECT ${columns.join(', ')} FROM (VALUES ${Array(count).fill(row).join(', ')})`;
}

/**
 * Several rows a statement: most of the time goes into the call.
 *
 * @param into an INSERT without its rows
 * @param read starts to read rows with `carried()`: after what may fail, since an open statement keeps its connection from closing
 */
export function insertMany(db: Database, into: string, width: number, read: () => Iterable<unknown[]>): number {
  const most = Math.max(1, Math.floor(CELLS_AT_ONCE / width));
  const statement = (count: number): ReturnType<Database['prepare']> => db.prepare(`${into} ${received(width, count)}`);
  const full = statement(most);
  let cells: unknown[] = [];
  let waiting = 0;
  let bytes = 0;
  let changes = 0;
  for (const row of read()) {
    cells.push(...row);
    for (const cell of row) if (cell instanceof Uint8Array) bytes += cell.length;
    if (++waiting < most && bytes < BYTES_AT_ONCE) continue;
    changes += (waiting === most ? full : statement(waiting)).run(cells).changes;
    cells = [];
    waiting = 0;
    bytes = 0;
  }
  return waiting === 0 ? changes : changes + statement(waiting).run(cells).changes;
}
