import type { ChildResult, InspectRequest } from '../child/protocol.js';
import { Deadline } from './shared/deadline.js';
import { ensureSource } from './shared/free-space.js';
import { hasChanged } from './shared/has-changed.js';
import { beginStep } from './shared/steps.js';
import { openSource } from './sources/open-source.js';

/** What is locked, or has no leader, must not hold up a status page for long. */
const MAX_WAIT_MS = 5_000;

/** Reads what the app cannot learn of the live database, which it must not open. */
export async function inspect(request: InspectRequest): Promise<ChildResult> {
  const { database, source, since, timeoutMs } = request;
  beginStep('pin');
  if (!source) ensureSource(database);
  // Before this process opens the database: reading it without SQLite would drop the locks of a connection.
  const changed = since && !source && { changed: hasChanged(database, since) };
  const deadline = Deadline.beforeTheParents(timeoutMs);
  const facts = await openSource(request).inspect({ remainingMs: () => deadline.remainingMs(MAX_WAIT_MS) });
  return { kind: 'inspected', facts: { ...facts, ...changed } };
}
