import { BackupError } from './errors.js';

/** Work that is done one after the other. Who gives up before their turn leaves the line at once. */
export class SerialQueue {
  #end: Promise<void> = Promise.resolve();

  /** Resolves when all that is in line now is done. Never rejects; another promise as soon as somebody gets in line. */
  get end(): Promise<void> {
    return this.#end;
  }

  /** @param givenUp makes the error of who gives up, from the signal's reason */
  run<T>(
    work: () => Promise<T>,
    signal: AbortSignal | undefined,
    givenUp: (reason: unknown) => BackupError = cancelled,
  ): Promise<T> {
    const before = this.#end;
    const turn = myTurn(before, signal, givenUp).then(work);
    this.#end = allSettled(before, turn);
    return turn;
  }
}

async function myTurn(
  before: Promise<void>,
  signal: AbortSignal | undefined,
  givenUp: (reason: unknown) => BackupError,
): Promise<void> {
  if (!signal) return before;
  let onAbort!: () => void;
  const gaveUp = new Promise<never>((_, reject) => {
    onAbort = () => reject(givenUp(signal.reason));
  });
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([gaveUp, before]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** Without what they gave, or each would keep that of all before it in memory. */
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
