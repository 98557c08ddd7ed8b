// Writes a plan into the live database, inside the transaction that its caller has begun. Rows are read from the backup, which is
// no part of that transaction.
import type { Database } from 'better-sqlite3';
import type { RecoverRequest } from '../../child/rows-protocol.js';
import { carried, insertMany, received } from './carry-rows.js';
import { fold, quoteName, sameName } from './names.js';
import { isRow } from './pair-rows.js';
import type { Plan } from './plan.js';
import type { PrivateCopy } from './private-copy.js';
import type { PlannedTable } from './planned-table.js';
import { keyColumns } from './planned-table.js';
import { refused } from './recover-errors.js';
import { tableIn } from './read-schema.js';
import { idNames } from './identity.js';
import { orAbort, renames, valueOf, valuesOf } from './row-values.js';

export interface Writer {
  /** The connection that writes, in its transaction. */
  readonly live: Database;
  /** The connection that made the plan. It reads the backup and its own temporary tables only. */
  readonly reader: Database;
  /** What may be attached to `live`. */
  readonly copy: PrivateCopy;
}

/**
 * From here on a copy of the backup is quicker than carrying rows through JavaScript, if they are not few of a large backup: a row
 * takes about as long as a page of it.
 */
const BULK_ROWS = 20_000;
const ROWIDS_AT_ONCE = 50_000;

const INSERTED = `action IN ('insert', 'as-new')`;

export function apply(writer: Writer, plan: Plan, request: RecoverRequest): void {
  const { live, reader } = writer;
  if (!request.triggers) for (const { name } of plan.triggers) live.exec(`DROP TRIGGER main.${quoteName(name)}`);
  for (const table of plan.written) if (!table.newer) createTable(live, plan, table);
  const source = isBulk(reader, plan) ? attachCopy(writer, plan) : reader;
  for (const table of plan.written) {
    const wanted = plan.report.inserted[table.pair.name] ?? 0;
    overwrite(writer, plan, table, request);
    const written = wanted === 0 ? 0 : insert(source, writer, plan, table, request);
    if (written !== wanted)
      throw refused(new Error(`a trigger of "${table.pair.name}" ignored ${wanted - written} of ${wanted}`));
  }
  for (const table of plan.written) relink(writer, plan, table);
  for (const { table, how } of plan.report.fullText) {
    if (how === 'rebuilt') live.exec(`INSERT INTO main.${quoteName(table)} (${quoteName(table)}) VALUES ('rebuild')`);
  }
  if (!request.triggers) for (const { sql } of plan.triggers) live.exec(sql);
}

/** Are these so many rows that a copy of the backup is attached to carry them? */
export function isBulk(reader: Database, { report }: Plan): boolean {
  const rows = Object.values(report.inserted).reduce((sum, count) => sum + count, 0);
  return rows >= BULK_ROWS && rows >= Number(reader.pragma('older.page_count', { simple: true }));
}

function createTable(live: Database, { tables }: Plan, { older }: PlannedTable): void {
  for (const { type, table, sql } of tables.schemas.older.entries) {
    if (sameName(table, older.name) && (type === 'table' || type === 'index')) live.exec(sql);
  }
}

/** A private copy of the backup and the plan's rows, under the names that they have on the reader's connection. */
function attachCopy({ live, reader, copy }: Writer, plan: Plan): Database {
  live.prepare('ATTACH ? AS older').run(copy.path);
  for (const table of plan.tables.all) {
    const { rows, older } = table;
    if (plan.counts.get(table)!.span !== undefined) continue;
    const ids = older.id.map((_, i) => `i${i}`);
    const keyed = older.withoutRowid ? [...ids, `PRIMARY KEY (${ids.join(', ')})`] : ['i0 INTEGER PRIMARY KEY'];
    live.exec(`CREATE TEMP TABLE ${rows} (action TEXT DEFAULT 'insert', newkey INTEGER, ${keyed.join(', ')})`);
    if (!older.withoutRowid && !renames(plan)(table)) {
      copyRowids(reader, live, rows);
      continue;
    }
    const list = [...ids, 'newkey'];
    const read = reader
      .prepare(`SELECT ${carried(list)} FROM temp.${rows} WHERE ${INSERTED}`)
      .raw()
      .safeIntegers();
    const into = `INSERT INTO temp.${rows} (${list.join(', ')})`;
    insertMany(live, into, list.length, () => read.iterate() as Iterable<unknown[]>);
  }
  return live;
}

