import type { ChildResult } from '../snapshot/protocol.js';
import type { InspectRequest } from '../snapshot/snapshotter.js';
import { Deadline } from './deadline.js';
import { pinSource } from './pin.js';
import { enter } from './report.js';
import { ensureSource } from './space.js';

/** What only a connection can tell of the live database. */
export function inspect({ database, timeoutMs }: InspectRequest): ChildResult {
  enter('pin');
  ensureSource(database);
  const source = pinSource(database, new Deadline(timeoutMs));
  source.close();
  const { journalMode, pageSize, pageCount } = source.facts;
  return { kind: 'inspected', facts: { journalMode, pageSize, pageCount } };
}
