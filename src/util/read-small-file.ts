import fs from 'node:fs';

/** The most that is read of a file that describes something: a manifest, a record. */
export const MAX_RECORD_BYTES = 1024 * 1024;

/**
 * Reads a small file that somebody else may have put there. It follows no link, does not wait for a pipe, and reads no more
 * than the size that the file had before it was opened.
 *
 * @throws what the file system says (`ENOENT`), or an Error if this isn't a regular file of at most `maxBytes`
 */
export function readSmallFile(file: string, maxBytes = MAX_RECORD_BYTES): string {
  const { size } = regularFile(fs.lstatSync(file), file, maxBytes);
  const descriptor = fs.openSync(file, FLAGS);
  try {
    // It may have been replaced since it was looked at.
    regularFile(fs.fstatSync(descriptor), file, maxBytes);
    const bytes = Buffer.alloc(size);
    let length = 0;
    for (let read; (read = fs.readSync(descriptor, bytes, length, size - length, length)) > 0;) length += read;
    return bytes.toString('utf8', 0, length);
  } finally {
    fs.closeSync(descriptor);
  }
}

/** {@link readSmallFile} without blocking. */
export async function readSmallFileAsync(file: string, maxBytes = MAX_RECORD_BYTES): Promise<string> {
  const { size } = regularFile(await fs.promises.lstat(file), file, maxBytes);
  const handle = await fs.promises.open(file, FLAGS);
  try {
    regularFile(await handle.stat(), file, maxBytes);
    const bytes = Buffer.alloc(size);
    let length = 0;
    for (let read; (read = (await handle.read(bytes, length, size - length, length)).bytesRead) > 0;) length += read;
    return bytes.toString('utf8', 0, length);
  } finally {
    await handle.close();
  }
}

// Windows has neither of the last two flags, and no pipes in its folders.
const FLAGS = fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK;

function regularFile(stats: fs.Stats, file: string, maxBytes: number): fs.Stats {
  if (stats.isFile() && stats.size <= maxBytes) return stats;
  throw new Error(`"${file}" is not a regular file of at most ${maxBytes} bytes`);
}
