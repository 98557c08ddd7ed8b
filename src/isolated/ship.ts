// The child process of a shipping. It holds the store's lock for as long as its parent's end of the pipe is open, and reads,
// hashes, compresses and encrypts the backup; where it can make the store by itself, it also sends the copy and reads it
// back. So none of that costs the app's process anything.
//   stdin:  the request as a line, then commands as lines; its end when the parent is done, or dead
//   3: JSON lines, as the parent's `SourceMessage`     4: the bytes of the copy, for `stream`
import crypto from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import readline from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { encode } from '../stores/codec.js';
import { ABORT } from '../child/ship-protocol.js';
import type { ShipCommand, ShipMessage, ShipRequest } from '../child/ship-protocol.js';
import { digestObject, putDigested } from '../stores/transfer.js';
import type { ObjectDigest } from '../stores/transfer.js';
import { BackupError, isBackupError, messageOf } from '../util/errors.js';
import { errorToWire } from '../child/protocol.js';
import type { BackupStore } from '../stores/backup-store.js';
import { Deadline } from './shared/deadline.js';
import { takeLockFile } from './shared/lock.js';
import type { Lock } from './shared/lock.js';

function send(message: ShipMessage): void {
  fs.writeSync(3, `${JSON.stringify(message)}\n`);
}

/** What is sent: the bytes of the copy, once, and what they were. It throws, rather than ends, where the backup has rotted. */
class Outgoing {
  readonly encoded: Promise<ObjectDigest>;
  #done!: (facts: ObjectDigest) => void;

  constructor(private readonly request: ShipRequest) {
    this.encoded = new Promise((resolve) => (this.#done = resolve));
  }

  async *body(): AsyncGenerator<Uint8Array, void> {
    const { request } = this;
    const plain = new HashCounter();
    const asItIs = request.compress === undefined && request.encrypt === undefined;
    const stored = asItIs ? plain : new HashCounter();
    async function* read(): AsyncGenerator<Uint8Array, void> {
      for await (const chunk of fs.createReadStream(request.path, { highWaterMark: READ_BYTES })) {
        plain.add(chunk as Buffer);
        yield chunk as Buffer;
      }
    }
    // In objects: chunks keep their size, which is that of few but not of many steps.
    const source = Readable.from(read(), { highWaterMark: 2 });
    for await (const chunk of await encode(source, request)) {
      if (!asItIs) stored.add(chunk as Buffer);
      yield chunk as Buffer;
    }
    const found = plain.result();
    if (found.sizeBytes !== request.sizeBytes || found.sha256 !== request.sha256) throw damaged(request.path);
    this.#done(asItIs ? found : stored.result());
  }
}

const READ_BYTES = 256 * 1024;

/** Does one command of the parent's. */
async function handleCommand(command: ShipCommand, request: ShipRequest, signal: AbortSignal): Promise<void> {
  switch (command.type) {
    case 'stream': {
      const outgoing = new Outgoing(request);
      // Neither process.stdout, which blocks this process while the parent does not read, nor its descriptor: `pipe()` looks at
      // process.stdout, which makes that descriptor fail (EAGAIN) where it would have waited.
      const bytes = new net.Socket({ fd: 4, readable: false, writable: true });
      await pipeline(Readable.from(outgoing.body(), { highWaterMark: 2 }), bytes);
      return send({ type: 'encoded', ...(await outgoing.encoded) });
    }
    case 'put': {
      const facts = await putDigested(storeOf(request), command.key, new Outgoing(request), {
        signal,
        sizeBytes: request.sizeBytes,
      });
      return send({ type: 'done', ...facts });
    }
    case 'measure':
      return send({ type: 'done', ...(await digestObject(storeOf(request), command.key, { signal })) });
  }
}

function storeOf({ recipe }: ShipRequest): BackupStore {
  const made = require(recipe!.module) as Record<string, (...args: readonly unknown[]) => BackupStore>;
  return made[recipe!.name]!(...recipe!.args);
}

/** Held until this process ends; referred to here, so that it is not collected as garbage before. */
const locks: Lock[] = [];

/** In short steps, so that the parent's end is seen while another process holds it. */
async function waitForLock({ lockFile, database, waitMs }: ShipRequest): Promise<Lock> {
  const deadline = new Deadline(waitMs);
  for (;;) {
    try {
      return takeLockFile(lockFile, database, new Deadline(LOCK_STEP_MS));
    } catch (error) {
      if (!isBackupError(error, 'ERR_BACKUP_LOCK_TIMEOUT') || deadline.remainingMs() === 1) throw error;
      await new Promise((resolve) => setTimeout(resolve, LOCK_STEP_MS));
    }
  }
}

const LOCK_STEP_MS = 50;

/** Counts and hashes what passes. */
class HashCounter {
  readonly #hash = crypto.createHash('sha256');
  #bytes = 0;

  add(chunk: Uint8Array): void {
    this.#bytes += chunk.byteLength;
    this.#hash.update(chunk);
  }

  result(): ObjectDigest {
    return { sizeBytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }
}

function damaged(file: string): BackupError {
  return new BackupError('ERR_BACKUP_COPY_DAMAGED', `"${file}" is not what its manifest records.`, {
    step: 'ship',
    hint: 'It was not copied. Verify the backup and look at the disk; the next backup will be copied.',
  });
}

function main(): void {
  process.umask(0o077);
  // Ctrl-C in a terminal reaches the whole process group; the parent decides, and its end is seen below.
  process.on('SIGINT', () => {});
  const controller = new AbortController();
  let request: ShipRequest | undefined;
  let work: Promise<unknown> = Promise.resolve();
  const lines = readline.createInterface({ input: process.stdin });
  lines.on('line', (line) => {
    if (line === ABORT) return controller.abort(new Error('the parent has cancelled it'));
    if (request) {
      const asked = request;
      const command = JSON.parse(line) as ShipCommand;
      work = answer(() => handleCommand(command, asked, controller.signal));
    } else {
      const asked = (request = JSON.parse(line) as ShipRequest);
      work = answer(async () => {
        locks.push(await waitForLock(asked));
        send({ type: 'locked' });
      });
    }
  });
  // Its end is the parent's. What is being sent is given up, and cleared away where there is time for it; then the system
  // drops the lock with this process.
  lines.on('close', () => {
    controller.abort(new Error('the parent is gone'));
    setTimeout(() => process.exit(), CLEAN_UP_MS);
    void work.finally(() => process.exit());
  });
}

const CLEAN_UP_MS = 9_000;

async function answer(act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    try {
      send({ type: 'error', error: errorToWire(isBackupError(error) ? error : unreadable(error)) });
    } catch {
      // The parent is gone.
    }
  }
}

function unreadable(cause: unknown): BackupError {
  return new BackupError('ERR_BACKUP_COPY_DAMAGED', `The backup could not be read or encoded (${messageOf(cause)}).`, {
    step: 'ship',
    hint: 'Look at the disk of the backup folder. The copy was not made.',
    cause,
  });
}

main();
