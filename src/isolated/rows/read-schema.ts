import type { Database } from 'better-sqlite3';
import { systemCode } from '../../util/errors.js';
import { readIndexTerms } from './index-terms.js';
import type { IndexTerms } from './index-terms.js';
import { fold, quoteName } from './names.js';
import { belongsTo } from './shadow-tables.js';

/** The schemas of the connection that compares: the older state is attached, the newer one is its own. */
export type Side = 'main' | 'older';

export type Affinity = 'TEXT' | 'NUMERIC' | 'INTEGER' | 'REAL' | 'BLOB';

export interface Column {
  readonly name: string;
  readonly affinity: Affinity;
  /** NOT NULL, without a default, and not the rowid: an INSERT has to name it. */
  readonly required: boolean;
}

export interface ForeignKey {
  readonly parent: string;
  readonly from: readonly string[];
  /** The columns of the parent; the primary key where the declaration names none. */
  readonly to: readonly string[];
  readonly onDelete: string;
}

export interface UniqueKey {
  /** Of an index with expressions, the text of each where a column has its name. */
  readonly columns: readonly string[];
  /** By column: the collation of its index. */
  readonly collations: readonly string[];
  /** Not of a partial or an expression index: `columns` can't tell which rows it compares. */
  readonly plain: boolean;
  /** What such an index compares instead, as far as it can be read. */
  readonly index: IndexTerms | undefined;
  readonly primary: boolean;
}

/** A table as far as its rows can be read and written. */
export interface Table {
  readonly name: string;
  readonly virtual: boolean;
  readonly withoutRowid: boolean;
  /** The stored columns: all but VIRTUAL generated and hidden ones. */
  readonly columns: readonly Column[];
  /** By folded name: columns that are computed, also the VIRTUAL ones. They are never written; the stored ones are compared. */
  readonly generated: ReadonlySet<string>;
  /** The declared primary key; `rowid` for a virtual table. */
  readonly key: readonly string[];
  readonly keyCollations: readonly string[];
  /** The column that is the rowid (INTEGER PRIMARY KEY). */
  readonly rowidColumn: string | undefined;
  /** The columns that identify a row inside this file: the rowid's name, or the key of a WITHOUT ROWID table. Empty: nothing does. */
  readonly id: readonly string[];
  readonly autoincrement: boolean;
  readonly foreignKeys: readonly ForeignKey[];
  readonly uniqueKeys: readonly UniqueKey[];
  readonly sql: string;
}

export interface SchemaEntry {
  readonly type: string;
  readonly name: string;
  readonly table: string;
  readonly sql: string;
}

export interface Schema {
  readonly side: Side;
  /** By folded name. Without shadow tables, SQLite's own tables and views. */
  readonly tables: ReadonlyMap<string, Table>;
  /** All objects but shadow tables and SQLite's own. */
  readonly entries: readonly SchemaEntry[];
  /** By folded name: why a table cannot be read. */
  readonly unreadable: ReadonlyMap<string, { name: string; reason: string }>;
}

export function readSchema(db: Database, side: Side): Schema {
  const list = db
    .prepare(
      `SELECT type, name, tbl_name AS "table", sql FROM ${side}.sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid`,
    )
    .all() as SchemaEntry[];
  const kinds = new Map(
    (db.prepare(`SELECT name, type, wr, strict FROM pragma_table_list WHERE schema = ?`).all(side) as Kind[]).map(
      (kind) => [fold(kind.name), kind],
    ),
  );
  const virtuals = list.filter(({ type, sql }) => type === 'table' && isVirtual(sql));
  // SQLite knows the shadow tables of modules that it has.
  const isShadow = (name: string): boolean =>
    kinds.get(fold(name))?.type === 'shadow' || belongsTo(name, virtuals)?.how === 'certainly';
  const entries = list.filter(({ name, table }) => !isShadow(table) && !/^sqlite_/i.test(name));

  const tables = new Map<string, Table>();
  const unreadable = new Map<string, { name: string; reason: string }>();
  for (const { type, name, sql } of entries) {
    if (type !== 'table') continue;
    const owner = isVirtual(sql) ? undefined : belongsTo(name, virtuals);
    if (owner) {
      const reason = `it may belong to the virtual table "${owner.virtual}", whose module is not known here`;
      unreadable.set(fold(name), { name, reason });
      continue;
    }
    try {
      tables.set(fold(name), withoutUnknownKey(db, readTable(db, side, sql, kinds.get(fold(name))!)));
    } catch (error) {
      unreadable.set(fold(name), { name, reason: (error as Error).message });
    }
  }
  return { side, tables, entries, unreadable };
}

/** A key that is compared by a function of the app's can't be used here: the rows are compared by their contents. */
function withoutUnknownKey(db: Database, table: Table): Table {
  if (table.keyCollations.every((collation) => isKnown(db, collation))) return table;
  return { ...table, key: [], keyCollations: [], id: table.withoutRowid ? [] : table.id };
}

/** PRAGMA collation_list has also those that a schema merely names. */
function isKnown(db: Database, collation: string): boolean {
  try {
    db.prepare(`SELECT 'a' = 'b' COLLATE ${quoteName(collation)}`);
    return true;
  } catch (error) {
    if (systemCode(error).startsWith('SQLITE_ERROR')) return false;
    throw error;
  }
}

/** A row of PRAGMA table_list. */
interface Kind {
  readonly name: string;
  readonly type: string;
  readonly wr: number | bigint;
  readonly strict: number | bigint;
}

