import timers from 'node:timers';

// Kept from the start, since fake timers of the app's tests take the global one away: work would never go on.
const { setImmediate: nextTurn } = timers;
// The longest that work on many files keeps the event loop of the app: it is lost in a request's own noise.
const SLICE_MS = 4;

/** Runs a generator to its end without a pause. */
export function runSync<T>(work: Generator<void, T>): T {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}

/** Runs a generator to its end; at a `yield` it lets the event loop go on if it has had its few milliseconds. */
export async function runYielding<T>(work: Generator<void, T>): Promise<T> {
  for (let sliceEnds = performance.now() + SLICE_MS; ;) {
    const { done, value } = work.next();
    if (done) return value;
    if (performance.now() < sliceEnds) continue;
    await new Promise((resolve) => nextTurn(resolve));
    sliceEnds = performance.now() + SLICE_MS;
  }
}
