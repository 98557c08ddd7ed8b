import { EventEmitter } from 'node:events';
import { callSafely } from './call-safely.js';
import { BackupError } from './errors.js';
import { show } from './show.js';

type Listener<Payload> = (payload: Payload) => void;

/** A typed emitter whose listeners cannot harm the operation that is being protected. */
export class Events<Map extends object> {
  readonly #emitter = new EventEmitter();

  readonly #onListenerError: (event: string, error: unknown) => void;

  readonly #names: readonly string[];

  constructor(names: readonly string[], onListenerError: (event: string, error: unknown) => void) {
    this.#names = names;
    this.#onListenerError = onListenerError;
  }

  on<E extends keyof Map & string>(event: E, listener: Listener<Map[E]>): () => void {
    if (!this.#names.includes(event)) {
      throw new BackupError('ERR_BACKUP_OPTIONS', `on(${show(event)}): there is no such event.`, {
        step: 'options',
        hint: `The events are ${this.#names.join(', ')}.`,
      });
    }
    if (typeof listener !== 'function') {
      throw new BackupError('ERR_BACKUP_OPTIONS', `on("${event}"): the listener is ${show(listener)}.`, {
        step: 'options',
        hint: 'It must be a function.',
      });
    }
    this.#emitter.on(event, listener);
    return () => void this.#emitter.off(event, listener);
  }

  emit<E extends keyof Map & string>(event: E, payload: Map[E]): void {
    for (const listener of this.#emitter.listeners(event)) {
      callSafely(
        () => (listener as Listener<Map[E]>)(payload),
        (error) => this.#onListenerError(event, error),
      );
    }
  }
}
