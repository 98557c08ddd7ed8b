/** The end of an attempt. The parent kills this process at the same moment; here it only bounds waits. */
export class Deadline {
  readonly #end: number;

  constructor(timeoutMs: number) {
    this.#end = performance.now() + timeoutMs;
  }

  get over(): boolean {
    return performance.now() >= this.#end;
  }

  /** Whole milliseconds from now, at least 1, at most `most`: what SQLite's busy timeout takes. */
  remainingMs(most = 2 ** 31 - 1): number {
    return Math.max(1, Math.min(Math.floor(this.#end - performance.now()), most));
  }
}
