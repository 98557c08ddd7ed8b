import fs from 'node:fs';
import type { Database } from 'better-sqlite3';
import type { RecoverRequest } from '../../child/rows-protocol.js';
import { balanced, quoteName, sameName } from './names.js';
import { isRow } from './pair-rows.js';
import type { Plan } from './plan.js';
import { keyColumns } from './planned-table.js';
import type { PlannedTable } from './planned-table.js';
import { tableIn } from './read-schema.js';
import { orAbort, renames, valueOf, valuesOf } from './row-values.js';

/**
 * The plan as SQL that anybody can read and run. A source that is no file has its own way to begin a transaction, in which SQLite
 * refuses another BEGIN: there the script is what belongs into one.
 */
export function writeScript(file: string, reader: Database, plan: Plan, request: RecoverRequest): void {
  const descriptor = fs.openSync(file, 'wx', 0o600);
  const line = (text: string): void => void fs.writeSync(descriptor, `${text}\n`);
  try {
    // A file's script is for the sqlite3 shell, which goes on after an error and would commit the rest; foreign keys are off in it.
    line(
      request.source
        ? '-- To be sent as one transaction, all or nothing.'
        : '-- sqlite3 -bail DATABASE < THIS_FILE\nPRAGMA foreign_keys = ON;\nPRAGMA recursive_triggers = OFF;\nBEGIN IMMEDIATE;',
    );
    line('PRAGMA defer_foreign_keys = ON;');
    if (!request.triggers) for (const { name } of plan.triggers) line(`DROP TRIGGER ${quoteName(name)};`);
    for (const table of plan.written) {
      if (!table.newer)
        for (const { type, table: on, sql } of plan.tables.schemas.older.entries)
          if (sameName(on, table.older.name) && type !== 'trigger') line(`${sql};`);
      for (const statement of statementsOf(reader, plan, table, request)) line(`${statement};`);
    }
    for (const { table, how } of plan.report.fullText) {
      if (how === 'rebuilt') line(`INSERT INTO ${quoteName(table)} (${quoteName(table)}) VALUES ('rebuild');`);
    }
    if (!request.triggers) for (const { sql } of plan.triggers) line(`${sql};`);
    if (!request.source) line('COMMIT;');
    fs.fsyncSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}

function* statementsOf(
  reader: Database,
  plan: Plan,
  table: PlannedTable,
  request: RecoverRequest,
): Generator<string, void, void> {
  const { older, newer, rows, relinks, pair, key } = table;
  const name = quoteName(pair.name);
  const { columns, values: given, bound } = valuesOf(plan, table, request);
  const constants = [...bound];
  const values = given.map((value) => (value === '?' ? constantOf(reader, constants.shift()) : value));
  const from = `FROM temp.${rows} p CROSS JOIN ${tableIn('older', older)} o ON ${isRow('o', older, 'p', 'i')}`;
  const names = columns.map(quoteName).join(', ');
  const isInserted = `WHERE p.action IN ('insert', 'as-new')`;
  const check = checkOf(pair.name);
  // Nothing but a trigger keeps a row away in silence.
  const mayIgnore = request.triggers && plan.triggers.some((trigger) => sameName(trigger.table, pair.name));
  for (const text of textsOf(reader, (literal) => listed(values.map(literal), ', '), `${from} ${isInserted}`)) {
    yield `INSERT${orAbort(table)} INTO ${name} (${names}) VALUES (${text})`;
    if (mayIgnore) yield check;
  }
  if (!newer || !key) return;
  const keys = keyColumns(table);
  const assigned = (to: readonly string[], by: readonly string[], operator: string, literal: Literal): string[] =>
    to.map((column, i) => `'${`${quoteName(column)} ${operator} `.replaceAll("'", "''")}' || ${literal(by[i]!)}`);
  const update = (to: readonly string[], by: readonly string[]) => (literal: Literal) =>
    `${listed(assigned(to, by, '=', literal), ', ')} || ' WHERE ' || ${listed(assigned(keys.columns, keys.values, 'IS', literal), ' AND ')}`;
  for (const text of textsOf(reader, update(columns, values), `${from} WHERE p.action = 'overwrite'`))
    yield* [`UPDATE${orAbort(table)} ${name} SET ${text}`, check];
  const join = older.id.map((_, i) => `p.i${i} = r.i${i}`).join(' AND ');
  for (const [number, { from: columnsOfKey }] of newer.foreignKeys.entries()) {
    const links = columnsOfKey.map((column) => valueOf(renames(plan), plan.tables.all, table, column, column));
    const linked = `FROM temp.${relinks} r CROSS JOIN ${tableIn('older', older)} o
      ON ${isRow('o', older, 'r', 'i')} LEFT JOIN temp.${rows} p ON ${join} WHERE r.fk = ${number}`;
    const free = columnsOfKey.map((column) => `${quoteName(column)} IS NULL`).join(' AND ');
    for (const text of textsOf(reader, update(columnsOfKey, links), linked))
      yield* [`UPDATE${orAbort(table)} ${name} SET ${text} AND ${free}`, check];
  }
}

/** SQL that fails if the statement before it has not written one row: SQLite has no other way to say so outside of a trigger. */
function checkOf(table: string): string {
  const what = `a row of "${table}" was not written: it is another one by now, or a trigger ignored it (rows: `;
  return `SELECT json_extract('{}', '${what.replaceAll("'", "''")}' || changes() || ')') WHERE changes() <> 1`;
}

/** SQL of the literal of an SQL value. */
type Literal = (value: string) => string;

/** quote() ends a text at its first NUL. */
const readable: Literal = (value) =>
  `CASE WHEN typeof(${value}) = 'text' AND instr(${value}, char(0)) THEN 'CAST(' || quote(CAST(${value} AS BLOB)) || ' AS TEXT)' ELSE quote(${value}) END`;

const bytes: Literal = (value) =>
  `CASE WHEN typeof(${value}) = 'text' THEN 'CAST(' || quote(CAST(${value} AS BLOB)) || ' AS TEXT)' ELSE quote(${value}) END`;

/** A text for each row. One that is not well-formed would come out changed, with U+FFFD in it: its bytes do not. */
function* textsOf(reader: Database, select: (literal: Literal) => string, from: string): Generator<string, void, void> {
  const found = reader.prepare(`SELECT ${select(readable)}, ${select(bytes)} ${from}`).raw();
  for (const [text, exact] of found.iterate() as Iterable<[string, string]>)
    yield text.includes('\uFFFD') ? exact : text;
}

/** SQL of a value of the user's. */
function constantOf(reader: Database, value: unknown): string {
  return reader
    .prepare(`SELECT ${readable('v')} FROM (SELECT ? AS v)`)
    .pluck()
    .get(value) as string;
}

function listed(terms: readonly string[], separator: string): string {
  return balanced(terms, `|| '${separator}' ||`);
}
