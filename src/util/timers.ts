import timers from 'node:timers';

// Node's own, kept from the start: under jsdom and in Electron's renderer the global ones return numbers without unref(),
// and fake timers of the app's tests would hold up what the app waits for.
export const { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate } = timers;

/** The longest that a timer can run: https://nodejs.org/api/timers.html#settimeoutcallback-delay-args */
export const MAX_TIMER_MS = 2 ** 31 - 1;
