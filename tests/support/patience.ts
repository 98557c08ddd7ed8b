import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { DIST } from './run-node';

/**
 * A `timeout` that a test waits out. Before it is over, the child must have come to the step in which it then waits, also on a
 * machine that is slow or busy: so it is `atLeastMs`, or twenty times as long as a whole small backup takes here and now.
 */
export function patience(atLeastMs: number): number {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'autobackup-patience-'));
  try {
    const database = path.join(directory, 'app.db');
    const db = new Database(database);
    db.exec('CREATE TABLE things (name TEXT)');
    db.close();
    const request = { kind: 'create', database, directory, ifOlderThanMs: null, verify: 'quick', timeoutMs: 600_000 };
    const startedAt = performance.now();
    execFileSync(process.execPath, [path.join(DIST, 'isolated', 'main.js')], {
      input: JSON.stringify(request),
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    return Math.max(atLeastMs, Math.ceil(20 * (performance.now() - startedAt)));
  } finally {
    fs.rmSync(directory, { recursive: true });
  }
}
