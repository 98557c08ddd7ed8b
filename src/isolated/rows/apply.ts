// Writes a plan into the live database, inside the transaction that its caller has begun. Rows are read from the backup, which is
// no part of that transaction.
import fs from 'node:fs';
import type { Database } from 'better-sqlite3';
import type { RecoverRequest } from '../../child/rows-protocol.js';
import { sqlFromJson } from '../../util/sql-value.js';
import { quoteName, sameName } from './names.js';
import { isRow } from './pair-rows.js';
import type { Plan } from './plan.js';
import { overrides } from './plan.js';
import type { PlannedTable } from './planned-table.js';
import { keyColumns } from './planned-table.js';
import { refused } from './recover-errors.js';
import { tableIn } from './read-schema.js';
import { idNames } from './related.js';

export interface Writer {
  /** The connection that writes, in its transaction. */
  readonly live: Database;
  /** The connection that made the plan. It reads the backup and its own temporary tables only. */
  readonly reader: Database;
  /** A copy of the backup that may be attached to `live`, made when it is asked for. */
  readonly privateCopy: () => string;
}

/** From here on a copy of the backup is quicker than carrying rows through JavaScript. */
const BULK_ROWS = 20_000;
const CELLS_AT_ONCE = 2_000;

export function apply(writer: Writer, plan: Plan, request: RecoverRequest): void {
  const { live } = writer;
  if (!request.triggers) for (const { name } of plan.triggers) live.exec(`DROP TRIGGER main.${quoteName(name)}`);
  for (const table of plan.written) if (!table.newer) createTable(live, plan, table);
  const rows = Object.values(plan.report.inserted).reduce((sum, count) => sum + count, 0);
  const source = rows >= BULK_ROWS ? attachCopy(writer, plan) : writer.reader;
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

function createTable(live: Database, { tables }: Plan, { older }: PlannedTable): void {
  for (const { type, table, sql } of tables.schemas.older.entries) {
    if (sameName(table, older.name) && (type === 'table' || type === 'index')) live.exec(sql);
  }
}

/** The plan's rows and a private copy of the backup, under the names that they have on the reader's connection. */
function attachCopy({ live, reader, privateCopy }: Writer, plan: Plan): Database {
  live.prepare('ATTACH ? AS older').run(privateCopy());
  for (const table of plan.tables.all) {
    const { rows, older } = table;
    if (isWhole(live, plan, table)) continue;
    const ids = older.id.map((_, i) => `i${i}`);
    const keyed = older.withoutRowid ? [...ids, `PRIMARY KEY (${ids.join(', ')})`] : ['i0 INTEGER PRIMARY KEY'];
    live.exec(`CREATE TEMP TABLE ${rows} (action TEXT DEFAULT 'insert', newkey INTEGER, ${keyed.join(', ')})`);
    const columns = renames(plan)(table) ? [...ids, 'newkey'] : ids;
    const list = columns.join(', ');
    const values = reader
      .prepare(`SELECT ${list} FROM temp.${rows} WHERE action IN ('insert', 'as-new')`)
      .raw()
      .safeIntegers();
    insertMany(
      live,
      `INSERT INTO temp.${rows} (${list})`,
      columns.length,
      () => values.iterate() as Iterable<unknown[]>,
    );
  }
  return live;
}

/** The columns that are written, and the SQL of each value, over the backup's row `o`. */
function valuesOf(
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

/** Whole numbers must stay integers: the driver binds a number as REAL. */
function toBound(value: unknown): unknown {
  if (typeof value === 'number' && Number.isInteger(value) && !Object.is(value, -0)) return BigInt(value);
  return value instanceof Uint8Array ? Buffer.from(value) : value;
}

/** Do rows of this table get new keys? */
function renames({ report }: Plan): (table: PlannedTable) => boolean {
  const tables = new Set(report.newKeys.map(({ table }) => table));
  return ({ pair }) => tables.has(pair.name);
}

/** A key that is new, or a reference to a row that has a new key. */
function valueOf(
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

function insert(source: Database, { live }: Writer, plan: Plan, table: PlannedTable, request: RecoverRequest): number {
  const { older, rows, pair } = table;
  const { columns, values, bound } = valuesOf(plan, table, request);
  const into = `INSERT INTO main.${quoteName(pair.name)} (${columns.map(quoteName).join(', ')})`;
  const chosen = `SELECT ${values.join(', ')} FROM temp.${rows} p CROSS JOIN ${tableIn('older', older)} o
    ON ${isRow('o', older, 'p', 'i')} WHERE p.action IN ('insert', 'as-new')`;
  if (source === live && isWhole(live, plan, table)) {
    return live.prepare(`${into} SELECT ${values.join(', ')} FROM ${tableIn('older', older)} o`).run(...bound).changes;
  }
  if (source === live) return live.prepare(`${into} ${chosen}`).run(...bound).changes;
  const read = source.prepare(chosen).raw().safeIntegers();
  return insertMany(live, into, columns.length, () => read.iterate(...bound) as Iterable<unknown[]>);
}

/** Does every row that the backup has come back, under its own key? */
function isWhole(live: Database, plan: Plan, table: PlannedTable): boolean {
  const all = Number(
    live
      .prepare(`SELECT count(*) FROM ${tableIn('older', table.older)}`)
      .pluck()
      .get(),
  );
  return all === plan.report.inserted[table.pair.name] && !renames(plan)(table);
}

/** Several rows a statement: most of the time goes into the call. */
function insertMany(db: Database, into: string, width: number, read: () => Iterable<unknown[]>): number {
  const row = `(${Array(width).fill('?').join(', ')})`;
  const most = Math.max(1, Math.floor(CELLS_AT_ONCE / width));
  const statement = (count: number): ReturnType<Database['prepare']> =>
    db.prepare(`${into} VALUES ${Array(count).fill(row).join(', ')}`);
  const full = statement(most);
  let cells: unknown[] = [];
  let changes = 0;
  for (const values of read()) {
    cells.push(...values);
    if (cells.length < most * width) continue;
    changes += full.run(cells).changes;
    cells = [];
  }
  if (cells.length > 0) changes += statement(cells.length / width).run(cells).changes;
  return changes;
}

function overwrite({ live, reader }: Writer, plan: Plan, table: PlannedTable, request: RecoverRequest): void {
  const { older, newer, rows, key, pair } = table;
  if (!newer || !key || !plan.report.overwritten[pair.name]) return;
  const { columns, values, bound } = valuesOf(plan, table, request);
  const keys = keyColumns(table);
  const read = reader.prepare(
    `SELECT ${[...values, ...keys.values].join(', ')} FROM temp.${rows} p CROSS JOIN ${tableIn('older', older)} o
     ON ${isRow('o', older, 'p', 'i')} WHERE p.action = 'overwrite'`,
  );
  const set = columns.map((column) => `${quoteName(column)} = ?`).join(', ');
  const update = live.prepare(`UPDATE main.${quoteName(pair.name)} SET ${set} WHERE ${keys.where}`);
  for (const cells of read
    .raw()
    .safeIntegers()
    .iterate(...bound) as Iterable<unknown[]>) {
    if (update.run(cells).changes !== 1) throw refused(new Error(`a row of "${pair.name}" could not be overwritten`));
  }
}

function relink({ live, reader }: Writer, plan: Plan, table: PlannedTable): void {
  const { older, newer, relinks, rows, pair } = table;
  if (!newer) return;
  const keys = keyColumns(table);
  for (const [number, key] of newer.foreignKeys.entries()) {
    const values = key.from.map((column) => valueOf(renames(plan), plan.tables.all, table, column, column));
    const join = older.id.map((_, i) => `p.i${i} = r.i${i}`).join(' AND ');
    const read = reader.prepare(
      `SELECT ${[...values, ...keys.values].join(', ')} FROM temp.${relinks} r CROSS JOIN ${tableIn('older', older)} o
       ON ${isRow('o', older, 'r', 'i')} LEFT JOIN temp.${rows} p ON ${join} WHERE r.fk = ${number} ORDER BY ${idNames(older).replaceAll('i', 'r.i')}`,
    );
    const set = key.from.map((column) => `${quoteName(column)} = ?`).join(', ');
    const free = key.from.map((column) => `${quoteName(column)} IS NULL`).join(' AND ');
    const update = live.prepare(`UPDATE main.${quoteName(pair.name)} SET ${set} WHERE ${keys.where} AND ${free}`);
    for (const cells of read.raw().safeIntegers().iterate() as Iterable<unknown[]>) {
      if (update.run(cells).changes !== 1)
        throw refused(new Error(`a row of "${pair.name}" could not be linked again`));
    }
  }
}

/** The plan as SQL that anybody can read and run. */
export function writeScript(file: string, reader: Database, plan: Plan, request: RecoverRequest): void {
  const descriptor = fs.openSync(file, 'wx', 0o600);
  const line = (text: string): void => void fs.writeSync(descriptor, `${text}\n`);
  try {
    line('BEGIN IMMEDIATE;\nPRAGMA defer_foreign_keys = ON;');
    if (!request.triggers) for (const { name } of plan.triggers) line(`DROP TRIGGER ${quoteName(name)};`);
    for (const table of plan.written) {
      const { older, newer, rows, pair } = table;
      if (!newer)
        for (const { type, table: on, sql } of plan.tables.schemas.older.entries)
          if (sameName(on, older.name) && type !== 'trigger') line(`${sql};`);
      const { columns, values, bound } = valuesOf(plan, table, request);
      const from = `FROM temp.${rows} p CROSS JOIN ${tableIn('older', older)} o ON ${isRow('o', older, 'p', 'i')}`;
      const names = columns.map(quoteName).join(', ');
      const inserts = `SELECT ${values.map(literal).join(` || ', ' || `)} ${from} WHERE p.action IN ('insert', 'as-new')`;
      for (const cells of reader
        .prepare(inserts)
        .pluck()
        .iterate(...bound)) {
        line(`INSERT INTO ${quoteName(pair.name)} (${names}) VALUES (${String(cells)});`);
      }
      if (!newer || !table.key) continue;
      const keys = keyColumns(table);
      const set = columns
        .map((column, i) => `'${quoteName(column).replaceAll("'", "''")} = ' || ${literal(values[i]!)}`)
        .join(` || ', ' || `);
      const where = keys.columns
        .map((column, i) => `'${quoteName(column).replaceAll("'", "''")} IS ' || ${literal(keys.values[i]!)}`)
        .join(` || ' AND ' || `);
      for (const text of reader
        .prepare(`SELECT ${set} || ' WHERE ' || ${where} ${from} WHERE p.action = 'overwrite'`)
        .pluck()
        .iterate(...bound)) {
        line(`UPDATE ${quoteName(pair.name)} SET ${String(text)};`);
      }
      for (const [number, key] of newer.foreignKeys.entries()) {
        const links = key.from
          .map(
            (column) =>
              `'${quoteName(column).replaceAll("'", "''")} = ' || ${literal(valueOf(renames(plan), plan.tables.all, table, column, column))}`,
          )
          .join(` || ', ' || `);
        const join = older.id.map((_, i) => `p.i${i} = r.i${i}`).join(' AND ');
        const relinks = `SELECT ${links} || ' WHERE ' || ${where} FROM temp.${table.relinks} r CROSS JOIN ${tableIn('older', older)} o
          ON ${isRow('o', older, 'r', 'i')} LEFT JOIN temp.${rows} p ON ${join} WHERE r.fk = ${number}`;
        for (const text of reader.prepare(relinks).pluck().iterate())
          line(`UPDATE ${quoteName(pair.name)} SET ${String(text)};`);
      }
    }
    for (const { table, how } of plan.report.fullText) {
      if (how === 'rebuilt') line(`INSERT INTO ${quoteName(table)} (${quoteName(table)}) VALUES ('rebuild');`);
    }
    if (!request.triggers) for (const { sql } of plan.triggers) line(`${sql};`);
    line('COMMIT;');
    fs.fsyncSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}

/** quote() ends a text at its first NUL. */
function literal(value: string): string {
  return `CASE WHEN typeof(${value}) = 'text' AND instr(${value}, char(0)) THEN 'CAST(' || quote(CAST(${value} AS BLOB)) || ' AS TEXT)' ELSE quote(${value}) END`;
}
