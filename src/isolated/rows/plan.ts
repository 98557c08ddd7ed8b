// Plans a recovery as temporary tables on a connection that can only read: which rows come back, what is in their way.
import type { Database } from 'better-sqlite3';
import type { RecoverReport, RecoverRequest } from '../../child/rows-protocol.js';
import { messageOf } from '../../util/errors.js';
import { countRows } from './count-rows.js';
import type { RowCounts } from './count-rows.js';
import { sameName, fold, quoteName } from './names.js';
import { digest } from './plan-digest.js';
import { isRow } from './pair-rows.js';
import { reportOf } from './plan-report.js';
import { classify, PlannedTables, TAKEN_PARENT } from './planned-table.js';
import type { PlannedTable } from './planned-table.js';
import type { Schema, SchemaEntry } from './read-schema.js';
import { tableIn } from './read-schema.js';
import { expandOnce } from './related.js';
import { cannotWrite, computedReference, needsColumn } from './recover-errors.js';

export interface Plan {
  readonly tables: PlannedTables;
  readonly counts: ReadonlyMap<PlannedTable, RowCounts>;
  /** The tables that are written, parents first. */
  readonly written: readonly PlannedTable[];
  readonly triggers: readonly SchemaEntry[];
  readonly report: RecoverReport;
}

export interface PlanInput {
  readonly db: Database;
  readonly schemas: { readonly older: Schema; readonly newer: Schema };
  readonly request: RecoverRequest;
  /** Fills the plan's table with the identities of the chosen rows: i0, …; what is known to be missing has its action. */
  readonly choose: (table: PlannedTable) => void;
}

export function makePlan({ db, schemas, request, choose }: PlanInput): Plan {
  const tables = new PlannedTables(db, schemas);
  const root = tables.get(request.table)!;
  choose(root);
  const overridden = (table: string): Set<string> => new Set(overrides(request, table).map(([column]) => fold(column)));
  let round = 0;
  do {
    for (const table of tables.all) {
      classify(tables, table, round, overridden(table.pair.name));
      resolve(tables, table, request);
    }
  } while (expandOnce(tables, ++round, request.related, overridden));
  if (request.onConflict === 'skip') skipDependents(tables);

  const counts = new Map(tables.all.map((table) => [table, countRows(db, table)]));
  const written = parentsFirst(tables.all.filter((table) => isWritten(counts.get(table)!)));
  checkSet(schemas.newer, request);
  for (const table of written) {
    checkColumns(db, table, written, request);
    checkReferences(table, counts);
  }
  const triggers = written.flatMap((table) => firing(counts.get(table)!, schemas.newer, table));
  const draft = reportOf(tables, counts, written, triggers, request);
  return { tables, counts, written, triggers, report: { ...draft, plan: digest(tables, counts, triggers, request) } };
}

/** Values of the user's for a table, by its columns. */
export function overrides(
  { set, table: root }: RecoverRequest,
  table: string,
): [string, RecoverRequest['set'][string]][] {
  return Object.entries(set).flatMap(([name, value]) => {
    const dot = name.indexOf('.');
    if (dot < 0) return sameName(root, table) ? [[name, value]] : [];
    return sameName(name.slice(0, dot), table) ? [[name.slice(dot + 1), value]] : [];
  });
}

function resolve({ db }: PlannedTables, { newer, older, rows }: PlannedTable, { onConflict }: RecoverRequest): void {
  if (onConflict === 'skip') db.exec(`UPDATE temp.${rows} SET action = 'skip' WHERE action = 'conflict'`);
  // A unique value that another row has is in the way of both.
  if (onConflict === 'overwrite' || onConflict === 'keep') {
    db.exec(`UPDATE temp.${rows} SET action = '${onConflict}' WHERE action = 'conflict' AND taken < 0`);
  }
  if (onConflict !== 'as-new' || newer?.rowidColumn === undefined || older.rowidColumn === undefined) return;
  const used = [
    `SELECT max(${quoteName(newer.rowidColumn)}) FROM ${tableIn('main', newer)}`,
    `SELECT max(${quoteName(older.rowidColumn)}) FROM ${tableIn('older', older)}`,
    `SELECT max(newkey) FROM temp.${rows}`,
    ...(newer.autoincrement
      ? [`SELECT seq FROM main.sqlite_sequence WHERE name = '${newer.name.replaceAll("'", "''")}'`]
      : []),
  ];
  const highest = used.map((each) => `coalesce((${each}), 0)`).join(', ');
  db.exec(
    `WITH free AS MATERIALIZED (SELECT max(${highest}) AS k),
          renamed AS (SELECT i0, row_number() OVER (ORDER BY i0) AS n FROM temp.${rows} WHERE action = 'conflict' AND taken < 0)
     UPDATE temp.${rows} SET action = 'as-new', newkey = free.k + renamed.n FROM free, renamed WHERE ${rows}.i0 = renamed.i0`,
  );
}

