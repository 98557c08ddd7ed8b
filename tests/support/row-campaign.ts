import Database from 'better-sqlite3';
import fs from 'node:fs';
import path from 'node:path';
import type { RecoverRequest } from '#dist/child/rows-protocol.js';
import { apply } from '#dist/isolated/rows/apply.js';
import { compareStates } from '#dist/isolated/rows/diff.js';
import { openStates, ScratchSpace } from '#dist/isolated/rows/open-states.js';
import type { States } from '#dist/isolated/rows/open-states.js';
import { makePlan } from '#dist/isolated/rows/plan.js';
import { PrivateCopy } from '#dist/isolated/rows/private-copy.js';
import { readSchema } from '#dist/isolated/rows/read-schema.js';
import { chooseGone } from '#dist/isolated/rows/select-rows.js';
import { backupNaming } from '#dist/catalog/backup-name.js';
import { Deadline } from '#dist/isolated/shared/deadline.js';
import { compareFully, makeDatabase } from './database-pairs';

/**
 * What `diff` finds and what a full comparison finds, for a random pair of databases; then what a full comparison finds when all
 * removed rows have come back. In this process: it is many pairs.
 */
export async function comparePair(folder: string, seed: number): Promise<{ found: unknown; expected: unknown }> {
  const before = path.join(folder, `before-${seed}.db`);
  const after = path.join(folder, `after-${seed}.db`);
  const { tables, change } = makeDatabase(after, seed);
  fs.copyFileSync(after, before);
  change();
  const deadline = new Deadline(600_000);
  const scratch = new ScratchSpace({ directory: folder, naming: backupNaming(after) }, after, deadline);
  const states = await openStates({ name: 'before', file: before, private: false }, after, scratch, deadline);
  try {
    const { tables: diffs } = compareStates(states.db, { rows: 1000, skip: 0 });
    const found = diffs.map(({ name, added, changed, removed, rows, skipped }) => {
      const told = rows?.map(({ kind, columns }) => (kind === 'changed' && columns!.length === 0 ? 'unchanged' : kind));
      const of = (kind: string) => told?.filter((each) => each === kind).length;
      return [name, { counts: [added, changed, removed], told: [of('added'), of('changed'), of('removed')], skipped }];
    });
    const full = Object.entries(compareFully(before, after, tables));
    const expected = full.map(([name, counts]) => [name, { counts, told: counts, skipped: undefined }]);
    // Every other row is as it was before.
    const expectedAfter = Object.fromEntries(full.map(([name, [added, changed]]) => [name, [added, changed, 0]]));
    states.db.exec('COMMIT');
    for (const table of tables) recoverRemoved(states, after, table);
    return {
      found: { diff: Object.fromEntries(found), recovered: compareFully(before, after, tables) },
      expected: { diff: Object.fromEntries(expected), recovered: expectedAfter },
    };
  } finally {
    states.close();
    for (const file of [before, after]) fs.rmSync(file);
  }
}

function recoverRemoved({ db, older }: States, file: string, table: string): void {
  const request: RecoverRequest = {
    ...{ database: file, directory: path.dirname(file), name: older.name, table, removed: true, related: true },
    ...{ triggers: true, create: false, set: {}, dryRun: false, verify: 'quick', whereMs: 1e6, timeoutMs: 1e6 },
  };
  db.exec('BEGIN');
  const schemas = { older: readSchema(db, 'older'), newer: readSchema(db, 'main') };
  const plan = makePlan({ db, schemas, request, choose: (root) => chooseGone(db, root) });
  db.exec('COMMIT');
  const live = new Database(file);
  try {
    live.pragma('synchronous = OFF');
    live.exec('BEGIN IMMEDIATE');
    // Nobody else has the file that stands for the backup: it needs no copy.
    const folder = { directory: path.dirname(file), naming: backupNaming(file) };
    const copy = new PrivateCopy({ ...older, private: true }, folder);
    apply({ live, reader: db, copy }, plan, request);
    live.exec('COMMIT');
    plan.tables.dispose();
  } finally {
    live.close();
  }
}