/** As JSON: a call for each row would take longer than writing the rows. */
function copyRowids(from: Database, to: Database, rows: string): void {
  const read = from
    .prepare(
      `SELECT json_group_array(i0), max(i0) FROM
         (SELECT i0 FROM temp.${rows} WHERE ${INSERTED} AND i0 >= ? ORDER BY i0 LIMIT ${ROWIDS_AT_ONCE})`,
    )
    .raw()
    .safeIntegers();
  const write = to.prepare(`INSERT INTO temp.${rows} (i0) SELECT value FROM json_each(?)`);
  for (let first = -(2n ** 63n); ;) {
    const [rowids, last] = read.get(first) as [string, bigint | null];
    if (last === null) return;
    write.run(rowids);
    if (last === 2n ** 63n - 1n) return;
    first = last + 1n;
  }
}

function insert(source: Database, { live }: Writer, plan: Plan, table: PlannedTable, request: RecoverRequest): number {
  const { older, rows, pair } = table;
  const { columns, values, bound } = valuesOf(plan, table, request);
  const into = `INSERT${orAbort(table)} INTO main.${quoteName(pair.name)} (${columns.map(quoteName).join(', ')})`;
  const { span } = plan.counts.get(table)!;
  const from =
    span === undefined
      ? `temp.${rows} p CROSS JOIN ${tableIn('older', older)} o ON ${isRow('o', older, 'p', 'i')} WHERE p.${INSERTED}`
      : `${tableIn('older', older)} o WHERE ${span}`;
  if (source === live) return live.prepare(`${into} SELECT ${values.join(', ')} FROM ${from}`).run(...bound).changes;
  const read = source
    .prepare(`SELECT ${carried(values)} FROM ${from}`)
    .raw()
    .safeIntegers();
  return insertMany(live, into, columns.length, () => read.iterate(...bound) as Iterable<unknown[]>);
}

function overwrite({ live, reader }: Writer, plan: Plan, table: PlannedTable, request: RecoverRequest): void {
  const { older, newer, rows, key, pair } = table;
  if (!newer || !key || !plan.report.overwritten[pair.name]) return;
  const { columns, values, bound } = valuesOf(plan, table, request);
  const keys = keyColumns(table);
  const read = reader.prepare(
    `SELECT ${carried([...values, ...keys.values])} FROM temp.${rows} p CROSS JOIN ${tableIn('older', older)} o
     ON ${isRow('o', older, 'p', 'i')} WHERE p.action = 'overwrite'`,
  );
  const update = live.prepare(updateOf(table, columns));
  for (const cells of read
    .raw()
    .safeIntegers()
    .iterate(...bound) as Iterable<unknown[]>) {
    if (update.run(cells).changes !== 1) throw refused(new Error(`a row of "${pair.name}" could not be overwritten`));
  }
}

/** SQL: an UPDATE of these columns, whose cells are their values and then the row's key. */
function updateOf(table: PlannedTable, columns: readonly string[]): string {
  const set = columns.map((column, i) => `${quoteName(column)} = row.v${i}`).join(', ');
  const keys = keyColumns(table);
  const where = keys.columns.map(
    (column, i) => `live.${quoteName(column)} = row.v${columns.length + i} COLLATE ${quoteName(keys.collations[i]!)}`,
  );
  return `UPDATE${orAbort(table)} main.${quoteName(table.pair.name)} AS live SET ${set}
    FROM (${received(columns.length + keys.columns.length)}) AS row WHERE ${where.join(' AND ')}`;
}

function relink({ live, reader }: Writer, plan: Plan, table: PlannedTable): void {
  const { older, newer, relinks, rows, pair } = table;
  if (!newer || plan.counts.get(table)!.relinked === 0) return;
  const keys = keyColumns(table);
  for (const [number, key] of newer.foreignKeys.entries()) {
    // A column that is computed has its value again when its parent is there.
    if (key.from.some((column) => newer.generated.has(fold(column)))) continue;
    const values = key.from.map((column) => valueOf(renames(plan), plan.tables.all, table, column, column));
    const join = older.id.map((_, i) => `p.i${i} = r.i${i}`).join(' AND ');
    const read = reader.prepare(
      `SELECT ${carried([...values, ...keys.values])} FROM temp.${relinks} r CROSS JOIN ${tableIn('older', older)} o
       ON ${isRow('o', older, 'r', 'i')} LEFT JOIN temp.${rows} p ON ${join} WHERE r.fk = ${number} ORDER BY ${idNames(older).replaceAll('i', 'r.i')}`,
    );
    const free = key.from.map((column) => `live.${quoteName(column)} IS NULL`).join(' AND ');
    const update = live.prepare(`${updateOf(table, key.from)} AND ${free}`);
    for (const cells of read.raw().safeIntegers().iterate() as Iterable<unknown[]>) {
      if (update.run(cells).changes !== 1)
        throw refused(new Error(`a row of "${pair.name}" could not be linked again`));
    }
  }
}
