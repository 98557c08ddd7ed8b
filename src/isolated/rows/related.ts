// The rows that come along: parents that the live database lacks, and children that were lost. Round by round, in SQL.
import { fold, quoteName, sameName } from './names.js';
import { differs, isRow } from './pair-rows.js';
import { COMES_BACK, isMissing, partner } from './planned-table.js';
import type { PlannedTable, PlannedTables } from './planned-table.js';
import { tableIn } from './read-schema.js';
import type { ForeignKey, Table } from './read-schema.js';

/** Adds what the rows that are new in the plan (`done = 0`) need and have lost. Returns whether there was any. */
export function expandOnce(
  tables: PlannedTables,
  round: number,
  overridden: (table: string) => ReadonlySet<string>,
): boolean {
  const { db } = tables;
  let added = 0;
  for (const table of tables.all) {
    const fresh = db.prepare(`SELECT 1 FROM temp.${table.rows} WHERE done = 0 AND ${COMES_BACK} LIMIT 1`).get();
    if (fresh === undefined) continue;
    // Rows that are added from here on wait for the next round.
    db.exec(`UPDATE temp.${table.rows} SET done = ${round} WHERE done = 0 AND action IS NOT NULL`);
    for (const key of table.foreignKeys) added += addParents(tables, round, table, key, overridden(table.pair.name));
    for (const [name, child] of tables.schemas.newer.tables) {
      for (const [number, key] of child.foreignKeys.entries()) {
        if (sameName(key.parent, table.pair.name)) added += addChildren(tables, round, table, name, number, key);
      }
    }
  }
  return added > 0;
}

function addParents(
  tables: PlannedTables,
  round: number,
  child: PlannedTable,
  key: ForeignKey,
  overridden: ReadonlySet<string>,
): number {
  const parent = tables.schemas.newer.tables.get(fold(key.parent)) && tables.get(key.parent);
  if (!parent?.newer || !hasColumns(child.older, key.from) || !hasColumns(parent.older, key.to)) return 0;
  if (key.from.some((column) => overridden.has(fold(column)))) return 0;
  const { older, newer, rows } = parent;
  const pointsAt = (alias: string): string =>
    key.from.map((from, i) => `${alias}.${quoteName(key.to[i]!)} = c.${quoteName(from)}`).join(' AND ');
  return tables.db
    .prepare(
      `INSERT OR IGNORE INTO temp.${rows} (${idNames(older)}) SELECT ${ids('o', older)}
       FROM temp.${child.rows} p CROSS JOIN ${tableIn('older', child.older)} c ON ${isRow('c', child.older, 'p', 'i')}
         CROSS JOIN ${tableIn('older', older)} o ON ${pointsAt('o')}
       WHERE p.done = ${round} AND p.${COMES_BACK} AND NOT EXISTS (SELECT 1 FROM ${tableIn('main', newer)} n WHERE ${pointsAt('n')})`,
    )
    .run().changes;
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
      `INSERT OR IGNORE INTO temp.${child.rows} (${idNames(older)}) SELECT ${ids('o', older)} ${from}
         AND (${isMissing(tables, child)} ${takenByOther(child, key)})`,
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
 * A live row has the child's key and other contents. Where deleting a parent sets NULL, somebody has linked it elsewhere, and there
 * it stays. Elsewhere the child itself was deleted, and its key was used again if the row has another parent, or if its parent's
 * key was used again: a conflict. With the same parent it was merely edited.
 */
function takenByOther(child: PlannedTable, { from, onDelete }: ForeignKey): string {
  if (!child.key || onDelete === 'SET NULL') return '';
  const elsewhere = from.map((column) => `+n.${quoteName(column)} IS NOT +o.${quoteName(column)}`).join(' OR ');
  const linked = from.map((column) => `n.${quoteName(column)} IS NOT NULL`).join(' AND ');
  const edited = child.shared.map((column) => differs('o', 'n', column)).join(' OR ');
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
  const where = `WHERE p.done = ${round} AND p.${COMES_BACK}`;
  const indexed = hasIndex(tables, child.older, key.from);
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

function hasIndex({ db }: PlannedTables, table: Table, columns: readonly string[]): boolean {
  const first = columns[0]!;
  if (table.key[0] !== undefined && sameName(table.key[0], first)) return true;
  const leading = db
    .prepare(
      `SELECT x.name FROM pragma_index_list(?, 'older') l JOIN pragma_index_xinfo(l.name, 'older') x
       WHERE x.seqno = 0 AND l.partial = 0`,
    )
    .pluck()
    .all(table.name) as (string | null)[];
  return leading.some((name) => name !== null && sameName(name, first));
}

function hasColumns(table: Table, columns: readonly string[]): boolean {
  return columns.length > 0 && columns.every((column) => table.columns.some(({ name }) => sameName(name, column)));
}

export function idNames(table: Table): string {
  return table.id.map((_, i) => `i${i}`).join(', ');
}

export function ids(alias: string, table: Table): string {
  return table.id.map((id) => `${alias}.${quoteName(id)}`).join(', ');
}
