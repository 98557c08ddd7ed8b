interface Waiting {
  readonly listeners: Set<() => void>;
  stop(): void;
}

/** The callbacks that wait for each signal. They share one listener: Node warns of a leak from the eleventh on. */
const waiting = new WeakMap<AbortSignal, Waiting>();

/**
 * Calls `listener` once when the signal is aborted; not for one that is aborted already.
 *
 * @returns takes the listener off again
 */
export function onAbort(signal: AbortSignal | null | undefined, listener: () => void): () => void {
  if (!signal || signal.aborted) return () => {};
  const all = waiting.get(signal) ?? listenTo(signal);
  // A function of its own, since the same one may wait twice.
  const once = (): void => listener();
  all.listeners.add(once);
  return () => {
    if (all.listeners.delete(once) && all.listeners.size === 0) all.stop();
  };
}

function listenTo(signal: AbortSignal): Waiting {
  const listeners = new Set<() => void>();
  const tell = (): void => [...listeners].forEach((each) => each());
  signal.addEventListener('abort', tell, { once: true });
  const all: Waiting = {
    listeners,
    stop() {
      signal.removeEventListener('abort', tell);
      if (waiting.get(signal) === all) waiting.delete(signal);
    },
  };
  waiting.set(signal, all);
  return all;
}

/** As `promise`, but rejects as soon as the signal is aborted. */
export async function abortable<T>(
  promise: Promise<T>,
  signal: AbortSignal | null | undefined,
  errorOf: () => Error,
): Promise<T> {
  if (!signal) return promise;
  let stop!: () => void;
  const aborted = new Promise<never>((_, reject) => {
    if (signal.aborted) reject(errorOf());
    stop = onAbort(signal, () => reject(errorOf()));
  });
  try {
    return await Promise.race([aborted, promise]);
  } finally {
    stop();
  }
}
