import type { VerifyLevel } from '../catalog/manifest.js';
import type { SourceRecipe } from '../sources/database-source.js';
import { BackupError } from '../util/errors.js';
import type { BackupErrorCode, BackupErrorDetails } from '../util/errors.js';
import type { Row, SqlJson, SqlValue } from '../util/sql-value.js';
import { rowFromJson, rowToJson, sqlFromJson, sqlToJson } from '../util/sql-value.js';

// The child's requests and answers about the rows of a backup. `V` is SqlValue in the app and SqlJson on the wire.

/** The request that a snapshotter gets from `diffBackup()`. */
export interface DiffRequest {
  readonly database: string;
  /** How the database is reached, where it is not the file at that path. */
  readonly source?: SourceRecipe;
  readonly directory: string;
  /** The backup that is the older state. */
  readonly name: string;
  /** The newer state: `'live'`, or the name of another backup. */
  readonly against: string;
  /** Restricts the comparison to these tables. */
  readonly tables?: readonly string[];
  /** The largest number of changed rows that are returned for each table. */
  readonly rows: number;
  /** How many are passed over before them. */
  readonly skip: number;
  readonly timeoutMs: number;
}

/** An object of the schema that was added, removed or made otherwise. */
export interface SchemaChange {
  /** `'table'`, `'index'`, `'view'` or `'trigger'` */
  readonly type: string;
  readonly name: string;
  /** The statement that made it, in the older and in the newer state. */
  readonly before?: string;
  readonly after?: string;
}

/** The differences between a backup and a newer state. */
export interface DatabaseDiff<V = SqlValue> {
  /** The backup. */
  readonly from: string;
  readonly to: string;
  readonly schema: {
    readonly added: readonly SchemaChange[];
    readonly removed: readonly SchemaChange[];
    readonly changed: readonly SchemaChange[];
  };
  /** Also those without a change. */
  readonly tables: readonly TableDiff<V>[];
}

/** How many rows of a table have changed, and some of them. */
export interface TableDiff<V = SqlValue> {
  readonly name: string;
  /** The columns by which rows belong together; `undefined`: rows are counted by their contents. */
  readonly key: readonly string[] | undefined;
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
  /** Why it was not compared. */
  readonly skipped?: string;
  readonly rows?: readonly RowChange<V>[];
}

/** A row that was added, changed or removed. */
export interface RowChange<V = SqlValue> {
  readonly kind: 'added' | 'changed' | 'removed';
  readonly key: readonly V[] | undefined;
  readonly before?: Readonly<Record<string, V>>;
  readonly after?: Readonly<Record<string, V>>;
  /** For a changed row, the columns that differ in type or in bytes. */
  readonly columns?: readonly string[];
  /** Those among them whose values are numbers of another kind, which look alike here: `2` and `2.0`. */
  readonly types?: Readonly<
    Record<string, { readonly before: 'integer' | 'real'; readonly after: 'integer' | 'real' }>
  >;
}

/** The request that a snapshotter gets from `recoverRows()`. */
export interface RecoverRequest {
  readonly database: string;
  /** How the database is reached, where it is not the file at that path. */
  readonly source?: SourceRecipe;
  readonly directory: string;
  readonly name: string;
  readonly table: string;
  /** An expression over the table's columns. */
  readonly where?: string;
  /** All rows of the table that have gone since. */
  readonly removed: boolean;
  readonly related: boolean;
  readonly onConflict?: 'overwrite' | 'skip' | 'as-new' | 'keep';
  readonly triggers: boolean;
  /** Makes a table again that the live database lacks. */
  readonly create: boolean;
  /** Values by column, or by `table.column` for the rows that come along. */
  readonly set: Readonly<Record<string, SqlJson>>;
  readonly dryRun: boolean;
  /** The digest of the plan that somebody has seen. */
  readonly plan?: string;
  /** A new file that gets the plan as SQL statements. */
  readonly sql?: string;
  /** How the safety backup is checked before it counts. */
  readonly verify: VerifyLevel;
  /** How long `where` may take. */
  readonly whereMs: number;
  readonly timeoutMs: number;
}

/** Numbers of rows by table. */
export type Counts = Readonly<Record<string, number>>;

/** Why a row of the backup cannot simply be inserted. */
export interface Conflict<V = SqlValue> {
  readonly table: string;
  /** The key of the backup's row. */
  readonly key: readonly V[] | undefined;
  /**
   * `'key'`: a live row has the same key and other contents; `'unique'`: a live row has the same value in `columns`; `'parent'`: a
   * row that comes back refers to this one, and the live row of its key seems to be another one.
   */
  readonly kind: 'key' | 'unique' | 'parent';
  /** The columns that differ, or those of the unique key that is taken. */
  readonly columns: readonly string[];
  readonly backup: Readonly<Record<string, V>>;
  readonly live: Readonly<Record<string, V>>;
}

