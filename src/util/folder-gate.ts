import { BackupError, isBackupError, messageOf } from './errors.js';
import { runAsync } from './file-work.js';
import type { FileCall, FileWork } from './file-work.js';
import { clearTimeout, setTimeout } from './timers.js';

/** How long one call of the file system may take before its folder counts as standing still. */
const STANDS_STILL_MS = 5_000;

/**
 * The way of a service to its folder. A call that a dead network mount never answers keeps one of the four threads that
 * Node has for files, so calls go one after the other: at most one of them hangs. While one does, all others fail at once.
 */
export class FolderGate {
  readonly #folder: string;
  readonly #limitMs: number;
  #last: Promise<unknown> = Promise.resolve();
  #standsStill = false;

  constructor(folder: string, limitMs = STANDS_STILL_MS) {
    this.#folder = folder;
    this.#limitMs = limitMs;
  }

  /** @throws BackupError `ERR_BACKUP_LIST_FAILED` when the folder stands still or fails, and the BackupErrors of the work */
  async run<T>(work: FileWork<T>): Promise<T> {
    try {
      return await runAsync(work, (call) => this.#ask(call));
    } catch (error) {
      if (isBackupError(error)) throw error;
      throw new BackupError(
        'ERR_BACKUP_LIST_FAILED',
        `"${this.#folder}" could not be looked at (${messageOf(error)}).`,
        {
          step: 'list',
          hint: 'Give this process read and search permission on it, and look for links that lead in a circle.',
          cause: error,
        },
      );
    }
  }

  #ask(call: FileCall): Promise<unknown> {
    const answer = this.#last.then(() => this.#askNow(call));
    this.#last = answer.then(
      () => {},
      () => {},
    );
    return answer;
  }

  async #askNow(call: FileCall): Promise<unknown> {
    if (this.#standsStill) throw this.#error();
    let timer: NodeJS.Timeout | undefined;
    const asked = call.async();
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        this.#standsStill = true;
        const answered = (): void => void (this.#standsStill = false);
        asked.then(answered, answered);
        reject(this.#error());
      }, this.#limitMs);
    });
    try {
      return await Promise.race([asked, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  #error(): BackupError {
    const after = `${this.#limitMs / 1000} s`;
    return new BackupError('ERR_BACKUP_LIST_FAILED', `"${this.#folder}" has not answered for ${after}.`, {
      step: 'list',
      hint: 'Look at the disk or the network mount that it is on: which backups exist is unknown until it answers.',
    });
  }
}
