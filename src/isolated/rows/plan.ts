// Plans a recovery as temporary tables on a connection that can only read: which rows come back, what is in their way.
import type { Database } from 'better-sqlite3';
import type { Conflict, RecoverReport, RecoverRequest } from '../../child/rows-protocol.js';
import { sameName, fold, quoteName } from './names.js';
import { digest } from './plan-digest.js';
import { contentOf } from './full-text.js';
import { differs, isRow } from './pair-rows.js';
import { classify, COMES_BACK, partner, PlannedTables } from './planned-table.js';
import type { PlannedTable } from './planned-table.js';
import { toValue } from './read-rows.js';
import type { Schema, SchemaEntry } from './read-schema.js';
import { tableIn } from './read-schema.js';
import { expandOnce, idNames } from './related.js';
import { cannotWrite, needsColumn } from './recover-errors.js';

export interface Plan {
  readonly tables: PlannedTables;
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

const SHOWN = 100;

export function makePlan({ db, schemas, request, choose }: PlanInput): Plan {
  const tables = new PlannedTables(db, schemas);
  const root = tables.get(request.table)!;
  choose(root);
  const overridden = (table: string): Set<string> => new Set(overrides(request, table).map(([column]) => fold(column)));
  let round = 0;
  do {
    for (const table of tables.all) {
      classify(tables, table, overridden(table.pair.name));
      resolve(tables, table, request);
    }
  } while (request.related && expandOnce(tables, ++round, overridden));
  if (request.related && request.onConflict === 'skip') skipDependents(tables);

  const written = parentsFirst(tables.all.filter((table) => isWritten(db, table)));
  for (const table of written) checkColumns(db, table, request);
  const triggers = written.flatMap((table) => firing(db, schemas.newer, table));
  const draft = report(tables, written, triggers, request);
  return { tables, written, triggers, report: { ...draft, plan: digest(tables, triggers, request) } };
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
  if (onConflict === 'overwrite') {
    db.exec(`UPDATE temp.${rows} SET action = 'overwrite' WHERE action = 'conflict' AND taken = -1`);
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
          renamed AS (SELECT i0, row_number() OVER (ORDER BY i0) AS n FROM temp.${rows} WHERE action = 'conflict' AND taken = -1)
     UPDATE temp.${rows} SET action = 'as-new', newkey = free.k + renamed.n FROM free, renamed WHERE ${rows}.i0 = renamed.i0`,
  );
}

/** Skips each row whose parent is skipped. */
function skipDependents({ db, all }: PlannedTables): void {
  let skipped;
  do {
    skipped = 0;
    for (const child of all) {
      for (const { parent: name, from, to } of child.foreignKeys) {
        const parent = all.find(({ pair }) => sameName(pair.name, name));
        if (!parent?.newer) continue;
        const pointsAt = (alias: string): string =>
          from.map((column, i) => `${alias}.${quoteName(to[i]!)} = c.${quoteName(column)}`).join(' AND ');
        skipped += db
          .prepare(
            `UPDATE temp.${child.rows} AS p SET action = 'skip' WHERE action = 'insert' AND EXISTS (
               SELECT 1 FROM ${tableIn('older', child.older)} c CROSS JOIN ${tableIn('older', parent.older)} o ON ${pointsAt('o')}
                 CROSS JOIN temp.${parent.rows} q ON ${isRow('o', parent.older, 'q', 'i')}
               WHERE ${isRow('c', child.older, 'p', 'i')} AND q.action = 'skip'
                 AND NOT EXISTS (SELECT 1 FROM ${tableIn('main', parent.newer)} n WHERE ${pointsAt('n')}))`,
          )
          .run().changes;
      }
    }
  } while (skipped > 0);
}

function isWritten(db: Database, { rows, relinks }: PlannedTable): boolean {
  const any = `SELECT EXISTS (SELECT 1 FROM temp.${rows} WHERE ${COMES_BACK}) OR EXISTS (SELECT 1 FROM temp.${relinks})`;
  return Number(db.prepare(any).pluck().get()) === 1;
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

/** @throws BackupError where the live table cannot take the rows */
function checkColumns(db: Database, table: PlannedTable, request: RecoverRequest): void {
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
    throw cannotWrite(pair.name, error);
  }
}

/** The triggers of the live table that what is done to it sets off. */
function firing(db: Database, { entries }: Schema, table: PlannedTable): SchemaEntry[] {
  const count = (sql: string): boolean => db.prepare(`${sql} LIMIT 1`).get() !== undefined;
  const inserts = count(`SELECT 1 FROM temp.${table.rows} WHERE action IN ('insert', 'as-new')`);
  const updates =
    count(`SELECT 1 FROM temp.${table.rows} WHERE action = 'overwrite'`) ||
    count(`SELECT 1 FROM temp.${table.relinks}`);
  return entries.filter(({ type, table: on, sql }) => {
    if (type !== 'trigger' || !sameName(on, table.pair.name)) return false;
    const event =
      /^\s*CREATE\s+TRIGGER\s+(?:"(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]|'(?:[^']|'')*'|\S+)\s[^]*?\b(DELETE|INSERT|UPDATE)\b/i.exec(
        sql,
      );
    return event?.[1]!.toUpperCase() === 'INSERT' ? inserts : event?.[1]!.toUpperCase() === 'UPDATE' && updates;
  });
}

function report(
  tables: PlannedTables,
  written: readonly PlannedTable[],
  triggers: readonly SchemaEntry[],
  request: RecoverRequest,
): RecoverReport {
  const { db, all } = tables;
  const count = (of: (table: PlannedTable) => string): Record<string, number> => {
    const counts = all.map((table) => [table.pair.name, Number(db.prepare(of(table)).pluck().get())] as const);
    return Object.fromEntries(counts.filter(([, rows]) => rows > 0));
  };
  const actions = (list: string) => (table: PlannedTable) =>
    `SELECT count(*) FROM temp.${table.rows} WHERE action IN (${list})`;
  const conflicts = count(actions(`'conflict'`));
  return {
    dryRun: request.dryRun,
    plan: '',
    inserted: count(actions(`'insert', 'as-new'`)),
    relinked: count(({ relinks }) => `SELECT count(*) FROM temp.${relinks}`),
    overwritten: count(actions(`'overwrite'`)),
    skipped: count(actions(`'skip'`)),
    conflicts: all.flatMap((table) => readConflicts(db, table)).slice(0, SHOWN),
    conflictCount: Object.values(conflicts).reduce((sum, each) => sum + each, 0),
    triggers: triggers.map(({ name }) => name),
    alsoChanged: [],
    lostColumns: written.flatMap(({ older, newer, shared, pair }) =>
      newer
        ? older.columns
            .filter((column) => !shared.some((each) => each.older === column))
            .map(({ name }) => `${pair.name}.${name}`)
        : [],
    ),
    fullText: fullText(tables, written, request.triggers),
    newKeys: all.flatMap(({ rows, pair }) =>
      (
        db
          .prepare(`SELECT i0, newkey FROM temp.${rows} WHERE action = 'as-new' LIMIT ${SHOWN}`)
          .raw()
          .safeIntegers()
          .all() as [bigint, bigint][]
      ).map(([from, to]) => ({ table: pair.name, from: toValue(from), to: toValue(to) })),
    ),
  };
}

function fullText(
  { schemas }: PlannedTables,
  written: readonly PlannedTable[],
  fire: boolean,
): RecoverReport['fullText'] {
  return [...schemas.newer.tables.values()].flatMap((index) => {
    const content = contentOf(index);
    if (content === undefined || !written.some(({ pair }) => sameName(pair.name, content))) return [];
    const kept = schemas.newer.entries.some(
      ({ type, table, sql }) =>
        type === 'trigger' && sameName(table, content) && sql.toLowerCase().includes(index.name.toLowerCase()),
    );
    return [{ table: index.name, how: kept && fire ? ('triggers' as const) : ('rebuilt' as const) }];
  });
}

function readConflicts(db: Database, table: PlannedTable): Conflict[] {
  const { older, newer, rows, shared, key, pair } = table;
  if (!newer) return [];
  const found = db.prepare(
    `SELECT ${idNames(older)}, taken FROM temp.${rows} WHERE action = 'conflict' LIMIT ${SHOWN}`,
  );
  return (found.safeIntegers().raw().all() as bigint[][]).map((values) => {
    const taken = Number(values.pop());
    const unique = newer.uniqueKeys[taken];
    const join =
      taken < 0
        ? partner(table)
        : unique!.columns.map((column) => `n.${quoteName(column)} = o.${quoteName(column)}`).join(' AND ');
    const where = older.id.map((id) => `o.${quoteName(id)} = ?`).join(' AND ');
    const from = `FROM ${tableIn('older', older)} o CROSS JOIN ${tableIn('main', newer)} n ON ${join} WHERE ${where} LIMIT 1`;
    const read = (columns: readonly string[]): unknown[] =>
      (db
        .prepare(`SELECT ${columns.join(', ') || 'NULL'} ${from}`)
        .safeIntegers()
        .raw()
        .get(values) ?? []) as unknown[];
    const row = (alias: string, names: readonly string[]): Conflict['backup'] => {
      const cells = read(names.map((name) => `${alias}.${quoteName(name)}`));
      return Object.fromEntries(names.map((name, i) => [name, toValue(cells[i] as bigint)]));
    };
    const differ = read(shared.map((column) => differs('o', 'n', column)));
    const backup = row(
      'o',
      older.columns.map(({ name }) => name),
    );
    return {
      table: pair.name,
      key: key?.map(
        (column) => backup[older.columns.find(({ name }) => sameName(name, column))?.name ?? ''] ?? toValue(values[0]!),
      ),
      kind: taken < 0 ? ('key' as const) : ('unique' as const),
      columns:
        unique && taken >= 0
          ? unique.columns
          : shared.filter((_, i) => Number(differ[i]) === 1).map((column) => column.newer.name),
      backup,
      live: row(
        'n',
        newer.columns.map(({ name }) => name),
      ),
    };
  });
}
