import { isBackupError, messageOf } from '../util/errors.js';
import type { BackupError } from '../util/errors.js';
import type { DatabaseFacts } from '../child/protocol.js';
import { liveDatabase } from './options.js';
import type { ResolvedOptions } from './options.js';

/** A look at the live database: its result and its time. */
export interface DatabaseLook {
  readonly at: Date;
  /** Absent where it could not be looked at. */
  readonly facts?: DatabaseFacts;
  readonly error?: BackupError;
  /** Why there are no facts, in words. */
  readonly trouble?: string;
}

/** For a look that hangs; a locked database is waited for much shorter (isolated/inspect.ts). */
const INSPECT_TIMEOUT_MS = 30_000;

/** Looks at the live database, in a child process, one look at a time. */
export class DatabaseLooks {
  /** The last one that has ended. */
  last: DatabaseLook | undefined;
  readonly #options: ResolvedOptions;
  #running: Promise<DatabaseLook> | undefined;

  constructor(options: ResolvedOptions) {
    this.#options = options;
  }

  /** A look that begins now, or has just begun. Never rejects. */
  look(): Promise<DatabaseLook> {
    this.#running ??= this.#look().finally(() => (this.#running = undefined));
    return this.#running;
  }

  async #look(): Promise<DatabaseLook> {
    const { snapshotter } = this.#options;
    const timeoutMs = Math.min(this.#options.timeoutMs, INSPECT_TIMEOUT_MS);
    const at = new Date();
    try {
      const facts = await snapshotter.inspect({ ...liveDatabase(this.#options), timeoutMs });
      this.last = { at, facts };
    } catch (error) {
      // Facts that are not known are no reason to show nothing, not even where a user's own snapshotter fails in its own way.
      this.last = isBackupError(error)
        ? { at, error, trouble: error.message }
        : { at, trouble: `The database could not be looked at: ${messageOf(error)}.` };
    }
    return this.last;
  }
}
