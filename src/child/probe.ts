import { run } from './run-child.js';
import type { SnapshotControl } from './snapshotter.js';

/** What is asked by `sqlite-autobackup doctor`: nothing is taken, created or waited for. */
export interface ProbeRequest {
  readonly database: string;
  readonly directory: string;
  readonly timeoutMs: number;
}

export interface ProbeReport {
  /** `'none'`: no backup has been taken here yet. */
  readonly lock: 'none' | 'free' | 'held';
  readonly versions: { readonly betterSqlite3: string; readonly sqlite: string };
}

/** Can the lock be taken now, and which SQLite works in the child? Asked in a child process, as all that opens a database. */
export async function probe(request: ProbeRequest, control: SnapshotControl = {}): Promise<ProbeReport> {
  const result = await run({ kind: 'probe', ...request }, control);
  if (result.kind === 'probed') return result.report;
  throw new TypeError(`unexpected answer "${result.kind}"`);
}
