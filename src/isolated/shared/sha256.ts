import crypto from 'node:crypto';
import fs from 'node:fs';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';

// Starting a thread takes longer than hashing this much.
const THREAD_FROM_BYTES = 16 * 1024 * 1024;
const CHUNK_BYTES = 1024 * 1024;

/** The sha256 of a finished file in hexadecimal; a large one is hashed in a thread of its own. */
export function hashFile(file: string): Promise<string> {
  if (fs.statSync(file).size < THREAD_FROM_BYTES) return Promise.resolve().then(() => hashNow(file));
  return new Promise((resolve, reject) => {
    const worker = new Worker(__filename, { workerData: file });
    worker.once('message', resolve).once('error', reject);
    worker.once('exit', () => reject(new Error('the hashing thread ended without an answer')));
  });
}

function hashNow(file: string): string {
  const hash = crypto.createHash('sha256');
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  const descriptor = fs.openSync(file, 'r');
  try {
    const { size } = fs.fstatSync(descriptor);
    let done = 0;
    for (let read; (read = fs.readSync(descriptor, chunk, 0, CHUNK_BYTES, null)) > 0; done += read) {
      hash.update(read === CHUNK_BYTES ? chunk : chunk.subarray(0, read));
    }
    // The hash of a part would be recorded as that of the file, which then never matches it.
    if (done !== size) throw new Error(`"${file}" has ${size} bytes, and ${done} of them could be read`);
  } finally {
    fs.closeSync(descriptor);
  }
  return hash.digest('hex');
}

if (!isMainThread) parentPort!.postMessage(hashNow(workerData as string));
