import type { SnapshotControl } from '../util/control.js';
import type { ProbeReport, ProbeRequest } from './protocol.js';
import { run } from './run-child.js';

/** Can the lock be taken now, and which SQLite works in the child? Asked in a child process, as all that opens a database. */
export async function probe(request: ProbeRequest, control: SnapshotControl = {}): Promise<ProbeReport> {
  const result = await run({ kind: 'probe', ...request }, control);
  if (result.kind === 'probed') return result.report;
  throw new TypeError(`unexpected answer "${result.kind}"`);
}
