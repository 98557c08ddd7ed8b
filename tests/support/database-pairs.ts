import Database from 'better-sqlite3';
import { randomNumbers } from './random';

// Random pairs of databases, and a comparison of them that shares nothing with the one that is tested: it reads every row of
// both, one connection each, and compares types and bytes in JavaScript.

/** Literals of every kind of value that something takes for another. */
const VALUES = [
  'NULL', '0', '0.0', '-0.0', '1', '1.0', '2', '2.0', '-1', '1.5', '9007199254740993', '9007199254740992.0', '9223372036854775807',
  '-9223372036854775808', '-9223372036854775808.0', '1e300', '9e999', '-9e999', "''", "'1'", "'1.0'", "'abc'", "'ABC'", "'ab '",
  "'ä'", "x''", "x'616263'", "x'ff'", "CAST(x'ff' AS TEXT)", "CAST(x'fe' AS TEXT)", "'a' || char(0) || 'b'", "'a' || char(0) || 'c'",
]; // prettier-ignore

interface Kind {
  readonly sql: string;
  /** What is written; the rest is generated. */
  readonly columns: readonly string[];
  readonly key?: readonly string[];
  readonly noCase?: readonly string[];
  readonly rowidKey?: boolean;
}

const KINDS: Readonly<Record<string, Kind>> = {
  ids: { sql: 'CREATE TABLE ids (id INTEGER PRIMARY KEY, a TEXT COLLATE NOCASE, b, c REAL)', columns: ['id', 'a', 'b', 'c'], key: ['id'], rowidKey: true },
  auto: { sql: 'CREATE TABLE auto (id INTEGER PRIMARY KEY AUTOINCREMENT, a NUMERIC, b INT)', columns: ['id', 'a', 'b'], key: ['id'], rowidKey: true },
  texts: { sql: 'CREATE TABLE texts (k TEXT PRIMARY KEY COLLATE NOCASE, a, b BLOB)', columns: ['k', 'a', 'b'], key: ['k'], noCase: ['k'] },
  pairs: { sql: 'CREATE TABLE pairs (a, b, c TEXT, PRIMARY KEY (a, b))', columns: ['a', 'b', 'c'], key: ['a', 'b'] },
  flat: { sql: 'CREATE TABLE flat (a TEXT, b, c, PRIMARY KEY (a, b)) WITHOUT ROWID', columns: ['a', 'b', 'c'], key: ['a', 'b'] },
  loose: { sql: 'CREATE TABLE loose (a, b TEXT, c INTEGER)', columns: ['a', 'b', 'c'] },
  strict: { sql: 'CREATE TABLE strict (id INTEGER PRIMARY KEY, a ANY, b ANY) STRICT', columns: ['id', 'a', 'b'], key: ['id'], rowidKey: true },
  made: { sql: "CREATE TABLE made (id INTEGER PRIMARY KEY, a, v AS (a || '!') VIRTUAL, s AS (typeof(a) || a) STORED)", columns: ['id', 'a'], key: ['id'], rowidKey: true },
  'we"ird na me': { sql: 'CREATE TABLE "we""ird na me" ("rowid" TEXT, "a b" , "select")', columns: ['rowid', 'a b', 'select'] },
  words: { sql: 'CREATE VIRTUAL TABLE words USING fts5(a, b)', columns: ['a', 'b'], key: ['rowid'], rowidKey: true },
}; // prettier-ignore

