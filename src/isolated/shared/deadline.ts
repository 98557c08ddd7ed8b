/** The end of an attempt. The parent kills this process at the same moment; here it only bounds waits. */
export class Deadline {
  readonly #end: number;

  /** @param from on the clock of `performance.now()`; 0 is the start of this process, from which its parent counts */
  constructor(timeoutMs: number, from = performance.now()) {
    this.#end = from + timeoutMs;
  }

  /**
   * A little earlier than the parent ends this process, so that there is time to tidy up and to say what was found. Counted as
   * the parent does: on a busy machine it takes seconds until this process has come to its work.
   */
  static beforeTheParents(timeoutMs: number): Deadline {
    return new Deadline(timeoutMs - Math.min(3_000, timeoutMs / 5), 0);
  }

  get over(): boolean {
    return performance.now() >= this.#end;
  }

  /** Whole milliseconds from now, at least 1, at most `most`: what SQLite's busy timeout takes. */
  remainingMs(most = 2 ** 31 - 1): number {
    return Math.max(1, Math.min(Math.floor(this.#end - performance.now()), most));
  }
}
