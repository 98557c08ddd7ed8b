import fs from 'node:fs';

/** Once so much new has been written, the system is asked to bring it to the disk. */
const FLUSH_EVERY_BYTES = 16 * 1024 * 1024;

/**
 * Brings a growing file to the disk while the rest of it is still being written, in a thread of the pool. SQLite flushes
 * it when the copy is complete; without this, everything waits for the disk then.
 */
export class WriteBehind {
  readonly #file: string;
  #descriptor: number | undefined;
  #flushing: Promise<void> | undefined;
  #flushedBytes = 0;
  #error: Error | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  wrote(doneBytes: number): void {
    if (this.#flushing || doneBytes - this.#flushedBytes < FLUSH_EVERY_BYTES) return;
    this.#flushedBytes = doneBytes;
    const descriptor = (this.#descriptor ??= fs.openSync(this.#file, 'r+'));
    this.#flushing = new Promise((resolve) => {
      fs.fdatasync(descriptor, (error) => {
        // Linux reports a failed write to one flush only: the flush that comes last would succeed.
        this.#error ??= error ?? undefined;
        this.#flushing = undefined;
        resolve();
      });
    });
  }

  /**
   * Only when SQLite has closed the file: closing any descriptor of it would drop SQLite's locks.
   *
   * @throws the error of a flush
   */
  async close(): Promise<void> {
    await this.#flushing;
    if (this.#descriptor !== undefined) fs.closeSync(this.#descriptor);
    if (this.#error) throw this.#error;
  }
}