export interface PairOfDatabases {
  readonly tables: readonly string[];
  /** What it was made of, to make it again. */
  readonly seed: number;
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Fills `file`, and returns what changes it later. */
export function makeDatabase(file: string, seed: number): { change(): void; tables: string[] } {
  const random = randomNumbers(seed);
  const upTo = (n: number): number => Math.floor(random() * n);
  const value = (): string => VALUES[upTo(VALUES.length)]!;
  const tables = Object.keys(KINDS).filter(() => random() < 0.6);
  if (tables.length === 0) tables.push('ids');
  const db = open(file);
  // A change that breaks a constraint is none.
  const attempt = (sql: string): void => {
    try {
      db.exec(sql);
    } catch (error) {
      if (!/constraint|datatype mismatch|cannot store/i.test(String(error))) throw error;
    }
  };
  const insert = (table: string): void => {
    const { columns, rowidKey } = KINDS[table]!;
    const values = columns.map((column) =>
      column === 'id' && rowidKey ? (random() < 0.3 ? 'NULL' : String(upTo(60))) : value(),
    );
    attempt(`INSERT INTO ${quoted(table)} (${columns.map(quoted).join(', ')}) VALUES (${values.join(', ')})`);
  };
  const some = (table: string): string =>
    table === 'flat' ? `b IS ${value()}` : `_rowid_ % ${2 + upTo(9)} = ${upTo(3)}`;
  db.exec('BEGIN');
  for (const table of tables) {
    attempt(KINDS[table]!.sql);
    for (let rows = upTo(40); rows > 0; rows--) insert(table);
  }
  db.exec('COMMIT');
  db.close();
  return {
    tables,
    change() {
      const live = open(file);
      live.exec('BEGIN');
      for (const table of tables) {
        const { columns } = KINDS[table]!;
        for (let steps = upTo(5); steps > 0; steps--) {
          const step = upTo(4);
          const run = (sql: string): void => {
            try {
              live.exec(sql);
            } catch (error) {
              if (!/constraint|datatype mismatch|cannot store/i.test(String(error))) throw error;
            }
          };
          const column = quoted(columns[upTo(columns.length)]!);
          if (step === 0) run(`DELETE FROM ${quoted(table)} WHERE ${some(table)}`);
          else if (step === 1) run(`UPDATE OR IGNORE ${quoted(table)} SET ${column} = ${value()} WHERE ${some(table)}`);
          else {
            const values = columns.map((each) => (each === 'id' ? String(upTo(90)) : value()));
            run(`INSERT INTO ${quoted(table)} (${columns.map(quoted).join(', ')}) VALUES (${values.join(', ')})`);
          }
        }
      }
      live.exec('COMMIT');
      if (random() < 0.3) live.exec('VACUUM');
      live.close();
    },
  };
}

function open(file: string): Database.Database {
  const db = new Database(file);
  db.pragma('synchronous = OFF');
  return db;
}

interface ReadRow {
  readonly exact: string;
  /** `undefined`: the key has a NULL in it, or there is none. */
  readonly key: string | undefined;
}

/** Counts of added, changed and removed rows, by table. */
export function compareFully(before: string, after: string, tables: readonly string[]): Record<string, number[]> {
  return Object.fromEntries(
    tables.map((table) => [table, compareTable(readTable(before, table), readTable(after, table))]),
  );
}

function readTable(file: string, table: string): ReadRow[] {
  const { key = [], noCase = [], sql } = KINDS[table]!;
  const db = new Database(file, { readonly: true });
  db.defaultSafeIntegers();
  try {
    const all = db.prepare(`SELECT name, hidden FROM pragma_table_xinfo(?)`).all(table) as {
      name: string;
      hidden: bigint;
    }[];
    const columns = all.filter(({ hidden }) => hidden === 0n || hidden === 3n).map(({ name }) => name);
    if (sql.includes('VIRTUAL TABLE')) columns.unshift('rowid');
    const parts = columns.flatMap((column) => [
      `typeof(${quoted(column)})`,
      `CASE typeof(${quoted(column)}) WHEN 'text' THEN hex(CAST(${quoted(column)} AS BLOB)) WHEN 'blob' THEN hex(${quoted(column)}) ELSE ${quoted(column)} END`,
    ]);
    return (
      db
        .prepare(`SELECT ${parts.join(', ')} FROM ${quoted(table)}`)
        .raw()
        .all() as (string | number | bigint | null)[][]
    ).map((row) => {
      const cells = columns.map((_, i) => ({ type: row[2 * i] as string, value: row[2 * i + 1]! }));
      const keyCells = key.map((column) => keyOf(cells[columns.indexOf(column)]!, noCase.includes(column)));
      return {
        exact: cells.map(exact).join('|'),
        key: key.length > 0 && !keyCells.includes(undefined) ? keyCells.join('|') : undefined,
      };
    });
  } finally {
    db.close();
  }
}

function exact({ type, value }: { type: string; value: unknown }): string {
  if (type !== 'real') return `${type}:${String(value)}`;
  const bits = Buffer.alloc(8);
  bits.writeDoubleBE(value as number);
  return `real:${bits.toString('hex')}`;
}

/** As an index compares: numbers by their value, texts by the collation. */
function keyOf({ type, value }: { type: string; value: unknown }, noCase: boolean): string | undefined {
  if (type === 'null') return undefined;
  if (type === 'text') {
    const text = Buffer.from(value as string, 'hex').toString('latin1');
    // NOCASE looks at no more than the length behind a NUL.
    if (noCase)
      return `text:${text.length}:${text.replace(/\0[^]*/, '').replace(/[a-z]/g, (letter) => letter.toUpperCase())}`;
    return `text:${text}`;
  }
  if (type === 'blob') return `blob:${String(value)}`;
  if (typeof value === 'number' && Number.isInteger(value)) return `number:${BigInt(value)}`;
  return `number:${String(value)}`;
}

function compareTable(before: ReadRow[], after: ReadRow[]): number[] {
  const changes = { added: 0, changed: 0, removed: 0 };
  const keyed = new Map(before.filter(({ key }) => key !== undefined).map((row) => [row.key, row.exact]));
  for (const { key, exact: contents } of after) {
    if (key === undefined) continue;
    const was = keyed.get(key);
    if (was === undefined) changes.added++;
    else if (was !== contents) changes.changed++;
    keyed.delete(key);
  }
  changes.removed += keyed.size;
  const counts = new Map<string, number>();
  for (const { key, exact: contents } of before) {
    if (key === undefined) counts.set(contents, (counts.get(contents) ?? 0) + 1);
  }
  for (const { key, exact: contents } of after) {
    if (key === undefined) counts.set(contents, (counts.get(contents) ?? 0) - 1);
  }
  for (const count of counts.values()) {
    if (count > 0) changes.removed += count;
    else changes.added -= count;
  }
  return [changes.added, changes.changed, changes.removed];
}
