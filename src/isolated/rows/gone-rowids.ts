// Finds the rows that have gone from a table whose key is the rowid, without a look at the partner of each where a count proves it.
import type { Database } from 'better-sqlite3';
import { idNames, spanOf } from './identity.js';
import type { Span } from './identity.js';
import { quoteName } from './names.js';
import { walked } from './pair-rows.js';
import { tableIn } from './read-schema.js';
import type { Table } from './read-schema.js';

const PARTS = 64n;
const LEAST_WIDTH = 1_000n;
/** So many parts that prove nothing, and the rest is looked at row by row: counting costs a fifth of that. */
const USELESS_PARTS = 4;

/** Puts into a plan all rows of the backup whose rowid no live row has. */
export function insertGone(db: Database, rows: string, older: Table, newer: Table): void {
  const all = spanOf(db, quoteName(older.id[0]!), tableIn('older', older));
  if (all === undefined) return;
  const rowid = `o.${quoteName(older.id[0]!)}`;
  const [into, from] = [`INSERT INTO temp.${rows} (${idNames(older)}, action, taken)`, walked('older', older, 'o')];
  const [gone, between] = [`${into} SELECT ${rowid}, 'insert', -1 FROM ${from}`, `${rowid} BETWEEN ? AND ?`];
  const partner = `${tableIn('main', newer)} n ON n.${quoteName(newer.id[0]!)} = ${rowid}`;
  const take = db.prepare(`${gone} WHERE ${between}`);
  const look = db.prepare(`${gone} LEFT JOIN ${partner} WHERE ${between} AND n.${quoteName(newer.id[0]!)} IS NULL`);
  const live = spanOf(db, quoteName(newer.id[0]!), tableIn('main', newer));
  for (const { span, all: isGone } of spansWithGone(all, live, countIn(db, newer)))
    (isGone ? take : look).run(span.from, span.to);
}

function countIn(db: Database, newer: Table): (span: Span) => bigint {
  const count = db
    .prepare(`SELECT count(*) FROM ${walked('main', newer, 'n')} WHERE n.${quoteName(newer.id[0]!)} BETWEEN ? AND ?`)
    .pluck()
    .safeIntegers();
  return ({ from, to }) => count.get(from, to) as bigint;
}

/**
 * The spans of the backup's rowids in which rows may have gone. As many live rows as the span has numbers: none has. No live row
 * at all: each has. Anything else must be looked at.
 *
 * @param all of the backup's rowids
 * @param live of the live rowids, `undefined` without any
 * @param count of the live rows in a span
 */
export function spansWithGone(
  all: Span,
  live: Span | undefined,
  count: (span: Span) => bigint,
): { span: Span; all: boolean }[] {
  if (!live || live.to < all.from || live.from > all.to) return [{ span: all, all: true }];
  const found: { span: Span; all: boolean }[] = [];
  if (all.from < live.from) found.push({ span: { from: all.from, to: live.from - 1n }, all: true });
  const shared = { from: max(all.from, live.from), to: min(all.to, live.to) };
  const width = max((shared.to - shared.from) / PARTS + 1n, LEAST_WIDTH);
  let useless = 0;
  for (let { from } = shared; from <= shared.to; from += width) {
    const giveUp = useless >= USELESS_PARTS;
    const span = { from, to: giveUp ? shared.to : min(from + width - 1n, shared.to) };
    const rows = giveUp ? undefined : count(span);
    if (rows === undefined || (rows > 0n && rows <= span.to - span.from)) {
      found.push({ span, all: false });
      useless++;
    } else if (rows === 0n) found.push({ span, all: true });
    if (giveUp) break;
  }
  if (live.to < all.to) found.push({ span: { from: live.to + 1n, to: all.to }, all: true });
  return found;
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
