import os from 'node:os';

export interface Signals {
  readonly signal: AbortSignal;
  /** 128 and the number of the signal that came first; `undefined` while none came. */
  readonly exitCode: number | undefined;
}

/**
 * npm passes Ctrl-C on to its child, which has it from the terminal already: a second signal so soon is the same key. It is too
 * short for a person to press the key twice.
 */
const SAME_KEY_MS = 300;

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The first signal cancels, so that the child goes and nothing is left behind; the second one ends this process. */
export function listenToSignals(): Signals {
  const controller = new AbortController();
  let exitCode: number | undefined;
  let firstAt = 0;
  for (const name of SIGNALS) {
    process.on(name, () => {
      if (exitCode === undefined) {
        exitCode = 128 + os.constants.signals[name];
        firstAt = performance.now();
        controller.abort(new Error(name));
      } else if (performance.now() - firstAt > SAME_KEY_MS) {
        process.exit(exitCode);
      }
    });
  }
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode;
    },
  };
}

/** Signals go to `handle` alone, until the function that is returned is called. */
export function takeSignals(handle: (name: NodeJS.Signals) => void): () => void {
  const others = SIGNALS.map((name) => [name, process.listeners(name)] as const);
  for (const name of SIGNALS) {
    process.removeAllListeners(name);
    process.on(name, handle);
  }
  return () => {
    for (const [name, listeners] of others) {
      process.off(name, handle);
      for (const listener of listeners) process.on(name, listener);
    }
  };
}
