import { clearTimeout, MAX_TIMER_MS, setTimeout } from '../util/timers.js';

/** Remembers what the service believes of the newest backup without looking at the folder, for at most `recheckMs`. */
export class Freshness {
  /** Younger than the service's interval? A flag that a timer clears: reading it costs no look at the clock. */
  #known = false;
  /** Do earlier calls wait for a backup? */
  #held = false;
  /** Known, and no call waits. One field, since every protected call reads it. */
  open = false;
  readonly #intervalMs: number;
  readonly #recheckMs: number;
  #timer: NodeJS.Timeout | undefined;
  #latestMs = -Infinity;
  #lookedAt = -Infinity;

  readonly #enabled: boolean;

  constructor(options: { readonly intervalMs: number; readonly recheckMs: number; readonly enabled: boolean }) {
    this.#enabled = options.enabled;
    // Nothing is ever due for a service that is switched off.
    this.#set(!options.enabled);
    this.#intervalMs = options.intervalMs;
    this.#recheckMs = options.recheckMs;
  }

  /** Is it younger than `intervalMs`, as far as is known? */
  knownFor(intervalMs: number): boolean {
    if (!this.#enabled || intervalMs === this.#intervalMs) return this.#known;
    return (
      performance.now() - this.#lookedAt < this.#recheckMs && Math.max(0, Date.now() - this.#latestMs) < intervalMs
    );
  }

  /** The newest backup was looked at, and is from `latestMs` (since 1970). */
  believe(latestMs: number): void {
    if (!this.#enabled) return;
    this.#latestMs = latestMs;
    this.#lookedAt = performance.now();
    const ms = Math.min(latestMs + this.#intervalMs - Date.now(), this.#recheckMs, MAX_TIMER_MS);
    if (ms <= 0) return;
    clearTimeout(this.#timer);
    this.#set(true);
    this.#timer = setTimeout(() => {
      this.#set(false);
    }, ms);
    this.#timer.unref();
  }

  /** A backup has gone, or the database is another one. */
  forget(): void {
    if (!this.#enabled) return;
    this.#set(false);
    this.#lookedAt = -Infinity;
  }

  /** No call may start before those that wait for a backup. */
  hold(on: boolean): void {
    this.#held = on;
    this.#set(this.#known);
  }

  #set(known: boolean): void {
    this.#known = known;
    this.open = known && !this.#held;
  }
}
