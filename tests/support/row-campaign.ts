import fs from 'node:fs';
import path from 'node:path';
import { compareStates } from '#dist/isolated/rows/diff.js';
import { openStates, ScratchSpace } from '#dist/isolated/rows/open-states.js';
import { backupNaming } from '#dist/catalog/backup-name.js';
import { Deadline } from '#dist/isolated/shared/deadline.js';
import { compareFully, makeDatabase } from './database-pairs';

/** What `diff` finds and what a full comparison finds, for a random pair of databases. In this process: it is many pairs. */
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
    const expected = Object.entries(compareFully(before, after, tables)).map(([name, counts]) => [
      name,
      { counts, told: counts, skipped: undefined },
    ]);
    return { found: Object.fromEntries(found), expected: Object.fromEntries(expected) };
  } finally {
    states.close();
    for (const file of [before, after]) fs.rmSync(file);
  }
}
