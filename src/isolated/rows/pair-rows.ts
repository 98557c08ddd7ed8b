// Finds the rows that differ between two states of a table. All of it is SQL on one connection that can only read, so that no row
// crosses into JavaScript: temporary tables keep the identities of the rows that differ, in a file once they are many.
import type { Database } from 'better-sqlite3';
import { differs, exactTerms } from './exact-values.js';
import type { SharedColumn } from './exact-values.js';
import { balanced, quoteName, sameName } from './names.js';
import { tableIn } from './read-schema.js';
import type { Side, Table } from './read-schema.js';

/** A table in both states, or in one of them. */
export interface TablePair {
  readonly name: string;
  readonly older: Table | undefined;
  readonly newer: Table | undefined;
}

/** `temp.<changes>` has one row for each change: kind, then the identity in the older state (o0, …) and in the newer (n0, …). */
export interface TableChanges {
  readonly changes: string;
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
}

/** By name: the order of columns says nothing after a migration. */
export function sharedColumns(older: Table, newer: Table): SharedColumn[] {
  return older.columns.flatMap((column) => {
    const partner = newer.columns.find(({ name }) => sameName(name, column.name));
    return partner ? [{ older: column, newer: partner }] : [];
  });
}

/** The key by which rows of the two states belong together; `undefined`: there is none, and rows are counted by content. */
export function sharedKey({ older, newer }: TablePair): readonly string[] | undefined {
  const { key } = (newer ?? older)!;
  if (key.length === 0) return undefined;
  if (!older || !newer) return key;
  const same = older.key.length === key.length && older.key.every((column, i) => sameName(column, key[i]!));
  return same ? key : undefined;
}

/** Compares one table. The caller has one transaction open, so that all is of one moment. */
export function pairRows(db: Database, pair: TablePair, number: number): TableChanges {
  const { older, newer } = pair;
  const changes = `changes_${number}`;
  const ids = (table: Table | undefined, prefix: string): string[] => (table?.id ?? []).map((_, i) => `${prefix}${i}`);
  db.exec(`CREATE TEMP TABLE ${changes} (${['kind TEXT', ...ids(older, 'o'), ...ids(newer, 'n')].join(', ')})`);
  if (!older || !newer) {
    const table = (older ?? newer)!;
    const [kind, side, prefix] = older ? ['removed', 'older' as const, 'o'] : ['added', 'main' as const, 'n'];
    const into = ['kind', ...ids(table, prefix)].join(', ');
    db.exec(
      `INSERT INTO temp.${changes} (${into}) SELECT '${kind}', ${idList('t', table)} FROM ${walked(side, table)}`,
    );
  } else {
    comparePresent(db, { ...pair, older, newer }, changes);
  }
  const count = db.prepare(`SELECT count(*) FROM temp.${changes} WHERE kind = ?`).pluck();
  const of = (kind: string): number => Number(count.get(kind));
  return { changes, added: of('added'), changed: of('changed'), removed: of('removed') };
}

type PresentPair = TablePair & { readonly older: Table; readonly newer: Table };

function comparePresent(db: Database, pair: PresentPair, changes: string): void {
  const { older, newer } = pair;
  const key = sharedKey(pair);
  const columns = sharedColumns(older, newer);
  const sameKind = older.withoutRowid === newer.withoutRowid && older.id.length === newer.id.length;
  // The rowid is the key, or the key is all the identity there is.
  const byIdentity =
    key !== undefined &&
    sameKind &&
    (older.virtual || older.withoutRowid
      ? older.virtual === newer.virtual
      : older.rowidColumn !== undefined && newer.rowidColumn !== undefined);
  if (byIdentity) {
    compareByIdentity(db, pair, columns, changes);
    return;
  }
  const rest = `${changes}_rest`;
  const names = [...older.id.map((_, i) => `o${i}`), ...newer.id.map((_, i) => `n${i}`)];
  db.exec(`CREATE TEMP TABLE ${rest} (${['kind TEXT', ...names].join(', ')})`);
  if (!older.withoutRowid && !newer.withoutRowid) {
    // Equal rows of the same rowid cancel out, whatever pairs the rest: nearly always these are nearly all.
    compareByIdentity(db, pair, columns, rest);
  } else {
    insertAll(db, rest, older, 'older');
    insertAll(db, rest, newer, 'main');
  }
  if (key) pairByKey(db, pair, key, columns, rest, changes);
  pairByContents(db, pair, key, columns, rest, changes);
  db.exec(`DROP TABLE temp.${rest}`);
}

