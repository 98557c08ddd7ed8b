import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import type { Socket } from 'node:net';
import path from 'node:path';
import type { Readable } from 'node:stream';
import readline from 'node:readline';
import { errorFromWire } from '../child/protocol.js';
import { childArguments, childOptions, ensureChildCanRun } from '../child/start-child.js';
import type { ShipCommand, ShipMessage, ShipReply, ShipRequest } from '../child/ship-protocol.js';
import { throwIfAborted } from '../stores/backup-store.js';
import type { StoreControl } from '../stores/backup-store.js';
import { BackupError } from '../util/errors.js';
import { onAbort } from '../util/on-abort.js';
import { clearTimeout, setTimeout } from '../util/timers.js';

/** A child process that holds the lock of a store, and does what it is asked. It keeps no process alive. */
export interface ShipChild {
  ask<T>(command: ShipCommand, control: StoreControl): Promise<T>;
  /** Gives the lock back. Never rejects. */
  close(): Promise<void>;
}

const MAIN = path.join(__dirname, '..', 'isolated', 'ship.js');

/**
 * Starts the child and waits for the store's lock, which it holds until `close()`. The system drops the lock, however this
 * process or the child ends.
 *
 * @returns `undefined` if another process held the lock for all of `waitMs`
 * @throws BackupError `ERR_BACKUP_CHILD_FAILED`, `ERR_BACKUP_LOCK_FAILED`, `ERR_BACKUP_CANCELLED`
 */
export async function startShipChild(request: ShipRequest, signal?: AbortSignal): Promise<ShipChild | undefined> {
  throwIfAborted(signal);
  ensureChildCanRun();
  const started = spawn(process.execPath, childArguments(MAIN), childOptions());
  const ended = endOf(started);
  // spawn() failed, so only 'error' fires. On EMFILE the stdio streams are undefined.
  if (started.pid === undefined) throw await ended;
  const child = converse(started, ended);
  try {
    if (await child.ask<boolean>({ type: 'lock', request }, { signal })) return child;
  } catch (error) {
    await child.close();
    throw error;
  }
  await child.close();
  return undefined;
}

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

function converse(child: ChildProcessWithoutNullStreams, ended: Promise<BackupError>): ShipChild {
  const waiting = new Map<number, Waiting>();
  let nextId = 0;
  let failure: BackupError | undefined;
  void ended.then((error) => {
    failure = error;
    for (const { reject } of waiting.values()) reject(error);
  });
  child.stdin.on('error', () => {});
  readline.createInterface({ input: child.stdout }).on('line', (line) => {
    const reply = parseReply(line);
    const asked = reply && waiting.get(reply.id);
    if (reply?.error) asked?.reject(errorFromWire(reply.error));
    else asked?.resolve(reply?.result);
  });
  child.unref();
  for (const stream of [child.stdin, child.stdout, child.stderr]) {
    // Bun's streams of a child have no unref().
    (stream as unknown as Partial<Socket>).unref?.();
  }
  const send = (message: ShipMessage): void => void child.stdin.write(`${JSON.stringify(message)}\n`);
  return {
    async ask<T>(command: ShipCommand, { signal }: StoreControl): Promise<T> {
      throwIfAborted(signal);
      const id = nextId++;
      const stopListening = onAbort(signal, () => send({ id, type: 'abort' }));
      try {
        if (failure) throw failure;
        return await new Promise<T>((resolve, reject) => {
          waiting.set(id, { resolve: (result) => resolve(result as T), reject });
          send({ id, ...command });
        });
      } catch (error) {
        throwIfAborted(signal);
        throw error;
      } finally {
        stopListening();
        waiting.delete(id);
      }
    },
    async close() {
      child.stdin.end();
      const kill = setTimeout(() => child.kill('SIGKILL'), END_GRACE_MS).unref();
      // A process that hangs inside the kernel (a dead network disk) ignores even SIGKILL.
      const giveUp = new Promise((resolve) => setTimeout(resolve, 2 * END_GRACE_MS).unref());
      await Promise.race([ended, giveUp]);
      clearTimeout(kill);
    },
  };
}

/** It has up to nine seconds to clear an unfinished upload away. */
const END_GRACE_MS = 10_000;

/** Resolves when the process is gone, with the error that this is for whoever still waits for an answer. */
function endOf(child: ChildProcessWithoutNullStreams): Promise<BackupError> {
  let printed = '';
  (child.stderr as Readable | undefined)
    ?.setEncoding('utf8')
    .on('data', (text: string) => (printed = (printed + text).slice(-8_192)));
  return new Promise((resolve) => {
    child.on('error', (cause) => resolve(died(cause.message, cause)));
    child.on('close', (code, signal) => {
      resolve(died(signal ?? `code ${code}`, printed.trim() === '' ? undefined : new Error(printed.trim())));
    });
  });
}

/** A line that is not a reply (a stray print) is passed over. */
function parseReply(line: string): ShipReply | undefined {
  try {
    const reply = JSON.parse(line) as Partial<ShipReply> | null;
    return typeof reply?.id === 'number' ? (reply as ShipReply) : undefined;
  } catch {
    return undefined;
  }
}

function died(how: string, cause?: Error): BackupError {
  return new BackupError('ERR_BACKUP_CHILD_FAILED', `The child process of the shipping ended (${how}).`, {
    step: 'ship',
    hint: 'The copy was not made; it is tried again. What the child printed is the cause of this error.',
    cause,
  });
}
