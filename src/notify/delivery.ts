import { AsyncLocalStorage } from 'node:async_hooks';
import { backoffMs } from '../util/backoff.js';
import type { Logger } from '../util/logger.js';
import { messages } from '../util/messages.js';
import { SerialQueue } from '../util/serial-queue.js';
import { setTimeout } from '../util/timers.js';
import { whyNot } from './channels.js';
import type { Channel } from './channels.js';

const FIRST_RETRY_MS = 1_000;
/** A message that this process cannot deliver before it ends is sent by the next process that sees the alarm. */
const MAX_WAITING = 100;

interface Waiting<Message> {
  readonly message: Message;
  readonly settled: (delivered: boolean) => void;
}

/** Delivers to one channel, one message after the other, again and again. Never throws into the app. */
export class Delivery<Message> {
  readonly #channel: Channel<Message>;
  readonly #log: Logger;
  readonly #queue = new SerialQueue();
  readonly #waiting: Waiting<Message>[] = [];
  /** Nothing of a message belongs to the request during which it arose. */
  readonly #inOwnContext = AsyncLocalStorage.snapshot();
  #failures = 0;

  constructor(channel: Channel<Message>, log: Logger) {
    this.#channel = channel;
    this.#log = log;
  }

  get name(): string {
    return this.#channel.name;
  }

  /** Resolves after the first try, with whether it has arrived; `later` is called if a retry succeeds. */
  send(message: Message, later: () => void = () => {}): Promise<boolean> {
    return new Promise((resolve) => {
      const first = this.#failures === 0;
      this.#waiting.push({
        message,
        settled: (delivered) => {
          resolve(delivered);
          if (delivered) later();
        },
      });
      if (this.#waiting.length > MAX_WAITING) this.#waiting.shift()!.settled(false);
      // Behind others that wait for their retry, it is no use to wait.
      if (first) this.#deliver();
      else resolve(false);
    });
  }

  #deliver(): void {
    void this.#inOwnContext(() => this.#queue.run(() => this.#deliverAll(), undefined));
  }

  async #deliverAll(): Promise<void> {
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      try {
        await this.#channel.send(next.message);
      } catch (error) {
        this.#failures += 1;
        for (const { settled } of this.#waiting) settled(false);
        const waitMs = backoffMs(FIRST_RETRY_MS, this.#failures);
        this.#log.warn(messages.notNotified(this.#channel.name, whyNot(error), new Date(Date.now() + waitMs)));
        setTimeout(() => this.#deliver(), waitMs).unref();
        return;
      }
      this.#failures = 0;
      this.#waiting.splice(this.#waiting.indexOf(next), 1);
      next.settled(true);
    }
  }
}
