import fs from 'node:fs';
import { systemCode } from '../errors.js';
import { removeQuietly } from './sweep.js';

// All or nothing on the disk: temporary file, flush, then a name that appears at once; the folder is flushed last.

/** `false` if the target exists: nothing is ever overwritten. */
export function moveExclusively(from: string, to: string): boolean {
  try {
    // link, unlike rename, refuses an existing target.
    fs.linkSync(from, to);
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    if (!NO_HARD_LINKS.has(systemCode(error))) throw error;
    // exFAT and some network disks. Under the lock only another program could take the name in between.
    if (exists(to)) return false;
    fs.renameSync(from, to);
    return true;
  }
  removeQuietly(from);
  return true;
}

/** Gives a file a second name, or where the disk knows no links copies it. Throws if the name is taken. */
export function keepUnderAnotherName(file: string, name: string): void {
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

/** Without it, a power cut can lose the name of a file whose contents are safe. Windows can't, and does it by itself. */
export function flushFolder(directory: string): void {
  if (process.platform === 'win32') return;
  const descriptor = fs.openSync(directory, 'r');
  try {
    fs.fsyncSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}

export function exists(file: string): boolean {
  return fs.lstatSync(file, { throwIfNoEntry: false }) !== undefined;
}
