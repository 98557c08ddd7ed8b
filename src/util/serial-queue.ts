import { BackupError } from './errors.js';
import { abortable } from './on-abort.js';

/** Work that is done one after the other. A caller that gives up before its turn leaves the queue at once. */
export class SerialQueue {
  #end: Promise<void> = Promise.resolve();

  /** Resolves when everything that is queued now is done. Never rejects; another promise as soon as work is added. */
  get end(): Promise<void> {
    return this.#end;
  }

  /** @param givenUp makes the error of a caller that gives up, from the signal's reason */
  run<T>(
    work: () => Promise<T>,
    signal: AbortSignal | undefined,
    givenUp: (reason: unknown) => BackupError = cancelled,
  ): Promise<T> {
    const before = this.#end;
    const turn = abortable(before, signal, () => givenUp(signal?.reason)).then(work);
    this.#end = allSettled(before, turn);
    return turn;
  }
}

/** Drops results, so that the chain does not retain every earlier one. */
async function allSettled(...promises: Promise<unknown>[]): Promise<void> {
  await Promise.allSettled(promises);
}

function cancelled(reason: unknown): BackupError {
  return new BackupError('ERR_BACKUP_CANCELLED', 'Waiting for the backup was cancelled by the AbortSignal.', {
    step: 'call',
    hint: 'Nothing was begun; the backup before it goes on.',
    cause: reason,
  });
}