function insertAll(db: Database, into: string, table: Table, side: Side): void {
  const [kind, prefix] = side === 'older' ? ['removed', 'o'] : ['added', 'n'];
  const names = table.id.map((_, i) => `${prefix}${i}`).join(', ');
  db.exec(
    `INSERT INTO temp.${into} (kind, ${names}) SELECT '${kind}', ${idList('t', table)} FROM ${walked(side, table)}`,
  );
}

function compareByIdentity(
  db: Database,
  { older, newer }: PresentPair,
  columns: readonly SharedColumn[],
  changes: string,
): void {
  const o = older.id.map((_, i) => `o${i}`);
  const n = newer.id.map((_, i) => `n${i}`);
  const joined = identityEquals('n', newer, (i) => `o.${quoteName(older.id[i]!)}`);
  const gone = `n.${quoteName(newer.id[0]!)} IS NULL`;
  const different = columns
    // Rows of the same rowid have the same value in the column that is the rowid.
    .filter((column) => column.older.name !== older.rowidColumn || column.newer.name !== newer.rowidColumn)
    .map((column) => differs('o', 'n', column));
  const { changes: found } = db
    .prepare(
      `INSERT INTO temp.${changes} (kind, ${[...o, ...n].join(', ')})
       SELECT iif(${gone}, 'removed', 'changed'), ${idList('o', older)}, ${idList('n', newer)}
       FROM ${walked('older', older, 'o')} LEFT JOIN ${walked('main', newer, 'n')} ON ${joined}
       WHERE ${balanced([gone, ...different], 'OR')}`,
    )
    .run();
  const removed = found === 0 ? 0 : number(db, `SELECT count(*) FROM temp.${changes} WHERE kind = 'removed'`);
  const kept = countOf(db, 'older', older) - removed;
  // The newer state has no more rows than found partners: nothing was added, and the second walk is saved.
  if (countOf(db, 'main', newer) === kept) return;
  db.exec(
    `INSERT INTO temp.${changes} (kind, ${n.join(', ')}) SELECT 'added', ${idList('n', newer)}
     FROM ${walked('main', newer, 'n')} WHERE NOT EXISTS (SELECT 1 FROM ${walked('older', older, 'o')} WHERE ${joined})`,
  );
}

/** Moves from `rest` to `changes` what the key decides. What has NULL in its key stays: such rows are no one's partner. */
function pairByKey(
  db: Database,
  { older, newer }: PresentPair,
  key: readonly string[],
  columns: readonly SharedColumn[],
  rest: string,
  changes: string,
): void {
  const o = older.id.map((_, i) => `o${i}`);
  const n = newer.id.map((_, i) => `n${i}`);
  const olderRest = `temp.${rest} r CROSS JOIN ${tableIn('older', older)} o ON ${isRow('o', older, 'r', 'o')}`;
  const newerRest = `temp.${rest} r CROSS JOIN ${tableIn('main', newer)} n ON ${isRow('n', newer, 'r', 'n')}`;
  const joined = keysEqual(key, newer.keyCollations);
  const gone = `n.${quoteName(newer.id[0]!)} IS NULL`;
  const whole = (alias: string): string =>
    key.map((column) => `${alias}.${quoteName(column)} IS NOT NULL`).join(' AND ');
  const different = columns.map((column) => differs('o', 'n', column));
  db.exec(
    `INSERT INTO temp.${changes} (kind, ${[...o, ...n].join(', ')})
     SELECT iif(${gone}, 'removed', 'changed'), ${idList('o', older)}, ${idList('n', newer)}
     FROM ${olderRest} LEFT JOIN ${tableIn('main', newer)} n ON ${joined}
     WHERE r.kind IN ('removed', 'changed') AND ${whole('o')} AND (${balanced([gone, ...different], 'OR')})`,
  );
  db.exec(
    `INSERT INTO temp.${changes} (kind, ${n.join(', ')}) SELECT 'added', ${idList('n', newer)} FROM ${newerRest}
     WHERE r.kind IN ('added', 'changed') AND ${whole('n')}
       AND NOT EXISTS (SELECT 1 FROM ${tableIn('older', older)} o WHERE ${keysEqual(key, older.keyCollations, 'o', 'n')})`,
  );
}

