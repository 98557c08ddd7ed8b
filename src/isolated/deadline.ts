/** The end of an attempt. The parent kills this process at the same moment; here it only bounds waits. */
export class Deadline {
  readonly #end: number;

  /** @param from on the clock of `performance.now()`; 0 is the start of this process, from which its parent counts */
  constructor(timeoutMs: number, from = performance.now()) {
    this.#end = from + timeoutMs;
  }

  get over(): boolean {
    return performance.now() >= this.#end;
  }

  /** Whole milliseconds from now, at least 1, at most `most`: what SQLite's busy timeout takes. */
  remainingMs(most = 2 ** 31 - 1): number {
    return Math.max(1, Math.min(Math.floor(this.#end - performance.now()), most));
  }
}
