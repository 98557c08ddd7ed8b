import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { systemCode } from './errors.js';
import type { Owner } from './file-owner.js';

// All or nothing on the disk: a temporary file is flushed, then gets its name at once, and the folder is flushed last.
// These functions are for finished files only, never for a database that somebody has open. Others may be able to write in
// the same folder: nothing here follows a link under a name that is being made.

const { O_CREAT, O_EXCL, O_RDWR } = fs.constants;
// Windows has no such flag, and its links need an administrator.
const O_NOFOLLOW = (fs.constants as { O_NOFOLLOW?: number }).O_NOFOLLOW ?? 0;

/**
 * Creates a file that only its owner may read. A name that is taken, by a link too, is refused with `EEXIST`.
 *
 * @param owner who gets the file; default: whoever this process works as
 */
export async function createNew(file: string, owner?: Owner): Promise<fs.promises.FileHandle> {
  const handle = await fs.promises.open(file, O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW, 0o600);
  // A file system without owners has nothing to set.
  if (owner) await handle.chown(owner.uid, owner.gid).catch(() => {});
  return handle;
}

/** All of a chunk: one write may take less. */
export async function writeAll(handle: fs.promises.FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.byteLength;) at += (await handle.write(chunk, at)).bytesWritten;
}

export interface Rights {
  readonly owner?: Owner | undefined;
  /** @default 0o600 */
  readonly mode?: number | undefined;
}

/** Sets the mode and the owner of a file that was made by its name. A file system without them has nothing to set. */
export async function setRights(file: string, { owner, mode = 0o600 }: Rights): Promise<void> {
  const handle = await fs.promises.open(file, O_RDWR | O_NOFOLLOW);
  try {
    await handle.chmod(mode).catch(() => {});
    if (owner) await handle.chown(owner.uid, owner.gid).catch(() => {});
  } finally {
    await handle.close();
  }
}

/** Writes a new file and flushes it. The name must be free. */
export async function writeNew(file: string, text: string, owner?: Owner): Promise<void> {
  const handle = await createNew(file, owner);
  try {
    await handle.writeFile(text);
    await flushHandle(handle);
  } finally {
    await handle.close();
  }
}

/**
 * Replaces a file, or makes it. After a crash the old text or the new one is there. The folder is not flushed: until
 * `flushFolder()` a power cut may bring the old text back.
 *
 * @param partial the name under which the new text is written first; default: a random one beside the file
 */
export async function replaceFile(
  file: string,
  text: string,
  { owner, partial = partialBeside(file) }: { owner?: Owner | undefined; partial?: string } = {},
): Promise<void> {
  try {
    await writeNew(partial, text, owner);
    await fs.promises.rename(partial, file);
  } catch (error) {
    await removeQuietly(partial);
    throw error;
  }
}

/** {@link replaceFile}, blocking. */
export function replaceFileSync(file: string, text: string, partial: string, owner?: Owner): void {
  const descriptor = fs.openSync(partial, O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW, 0o600);
  try {
    if (owner) fs.fchownSync(descriptor, owner.uid, owner.gid);
    fs.writeFileSync(descriptor, text);
    fs.fsyncSync(descriptor);
    fs.renameSync(partial, file);
  } catch (error) {
    fs.rmSync(partial, { force: true });
    throw error;
  } finally {
    fs.closeSync(descriptor);
  }
}

/** A name in the same folder that nobody can foresee. */
export function partialBeside(file: string): string {
  return path.join(path.dirname(file), `.${path.basename(file)}.${randomToken()}.partial`);
}

export function randomToken(): string {
  return crypto.randomBytes(6).toString('hex');
}

/**
 * Gives a file its final name.
 *
 * @returns `false` if the name is taken: nothing is ever overwritten
 */
export async function renameNoReplace(from: string, to: string): Promise<boolean> {
  try {
    // link, unlike rename, refuses an existing target.
    await fs.promises.link(from, to);
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    if (!NO_HARD_LINKS.has(systemCode(error))) throw error;
    return renameOverPlaceholder(from, to);
  }
  await removeQuietly(from);
  return true;
}

/**
 * exFAT and some network disks have no hard links: the name is taken by an empty file, which an existing one refuses, and
 * that is replaced. A crash in between leaves the empty file, which is not a backup and not a manifest.
 */
async function renameOverPlaceholder(from: string, to: string): Promise<boolean> {
  try {
    await (await createNew(to)).close();
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
  try {
    await fs.promises.rename(from, to);
  } catch (error) {
    await removeQuietly(to);
    throw error;
  }
  return true;
}

/**
 * Gives a file a second name, or copies it where the disk has no hard links. Throws if the name is taken.
 *
 * @returns `false` if it was copied
 */
export async function linkOrCopy(file: string, name: string): Promise<boolean> {
  try {
    await fs.promises.link(file, name);
    return true;
  } catch (error) {
    if (!NO_HARD_LINKS.has(systemCode(error))) throw error;
    await fs.promises.copyFile(file, name, fs.constants.COPYFILE_EXCL);
    await flushFile(name);
    return false;
  }
}

const NO_HARD_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EISDIR', 'EINVAL', 'UNKNOWN']);

/** Never use it on a database that a connection has open: closing the descriptor would drop SQLite's locks. */
export function flushFile(file: string): Promise<void> {
  return flush(file, 'r+');
}

/**
 * Brings the names in a folder to the disk. Without it, a power cut can lose the name of a file whose contents are safe.
 * Windows cannot do it and does it by itself; nor can some shared folders and network disks (PostgreSQL ignores the same
 * two errors).
 */
export async function flushFolder(directory: string): Promise<void> {
  if (process.platform === 'win32') return;
  await flush(directory, 'r').catch((error: unknown) => {
    if (!NO_FOLDER_FLUSH.has(systemCode(error))) throw error;
  });
}

/** {@link flushFolder} for calls that are synchronous by contract. */
export function flushFolderSync(directory: string): void {
  if (process.platform === 'win32') return;
  const descriptor = fs.openSync(directory, 'r');
  try {
    fs.fsyncSync(descriptor);
  } catch (error) {
    if (!NO_FOLDER_FLUSH.has(systemCode(error))) throw error;
  } finally {
    fs.closeSync(descriptor);
  }
}

const NO_FOLDER_FLUSH = new Set(['EINVAL', 'EBADF']);

/** Does what `FileHandle.sync()` does, which the file system of Yarn Plug'n'Play has not. */
export function flushHandle({ fd }: fs.promises.FileHandle): Promise<void> {
  return new Promise((resolve, reject) => fs.fsync(fd, (error) => (error ? reject(error) : resolve())));
}

async function flush(file: string, flags: string): Promise<void> {
  const handle = await fs.promises.open(file, flags);
  try {
    await flushHandle(handle);
  } finally {
    await handle.close();
  }
}

export function exists(file: string): boolean {
  return fs.lstatSync(file, { throwIfNoEntry: false }) !== undefined;
}

/**
 * Removes a file or a link, never a folder. What cannot be removed now (Windows, while a virus scanner has it open) is swept
 * by the next attempt.
 */
export async function removeQuietly(file: string): Promise<void> {
  await fs.promises.unlink(file).catch(() => {});
}
