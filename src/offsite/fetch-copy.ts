import path from 'node:path';
import { throwIfAborted } from '../stores/backup-store.js';
import type { BackupStore, StoreControl } from '../stores/backup-store.js';
import { decode } from '../stores/codec.js';
import { HashCounter, StallTimer } from '../stores/transfer.js';
import { callSafely } from '../util/call-safely.js';
import { BackupError, isBackupError, messageOf, systemCode } from '../util/errors.js';
import { ownerLike } from '../util/file-owner.js';
import { createNew, flushHandle, writeAll } from '../util/durable-files.js';
import type { CopyManifest } from './copy-manifest.js';
import type { RemoteCopy } from './list-copies.js';
import { asBackupError } from './store-calls.js';

export interface FetchOptions extends StoreControl {
  readonly identities?: readonly string[] | undefined;
  readonly onProgress?: ((progress: { doneBytes: number; totalBytes: number }) => void) | undefined;
}

/**
 * Writes the decoded copy into a new file, `partial`, and flushes it. `target` is what it becomes, for errors.
 *
 * @throws BackupError `ERR_BACKUP_COPY_DAMAGED` where it is not the backup that its manifest describes;
 *   `ERR_BACKUP_NO_SPACE`, `ERR_BACKUP_WRITE_FAILED` for the disk; `ERR_BACKUP_COPY_ENCRYPTED`; what the store says
 */
export async function fetchCopy(
  store: BackupStore,
  copy: RemoteCopy & { readonly manifest: CopyManifest },
  { partial, target }: { readonly partial: string; readonly target: string },
  { identities = [], signal, onProgress }: FetchOptions,
): Promise<void> {
  const { key, compress, recipients, storedBytes: totalBytes, manifest } = copy;
  const timer = new StallTimer(signal);
  async function* received(): AsyncGenerator<Uint8Array, void> {
    let doneBytes = 0;
    try {
      for await (const chunk of await store.open(key, { signal: timer.signal })) {
        timer.moved();
        doneBytes += chunk.byteLength;
        callSafely(() => onProgress?.({ doneBytes, totalBytes }));
        yield chunk;
      }
    } catch (error) {
      // An error of the store, as opposed to one of decoding or writing.
      throw asBackupError(error, store.name);
    }
  }
  const handle = await onDisk(target, async () => createNew(partial, await ownerLike(path.dirname(partial))));
  const write = async (): Promise<void> => {
    const counter = new HashCounter();
    let header = Buffer.alloc(0);
    for await (const chunk of decode(received(), { compress, recipients }, identities, key)) {
      throwIfAborted(timer.signal);
      counter.add(chunk);
      // An object that unpacks to more than it should must not fill the disk.
      if (counter.sizeBytes > manifest.sizeBytes) throw new Error(`it holds more than ${manifest.sizeBytes} bytes`);
      if (header.length < HEADER_BYTES) header = Buffer.concat([header, chunk.subarray(0, HEADER_BYTES)]);
      await onDisk(target, () => writeAll(handle, chunk));
    }
    const { sizeBytes, sha256 } = counter.digest();
    if (sizeBytes !== manifest.sizeBytes || sha256 !== manifest.sha256) {
      throw new Error(`it holds ${sizeBytes} bytes with the sha256 ${sha256.slice(0, 12)}…, not those of the backup`);
    }
    checkSize(header, sizeBytes);
    await onDisk(target, () => flushHandle(handle));
  };
  try {
    await timer.guard(write());
  } catch (error) {
    throwIfAborted(signal);
    throw isBackupError(error) ? error : damaged(key, error);
  } finally {
    timer.close();
    await handle.close().catch(() => {});
  }
}

/** The length of a database file's header (sqlite.org/fileformat2.html, 1.3). */
const HEADER_BYTES = 100;

/**
 * File size = page size × page count: the cheapest proof that a database file is whole (sqlite.org/fileformat2.html, 1.2). A
 * right hash proves only that it is what was sent.
 */
function checkSize(header: Buffer, sizeBytes: number): void {
  if (header.length < HEADER_BYTES || header.toString('latin1', 0, 16) !== 'SQLite format 3\0') {
    throw new Error('it is not a SQLite database');
  }
  const pageSize = header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16);
  const pageCount = header.readUInt32BE(28);
  // Writers before SQLite 3.7.0 do not keep the count up; then these two differ.
  if (header.readUInt32BE(24) !== header.readUInt32BE(92)) return;
  if (pageSize * pageCount === sizeBytes) return;
  throw new Error(`it has ${sizeBytes} bytes, and its header says ${pageCount} pages of ${pageSize}`);
}

async function onDisk<T>(file: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (cause) {
    throw writeFailed(file, cause);
  }
}

export function writeFailed(file: string, cause: unknown): BackupError {
  if (['ENOSPC', 'EDQUOT'].includes(systemCode(cause))) {
    return new BackupError('ERR_BACKUP_NO_SPACE', `The disk of "${file}" is full (${messageOf(cause)}).`, {
      step: 'pull',
      hint: 'Free some space, or pull to another disk. The copy in the store is not touched.',
      cause,
    });
  }
  return new BackupError('ERR_BACKUP_WRITE_FAILED', `"${file}" could not be written (${messageOf(cause)}).`, {
    step: 'pull',
    hint: 'Check that its folder exists, may be written and has room for the database.',
    cause,
  });
}

function damaged(key: string, cause: unknown): BackupError {
  return new BackupError('ERR_BACKUP_COPY_DAMAGED', `"${key}" is damaged (${messageOf(cause)}).`, {
    step: 'pull',
    hint: 'Nothing was written. Pull an older copy, or one from another store.',
    cause,
  });
}