interface ColumnRow {
  readonly name: string;
  readonly type: string;
  readonly notnull: number | bigint;
  readonly dflt_value: string | null;
  readonly pk: number | bigint;
  readonly hidden: number | bigint;
}

function readTable(db: Database, side: Side, sql: string, { name, wr, strict }: Kind): Table {
  const withoutRowid = Number(wr) === 1;
  const rows = db.prepare(`SELECT * FROM pragma_table_xinfo(?, ?)`).all(name, side) as ColumnRow[];
  const virtual = isVirtual(sql);
  // 0: ordinary, 1: hidden (of a virtual table), 2: VIRTUAL generated, 3: STORED generated
  const stored = rows.filter(({ hidden }) => Number(hidden) === 0 || Number(hidden) === 3);
  const uniqueKeys = virtual ? [] : readUniqueKeys(db, side, name);
  const declared = rows.filter(({ pk }) => Number(pk) > 0).sort((a, b) => Number(a.pk) - Number(b.pk));
  const key = virtual ? [] : declared.map((column) => column.name);
  const primary = uniqueKeys.find((unique) => unique.primary);
  const rowidColumn = !virtual && !withoutRowid && key.length === 1 && !primary ? key[0] : undefined;
  const taken = new Set(rows.map((column) => fold(column.name)));
  const rowid = ['rowid', '_rowid_', 'oid'].find((each) => !taken.has(each)) ?? rowidColumn;
  const id = withoutRowid ? key : rowid === undefined ? [] : [rowid];
  return {
    name,
    virtual,
    withoutRowid,
    columns: stored.map((column) => ({
      name: column.name,
      affinity: affinityOf(column.type, Number(strict) === 1),
      required: Number(column.notnull) === 1 && column.dflt_value === null && column.name !== rowidColumn,
    })),
    generated: new Set(rows.filter(({ hidden }) => Number(hidden) >= 2).map((column) => fold(column.name))),
    key: virtual && rowid !== undefined ? [rowid] : key,
    keyCollations: primary?.collations ?? key.map(() => 'BINARY'),
    rowidColumn,
    id,
    autoincrement: rowidColumn !== undefined && /\bAUTOINCREMENT\b/i.test(sql),
    foreignKeys: virtual ? [] : readForeignKeys(db, side, name),
    uniqueKeys,
    sql,
  };
}

function isVirtual(sql: string): boolean {
  return /^\s*CREATE\s+VIRTUAL\s/i.test(sql);
}

/** https://www.sqlite.org/datatype3.html#determination_of_column_affinity */
function affinityOf(type: string, strict: boolean): Affinity {
  if (strict && /^any$/i.test(type)) return 'BLOB';
  if (/INT/i.test(type)) return 'INTEGER';
  if (/CHAR|CLOB|TEXT/i.test(type)) return 'TEXT';
  if (type === '' || /BLOB/i.test(type)) return 'BLOB';
  return /REAL|FLOA|DOUB/i.test(type) ? 'REAL' : 'NUMERIC';
}

function readUniqueKeys(db: Database, side: Side, table: string): UniqueKey[] {
  const indexes = db
    .prepare(`SELECT name, origin, partial FROM pragma_index_list(?, ?) WHERE "unique" = 1`)
    .all(table, side);
  const sqlOfIndex = db.prepare(`SELECT sql FROM ${side}.sqlite_schema WHERE type = 'index' AND name = ?`).pluck();
  return (indexes as { name: string; origin: string; partial: number | bigint }[]).map(({ name, origin, partial }) => {
    const parts = db
      .prepare(`SELECT name, coll FROM pragma_index_xinfo(?, ?) WHERE key = 1 ORDER BY seqno`)
      .all(name, side) as { name: string | null; coll: string }[];
    const plain = Number(partial) === 0 && parts.every((part) => part.name !== null);
    const index = plain ? undefined : readIndexTerms(sqlOfIndex.get(name) as string);
    return {
      columns: parts.map((part, i) => part.name ?? index?.terms[i]?.trim() ?? ''),
      collations: parts.map((part) => part.coll),
      plain,
      index,
      primary: origin === 'pk',
    };
  });
}

interface ForeignKeyRow {
  readonly id: number | bigint;
  readonly table: string;
  readonly from: string;
  readonly to: string | null;
  readonly on_delete: string;
}

function readForeignKeys(db: Database, side: Side, table: string): ForeignKey[] {
  const rows = db
    .prepare(`SELECT id, "table", "from", "to", on_delete FROM pragma_foreign_key_list(?, ?) ORDER BY id, seq`)
    .all(table, side) as ForeignKeyRow[];
  const byId = new Map<number, ForeignKeyRow[]>();
  for (const row of rows) byId.set(Number(row.id), [...(byId.get(Number(row.id)) ?? []), row]);
  return [...byId.values()].map((parts) => ({
    parent: parts[0]!.table,
    from: parts.map((part) => part.from),
    to: parts.map((part) => part.to).some((to) => to === null)
      ? primaryKeyOf(db, side, parts[0]!.table)
      : parts.map((part) => part.to!),
    onDelete: parts[0]!.on_delete,
  }));
}

function primaryKeyOf(db: Database, side: Side, table: string): string[] {
  return db
    .prepare(`SELECT name FROM pragma_table_info(?, ?) WHERE pk > 0 ORDER BY pk`)
    .pluck()
    .all(table, side) as string[];
}

/** `main."invoices"` */
export function tableIn(side: Side, table: Table): string {
  return `${side}.${quoteName(table.name)}`;
}
