/** The parts of a test runner that the suites need: jest, vitest and mocha (`it` for `test`) have it, `node:test` too. */
export interface TestRunner {
  /** Groups tests under a name. */
  readonly describe: (name: string, define: () => void) => void;
  /** Defines one test. */
  readonly test: (name: string, run: () => Promise<void>, timeoutMs?: number) => void;
}

/** The given one, or the global functions that jest, vitest (`globals: true`) and mocha set. */
export function runnerOr(given: TestRunner | undefined): TestRunner {
  if (given) return given;
  const { describe, test, it } = globalThis as Partial<Record<string, unknown>>;
  const define = test ?? it;
  if (typeof describe !== 'function' || typeof define !== 'function') {
    throw new TypeError(
      'There is no global describe() and test(): pass { runner: { describe, test } } of your test runner.',
    );
  }
  return { describe: describe as TestRunner['describe'], test: define as TestRunner['test'] };
}
