import path from 'node:path';
import Database from 'better-sqlite3';
import { backupNaming, lockName } from '../catalog/backup-name.js';
import { exists } from '../util/durable-files.js';
import type { ProbeReport, ProbeRequest } from '../child/protocol.js';
import type { ChildResult } from '../child/protocol.js';
import { ensureLockFile, lockWithin } from './shared/lock.js';
import { beginStep } from './shared/steps.js';

/** For `sqlite-autobackup doctor`: is the lock free at this moment, and which SQLite is this? */
export function probe({ database, directory }: ProbeRequest): ChildResult {
  beginStep('lock');
  const { version: betterSqlite3 } = require('better-sqlite3/package.json') as { version: string };
  const memory = new Database(':memory:');
  const sqlite = String(memory.prepare('SELECT sqlite_version()').pluck().get());
  memory.close();
  const lock = tryLock(path.join(directory, lockName(backupNaming(database))));
  return { kind: 'probed', report: { lock, versions: { betterSqlite3, sqlite } } };
}

function tryLock(file: string): ProbeReport['lock'] {
  if (!exists(file)) return 'none';
  ensureLockFile(file);
  const lock = lockWithin(file, 0);
  // The next one that waits for the lock gets it.
  lock?.release();
  return lock ? 'free' : 'held';
}
