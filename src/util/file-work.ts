import fs from 'node:fs';
import { flushFolder, flushFolderSync, replaceFile, replaceFileSync } from './durable-files.js';
import { isBackupError, systemCode } from './errors.js';
import { ownerLike, ownerLikeSync } from './file-owner.js';
import { MAX_RECORD_BYTES, readSmallFile, readSmallFileAsync } from './read-small-file.js';
import { setImmediate } from './timers.js';

/** A call of the file system in both of Node's forms. */
export interface FileCall {
  sync(): unknown;
  async(): Promise<unknown>;
}

/**
 * Work on files that is written once and runs in both of Node's ways: {@link runSync} blocks the thread, {@link runAsync}
 * never does, whatever the disk does. A generator: it yields a {@link FileCall} and is given its result, or its error.
 */
export type FileWork<T> = Generator<FileCall, T, unknown>;

/** Runs work to its end and blocks meanwhile: in the child process, and for methods that are synchronous by contract. */
export function runSync<T>(work: FileWork<T>): T {
  for (let next = work.next(); ;) {
    if (next.done) return next.value;
    let result: unknown;
    try {
      result = next.value.sync();
    } catch (error) {
      next = work.throw(error);
      continue;
    }
    next = work.next(result);
  }
}

/**
 * Runs work to its end without ever blocking: a call that hangs keeps one of libuv's threads, and not the app.
 *
 * @param ask makes a call. What it rejects with is thrown inside the work, as the call's own error; a BackupError ends the
 *   work instead, since it is not the file's.
 */
export async function runAsync<T>(
  work: FileWork<T>,
  ask: (call: FileCall) => Promise<unknown> = (call) => call.async(),
): Promise<T> {
  for (let next = work.next(); ;) {
    if (next.done) return next.value;
    let result: unknown;
    try {
      result = await ask(next.value);
    } catch (error) {
      if (isBackupError(error)) throw error;
      next = work.throw(error);
      continue;
    }
    next = work.next(result);
  }
}

/** Wraps a single call, so that it can be run as work by itself. */
export function* fileCall<T>(sync: () => T, async: () => Promise<T>): FileWork<T> {
  return (yield { sync, async }) as T;
}

/** A missing file is `undefined`, as with `throwIfNoEntry: false`, which Node has for the blocking calls only. */
async function ifThere(stats: Promise<fs.Stats>): Promise<fs.Stats | undefined> {
  try {
    return await stats;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Lets the app have its turn, between two parts of a calculation about very many files; nothing for work that blocks anyway. */
export function pause(): FileWork<void> {
  return fileCall(
    () => {},
    () => new Promise((resolve) => setImmediate(resolve)),
  );
}

/** Cuts what may be very many into parts that take a millisecond or two each, for a {@link pause} between them. */
export function* slicesOf<T>(all: readonly T[], length = 1_000): Generator<readonly T[]> {
  for (let from = 0; from < all.length; from += length) yield all.slice(from, from + length);
}

/** The calls that work on files is made of: `const names = yield* files.readdir(folder)`. */
export const files = {
  readdir: (folder: string) =>
    fileCall(
      () => fs.readdirSync(folder),
      () => fs.promises.readdir(folder),
    ),
  stat: (file: string) =>
    fileCall(
      () => fs.statSync(file, { throwIfNoEntry: false }),
      () => ifThere(fs.promises.stat(file)),
    ),
  lstat: (file: string) =>
    fileCall(
      () => fs.lstatSync(file, { throwIfNoEntry: false }),
      () => ifThere(fs.promises.lstat(file)),
    ),
  access: (file: string, mode: number) =>
    fileCall(
      () => fs.accessSync(file, mode),
      () => fs.promises.access(file, mode),
    ),
  statfs: (folder: string) =>
    fileCall(
      () => fs.statfsSync(folder),
      () => fs.promises.statfs(folder),
    ),
  /** As {@link readSmallFile}. */
  readSmall: (file: string, maxBytes = MAX_RECORD_BYTES) =>
    fileCall(
      () => readSmallFile(file, { maxBytes }),
      () => readSmallFileAsync(file, { maxBytes }),
    ),
  /** The same, but of a file that is larger its end. */
  readEnd: (file: string, maxBytes: number) =>
    fileCall(
      () => readSmallFile(file, { maxBytes, end: true }),
      () => readSmallFileAsync(file, { maxBytes, end: true }),
    ),
  /** All or nothing, as {@link replaceFile}; the file gets the owner of the first of these paths that exists. */
  replace: (file: string, text: string, partial: string, like: readonly string[]) =>
    fileCall(
      () => replaceFileSync(file, text, partial, ownerLikeSync(...like)),
      async () => replaceFile(file, text, { partial, owner: await ownerLike(...like) }),
    ),
  rename: (from: string, to: string) =>
    fileCall(
      () => fs.renameSync(from, to),
      () => fs.promises.rename(from, to),
    ),
  /** Brings the names in a folder to the disk, as {@link flushFolder}. */
  flushFolder: (folder: string) =>
    fileCall(
      () => flushFolderSync(folder),
      () => flushFolder(folder),
    ),
  /** With all that is in it; a link is removed itself, not what it leads to. */
  removeTree: (file: string) =>
    fileCall(
      () => fs.rmSync(file, { force: true, recursive: true }),
      () => fs.promises.rm(file, { force: true, recursive: true }),
    ),
  remove: (file: string) =>
    fileCall(
      () => fs.rmSync(file, { force: true }),
      () => fs.promises.rm(file, { force: true }),
    ),
};
