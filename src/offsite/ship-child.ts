import type * as childProcess from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import readline from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { BackupError } from '../util/errors.js';
import { errorFromWire } from '../child/protocol.js';
import { childOptions } from '../child/run-child.js';
import { throwIfAborted } from '../stores/backup-store.js';
import type { BackupStore, StoreControl } from '../stores/backup-store.js';
import { digestObject, putDigested } from '../stores/transfer.js';
import type { DigestedBody, ObjectDigest } from '../stores/transfer.js';
import { ABORT } from '../child/ship-protocol.js';
import type { ShipCommand, ShipMessage, ShipRequest } from '../child/ship-protocol.js';

/** A backup on its way out, and the lock of the store that it is going to. */
export interface ShipChild {
  /** Puts the copy, and says what was put. Rejects where the backup is not what its manifest records. */
  put(key: string, control: StoreControl): Promise<ObjectDigest>;
  /** Reads an object of the store and says what it is. */
  digest(key: string, control: StoreControl): Promise<ObjectDigest>;
  /** Gives the lock back. */
  close(): Promise<void>;
}

const MAIN = path.join(__dirname, '..', 'isolated', 'ship.js');

/**
 * Starts the child and waits for the store's lock, which it holds until `close()`: the system drops it, however this
 * process or the child ends.
 *
 * @returns `undefined` if another process held the lock for all of `waitMs`
 */
export async function startShipChild(
  request: ShipRequest,
  store: BackupStore,
  signal?: AbortSignal,
): Promise<ShipChild | undefined> {
  throwIfAborted(signal);
  const { spawn } = require('node:child_process') as typeof childProcess;
  const child = spawn(process.execPath, [MAIN], {
    ...childOptions(),
    stdio: ['pipe', 'ignore', 'pipe', 'pipe', 'pipe'],
  });
  // Not started: its error is all that it will ever say. Out of file descriptors it does not even have streams.
  if (child.pid === undefined) throw await errorOf(child);
  const [stdin, , stderr, messages, bytes] = child.stdio as unknown as [Writable, null, Readable, Readable, Readable];
  let printed = '';
  stderr.setEncoding('utf8').on('data', (text: string) => (printed = (printed + text).slice(-8_192)));
  stdin.on('error', () => {});

  const locked = deferred<boolean>();
  const encoded = deferred<ObjectDigest>();
  let reply: ReturnType<typeof deferred<ObjectDigest>> | undefined;
  let ended: BackupError | undefined;
  const fail = (error: BackupError): void => {
    locked.reject(error);
    encoded.reject(error);
    reply?.reject(error);
  };
  // Looked at where it matters; a failure that nobody waits for is no unhandled rejection.
  encoded.promise.catch(() => {});
  readline.createInterface({ input: messages }).on('line', (line) => {
    const message = JSON.parse(line) as ShipMessage;
    if (message.type === 'locked') locked.resolve(true);
    else if (message.type === 'encoded') encoded.resolve({ sizeBytes: message.sizeBytes, sha256: message.sha256 });
    else if (message.type === 'done') reply?.resolve({ sizeBytes: message.sizeBytes, sha256: message.sha256 });
    else if (message.error.code === 'ERR_BACKUP_LOCK_TIMEOUT') locked.resolve(false);
    else fail(errorFromWire(message.error));
  });
  const gone = new Promise<void>((resolve) => {
    child.on('error', (cause) => {
      fail(died(cause.message, cause));
      resolve();
    });
    child.on('close', (code, signalName) => {
      ended = died(signalName ?? `code ${code}`, printed.trim() === '' ? undefined : new Error(printed.trim()));
      fail(ended);
      resolve();
    });
  });
  const close = (): Promise<void> => {
    stdin.end();
    // It may be waiting for somebody to read on.
    bytes.destroy();
    const late = setTimeout(() => child.kill('SIGKILL'), END_GRACE_MS);
    late.unref();
    return gone.finally(() => clearTimeout(late));
  };

  const onAbort = (): void => void close();
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    stdin.write(`${JSON.stringify(request)}\n`);
    if (!(await locked.promise)) return (await close(), undefined);
  } catch (error) {
    await close();
    throwIfAborted(signal);
    throw error;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
  const tell = (command: ShipCommand): void => void stdin.write(`${JSON.stringify(command)}\n`);
  const ask = async (command: ShipCommand, control: StoreControl): Promise<ObjectDigest> => {
    throwIfAborted(control.signal);
    if (ended) throw ended;
    reply = deferred<ObjectDigest>();
    const cancel = (): void => void stdin.write(`${ABORT}\n`);
    control.signal?.addEventListener('abort', cancel, { once: true });
    try {
      tell(command);
      return await reply.promise;
    } catch (error) {
      throwIfAborted(control.signal);
      throw error;
    } finally {
      control.signal?.removeEventListener('abort', cancel);
      reply = undefined;
    }
  };
  if (request.recipe) {
    return {
      put: (key, control) => ask({ type: 'put', key }, control),
      digest: (key, control) => ask({ type: 'measure', key }, control),
      close,
    };
  }
  // The store is made of what no other process has: a client, a function that gives credentials.
  const outgoing: DigestedBody = {
    async *body() {
      tell({ type: 'stream' });
      yield* bytes as AsyncIterable<Uint8Array>;
      await encoded.promise;
    },
    encoded: encoded.promise,
  };
  return {
    put: (key, control) => putDigested(store, key, outgoing, { ...control, sizeBytes: request.sizeBytes }),
    digest: (key, control) => digestObject(store, key, control),
    close,
  };
}

const END_GRACE_MS = 5_000;

function deferred<T>(): { promise: Promise<T>; resolve(value: T): void; reject(error: unknown): void } {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => ((resolve = yes), (reject = no)));
  return { promise, resolve, reject };
}

async function errorOf(child: childProcess.ChildProcess): Promise<BackupError> {
  const [cause] = (await once(child, 'error')) as [Error];
  return died(cause.message, cause);
}

function died(how: string, cause?: Error): BackupError {
  return new BackupError('ERR_BACKUP_CHILD_FAILED', `The child process that reads the backup ended (${how}).`, {
    step: 'ship',
    hint: 'The copy was not made; it is tried again. What the child printed is the cause of this error.',
    cause,
  });
}
