import { BackupError } from './errors.js';
import { harmless } from './harmless.js';
import type { BackupProgress, SnapshotControl } from './snapshot/snapshotter.js';

/**
 * One attempt that any number of callers wait for. Each may give up on its own; the attempt itself is cancelled when the
 * last of them has, and that one learns of it when everything is cleaned up.
 */
export class Flight<T> {
  readonly #controller = new AbortController();
  readonly #listeners = new Set<(progress: BackupProgress) => void>();
  readonly #result: Promise<T>;
  #waiting = 0;

  constructor(start: (control: SnapshotControl) => Promise<T>) {
    this.#result = start({
      signal: this.#controller.signal,
      onProgress: (progress) => {
        // One that throws must not keep it from the others.
        for (const listener of this.#listeners) harmless(() => listener(progress));
      },
    });
  }

  /** Nobody has cancelled it. */
  get joinable(): boolean {
    return !this.#controller.signal.aborted;
  }

  async join({ signal, onProgress }: SnapshotControl = {}): Promise<T> {
    this.#waiting += 1;
    if (!signal && !onProgress) return this.#result;
    if (onProgress) this.#listeners.add(onProgress);
    let onAbort!: () => void;
    const gaveUp = new Promise<never>((_, reject) => {
      onAbort = () => {
        this.#waiting -= 1;
        if (this.#waiting > 0) reject(cancelled(signal?.reason));
        else this.#controller.abort(signal?.reason);
      };
    });
    if (signal?.aborted) onAbort();
    else signal?.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([this.#result, gaveUp]);
    } finally {
      signal?.removeEventListener('abort', onAbort);
      if (onProgress) this.#listeners.delete(onProgress);
    }
  }
}

/** Waits for what comes before a caller in a line. Who gives up leaves the line at once, not when it is their turn. */
export async function myTurn(before: Promise<unknown>, signal: AbortSignal | undefined): Promise<void> {
  if (!signal) {
    await before;
    return;
  }
  let onAbort!: () => void;
  const gaveUp = new Promise<never>((_, reject) => {
    onAbort = () => reject(cancelled(signal.reason, 'Nothing was begun; the backup before it goes on.'));
  });
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([gaveUp, before]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function cancelled(reason: unknown, hint = 'The backup itself goes on for the others that wait for it.'): BackupError {
  return new BackupError('ERR_BACKUP_CANCELLED', 'Waiting for the backup was cancelled by the AbortSignal.', {
    step: 'call',
    hint,
    cause: reason,
  });
}
