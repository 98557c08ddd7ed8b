// Finds the parents that rows need: those that are gone come along, and those that are another row by now wait for a choice.
import type { Database } from 'better-sqlite3';
import { hasColumns, hasIndex, idNames, ids, spanOf } from './identity.js';
import { balanced, fold, quoteName, sameName } from './names.js';
import { differs } from './exact-values.js';
import { isRow, keysEqual, sharedColumns, sharedKey } from './pair-rows.js';
import { COMES_BACK, partner, TAKEN_PARENT } from './planned-table.js';
import type { PlannedTable, PlannedTables } from './planned-table.js';
import { tableIn } from './read-schema.js';
import type { ForeignKey, Table } from './read-schema.js';

export interface Round {
  readonly round: number;
  /** Are at least so many rows of the child new in the plan? There may be millions: no more are counted. */
  readonly hasFresh: (rows: number) => boolean;
  readonly countFresh: () => number;
  /** Parents that are gone come along. */
  readonly related: boolean;
}

/** Returns how many were added. */
export function addParents(tables: PlannedTables, round: Round, child: PlannedTable, key: ForeignKey): number {
  const parent = tables.schemas.newer.tables.get(fold(key.parent)) && tables.get(key.parent);
  if (!parent?.newer || !hasColumns(child.older, key.from) || !hasColumns(parent.older, key.to)) return 0;
  const link = { child, parent, key };
  const lost = round.related ? addLost(tables, round, link) : 0;
  return lost + addOthers(tables, round, link);
}

/** A foreign key between two tables of the plan. */
interface Link {
  readonly child: PlannedTable;
  readonly parent: PlannedTable;
  readonly key: ForeignKey;
}

function addLost(tables: PlannedTables, round: Round, link: Link): number {
  const { parent, key } = link;
  const { db } = tables;
  const { older, newer, rows, shared } = parent;
  const gone = (to: (i: number) => string): string =>
    `NOT EXISTS (SELECT 1 FROM ${tableIn('main', newer!)} n WHERE ${key.to.map((column, i) => `n.${quoteName(column)} = ${to(i)}`).join(' AND ')})`;
  // A row that has not changed has a partner of the same key, unless the key is computed.
  const stored = key.to.every((to) => shared.some((column) => sameName(column.newer.name, to)));
  // Rows that were paired by their rowid have it both.
  const byRowid = [older, newer!].every(({ rowidColumn = '' }) => key.to.every((to) => sameName(to, rowidColumn)));
  const kinds = byRowid ? `'removed'` : `'removed', 'changed'`;
  const isGone = gone((i) => `o.${quoteName(key.to[i]!)}`);
  if (stored && isRare(tables, round, parent, `r.kind IN (${kinds}) AND ${isGone}`)) return 0;
  return db
    .prepare(
      `INSERT OR IGNORE INTO temp.${rows} (${idNames(older)}, round, up) SELECT ${ids('o', older)}, ${round.round}, 1
       ${parentsOf(round, link)} AND ${gone((i) => `c.${quoteName(key.from[i]!)}`)}`,
    )
    .run().changes;
}

/**
 * A table is compared if it has at most so many rows for each that looks for its parent in it. Most of the time it is compared in
 * the end anyhow, for `alsoChanged`.
 */
const ROWS_PER_LOOK = 4;

/**
 * Is there no such parent at all? Asked where that is quicker than to look at the parent of each row.
 *
 * @param which SQL over a change `r` and the backup's row `o`; true for rows only that have changed
 */
function isRare(tables: PlannedTables, round: Round, { older, pair }: PlannedTable, which: string): boolean {
  if (!tables.isCompared(pair) && hasManyRows(tables.db, older, round)) return false;
  const { changes } = tables.changesOf(pair);
  const changed = `temp.${changes} r CROSS JOIN ${tableIn('older', older)} o ON ${isRow('o', older, 'r', 'o')}`;
  const found = tables.db.prepare(`SELECT 1 FROM ${changed} WHERE ${which} LIMIT 1`);
  return found.get() === undefined;
}

/** Has the backup's table more rows than that? The span of its rowids says no without a walk, mostly. */
function hasManyRows(db: Database, table: Table, { hasFresh, countFresh }: Round): boolean {
  if (!table.withoutRowid && !table.virtual) {
    const span = spanOf(db, quoteName(table.id[0]!), tableIn('older', table));
    const numbers = span === undefined ? 0 : Number(span.to - span.from + 1n);
    if (hasFresh(Math.ceil(numbers / ROWS_PER_LOOK))) return false;
  }
  return (
    db.prepare(`SELECT 1 FROM ${tableIn('older', table)} LIMIT 1 OFFSET ${countFresh() * ROWS_PER_LOOK}`).get() !==
    undefined
  );
}

