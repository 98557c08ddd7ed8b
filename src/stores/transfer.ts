import crypto from 'node:crypto';
import { BackupError, isBackupError, systemCode } from '../util/errors.js';
import { onAbort } from '../util/on-abort.js';
import { clearTimeout, setTimeout } from '../util/timers.js';
import type { BackupStore, PutControl, StoreControl } from './backup-store.js';

/** The size and hash of a copy as it is stored. */
export interface ObjectDigest {
  readonly sizeBytes: number;
  readonly sha256: string;
}

/**
 * If nothing moves for this long, the store has hung, whatever its own time limits say. A store may hold several parts at a
 * time, and over a slow line 32 MB take a quarter of an hour.
 */
const STALL_MS = 30 * 60_000;

/** A signal that also aborts when nothing has moved for `stallMs`, and a function to say that something has. */
export class StallTimer {
  readonly #controller = new AbortController();
  readonly #stallMs: number;
  readonly #stopListening: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(outer: AbortSignal | undefined, stallMs = STALL_MS) {
    this.#stallMs = stallMs;
    const abort = (): void => this.#controller.abort(outer?.reason);
    if (outer?.aborted) abort();
    this.#stopListening = onAbort(outer, abort);
    this.moved();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  moved(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#controller.abort(stalled(this.#stallMs)), this.#stallMs);
    this.#timer.unref();
  }

  /** Waits for `work`, but not for one that hears no signal. */
  async guard<T>(work: Promise<T>, graceMs: number = ABORT_GRACE_MS): Promise<T> {
    work.catch(() => {});
    const { signal } = this;
    let stop!: () => void;
    const given = new Promise<never>((_, reject) => {
      const giveUp = (): void => void setTimeout(() => reject(signal.reason as Error), graceMs).unref();
      if (signal.aborted) giveUp();
      stop = onAbort(signal, giveUp);
    });
    try {
      return await Promise.race([work, given]);
    } catch (error) {
      throw stalledReason(signal) ?? error;
    } finally {
      stop();
    }
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#stopListening();
  }
}

/** So long may a store take to clean up after it was told to stop. */
const ABORT_GRACE_MS = 10_000;

/** The store's `put`, watched. What `body` throws is what this throws, not what the store makes of it. */
export async function putWatched(
  store: BackupStore,
  key: string,
  body: AsyncIterable<Uint8Array>,
  { signal, sizeBytes, stallMs }: PutControl & WatchedControl,
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

/** The bytes of a copy. `digest()` says what they were, when all of them have been read. */
export interface DigestedBody {
  body(): AsyncIterable<Uint8Array>;
  digest(): ObjectDigest;
}

/** Counts and hashes bytes. */
export class HashCounter {
  readonly #hash = crypto.createHash('sha256');
  #bytes = 0;

  add(chunk: Uint8Array): void {
    this.#bytes += chunk.byteLength;
    this.#hash.update(chunk);
  }

  get sizeBytes(): number {
    return this.#bytes;
  }

  /** Once only. */
  digest(): ObjectDigest {
    return { sizeBytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }
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
    if (!ours || !same(await digestObject(store, key, control), outgoing.digest())) throw error;
  }
  return outgoing.digest();
}

export function same(a: ObjectDigest, b: ObjectDigest): boolean {
  return a.sizeBytes === b.sizeBytes && a.sha256 === b.sha256;
}

/** A body of one piece. */
// eslint-disable-next-line @typescript-eslint/require-await -- what a store reads is asynchronous
export async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield bytes;
}

/** Reads an object and says what it is. */
export async function digestObject(
  store: BackupStore,
  key: string,
  control: WatchedControl = {},
): Promise<ObjectDigest> {
  const counter = new HashCounter();
  await readWatched(store, key, control, (chunk) => counter.add(chunk));
  return counter.digest();
}

/**
 * Reads a small object, such as a manifest.
 *
 * @throws BackupError `ERR_BACKUP_COPY_DAMAGED` where it is larger than 1 MB, and what the store throws
 */
export async function readText(store: BackupStore, key: string, control: WatchedControl = {}): Promise<string> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  await readWatched(store, key, control, (chunk) => {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > MAX_TEXT_BYTES) throw tooLarge(store.name, key);
    chunks.push(chunk);
  });
  return Buffer.concat(chunks).toString('utf8');
}

export interface WatchedControl extends StoreControl {
  readonly stallMs?: number | undefined;
}

async function readWatched(
  store: BackupStore,
  key: string,
  { signal, stallMs }: WatchedControl,
  take: (chunk: Uint8Array) => void,
): Promise<void> {
  const watch = new StallTimer(signal, stallMs);
  const read = async (): Promise<void> => {
    for await (const chunk of await store.open(key, { signal: watch.signal })) {
      watch.moved();
      take(chunk);
    }
  };
  try {
    await watch.guard(read());
  } finally {
    watch.close();
  }
}

const MAX_TEXT_BYTES = 1_000_000;

function tooLarge(store: string, key: string): BackupError {
  return new BackupError('ERR_BACKUP_COPY_DAMAGED', `"${key}" in "${store}" is larger than 1 MB.`, {
    step: 'store',
    hint: 'It is not a manifest. Look at who else writes into this store.',
  });
}

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