/** Skips each row whose parent is skipped. */
function skipDependents({ db, all }: PlannedTables): void {
  let skipped;
  do {
    skipped = 0;
    for (const child of all) {
      for (const [number, { parent: name, from, to }] of child.foreignKeys.entries()) {
        const parent = all.find(({ pair }) => sameName(pair.name, name));
        if (!parent?.newer) continue;
        const pointsAt = (alias: string): string =>
          from.map((column, i) => `${alias}.${quoteName(to[i]!)} = c.${quoteName(column)}`).join(' AND ');
        const dependent = `EXISTS (
          SELECT 1 FROM ${tableIn('older', child.older)} c CROSS JOIN ${tableIn('older', parent.older)} o ON ${pointsAt('o')}
            CROSS JOIN temp.${parent.rows} q ON ${isRow('o', parent.older, 'q', 'i')}
          WHERE ${isRow('c', child.older, 'p', 'i')} AND q.action = 'skip'
            AND (q.taken = ${TAKEN_PARENT} OR NOT EXISTS (SELECT 1 FROM ${tableIn('main', parent.newer)} n WHERE ${pointsAt('n')})))`;
        skipped += db
          .prepare(`UPDATE temp.${child.rows} AS p SET action = 'skip' WHERE action = 'insert' AND ${dependent}`)
          .run().changes;
        db.exec(`DELETE FROM temp.${child.relinks} AS p WHERE fk = ${number} AND ${dependent}`);
      }
    }
  } while (skipped > 0);
}

function isWritten(counts: RowCounts): boolean {
  return counts.insert + counts['as-new'] + counts.overwrite + counts.relinked > 0;
}

function parentsFirst(tables: readonly PlannedTable[]): PlannedTable[] {
  const sorted = new Set<PlannedTable>();
  const visit = (table: PlannedTable, path: readonly PlannedTable[]): void => {
    if (sorted.has(table) || path.includes(table)) return;
    for (const { parent } of table.foreignKeys) {
      const above = tables.find(({ pair }) => sameName(pair.name, parent));
      if (above) visit(above, [...path, table]);
    }
    sorted.add(table);
  };
  for (const table of tables) visit(table, []);
  return [...sorted];
}

/** @throws BackupError for a value of a table that there is not */
function checkSet({ tables }: Schema, { set }: RecoverRequest): void {
  for (const name of Object.keys(set)) {
    const dot = name.indexOf('.');
    const table = name.slice(0, dot);
    if (dot < 0 || tables.has(fold(table))) continue;
    throw needsColumn(`There is no table "${table}" whose column "${name.slice(dot + 1)}" could be set.`);
  }
}

/** @throws BackupError for rows whose reference is computed, so that it would stay at the other row that has the old key now */
function checkReferences(table: PlannedTable, counts: ReadonlyMap<PlannedTable, RowCounts>): void {
  const { insert, 'as-new': renamed } = counts.get(table)!;
  if (insert + renamed === 0 || !table.newer) return;
  for (const { parent, from } of table.foreignKeys) {
    if (!from.some((column) => table.newer!.generated.has(fold(column)))) continue;
    for (const [above, its] of counts) {
      if (sameName(above.pair.name, parent) && its['as-new'] > 0)
        throw computedReference(table.pair.name, from, parent);
    }
  }
}

/** @throws BackupError where the live table cannot take the rows */
function checkColumns(
  db: Database,
  table: PlannedTable,
  written: readonly PlannedTable[],
  request: RecoverRequest,
): void {
  const { newer, shared, pair } = table;
  if (!newer) return;
  const given = overrides(request, pair.name).map(([column]) => column);
  for (const column of given) {
    if (!newer.columns.some(({ name }) => sameName(name, column)) || newer.generated.has(fold(column))) {
      throw needsColumn(`The live table "${pair.name}" has no column "${column}" that can be set.`, pair.name, column);
    }
  }
  for (const { name, required } of newer.columns) {
    if (!required || newer.generated.has(fold(name)) || given.some((column) => sameName(column, name))) continue;
    if (shared.some((column) => column.newer.name === name)) continue;
    const what = `The live table "${pair.name}" needs a value for "${name}", a column that the backup does not have.`;
    throw needsColumn(what, pair.name, name);
  }
  // Triggers that are dropped first may need anything.
  if (!request.triggers) return;
  try {
    // It is never run: this connection can only read. A collation, a function or a module that is missing shows here.
    const names = newer.columns.map(({ name }) => name).filter((name) => !newer.generated.has(fold(name)));
    db.prepare(
      `INSERT INTO ${tableIn('main', newer)} (${names.map(quoteName).join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
    );
  } catch (error) {
    // A parent that is made again first.
    const absent = /^no such table: main\.(.*)$/.exec(messageOf(error))?.[1];
    if (written.some(({ newer: there, older }) => !there && absent !== undefined && sameName(older.name, absent)))
      return;
    throw cannotWrite(pair.name, error);
  }
}

/** The triggers of the live table that what is done to it sets off. */
function firing(counts: RowCounts, { entries }: Schema, table: PlannedTable): SchemaEntry[] {
  const inserts = counts.insert + counts['as-new'] > 0;
  const updates = counts.overwrite + counts.relinked > 0;
  return entries.filter(({ type, table: on, sql }) => {
    if (type !== 'trigger' || !sameName(on, table.pair.name)) return false;
    const event =
      /^\s*CREATE\s+TRIGGER\s+(?:"(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]|'(?:[^']|'')*'|\S+)\s[^]*?\b(DELETE|INSERT|UPDATE)\b/i.exec(
        sql,
      );
    return event?.[1]!.toUpperCase() === 'INSERT' ? inserts : event?.[1]!.toUpperCase() === 'UPDATE' && updates;
  });
}