/** SQL: FROM and WHERE of the parents `o` of the rows that are new in the plan. */
function parentsOf({ round }: Round, { child, parent, key: { from, to } }: Link): string {
  const linked = from.map((column, i) => `o.${quoteName(to[i]!)} = c.${quoteName(column)}`).join(' AND ');
  return `FROM temp.${child.rows} p CROSS JOIN ${tableIn('older', child.older)} c ON ${isRow('c', child.older, 'p', 'i')}
      CROSS JOIN ${tableIn('older', parent.older)} o ON ${linked}
    WHERE p.round = ${round - 1} AND p.${COMES_BACK}`;
}

/**
 * A parent whose key was used again: hung on it, the row would be somebody else's. SQLite gives the number of a row that was
 * deleted to another one, and nothing in the file tells that from an edited row. So it is taken for another one if nothing but
 * the key is as it was; or if a text, a reference or a unique value is not, and no unchanged row proves that it was never
 * deleted, by referring to it still.
 */
function addOthers(tables: PlannedTables, round: Round, link: Link): number {
  const { parent, key } = link;
  const { db } = tables;
  const { older, newer, rows } = parent;
  const sameKey =
    parent.key?.length === key.to.length && key.to.every((to) => parent.key!.some((each) => sameName(each, to)));
  const signs = sameKey ? signsOfAnother(parent) : undefined;
  if (!signs) return 0;
  const live = `SELECT 1 FROM ${tableIn('main', newer!)} n WHERE ${partner(parent)}`;
  const suspect = `EXISTS (${live} AND (${signs.some} OR ${signs.all}))`;
  if (isRare(tables, round, parent, `r.kind <> 'added' AND ${suspect}`)) return 0;
  db.exec(`DROP TABLE IF EXISTS temp.others;
    CREATE TEMP TABLE others AS SELECT DISTINCT ${older.id.map((id, i) => `o.${quoteName(id)} AS i${i}`).join(', ')},
      EXISTS (${live} AND ${signs.all}) AS sure ${parentsOf(round, link)} AND ${suspect}`);
  if (db.prepare('SELECT 1 FROM temp.others WHERE NOT sure').get() !== undefined) dropProven(tables, parent);
  return db
    .prepare(
      `INSERT OR IGNORE INTO temp.${rows} (${idNames(older)}, round, up, action, taken)
       SELECT ${idNames(older)}, ${round.round}, 1, 'conflict', ${TAKEN_PARENT} FROM temp.others`,
    )
    .run().changes;
}

/** SQL over both versions, `o` and `n`. `undefined`: the table has nothing that could tell. */
function signsOfAnother({ shared, key, newer, older }: PlannedTable): { some: string; all: string } | undefined {
  const rest = shared.filter(({ newer: { name } }) => !key!.some((column) => sameName(column, name)));
  if (rest.length === 0) return undefined;
  const telling = new Set(
    [...newer!.foreignKeys.flatMap(({ from }) => from), ...newer!.uniqueKeys.flatMap(({ columns }) => columns)].map(
      fold,
    ),
  );
  // A key that was given by hand, or by AUTOINCREMENT, is hardly given twice.
  const reusable = newer!.rowidColumn !== undefined && older.rowidColumn !== undefined && !newer!.autoincrement;
  const some = rest.map((column) => {
    const value = `o.${quoteName(column.older.name)}`;
    const different = differs('o', 'n', column);
    return telling.has(fold(column.newer.name)) ? different : `(typeof(${value}) IN ('text', 'blob') AND ${different})`;
  });
  const same = rest.map(
    (column) => `(o.${quoteName(column.older.name)} IS NOT NULL AND NOT ${differs('o', 'n', column)})`,
  );
  const changed = balanced(
    rest.map((column) => differs('o', 'n', column)),
    '+',
  );
  return {
    some: reusable ? `(${balanced(some, 'OR')})` : 'FALSE',
    all: `(${changed} >= 2 AND NOT (${balanced(same, 'OR')}))`,
  };
}

/** Takes out of `temp.others` the rows to which a live row refers that is as it was in the backup. Their key is the rowid. */
function dropProven(tables: PlannedTables, parent: PlannedTable): void {
  const { db, schemas } = tables;
  for (const newer of schemas.newer.tables.values()) {
    const older = schemas.older.tables.get(fold(newer.name));
    const pair = { name: newer.name, older, newer };
    const key = sharedKey(pair);
    if (!older || !key || newer.virtual) continue;
    const different = sharedColumns(older, newer).map((column) => differs('o', 'n', column));
    for (const { parent: name, from } of newer.foreignKeys) {
      if (!sameName(name, parent.pair.name) || from.length !== 1) continue;
      const reference = `n.${quoteName(from[0]!)}`;
      const unchanged = `FROM ${tableIn('main', newer)} n CROSS JOIN ${tableIn('older', older)} o
        ON ${keysEqual(key, older.keyCollations, 'o', 'n')} WHERE NOT (${balanced(different, 'OR')})`;
      db.exec(
        hasIndex(db, 'main', newer, from)
          ? `DELETE FROM temp.others WHERE NOT sure AND EXISTS (SELECT 1 ${unchanged} AND ${reference} = others.i0)`
          : `DELETE FROM temp.others WHERE NOT sure AND i0 IN (SELECT ${reference} ${unchanged})`,
      );
    }
  }
}
