import Database from 'better-sqlite3';
import { BackupError, systemCode } from '../../util/errors.js';
import { sourceLocked } from '../../util/busy-errors.js';
import type { Deadline } from '../shared/deadline.js';
import { ensureOwnerCanWrite, removeTraces } from './idle-wal.js';
import { readFacts } from '../shared/database-facts.js';
import type { SourceFacts } from '../shared/database-facts.js';
import { pastForeignSchema } from '../shared/foreign-schema.js';
import { distrust } from '../shared/distrust.js';
import { lookTwice } from '../verify/sqlite-answers.js';
import { useSmallCache } from '../shared/small-cache.js';
import { ensureWholeSource } from './whole-source.js';

/**
 * A read transaction on the live database. While it is open, the snapshot it sees cannot change: without it a backup
 * under a busy writer starts over for ever (docs/facts.md, 4; sqlite.org/backup.html). In WAL mode nobody waits for it; in
 * rollback-journal mode writers wait until it is closed.
 */
export interface PinnedSource {
  readonly db: Database.Database;
  readonly facts: SourceFacts;
  close(): void;
}

/** A lock that lasts this long will not go away by itself; a request should not wait ten minutes to learn that. */
const MAX_SOURCE_WAIT_MS = 30_000;

/** @param idleWal a WAL database that nobody has open, found by `isIdleWal()`: nothing is left beside it */
export function pinSource(database: string, deadline: Deadline, idleWal = false): PinnedSource {
  if (idleWal) ensureOwnerCanWrite(database);
  const source = openOrRecover(database, deadline);
  if (!idleWal) return source;
  return {
    ...source,
    close() {
      source.close();
      removeTraces(database);
    },
  };
}

function openOrRecover(database: string, deadline: Deadline): PinnedSource {
  try {
    return lookTwice(() => openPinned(database, deadline));
  } catch (error) {
    if (!NEEDS_RECOVERY.has(systemCode(error))) throw error;
    // The last writer died in the middle of a transaction. The first connection that may write rolls it back, which is
    // what the app's own next connection would do; a read-only one can't.
    recover(database, deadline);
    return openPinned(database, deadline);
  }
}

const NEEDS_RECOVERY = new Set(['SQLITE_READONLY_ROLLBACK', 'SQLITE_READONLY_RECOVERY']);

function openPinned(database: string, deadline: Deadline): PinnedSource {
  const waitMs = deadline.remainingMs(MAX_SOURCE_WAIT_MS);
  const db = new Database(database, { readonly: true, fileMustExist: true, timeout: waitMs });
  try {
    distrust(db);
    useSmallCache(db);
    db.exec('BEGIN');
    const facts = readFacts(db);
    if (facts.pageCount === 0) {
      throw new BackupError('ERR_BACKUP_SOURCE_INVALID', `"${database}" has no pages yet.`, {
        step: 'pin',
        hint: 'Create its tables first: there is nothing to back up.',
      });
    }
    ensureWholeSource(database, facts);
    return { db, facts, close: () => void db.close() };
  } catch (error) {
    db.close();
    throw systemCode(error).startsWith('SQLITE_BUSY') ? sourceLocked(database, `${waitMs / 1000} s`, error) : error;
  }
}

function recover(database: string, deadline: Deadline): void {
  const db = new Database(database, { fileMustExist: true, timeout: deadline.remainingMs(MAX_SOURCE_WAIT_MS) });
  try {
    pastForeignSchema(db, () => db.prepare('SELECT count(*) FROM sqlite_schema').get());
  } finally {
    db.close();
  }
}
