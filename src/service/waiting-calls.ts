/** The place of one call in the line. */
export interface Turn {
  /** Resolves when every earlier call has started or given up. */
  readonly reached: Promise<void>;
  /** The call has started or given up: the next one may. Idempotent. */
  leave(): void;
}

/**
 * The protected calls that wait for a backup of one service. They start in the order in which they came: a later call that
 * finds a fresh backup must not overtake those that have waited for it.
 */
export class WaitingCalls {
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;
  #closed = false;
  readonly #letIn = new Set<Promise<unknown>>();
  readonly #onChange: (some: boolean) => void;

  /** @param onChange is told when the first call begins to wait, and when none waits any more */
  constructor(onChange: (some: boolean) => void = () => {}) {
    this.#onChange = onChange;
  }

  /** Does any call wait? While one does, no call may start before it. */
  get some(): boolean {
    return this.#waiting > 0;
  }

  /** The app is shutting down: what waits is refused when its turn comes. */
  get closed(): boolean {
    return this.#closed;
  }

  close(): void {
    this.#closed = true;
  }

  enter(): Turn {
    const reached = this.#last;
    let leave!: () => void;
    const left = new Promise<void>((resolve) => {
      leave = () => {
        if (!entered) return;
        entered = false;
        this.#waiting -= 1;
        if (this.#waiting === 0) this.#onChange(false);
        resolve();
      };
    });
    let entered = true;
    this.#waiting += 1;
    if (this.#waiting === 1) this.#onChange(true);
    // Both: a call that gives up early must not let the next one pass those before it.
    this.#last = reached.then(() => left);
    return { reached, leave };
  }

  /** A call that has waited is running now: {@link whenDone} waits for it. */
  letIn(running: Promise<unknown>): void {
    const forget = (): void => void this.#letIn.delete(running);
    this.#letIn.add(running);
    running.then(forget, forget);
  }

  /** Resolves when no call waits, and when those that have waited are done. Never rejects. */
  async whenDone(): Promise<void> {
    while (this.#waiting > 0 || this.#letIn.size > 0) {
      await this.#last;
      await Promise.allSettled(this.#letIn);
    }
  }
}
