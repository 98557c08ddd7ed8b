import type { Backup } from '../catalog/backup.js';
import { liveDatabase } from './options.js';
import type { ResolvedOptions } from './options.js';

/** Up to here the rows are compared where the pages differ: VACUUM moves them and changes none. Writers may wait meanwhile. */
const MAX_COMPARED_BYTES = 50_000_000;

/** Does the database hold anything else than this backup of it? `undefined`: that could not be looked at. */
export async function hasChangedSince(options: ResolvedOptions, backup: Backup): Promise<boolean | undefined> {
  const { timeoutMs, snapshotter, directory } = options;
  const { name, path, createdAt, sizeBytes } = backup;
  const live = { ...liveDatabase(options), timeoutMs };
  try {
    const { changed } = await snapshotter.inspect({ ...live, since: { path, createdAt: createdAt.toISOString() } });
    if (!changed || !snapshotter.diff || sizeBytes > MAX_COMPARED_BYTES) return changed;
    const { schema, tables } = await snapshotter.diff({ ...live, directory, name, against: 'live', rows: 0, skip: 0 });
    const rows = tables.some(({ added, changed: other, removed }) => added + other + removed > 0);
    const isKnown = tables.every(({ skipped }) => skipped === undefined);
    return rows || !isKnown || Object.values(schema).some((changes) => changes.length > 0);
  } catch {
    return undefined;
  }
}
