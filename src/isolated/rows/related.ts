// The rows that come along: parents that the live database lacks, and children that were lost. Round by round, in SQL.
import { balanced, fold, quoteName, sameName } from './names.js';
import { differs } from './exact-values.js';
import { isRow } from './pair-rows.js';
import { addParents } from './parents.js';
import { hasColumns, hasIndex, idNames, ids } from './identity.js';
import { HAS_PLACE, isMissing, partner } from './planned-table.js';
import type { PlannedTable, PlannedTables } from './planned-table.js';
import { tableIn } from './read-schema.js';
import type { ForeignKey } from './read-schema.js';

/**
 * Adds what the rows of the round before need and have lost. Returns whether there was any.
 *
 * @param related without it, nothing comes along, and parents that are other rows by now are still found
 */
export function expandOnce(
  tables: PlannedTables,
  round: number,
  related: boolean,
  overridden: (table: string) => ReadonlySet<string>,
): boolean {
  const { db } = tables;
  let added = 0;
  for (const table of tables.all) {
    const fresh = `SELECT 1 FROM temp.${table.rows} WHERE round = ${round - 1} AND ${HAS_PLACE}`;
    // The span of a table's rowids may be a number that JavaScript writes with an exponent.
    const hasFresh = (rows: number): boolean =>
      rows <= 0 || (rows < 1e15 && db.prepare(`${fresh} LIMIT 1 OFFSET ${rows - 1}`).get() !== undefined);
    if (!hasFresh(1)) continue;
    let rows: number | undefined;
    const countFresh = (): number => (rows ??= Number(db.prepare(`SELECT count(*) FROM (${fresh})`).pluck().get()));
    for (const key of table.foreignKeys) {
      if (key.from.some((column) => overridden(table.pair.name).has(fold(column)))) continue;
      added += addParents(tables, { round, hasFresh, countFresh, related }, table, key);
    }
    if (!related) continue;
    for (const [name, child] of tables.schemas.newer.tables) {
      for (const [number, key] of child.foreignKeys.entries()) {
        if (sameName(key.parent, table.pair.name)) added += addChildren(tables, round, table, name, number, key);
      }
    }
  }
  return added > 0;
}

function addChildren(
  tables: PlannedTables,
  round: number,
  parent: PlannedTable,
  name: string,
  number: number,
  key: ForeignKey,
): number {
  const child = tables.get(name);
  if (!child?.newer || !hasColumns(child.older, key.from) || !hasColumns(parent.older, key.to)) return 0;
  const { db } = tables;
  const { older, newer } = child;
  const from = childrenOf(tables, round, parent, child, key);
  const added = db
    .prepare(
      `INSERT INTO temp.${child.rows} (${idNames(older)}, round) SELECT ${ids('o', older)}, ${round} ${from}
         AND (${isMissing(tables, child)} ${takenByOther(child, key)})
       ON CONFLICT DO UPDATE SET up = 0, round = ${round} WHERE up = 1`,
    )
    .run().changes;
  if (!child.key) return added;
  const live = `EXISTS (SELECT 1 FROM ${tableIn('main', newer)} n WHERE ${partner(child)}
    AND ${key.from.map((column) => `n.${quoteName(column)} IS NULL`).join(' AND ')})`;
  db.exec(
    `INSERT OR IGNORE INTO temp.${child.relinks} (${idNames(older)}, fk) SELECT ${ids('o', older)}, ${number} ${from} AND ${live}`,
  );
  return added;
}

/**
 * A live row has the child's key and other contents. Where deleting a parent sets NULL or a default, somebody has linked it elsewhere, and there
 * it stays. Elsewhere the child itself was deleted, and its key was used again if the row has another parent, or if its parent's
 * key was used again: a conflict. With the same parent it was merely edited.
 */
function takenByOther(child: PlannedTable, { from, onDelete }: ForeignKey): string {
  if (!child.key || onDelete === 'SET NULL' || onDelete === 'SET DEFAULT') return '';
  const elsewhere = from.map((column) => `+n.${quoteName(column)} IS NOT +o.${quoteName(column)}`).join(' OR ');
  const linked = from.map((column) => `n.${quoteName(column)} IS NOT NULL`).join(' AND ');
  const edited = balanced(
    child.shared.map((column) => differs('o', 'n', column)),
    'OR',
  );
  return `OR EXISTS (SELECT 1 FROM ${tableIn('main', child.newer!)} n WHERE ${partner(child)} AND ${linked}
    AND (${elsewhere} OR (p.action IN ('as-new', 'overwrite') AND (${edited}))))`;
}

/** SQL: FROM and WHERE of the children `o` of the rows that are new in the plan, without a walk where an index has them. */
function childrenOf(
  tables: PlannedTables,
  round: number,
  parent: PlannedTable,
  child: PlannedTable,
  key: ForeignKey,
): string {
  const direct =
    key.to.length === 1 && parent.older.rowidColumn !== undefined && sameName(key.to[0]!, parent.older.rowidColumn);
  const plan = `temp.${parent.rows} p`;
  const children = `${tableIn('older', child.older)} o`;
  // A row that comes along as a parent brings no other children of its own: they were not asked for.
  const where = `WHERE p.round = ${round - 1} AND p.up = 0 AND p.${HAS_PLACE}`;
  const indexed = hasIndex(tables.db, 'older', child.older, key.from);
  if (direct) {
    const on = `ON o.${quoteName(key.from[0]!)} = p.i0`;
    return `FROM ${indexed ? `${plan} CROSS JOIN ${children}` : `${children} CROSS JOIN ${plan}`} ${on} ${where}`;
  }
  const parents = `${tableIn('older', parent.older)} t`;
  const isParent = isRow('t', parent.older, 'p', 'i');
  const linked = key.from.map((column, i) => `t.${quoteName(key.to[i]!)} = o.${quoteName(column)}`).join(' AND ');
  return indexed
    ? `FROM ${plan} CROSS JOIN ${parents} ON ${isParent} CROSS JOIN ${children} ON ${linked} ${where}`
    : `FROM ${children} CROSS JOIN ${parents} ON ${linked} CROSS JOIN ${plan} ON ${isParent} ${where}`;
}
