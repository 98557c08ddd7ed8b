import type { Database } from 'better-sqlite3';
import { balanced, fold, quoteName, sameName } from './names.js';
import { differs } from './exact-values.js';
import type { SharedColumn } from './exact-values.js';
import { isRow, keysEqual, pairRows, sharedColumns, sharedKey } from './pair-rows.js';
import type { TableChanges, TablePair } from './pair-rows.js';
import { tableIn } from './read-schema.js';
import type { Schema, Table, UniqueKey } from './read-schema.js';
import { holderOf, isComputable } from './unique-index.js';

/**
 * A table that rows come back to. `temp.<rows>` has the identity of each row in the backup (i0, …), what is done with it, and its
 * new key; `temp.<relinks>` those of live rows that get a reference back, and which foreign key it is.
 */
export interface PlannedTable {
  readonly pair: TablePair;
  readonly older: Table;
  /** `undefined`: the live database lacks it, and it is made again. */
  readonly newer: Table | undefined;
  readonly rows: string;
  readonly relinks: string;
  readonly shared: readonly SharedColumn[];
  readonly key: readonly string[] | undefined;
  /** The declarations that hold when the rows are written. */
  readonly foreignKeys: Table['foreignKeys'];
}

/** The action for a row of the backup. `NULL`: not decided yet. */
export type Action = 'insert' | 'as-new' | 'overwrite' | 'keep' | 'skip' | 'conflict' | 'same';

/** SQL: the row will be in the live database with the backup's contents, so that others can refer to it. */
export const COMES_BACK = `action IN ('insert', 'as-new', 'overwrite')`;

/** SQL: the row will be live, whosever contents it has, so that its children have a place. */
export const HAS_PLACE = `action IN ('insert', 'as-new', 'overwrite', 'keep')`;

/** In `taken`, beside the number of a unique key: another live row has the key, or the parent that is needed is another row. */
export const TAKEN_KEY = -1;
export const TAKEN_PARENT = -2;

/** The tables that a plan touches, made as they are needed. */
export class PlannedTables {
  readonly db: Database;
  readonly schemas: { readonly older: Schema; readonly newer: Schema };
  readonly #tables = new Map<string, PlannedTable>();
  readonly #changes = new Map<string, TableChanges>();

  constructor(db: Database, schemas: { readonly older: Schema; readonly newer: Schema }) {
    this.db = db;
    this.schemas = schemas;
  }