/** The report of what a recovery has done, or would do. */
export interface RecoverReport<V = SqlValue> {
  readonly dryRun: boolean;
  /** A digest of all that is done. Given back as the option `plan`, anything else is refused. */
  readonly plan: string;
  /** Rows by table. */
  readonly inserted: Counts;
  /** Live rows whose reference was set to NULL when their parent was deleted, and that have it again. */
  readonly relinked: Counts;
  readonly overwritten: Counts;
  /** Live rows that stay as they are by `onConflict: 'keep'`. */
  readonly kept: Counts;
  readonly skipped: Counts;
  /** The first hundred. */
  readonly conflicts: readonly Conflict<V>[];
  readonly conflictCount: number;
  /** Those that fire, or with `triggers: false` would have. */
  readonly triggers: readonly string[];
  /**
   * Tables that have changed since the backup and are no part of this: the deletion may have changed them too. Tables of more than
   * 100,000 rows are compared only if a foreign key or a trigger relates them to the tables that are written.
   */
  readonly alsoChanged: readonly { readonly table: string; readonly count: number }[];
  /** Columns of the backup that the live table no longer has: their values do not come back. */
  readonly lostColumns: readonly string[];
  /** Full-text indexes of the tables that are written. */
  readonly fullText: readonly { readonly table: string; readonly how: 'rebuilt' | 'triggers' }[];
  /** New keys by `onConflict: 'as-new'`, the first hundred. */
  readonly newKeys: readonly { readonly table: string; readonly from: V; readonly to: V }[];
  readonly safetyBackup?: string;
  /** A command that takes it back. */
  readonly undo?: string;
}

/** The request that a snapshotter gets from `queryBackup()`. */
export interface QueryRequest {
  readonly database: string;
  readonly directory: string;
  readonly name: string;
  readonly sql: string;
  readonly rows: number;
  readonly bytes: number;
  /** How long the statement may take. */
  readonly withinMs: number;
  readonly timeoutMs: number;
}

/** The answer of `queryBackup()`. */
export interface QueryResult<V = SqlValue> {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly V[])[];
  /** There was more than `rows` or `bytes` allow. */
  readonly truncated: boolean;
}

/** A recovery that was refused, with what it would have done. */
export class RecoverError extends BackupError {
  readonly report: RecoverReport;

  constructor(code: BackupErrorCode, what: string, details: BackupErrorDetails, report: RecoverReport) {
    super(code, what, details);
    this.report = report;
  }
}

/** Every value in rows, keys and conflicts, in its other form. */
function mapDiff<A, B>(diff: DatabaseDiff<A>, map: (value: A) => B): DatabaseDiff<B> {
  const row = (values: Readonly<Record<string, A>>): Record<string, B> =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, map(value)]));
  return {
    ...diff,
    tables: diff.tables.map(({ rows, ...table }) => ({
      ...table,
      ...(rows && {
        rows: rows.map(({ before, after, key, ...rest }) => ({
          ...rest,
          key: key?.map(map),
          ...(before && { before: row(before) }),
          ...(after && { after: row(after) }),
        })),
      }),
    })),
  };
}

export function diffToJson(diff: DatabaseDiff): DatabaseDiff<SqlJson> {
  return mapDiff(diff, sqlToJson);
}

export function diffFromJson(diff: DatabaseDiff<SqlJson>): DatabaseDiff {
  return mapDiff(diff, sqlFromJson);
}

export function recoverToJson(report: RecoverReport): RecoverReport<SqlJson> {
  return {
    ...report,
    conflicts: report.conflicts.map((conflict) => ({
      ...conflict,
      key: conflict.key?.map(sqlToJson),
      backup: rowToJson(conflict.backup),
      live: rowToJson(conflict.live),
    })),
    newKeys: report.newKeys.map(({ table, from, to }) => ({ table, from: sqlToJson(from), to: sqlToJson(to) })),
  };
}

export function recoverFromJson(report: RecoverReport<SqlJson>): RecoverReport {
  return {
    ...report,
    conflicts: report.conflicts.map((conflict) => ({
      ...conflict,
      key: conflict.key?.map(sqlFromJson),
      backup: rowFromJson(conflict.backup),
      live: rowFromJson(conflict.live),
    })),
    newKeys: report.newKeys.map(({ table, from, to }) => ({ table, from: sqlFromJson(from), to: sqlFromJson(to) })),
  };
}

export function queryToJson(result: QueryResult): QueryResult<SqlJson> {
  return { ...result, rows: result.rows.map((row) => row.map(sqlToJson)) };
}

export function queryFromJson(result: QueryResult<SqlJson>): QueryResult {
  return { ...result, rows: result.rows.map((row) => row.map(sqlFromJson)) };
}

export type { Row };
