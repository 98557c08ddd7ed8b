// The child process of a shipping. It holds the store's lock for as long as its parent's end of the pipe is open, and reads,
// hashes, compresses and encrypts the backup, so that none of that costs the app's process anything.
//   stdin:  the request as a line, then the line "go", then its end when the parent is done, or dead
//   stdout: the bytes of the copy     3: JSON lines, as the parent's `SourceMessage`
import crypto from 'node:crypto';
import fs from 'node:fs';
import readline from 'node:readline';
import { PassThrough, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { encode } from '../copies/codec.js';
import type { SourceMessage, SourceRequest } from '../copies/source.js';
import { BackupError, isBackupError, messageOf } from '../errors.js';
import { errorToWire } from '../snapshot/protocol.js';
import { Deadline } from './deadline.js';
import { takeLockFile } from './lock.js';
import type { Lock } from './lock.js';

function send(message: SourceMessage): void {
  fs.writeSync(3, `${JSON.stringify(message)}\n`);
}

async function ship(request: SourceRequest, go: Promise<void>): Promise<void> {
  held.push(await waitForLock(request));
  send({ type: 'locked' });
  await go;

  const plain = new Tally();
  const stored = new Tally();
  const source = fs.createReadStream(request.path, { highWaterMark: 1024 * 1024 });
  const counted = new PassThrough();
  const reading = pipeline(source, plain.stream, counted);
  // Its error comes out of the other pipeline, through `counted`.
  reading.catch((error: unknown) => counted.destroy(error as Error));
  const encoded = await encode(counted, request);
  // Not process.stdout: that blocks this process while the parent does not read.
  await pipeline(encoded, stored.stream, async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) await writeAll(chunk);
  });
  const found = plain.result();
  if (found.sizeBytes !== request.sizeBytes || found.sha256 !== request.sha256) throw damaged(request.path);
  send({ type: 'encoded', ...stored.result() });
  fs.closeSync(1);
  // The lock stays until the parent has read the copy back.
}

/** Held until this process ends; referred to here, so that it is not collected as garbage before. */
const held: Lock[] = [];

/** In short steps, so that the parent's end is seen while another process holds it. */
async function waitForLock({ lockFile, database, waitMs }: SourceRequest): Promise<Lock> {
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
class Tally {
  readonly #hash = crypto.createHash('sha256');
  #bytes = 0;
  readonly stream = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      this.#bytes += chunk.byteLength;
      this.#hash.update(chunk);
      done(null, chunk);
    },
  });

  result(): { sizeBytes: number; sha256: string } {
    return { sizeBytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }
}

async function writeAll(chunk: Buffer): Promise<void> {
  for (let at = 0; at < chunk.byteLength;) {
    at += await new Promise<number>((resolve, reject) => {
      fs.write(1, chunk, at, chunk.byteLength - at, (error, written) => (error ? reject(error) : resolve(written)));
    });
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
  let start!: () => void;
  const go = new Promise<void>((resolve) => (start = resolve));
  let requested = false;
  const lines = readline.createInterface({ input: process.stdin });
  // Its end is the parent's: the system drops the lock with this process.
  lines.on('close', () => process.exit());
  lines.on('line', (line) => {
    if (requested) return start();
    requested = true;
    ship(JSON.parse(line) as SourceRequest, go).catch((error: unknown) => {
      send({ type: 'error', error: errorToWire(isBackupError(error) ? error : unreadable(error)) });
      process.exit(1);
    });
  });
}

function unreadable(cause: unknown): BackupError {
  return new BackupError('ERR_BACKUP_COPY_DAMAGED', `The backup could not be read or encoded (${messageOf(cause)}).`, {
    step: 'ship',
    hint: 'Look at the disk of the backup folder. The copy was not made.',
    cause,
  });
}

main();
