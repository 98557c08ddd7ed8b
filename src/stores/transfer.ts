import crypto from 'node:crypto';
import { BackupError, isBackupError, systemCode } from '../util/errors.js';
import type { BackupStore, PutControl, StoreControl } from './backup-store.js';

/** Of a copy as it is stored. */
export interface ObjectDigest {
  readonly sizeBytes: number;
  readonly sha256: string;
}

/**
 * Nothing has moved for so long: the store has hung, whatever its own time limits say. A store may hold several parts at a
 * time, and over a slow line 32 MB take a quarter of an hour.
 */
const STALL_MS = 30 * 60_000;

/** A signal that also aborts when nothing has moved for `stallMs`, and a function to say that something has. */
export class StallTimer {
  readonly #controller = new AbortController();
  readonly #onAbort: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly outer: AbortSignal | undefined,
    private readonly stallMs: number = STALL_MS,
  ) {
    this.#onAbort = () => this.#controller.abort(outer?.reason);
    if (outer?.aborted) this.#onAbort();
    else outer?.addEventListener('abort', this.#onAbort, { once: true });
    this.moved();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  moved(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#controller.abort(stalled(this.stallMs)), this.stallMs);
    this.#timer.unref();
  }

  /** Waits for `work`, but not for one that hears no signal. */
  async guard<T>(work: Promise<T>, graceMs: number = ABORT_GRACE_MS): Promise<T> {
    work.catch(() => {});
    const { signal } = this;
    let onAbort!: () => void;
    const given = new Promise<never>((_, reject) => {
      onAbort = () => setTimeout(() => reject(signal.reason as Error), graceMs).unref();
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort, { once: true });
    });
    try {
      return await Promise.race([work, given]);
    } catch (error) {
      throw stalledReason(signal) ?? error;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  close(): void {
    clearTimeout(this.#timer);
    this.outer?.removeEventListener('abort', this.#onAbort);
  }
}

/** So long may a store take to clean up after it was told to stop. */
const ABORT_GRACE_MS = 10_000;

/** The store's `put`, watched. What `body` throws is what this throws, not what the store makes of it. */
export async function putWatched(
  store: BackupStore,
  key: string,
  body: AsyncIterable<Uint8Array>,
  { signal, sizeBytes, stallMs }: PutControl & { stallMs?: number },
): Promise<void> {
  const watch = new StallTimer(signal, stallMs);
  let failure: { readonly error: unknown } | undefined;
  let ended = false as boolean;
  async function* watched(): AsyncGenerator<Uint8Array, void> {
    try {
      for await (const chunk of body) {
        watch.moved();
        yield chunk;
      }
      watch.moved();
      ended = true;
    } catch (error) {
      // A store that gives up and stops reading is no failure of the source: its own error says why.
      if (systemCode(error) !== 'ABORT_ERR') failure = { error };
      throw error;
    }
  }
  try {
    await watch.guard(store.put(key, watched(), { signal: watch.signal, sizeBytes }));
  } catch (error) {
    throw failure ? failure.error : error;
  } finally {
    watch.close();
  }
  // A store that swallows the body's error has stored half of it.
  if (failure) throw failure.error;
  if (!ended) throw endedEarly(store.name, key);
}

/** The bytes of a copy, and what they were when they have all been read. */
export interface DigestedBody {
  body(): AsyncIterable<Uint8Array>;
  readonly encoded: Promise<ObjectDigest>;
}

/** Puts an object and says what was put. */
export async function putDigested(
  store: BackupStore,
  key: string,
  outgoing: DigestedBody,
  control: PutControl,
): Promise<ObjectDigest> {
  let sent = false as boolean;
  async function* body(): AsyncGenerator<Uint8Array, void> {
    yield* outgoing.body();
    sent = true;
  }
  try {
    await putWatched(store, key, body(), control);
  } catch (error) {
    // The answer to our own put was lost and the request repeated: then what stands there is ours. It is read back anyway.
    const ours = isBackupError(error, 'ERR_BACKUP_COPY_EXISTS') && sent;
    if (!ours || !same(await digestObject(store, key, control), await outgoing.encoded)) throw error;
  }
  return outgoing.encoded;
}

export function same(a: ObjectDigest, b: ObjectDigest): boolean {
  return a.sizeBytes === b.sizeBytes && a.sha256 === b.sha256;
}

/** Reads an object and says what it is. */
export async function digestObject(
  store: BackupStore,
  key: string,
  { signal, stallMs }: StoreControl & { stallMs?: number } = {},
): Promise<ObjectDigest> {
  const watch = new StallTimer(signal, stallMs);
  const hash = crypto.createHash('sha256');
  let sizeBytes = 0;
  const read = async (): Promise<ObjectDigest> => {
    for await (const chunk of await store.open(key, { signal: watch.signal })) {
      watch.moved();
      sizeBytes += chunk.byteLength;
      hash.update(chunk);
    }
    return { sizeBytes, sha256: hash.digest('hex') };
  };
  try {
    return await watch.guard(read());
  } finally {
    watch.close();
  }
}

/** A small object, such as a manifest. */
export async function readText(store: BackupStore, key: string, control: StoreControl = {}): Promise<string> {
  const watch = new StallTimer(control.signal);
  const read = async (): Promise<string> => {
    const chunks: Uint8Array[] = [];
    let sizeBytes = 0;
    for await (const chunk of await store.open(key, { signal: watch.signal })) {
      watch.moved();
      sizeBytes += chunk.byteLength;
      if (sizeBytes > MAX_TEXT_BYTES) throw new RangeError(`"${key}" is too large for a manifest`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
  };
  try {
    return await watch.guard(read());
  } finally {
    watch.close();
  }
}

const MAX_TEXT_BYTES = 1024 * 1024;

function stalled(stallMs: number): BackupError {
  return new BackupError('ERR_BACKUP_STORE_FAILED', `Nothing has moved for ${stallMs / 1000} s.`, {
    step: 'store',
    hint: 'The connection to the store, or the store itself, hangs. It is tried again.',
  });
}

function endedEarly(store: string, key: string): BackupError {
  return new BackupError(
    'ERR_BACKUP_STORE_FAILED',
    `"${store}" ended the put of "${key}" before it had read all of it.`,
    {
      step: 'store',
      hint: 'put() must read its body to the end: this is a mistake in the store, which describeBackupStore() would find.',
    },
  );
}

function stalledReason(signal: AbortSignal): BackupError | undefined {
  return signal.aborted && signal.reason instanceof BackupError && signal.reason.code === 'ERR_BACKUP_STORE_FAILED'
    ? signal.reason
    : undefined;
}
