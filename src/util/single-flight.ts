import { BackupError } from './errors.js';
import { callSafely } from './call-safely.js';
import { abortable, onAbort } from './on-abort.js';
import type { BackupProgress, SnapshotControl } from './control.js';

/**
 * An attempt that any number of callers wait for. Each may give up on its own; the attempt itself is cancelled when the
 * last of them has, and that one learns of it when everything is cleaned up.
 */
export class SingleFlight<T> {
  readonly #controller = new AbortController();
  readonly #listeners = new Set<(progress: BackupProgress) => void>();
  readonly #result: Promise<T>;
  #waiting = 0;

  constructor(start: (control: SnapshotControl) => Promise<T>) {
    this.#result = start({
      signal: this.#controller.signal,
      onProgress: (progress) => {
        // A listener that throws must not keep the progress from the others.
        for (const listener of this.#listeners) callSafely(() => listener(progress));
      },
    });
  }

  /** True until the attempt is cancelled. */
  get joinable(): boolean {
    return !this.#controller.signal.aborted;
  }

  /** Resolves when it has ended, however. */
  get end(): Promise<void> {
    return this.#result.then(
      () => {},
      () => {},
    );
  }

  /** Resolves when it has ended; rejects if the signal is aborted before. */
  async waitForEnd(signal: AbortSignal | null | undefined): Promise<void> {
    await abortable(this.end, signal, () => cancelled(signal?.reason));
  }

  async join({ signal, onProgress }: SnapshotControl = {}): Promise<T> {
    this.#waiting += 1;
    if (!signal && !onProgress) return this.#result;
    if (onProgress) this.#listeners.add(onProgress);
    let giveUp!: () => void;
    const gaveUp = new Promise<never>((_, reject) => {
      giveUp = () => {
        this.#waiting -= 1;
        if (this.#waiting > 0) reject(cancelled(signal?.reason));
        else this.#controller.abort(signal?.reason);
      };
    });
    if (signal?.aborted) giveUp();
    const stop = onAbort(signal, giveUp);
    try {
      return await Promise.race([this.#result, gaveUp]);
    } finally {
      stop();
      if (onProgress) this.#listeners.delete(onProgress);
    }
  }
}

function cancelled(reason: unknown): BackupError {
  return new BackupError('ERR_BACKUP_CANCELLED', 'Waiting for the backup was cancelled by the AbortSignal.', {
    step: 'call',
    hint: 'The backup itself goes on for the others that wait for it.',
    cause: reason,
  });
}
