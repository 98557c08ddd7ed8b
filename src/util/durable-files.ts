import fs from 'node:fs';
import { systemCode } from './errors.js';

// All or nothing on the disk: temporary file, flush, then a name that appears at once; the folder is flushed last. For
// finished files only: nothing here is for a database that somebody has open.

/**
 * Gives a file its final name.
 *
 * @returns `false` if the name is taken: nothing is ever overwritten
 */
export function renameNoReplace(from: string, to: string): boolean {
  try {
    // link, unlike rename, refuses an existing target.
    fs.linkSync(from, to);
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    if (!NO_HARD_LINKS.has(systemCode(error))) throw error;
    return renameOverPlaceholder(from, to);
  }
  removeQuietly(from);
  return true;
}

/**
 * exFAT and some network disks: the name is taken by an empty file, which an existing one refuses, and that is replaced. A
 * crash in between leaves the empty file, which is no backup and no manifest.
 */
function renameOverPlaceholder(from: string, to: string): boolean {
  try {
    fs.closeSync(fs.openSync(to, 'wx', 0o600));
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
  try {
    fs.renameSync(from, to);
  } catch (error) {
    removeQuietly(to);
    throw error;
  }
  return true;
}

/** Gives a file a second name, or where the disk knows no links copies it. Throws if the name is taken. */
export function linkOrCopy(file: string, name: string): void {
  try {
    fs.linkSync(file, name);
  } catch (error) {
    if (!NO_HARD_LINKS.has(systemCode(error))) throw error;
    fs.copyFileSync(file, name, fs.constants.COPYFILE_EXCL);
    flushFile(name);
  }
}

const NO_HARD_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EISDIR', 'EINVAL', 'UNKNOWN']);

export function writeDurably(file: string, text: string): void {
  const descriptor = fs.openSync(file, 'w', 0o600);
  try {
    fs.writeFileSync(descriptor, text);
    fs.fsyncSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}

/** Not for a database that somebody has open: closing the descriptor would drop SQLite's locks. */
export function flushFile(file: string): void {
  const descriptor = fs.openSync(file, 'r+');
  try {
    fs.fsyncSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}

/**
 * Without it, a power cut can lose the name of a file whose contents are safe. Windows can't, and does it by itself; nor do
 * some shared folders and network disks know it for folders (PostgreSQL passes over the same two errors).
 */
export function flushFolder(directory: string): void {
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

export function exists(file: string): boolean {
  return fs.lstatSync(file, { throwIfNoEntry: false }) !== undefined;
}

/** What cannot be removed now (Windows, while a virus scanner has it open) is swept by the next attempt. */
export function removeQuietly(file: string): void {
  try {
    fs.rmSync(file, { force: true, recursive: true });
  } catch {
    // As said above.
  }
}

// The same for work in the app's process, which a slow disk or a network mount must not block.

/** As `moveExclusively()`. */
export async function renameNoReplaceAsync(from: string, to: string): Promise<boolean> {
  try {
    await fs.promises.link(from, to);
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    if (!NO_HARD_LINKS.has(systemCode(error))) throw error;
    return renameOverPlaceholderAsync(from, to);
  }
  await removeQuietlyAsync(from);
  return true;
}

async function renameOverPlaceholderAsync(from: string, to: string): Promise<boolean> {
  try {
    await (await fs.promises.open(to, 'wx', 0o600)).close();
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
  try {
    await fs.promises.rename(from, to);
  } catch (error) {
    await removeQuietlyAsync(to);
    throw error;
  }
  return true;
}

/** As `flushFile()`. */
export function flushFileAsync(file: string): Promise<void> {
  return flushAsync(file, 'r+');
}

/** As `flushFolder()`. */
export async function flushFolderAsync(directory: string): Promise<void> {
  if (process.platform === 'win32') return;
  await flushAsync(directory, 'r').catch((error: unknown) => {
    if (!NO_FOLDER_FLUSH.has(systemCode(error))) throw error;
  });
}

async function flushAsync(file: string, flags: string): Promise<void> {
  const handle = await fs.promises.open(file, flags);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** As `removeQuietly()`. */
export async function removeQuietlyAsync(file: string): Promise<void> {
  await fs.promises.rm(file, { force: true, recursive: true }).catch(() => {});
}
