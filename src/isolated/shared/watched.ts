import path from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Database } from 'better-sqlite3';
import { errorToWire } from '../../child/protocol.js';
import type { WireError } from '../../child/protocol.js';
import type { BackupError } from '../../util/errors.js';
import { send } from './steps.js';

/**
 * How much memory a statement of the user's may take, besides what this process has before it. SQLite's own limit (PRAGMA
 * hard_heap_limit) holds only where it counts its memory, which better-sqlite3 does not have it do, so the whole process is looked at.
 */
export const MAX_STATEMENT_BYTES = 512 * 1024 * 1024;
export const LOOK_EVERY_MS = 20;
export const TOO_MUCH_MEMORY = `it took more than ${MAX_STATEMENT_BYTES / 1024 ** 2} MB of memory`;

/**
 * For a connection that runs statements of the user's: what they sort and gather stays in memory, whose size is watched. In files
 * of the system's temporary folder, which is where SQLite puts it otherwise, nothing would bound it but the size of that disk.
 */
export function sortInMemory(db: Database): void {
  db.pragma('temp_store = MEMORY');
}

interface Bounds {
  readonly withinMs: number;
  /** It ends by itself and needs no memory worth naming: a thread for it would cost more than it does. */
  readonly harmless?: boolean;
  /** The error of a statement that was ended, and why it was. */
  readonly refuse: (why: string) => BackupError;
}

/** What the watching thread is started with. */
export interface Watch {
  readonly mayHaveBytes: number;
  readonly withinMs: number;
  readonly error: WireError;
  /** Not 0 as soon as the statement has ended. */
  readonly over: Int32Array;
}

/**
 * Runs a statement of the user's on this thread, which nothing can interrupt then: another thread looks at the memory of this
 * process meanwhile, and has the parent end it. The time is watched by the parent, and by that thread where there is none any more.
 */
export function watched<T>({ withinMs, harmless = false, refuse }: Bounds, ask: () => T): T {
  send({ type: 'limit', withinMs, error: errorToWire(refuse(`it did not end within ${withinMs / 1000} s`)) });
  if (harmless) return ask();
  const over = new Int32Array(new SharedArrayBuffer(4));
  const mayHaveBytes = process.memoryUsage.rss() + MAX_STATEMENT_BYTES;
  const watch: Watch = { mayHaveBytes, withinMs, error: errorToWire(refuse(TOO_MUCH_MEMORY)), over };
  const thread = new Worker(path.join(__dirname, 'watch-thread.js'), { workerData: watch });
  // No thread can be had: the time is limited all the same, by the parent.
  thread.on('error', () => {}).unref();
  try {
    return ask();
  } finally {
    Atomics.store(over, 0, 1);
  }
}
