import { BackupError, isBackupError, messageOf } from '../util/errors.js';
import { throwIfAborted } from '../stores/backup-store.js';
import type { BackupStore, StoreControl, StoredObject } from '../stores/backup-store.js';
import { StallTimer } from '../stores/transfer.js';

// The small calls of a store. One that hangs, or that hears no signal, holds up nobody for ever; what it rejects with is a
// BackupError.

export function listObjects(store: BackupStore, prefix: string, control: AskControl): Promise<readonly StoredObject[]> {
  return ask(store, control, (watched) => store.list(prefix, watched));
}

export function removeObject(store: BackupStore, key: string, control: AskControl): Promise<void> {
  return ask(store, control, (watched) => store.remove(key, watched));
}

export function sweepUploads(store: BackupStore, prefix: string, control: AskControl): Promise<void> {
  return ask(store, control, async (watched) => store.sweep?.(prefix, watched));
}

export interface AskControl extends StoreControl {
  readonly stallMs?: number | undefined;
}

/** Nothing has to be cleared away by it, so a call that goes on after its signal is hardly waited for. */
const GRACE_MS = 1_000;

async function ask<T>(
  store: BackupStore,
  { signal, stallMs }: AskControl,
  call: (control: StoreControl) => Promise<T>,
): Promise<T> {
  throwIfAborted(signal);
  const watch = new StallTimer(signal, stallMs);
  try {
    return await watch.guard(call({ signal: watch.signal }), GRACE_MS);
  } catch (error) {
    throwIfAborted(signal);
    throw asBackupError(error, store.name);
  } finally {
    watch.close();
  }
}

/** Any error of the work on a store as a BackupError. */
export function asBackupError(error: unknown, store: string): BackupError {
  if (isBackupError(error)) return error;
  return new BackupError('ERR_BACKUP_STORE_FAILED', `"${store}": ${messageOf(error)}.`, {
    step: 'store',
    hint: 'This comes from the store itself, whose own error is the cause of this one.',
    cause: error,
  });
}
