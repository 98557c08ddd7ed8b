import fs from 'node:fs';
import type { Database } from 'better-sqlite3';
import type { RecoverRequest } from '../../child/rows-protocol.js';
import { quoteName, sameName } from './names.js';
import { isRow } from './pair-rows.js';
import type { Plan } from './plan.js';
import { keyColumns } from './planned-table.js';
import { tableIn } from './read-schema.js';
import { renames, valueOf, valuesOf } from './row-values.js';

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