/** Rows of equal contents cancel out one by one; each that is left over was added or removed. */
function pairByContents(
  db: Database,
  { older, newer }: PresentPair,
  key: readonly string[] | undefined,
  columns: readonly SharedColumn[],
  rest: string,
  changes: string,
): void {
  const pick = (alias: 'o' | 'n', table: Table, side: Side): string => {
    const kinds = alias === 'o' ? `'removed', 'changed'` : `'added', 'changed'`;
    const names = alias === 'o' ? 'older' : 'newer';
    const unkeyed = key ? `AND (${key.map((column) => `${alias}.${quoteName(column)} IS NULL`).join(' OR ')})` : '';
    const terms = exactTerms(alias, columns, names).map((term, i) => `${term} AS t${i}`);
    const width = Math.max(older.id.length, newer.id.length);
    const ids = Array.from({ length: width }, (_, i) =>
      table.id[i] === undefined ? 'NULL' : `${alias}.${quoteName(table.id[i])}`,
    );
    return `SELECT '${alias}' AS side, ${[...ids.map((id, i) => `${id} AS i${i}`), ...terms].join(', ')}
      FROM temp.${rest} r CROSS JOIN ${tableIn(side, table)} ${alias} ON ${isRow(alias, table, 'r', alias)}
      WHERE r.kind IN (${kinds}) ${unkeyed}`;
  };
  const group =
    columns.length === 0
      ? '1'
      : exactTerms('o', columns, 'older')
          .map((_, i) => `t${i}`)
          .join(', ');
  const ranked = `SELECT *, row_number() OVER (PARTITION BY side, ${group}) AS nth,
      count(*) FILTER (WHERE side = 'o') OVER (PARTITION BY ${group}) AS olders,
      count(*) FILTER (WHERE side = 'n') OVER (PARTITION BY ${group}) AS newers
    FROM (${pick('o', older, 'older')} UNION ALL ${pick('n', newer, 'main')})`;
  for (const [side, kind, table, others] of [
    ['o', 'removed', older, 'newers'],
    ['n', 'added', newer, 'olders'],
  ] as const) {
    const into = table.id.map((_, i) => `${side}${i}`).join(', ');
    const from = table.id.map((_, i) => `i${i}`).join(', ');
    db.exec(
      `INSERT INTO temp.${changes} (kind, ${into})
       SELECT '${kind}', ${from} FROM (${ranked}) WHERE side = '${side}' AND nth > ${others}`,
    );
  }
}

function idList(alias: string, table: Table): string {
  return table.id.map((id) => `${alias}.${quoteName(id)}`).join(', ');
}

/** SQL: `alias` is the row that a temporary table names in `prefix0, prefix1, …`. */
export function isRow(alias: string, table: Table, from: string, prefix: string): string {
  return identityEquals(alias, table, (i) => `${from}.${prefix}${i}`);
}

function identityEquals(
  alias: string,
  { id, withoutRowid, keyCollations }: Table,
  other: (i: number) => string,
): string {
  const collate = (i: number): string => (withoutRowid ? ` COLLATE ${quoteName(keyCollations[i]!)}` : '');
  return id.map((column, i) => `${alias}.${quoteName(column)} = ${other(i)}${collate(i)}`).join(' AND ');
}

/** SQL: both have the same key, as the key's own index compares. */
export function keysEqual(key: readonly string[], collations: readonly string[], left = 'n', right = 'o'): string {
  return key
    .map(
      (column, i) =>
        `${left}.${quoteName(column)} = ${right}.${quoteName(column)} COLLATE ${quoteName(collations[i] ?? 'BINARY')}`,
    )
    .join(' AND ');
}

/**
 * SQL: a table to be walked through, in its own order. SQLite would take the smallest index that has what is asked for, and then
 * look at the other state's rows in the order of that index: all over the file.
 */
export function walked(side: Side, table: Table, alias = 't'): string {
  return `${tableIn(side, table)} ${alias} NOT INDEXED`;
}

/** Counts by the smallest index. That of a key that only the app can compare is no help. */
function countOf(db: Database, side: Side, table: Table): number {
  const from = table.key.length === 0 ? walked(side, table) : tableIn(side, table);
  return number(db, `SELECT count(*) FROM ${from}`);
}

function number(db: Database, sql: string): number {
  return Number(db.prepare(sql).pluck().get());
}

/** The tables of both states, in the order of the newer one's schema, then those that are gone. */
export function pairTables(older: ReadonlyMap<string, Table>, newer: ReadonlyMap<string, Table>): TablePair[] {
  const names = new Set([...newer.keys(), ...older.keys()]);
  return [...names].map((name) => {
    const pair = { older: older.get(name), newer: newer.get(name) };
    return { name: (pair.newer ?? pair.older)!.name, ...pair };
  });
}
