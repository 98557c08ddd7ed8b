import fs from 'node:fs';

/** The most that is read of a file that describes something: a manifest, a record. */
export const MAX_RECORD_BYTES = 1024 * 1024;

// Windows has neither of the last two flags, and no pipes in its folders.
const FLAGS = fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK;

/** How much of a file is read. */
interface Part {
  readonly maxBytes?: number;
  /** Of a larger file, its end is read; else it is refused. */
  readonly end?: boolean;
}

/**
 * Reads a small file that somebody else may have put there. It follows no link, does not wait for a pipe, and reads no more
 * than the size that the file had before it was opened.
 *
 * @throws what the file system says (`ENOENT`), or an Error if this isn't a regular file of at most `maxBytes`
 */
export function readSmallFile(file: string, part: Part = {}): string {
  const { start, length } = partOf(fs.lstatSync(file), file, part);
  const descriptor = fs.openSync(file, FLAGS);
  try {
    // It may have been replaced since it was looked at.
    partOf(fs.fstatSync(descriptor), file, part);
    const bytes = Buffer.alloc(length);
    let done = 0;
    for (let read; (read = fs.readSync(descriptor, bytes, done, length - done, start + done)) > 0;) done += read;
    return bytes.toString('utf8', 0, done);
  } finally {
    fs.closeSync(descriptor);
  }
}

/** {@link readSmallFile} without blocking. */
export async function readSmallFileAsync(file: string, part: Part = {}): Promise<string> {
  const { start, length } = partOf(await fs.promises.lstat(file), file, part);
  const handle = await fs.promises.open(file, FLAGS);
  try {
    partOf(await handle.stat(), file, part);
    const bytes = Buffer.alloc(length);
    let done = 0;
    for (let read = 1; done < length && read > 0; done += read) {
      read = (await handle.read(bytes, done, length - done, start + done)).bytesRead;
    }
    return bytes.toString('utf8', 0, done);
  } finally {
    await handle.close();
  }
}

function partOf(
  stats: fs.Stats,
  file: string,
  { maxBytes = MAX_RECORD_BYTES, end = false }: Part,
): { readonly start: number; readonly length: number } {
  if (!stats.isFile() || (stats.size > maxBytes && !end)) {
    throw new Error(`"${file}" is not a regular file${end ? '' : ` of at most ${maxBytes} bytes`}`);
  }
  const length = Math.min(stats.size, maxBytes);
  return { start: stats.size - length, length };
}
