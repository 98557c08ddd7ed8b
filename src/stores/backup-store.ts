import type { Duration } from '../util/duration.js';
import { BackupError } from '../util/errors.js';
import { show } from '../util/show.js';
import type { RetentionPolicy } from '../retention/policy.js';

/** An object in a store. */
export interface StoredObject {
  /** Relative to the store's own root (its folder, or its prefix in a bucket): `'shop-1/app_backup_20261124_093000.db'`. */
  readonly key: string;
  readonly sizeBytes: number;
  /** When it was put there, by the store's clock. */
  readonly modifiedAt: Date;
}

/** Gives a store its recipe. Whoever prints or copies the store does not get it: it may hold credentials. */
export function withRecipe(store: BackupStore, recipe: StoreRecipe): BackupStore {
  return Object.defineProperty(store, 'recipe', { value: recipe });
}

/** `require(module)[name](...args)` is the store. Plain JSON: it crosses a process boundary. */
export interface StoreRecipe {
  /** Absolute path of a CommonJS module. */
  readonly module: string;
  readonly name: string;
  readonly args: readonly unknown[];
}

/** Is it what `JSON.parse(JSON.stringify(value))` gives back: no functions, no objects of classes? */
export function isPlain(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isPlain);
  if (typeof value !== 'object' || value === null)
    return ['string', 'number', 'boolean'].includes(typeof value) || value === null;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) return false;
  return Object.values(value).every((each) => each === undefined || isPlain(each));
}

/** Cancels a call of a store. */
export interface StoreControl {
  /** Aborting ends the call with a rejection; a `put` leaves nothing behind. */
  readonly signal?: AbortSignal | undefined;
}

/** Cancels a `put`, and tells the store how much is to come. */
export interface PutControl extends StoreControl {
  /** About how many bytes are to come, as far as it is known: for stores that choose the size of their parts by it. */
  readonly sizeBytes?: number | undefined;
}

/**
 * A place for copies of backups off the machine. Four verbs; each completes or rejects. `describeBackupStore()` of
 * `sqlite-autobackup/testing` proves a store of your own.
 *
 * Keys are segments parted by `/`, none of which is empty, `.` or `..`. The last one begins with the name of the database, so
 * that it may hold spaces and the letters of any script; never a `\` or a control character.
 */
export interface BackupStore {
  /**
   * Its name in the log, the status and the records on disk: `'s3://bucket/prefix'`, `'/mnt/nas'`. The same place
   * must have the same name in every process, and no other place may have it. Never with a secret in it.
   */
  readonly name: string;
  /** How copies are made for it. */
  readonly settings?: CopySettings;
  /**
   * How a child process makes this store again. With it, sending a copy costs the app's process nothing. Make it not
   * enumerable where it holds credentials, so that nothing prints them.
   */
  readonly recipe?: StoreRecipe;
  /**
   * Every object whose key begins with `prefix` (`''`: all), in any order: all of them, or it rejects. A place that does
   * not exist or cannot be read is never an empty list. Unfinished objects are not listed.
   */
  list(prefix: string, control?: StoreControl): Promise<readonly StoredObject[]>;
  /**
   * Stores all that `body` yields under `key`: whole or not at all, durably when it resolves. Rejects with
   * `ERR_BACKUP_COPY_EXISTS` where there is such an object, which stays as it is; of several calls at the same time with
   * the same key at most one succeeds. A `body` that throws makes it reject. It reads `body` no faster than it stores it.
   */
  put(key: string, body: AsyncIterable<Uint8Array>, control?: PutControl): Promise<void>;
  /**
   * The contents. Rejects with `ERR_BACKUP_COPY_NOT_FOUND` where there is none. Whoever stops reading early calls the
   * iterator's `return()` (`for await` does). Contents that break off make it throw, never end.
   */
  open(key: string, control?: StoreControl): Promise<AsyncIterable<Uint8Array>>;
  /** Removes the object; one that is gone already is removed. */
  remove(key: string, control?: StoreControl): Promise<void>;
  /**
   * Where an interrupted `put` can leave something that costs room but is not listed (parts of an upload): removes it for
   * keys that begin with `prefix`. Called only while nobody else puts anything there.
   */
  sweep?(prefix: string, control?: StoreControl): Promise<void>;
}

/** The options that all stores of this package have. */
export interface CopySettings {
  /**
   * The first part of every key, so that several machines can share one store. Default: the machine's host name.
   * Containers, whose host name changes with every start, set it: `'shop-1'`. `false`: no such part.
   */
  host?: string | false;
  /** Default: not compressed. `'zstd'` needs Node 22.15 or newer. The objects are what `gunzip` and `zstd -d` open. */
  compress?: 'gzip' | 'zstd';
  /**
   * Encrypts to these age recipients (`'age1…'`), after compressing. Only who has the identity of one of them can restore:
   * keep it in another place than this machine. The objects are what `age -d` opens. The manifests stay readable.
   */
  encrypt?: { recipients: readonly string[] };
  /** Decides which copies stay in this store after one was shipped. Default: all of them. */
  retention?: RetentionPolicy;
  /** After a failure; doubled with each further one, up to an hour. Default `'1m'`. `shipPending()` always tries. */
  retryAfter?: Duration;
}

const SEGMENT = /^(?!\.\.?$)[^/\\\p{Cc}\p{Cs}]+$/u;

/** Is it the key of an object, one that cannot lead out of the store? */
export function isKey(key: unknown): key is string {
  return typeof key === 'string' && key.split('/').every((segment) => SEGMENT.test(segment));
}

/** @throws BackupError `ERR_BACKUP_INVALID_NAME` for a key that could lead out of the store */
export function ensureKey(key: string): void {
  if (isKey(key)) return;
  throw new BackupError('ERR_BACKUP_INVALID_NAME', `${show(key)} is not the key of an object.`, {
    step: 'store',
    hint: 'Keys are segments parted by "/", none of them "." or "..", without "\\" and control characters.',
  });
}

export function copyExists(store: string, key: string, cause?: unknown): BackupError {
  return new BackupError('ERR_BACKUP_COPY_EXISTS', `"${key}" is in "${store}" already.`, {
    step: 'store',
    hint: 'Nothing is overwritten. Two machines that share a store need a "host" or a prefix of their own.',
    cause,
  });
}

export function copyNotFound(store: string, key: string, cause?: unknown): BackupError {
  return new BackupError('ERR_BACKUP_COPY_NOT_FOUND', `There is no "${key}" in "${store}".`, {
    step: 'store',
    hint: 'List the store to see what it has; it may have been pruned meanwhile.',
    cause,
  });
}

export function storeCancelled(cause: unknown): BackupError {
  return new BackupError('ERR_BACKUP_CANCELLED', 'The work on the store was cancelled by its AbortSignal.', {
    step: 'store',
    hint: 'What was unfinished is taken up again by the next call.',
    cause,
  });
}

/** @throws BackupError `ERR_BACKUP_CANCELLED` */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw storeCancelled(signal.reason);
}
