import crypto from 'node:crypto';
import type { Database } from 'better-sqlite3';
import type { RecoverRequest } from '../../child/rows-protocol.js';
import { carried } from './carry-rows.js';
import type { RowCounts } from './count-rows.js';
import { balanced, quoteName } from './names.js';
import { isRow } from './pair-rows.js';
import { partner } from './planned-table.js';
import type { PlannedTable, PlannedTables } from './planned-table.js';
import type { SchemaEntry } from './read-schema.js';
import { tableIn } from './read-schema.js';
import { idNames, ids } from './identity.js';

/** Over what is done to which rows, and over the live rows that give way. New keys are not in it: they may be others a moment later. */
export function digest(
  { db, all }: PlannedTables,
  counts: ReadonlyMap<PlannedTable, RowCounts>,
  triggers: readonly SchemaEntry[],
  request: RecoverRequest,
): string {
  const hash = crypto.createHash('sha256');
  const { table, onConflict, set, triggers: fire } = request;
  hash.update(JSON.stringify([table, onConflict, set, fire, triggers.map(({ name, sql }) => [name, sql])]));
  for (const planned of [...all].sort((a, b) => (a.pair.name < b.pair.name ? -1 : 1))) {
    const { older, newer, rows, relinks, pair } = planned;
    hash.update(`\n${JSON.stringify(pair.name)}`);
    const feed = (sql: string): void => {
      let lines = '';
      for (const row of db.prepare(sql).raw().safeIntegers().iterate() as Iterable<unknown[]>) {
        lines += `${row.map((value) => (value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value))).join(',')}\n`;
        if (lines.length < 65_536) continue;
        hash.update(lines);
        lines = '';
      }
      hash.update(lines);
    };
    const order = idNames(older);
    const count = counts.get(planned)!;
    if (count.span !== undefined) hash.update(`insert ${count.span}`);
    else if (!older.withoutRowid) for (const chunk of chunksOf(db, rows)) hash.update(chunk);
    else feed(`SELECT action, ${order} FROM temp.${rows} WHERE action <> 'same' ORDER BY ${order}`);
    feed(`SELECT fk, ${order} FROM temp.${relinks} ORDER BY fk, ${order}`);
    if (!newer || count.overwrite + count.conflict + count['as-new'] + count.keep + count.skip === 0) continue;
    const live = newer.columns.map(({ name }) => `n.${quoteName(name)}`);
    const types = balanced([...live.map((value) => `substr(typeof(${value}), 1, 1)`), `''`], '||');
    feed(
      `SELECT ${types}, ${carried(live)} FROM temp.${rows} p CROSS JOIN ${tableIn('older', older)} o ON ${isRow('o', older, 'p', 'i')}
       CROSS JOIN ${tableIn('main', newer)} n ON ${planned.key ? partner(planned) : 'FALSE'}
       WHERE p.action IN ('overwrite', 'conflict', 'as-new', 'keep', 'skip') ORDER BY ${ids('o', older)}`,
    );
  }
  return hash.digest('hex');
}

/** The rows of a plan as lines, put together by SQLite: there may be millions. */
function* chunksOf(db: Database, rows: string): Generator<string> {
  const chunk = db
    .prepare(
      `SELECT group_concat(action || ',' || i0, char(10)), max(i0) FROM
         (SELECT action, i0 FROM temp.${rows} WHERE action <> 'same' AND i0 > ? ORDER BY i0 LIMIT 50000)`,
    )
    .raw()
    .safeIntegers();
  for (let last = -(2n ** 63n); ;) {
    const [lines, next] = chunk.get(last) as [string | null, bigint];
    if (lines === null) return;
    yield lines;
    last = next;
  }
}
