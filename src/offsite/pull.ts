import fs from 'node:fs';
import path from 'node:path';
import { pullPartial } from '../catalog/pull-files.js';
import { throwIfAborted } from '../stores/backup-store.js';
import type { BackupStore, StoreControl } from '../stores/backup-store.js';
import { chooseCopy, ignoredFor } from './choose-copy.js';
import type { IgnoredCopy } from './choose-copy.js';
import { fetchCopy } from './fetch-copy.js';
import { listCopies } from './list-copies.js';
import type { RemoteCopy } from './list-copies.js';
import { ensureFree, ensureRoom, publishPulled, sweepPulls } from './pull-target.js';

/** Options of `pullBackup()`. */
export interface PullOptions extends StoreControl {
  readonly from: BackupStore;
  /** A backup's name, or `'latest'` (default). */
  readonly name?: string | undefined;
  /** With `'latest'`: the newest one that was taken before this moment. */
  readonly before?: Date | undefined;
  /** The host whose copies are meant. Needed only where the store has those of several hosts. */
  readonly host?: string | undefined;
  /** The file name of the database, `'app.db'`. Needed only where the store has copies of several databases. */
  readonly database?: string | undefined;
  /**
   * The file to write, which must not exist; or a folder, in which it gets its own name and its manifest beside it. There it
   * is protected, so that the retention of the folder does not remove it.
   */
  readonly to: string;
  /** age identities (`'AGE-SECRET-KEY-1…'`), for copies that are encrypted. */
  readonly identities?: readonly string[] | undefined;
  /** Called as the bytes arrive. A function that throws is passed over. */
  readonly onProgress?: ((progress: PullProgress) => void) | undefined;
}

/** How far a pull is. */
export interface PullProgress {
  /** Counts the bytes of the object as it is stored. */
  readonly doneBytes: number;
  readonly totalBytes: number;
}

/** The report of a pull: what it brought back, and where it is. */
export interface PullReport {
  readonly name: string;
  readonly host: string | undefined;
  readonly store: string;
  readonly key: string;
  /** The file that was written. */
  readonly path: string;
  readonly createdAt: Date;
  readonly sizeBytes: number;
  readonly sha256: string;
  /** With `'latest'`: newer copies that do not count and were passed over. */
  readonly ignored: readonly IgnoredCopy[];
  readonly durationMs: number;
}

/** Marks copies with problems that only the caller knows of. */
export type Judge = (copies: readonly RemoteCopy[]) => readonly RemoteCopy[] | Promise<readonly RemoteCopy[]>;

/**
 * Brings a copy back: decrypted, decompressed, its size and hash those of the backup that was taken.
 *
 * @throws BackupError `ERR_BACKUP_PULL_TARGET`, `ERR_BACKUP_NO_SPACE`, and what {@link chooseCopy} and {@link fetchCopy} throw
 */
export async function pullBackup(options: PullOptions, judge: Judge = (copies) => copies): Promise<PullReport> {
  const startedAt = performance.now();
  const { from: store, to, signal } = options;
  throwIfAborted(signal);
  const intoFolder = await fs.promises.stat(to).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  if (!intoFolder) await ensureFree(path.resolve(to));
  const copies = await judge(await listCopies(store, options));
  const copy = chooseCopy(copies, options, store.name);
  const target = path.resolve(intoFolder ? path.join(to, copy.name) : to);
  await ensureFree(target);
  await sweepPulls(path.dirname(target));
  const { sizeBytes, sha256 } = copy.manifest;
  await ensureRoom(target, sizeBytes);
  const partial = pullPartial(target);
  try {
    await fetchCopy(store, copy, { partial, target }, options);
    await publishPulled(partial, target, intoFolder ? copy.manifest : undefined);
  } finally {
    await fs.promises.rm(partial, { force: true }).catch(() => {});
  }
  return {
    name: copy.name,
    host: copy.host,
    store: store.name,
    key: copy.key,
    path: target,
    createdAt: copy.createdAt,
    sizeBytes,
    sha256,
    ignored: ignoredFor(copies, options, copy),
    durationMs: Math.round(performance.now() - startedAt),
  };
}
