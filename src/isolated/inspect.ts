import type { ChildResult } from '../child/protocol.js';
import type { InspectRequest } from '../child/protocol.js';
import { Deadline } from './shared/deadline.js';
import { pinSource } from './backup/pin.js';
import { beginStep } from './shared/steps.js';
import { ensureSource } from './shared/free-space.js';

/** A locked database must not hold up a status page for long; this process may need longer to start, on a busy machine. */
const MAX_LOCK_WAIT_MS = 5_000;

/** What only a connection can tell of the live database. */
export function inspect({ database, timeoutMs }: InspectRequest): ChildResult {
  beginStep('pin');
  ensureSource(database);
  const source = pinSource(database, new Deadline(Math.min(timeoutMs, MAX_LOCK_WAIT_MS)));
  source.close();
  const { journalMode, pageSize, pageCount } = source.facts;
  return { kind: 'inspected', facts: { journalMode, pageSize, pageCount } };
}
