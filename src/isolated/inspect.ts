import type { ChildResult, DatabaseFacts, InspectRequest } from '../child/protocol.js';
import { isIdleWal } from './backup/idle-wal.js';
import { pinSource } from './backup/pin.js';
import { Deadline } from './shared/deadline.js';
import { readHeader } from '../util/database-header.js';
import { hasChanged } from './shared/has-changed.js';
import { ensureSource } from './shared/free-space.js';
import { beginStep } from './shared/steps.js';

/** A locked database must not hold up a status page for long; this process may need longer to start, on a busy machine. */
const MAX_LOCK_WAIT_MS = 5_000;

/** Reads what the app cannot learn of the live database, which it must not open. A look leaves nothing beside it. */
export function inspect({ database, timeoutMs, since }: InspectRequest): ChildResult {
  beginStep('pin');
  ensureSource(database);
  // Before this process opens the database: reading it without SQLite would drop the locks of a connection.
  const changed = since && { changed: hasChanged(database, since) };
  // Nobody has it open, so its header holds.
  if (isIdleWal(database)) return { kind: 'inspected', facts: { ...factsInHeader(readHeader(database)), ...changed } };
  const source = pinSource(database, new Deadline(Math.min(timeoutMs, MAX_LOCK_WAIT_MS)));
  source.close();
  const { journalMode, pageSize, pageCount } = source.facts;
  return { kind: 'inspected', facts: { journalMode, pageSize, pageCount, ...changed } };
}

/** https://sqlite.org/fileformat2.html#the_database_header */
function factsInHeader(header: Buffer): DatabaseFacts {
  const pageSize = header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16);
  return { journalMode: 'wal', pageSize, pageCount: header.readUInt32BE(28) };
}