  get all(): readonly PlannedTable[] {
    return [...this.#tables.values()];
  }

  find(name: string): PlannedTable | undefined {
    return this.#tables.get(fold(name));
  }

  /** `undefined`: the backup has no such table, or nothing can identify its rows. */
  get(name: string): PlannedTable | undefined {
    const known = this.find(name);
    if (known) return known;
    const older = this.schemas.older.tables.get(fold(name));
    const newer = this.schemas.newer.tables.get(fold(name));
    if (!older || older.id.length === 0 || newer?.id.length === 0) return undefined;
    const pair = { name: (newer ?? older).name, older, newer };
    const number = this.#tables.size;
    const table: PlannedTable = {
      pair,
      older,
      newer,
      rows: `rows_${number}`,
      relinks: `relinks_${number}`,
      shared: newer ? sharedColumns(older, newer) : older.columns.map((column) => ({ older: column, newer: column })),
      key: sharedKey(pair),
      foreignKeys: (newer ?? older).foreignKeys,
    };
    const ids = older.id.map((_, i) => `i${i}`);
    const key = older.withoutRowid ? ids.join(', ') : '';
    const columns = older.withoutRowid ? ids : ['i0 INTEGER PRIMARY KEY'];
    this.db.exec(
      `DROP TABLE IF EXISTS temp.${table.rows}; DROP TABLE IF EXISTS temp.${table.relinks};
       CREATE TEMP TABLE ${table.rows} (${columns.join(', ')}, action TEXT, newkey INTEGER, taken INTEGER, round INTEGER DEFAULT 0, up INTEGER DEFAULT 0
         ${key && `, PRIMARY KEY (${key})`});
       CREATE TEMP TABLE ${table.relinks} (${ids.join(', ')}, fk INTEGER, PRIMARY KEY (${ids.join(', ')}, fk))`,
    );
    this.#tables.set(fold(name), table);
    return table;
  }

  isCompared({ name }: TablePair): boolean {
    return this.#changes.has(fold(name));
  }

  /** What has changed in a table, which is compared once for all that ask. */
  changesOf(pair: TablePair): TableChanges {
    const known = this.#changes.get(fold(pair.name));
    if (known) return known;
    const changes = pairRows(this.db, pair, 1000 + this.#changes.size);
    this.#changes.set(fold(pair.name), changes);
    return changes;
  }

  dispose(): void {
    for (const { rows, relinks } of this.all) this.db.exec(`DROP TABLE temp.${rows}; DROP TABLE temp.${relinks}`);
    for (const { changes } of this.#changes.values()) this.db.exec(`DROP TABLE temp.${changes}`);
  }
}

/** SQL: the row `o` of the backup has a live partner `n` by its key. */
export function partner({ newer, key }: PlannedTable, left = 'n', right = 'o'): string {
  return keysEqual(key!, newer!.keyCollations, left, right);
}

/** SQL: a row of the backup, aliased `o`, is missing in the live table. */
export function isMissing(tables: PlannedTables, table: PlannedTable, alias = 'o'): string {
  const { newer, key, older } = table;
  if (!newer) return 'TRUE';
  const byContents = (): string => {
    const { changes: gone } = tables.changesOf(table.pair);
    return `EXISTS (SELECT 1 FROM temp.${gone} g WHERE g.kind = 'removed' AND ${isRow(alias, older, 'g', 'o')})`;
  };
  if (!key) return byContents();
  const byKey = `NOT EXISTS (SELECT 1 FROM ${tableIn('main', newer)} n WHERE ${partner(table, 'n', alias)})`;
  // Only a key of a rowid table that is not the rowid can hold NULL.
  if (older.withoutRowid || older.virtual || older.rowidColumn !== undefined) return byKey;
  const whole = key.map((column) => `${alias}.${quoteName(column)} IS NOT NULL`).join(' AND ');
  const anyNull = tables.db
    .prepare(`SELECT 1 FROM ${tableIn('older', older)} o WHERE NOT (${whole.replaceAll(`${alias}.`, 'o.')}) LIMIT 1`)
    .get();
  return anyNull === undefined ? byKey : `iif(${whole}, ${byKey}, ${byContents()})`;
}

/** Decides about the rows that are not decided yet, but for what foreign keys ask. */
export function classify(
  tables: PlannedTables,
  table: PlannedTable,
  round: number,
  overridden: ReadonlySet<string>,
): void {
  const { older, newer, rows, shared, key } = table;
  const row = `${tableIn('older', older)} o WHERE ${isRow('o', older, 'p', 'i')}`;
  const { db } = tables;
  const different =
    newer && key
      ? `EXISTS (SELECT 1 FROM ${tableIn('main', newer)} n WHERE ${partner(table)}
           AND (${
             balanced(
               shared.map((column) => differs('o', 'n', column)),
               'OR',
             ) || 'FALSE'
           }))`
      : 'FALSE';
  db.exec(
    `UPDATE temp.${rows} AS p SET taken = ${TAKEN_KEY}, action =
       (SELECT CASE WHEN ${isMissing(tables, table)} THEN 'insert' WHEN ${different} THEN 'conflict' ELSE 'same' END FROM ${row})
     WHERE action IS NULL`,
  );
  for (const [number, unique] of (newer?.uniqueKeys ?? []).entries()) {
    if (unique.primary) continue;
    const holder = unique.plain
      ? plainHolder(table, unique, overridden)
      : indexHolder(tables, table, unique, overridden);
    if (holder === undefined) continue;
    db.exec(
      `UPDATE temp.${rows} AS p SET action = 'conflict', taken = ${number}
       WHERE action = 'insert' AND round = ${round} AND EXISTS (${holder})`,
    );
  }
}

/** SQL of the live row that has the unique value of a row of the plan; `undefined`: the row gets another one, or it can't be told. */
function plainHolder(
  { older, newer, shared }: PlannedTable,
  { columns, collations }: UniqueKey,
  overridden: ReadonlySet<string>,
): string | undefined {
  const known = columns.every((column) => shared.some(({ newer: { name } }) => sameName(name, column)));
  if (!known || columns.some((column) => overridden.has(fold(column)))) return undefined;
  return `SELECT 1 FROM ${tableIn('older', older)} o CROSS JOIN ${tableIn('main', newer!)} n
    ON ${keysEqual(columns, collations)} WHERE ${isRow('o', older, 'p', 'i')}`;
}

function indexHolder(
  { db }: PlannedTables,
  { older, newer }: PlannedTable,
  unique: UniqueKey,
  overridden: ReadonlySet<string>,
): string | undefined {
  if (!isComputable(db, unique, older)) return undefined;
  const text = fold(`${unique.index!.terms.join()}${unique.index!.where}`);
  if ([...overridden].some((column) => text.includes(column))) return undefined;
  return holderOf(unique, older, newer!, isRow('b', older, 'p', 'i'));
}

/** How a live row is found by the key of its row `o` in the backup. */
export function keyColumns({ newer, key }: PlannedTable): {
  columns: readonly string[];
  values: string[];
  collations: readonly string[];
} {
  const columns = key ?? [];
  return {
    columns,
    values: columns.map((column) => `o.${quoteName(column)}`),
    collations: columns.map((_, i) => newer!.keyCollations[i] ?? 'BINARY'),
  };
}
