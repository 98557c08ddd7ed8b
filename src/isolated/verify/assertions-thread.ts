// A thread of a drill: a SELECT of the user's may never end, and only the thread that runs it would wait for it.
import { parentPort, workerData } from 'node:worker_threads';
import Database from 'better-sqlite3';
import { foreignSchema } from '../shared/foreign-schema.js';
import { distrust } from '../shared/distrust.js';
import { sortInMemory } from '../shared/watched.js';
import { isTrue } from '../../util/sql-value.js';
import type { SqlValue } from '../../util/sql-value.js';

const { file, assertions } = workerData as { file: string; assertions: readonly string[] };
const db = new Database(file, { readonly: true, fileMustExist: true });
distrust(db);
db.pragma('query_only = ON');
sortInMemory(db);
foreignSchema(db);
for (const sql of assertions) parentPort!.postMessage({ sql, ...ask(sql) });
db.close();

function ask(sql: string): { ok: boolean; error?: string } {
  try {
    const values: unknown[] = [];
    for (const value of db.prepare(sql).pluck().iterate()) {
      if (values.push(value) > 1) return { ok: false, error: 'it returned more than one row' };
    }
    if (values.length === 0) return { ok: false, error: 'it returned no row' };
    return isTrue(values[0] as SqlValue)
      ? { ok: true }
      : { ok: false, error: `it returned ${JSON.stringify(values[0])}` };
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error.message : String(error) };
  }
}
