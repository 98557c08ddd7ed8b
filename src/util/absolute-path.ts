import fs from 'node:fs';
import path from 'node:path';

/** How a configuration says where a file is, in the words of a hint. */
export const BESIDE_THIS_FILE = 'path.join(__dirname, …), or path.join(import.meta.dirname, …) in an ES module';

/**
 * The absolute path of the file that the system opens under `file`. `path.resolve()` takes `link/..` away as text; POSIX
 * follows the link first, so that the two can name different files
 * (https://pubs.opengroup.org/onlinepubs/9799919799/basedefs/V1_chap04.html#tag_04_16). Opens nothing.
 *
 * @param folder what a relative path counts from
 */
export function absolutePath(file: string, folder: string = process.cwd()): string {
  const lexical = path.resolve(folder, file);
  // Windows takes `..` away as text, too.
  if (process.platform === 'win32' || !file.split('/').includes('..')) return lexical;
  const whole = path.isAbsolute(file) ? file : `${folder}/${file}`;
  try {
    return path.join(fs.realpathSync.native(path.dirname(whole)), path.basename(whole));
  } catch {
    // A folder that is not there (yet): only its name is known.
    return lexical;
  }
}

/**
 * The path of `file` with all links followed, as far as it exists: a link to a folder is the folder, also before the file in
 * it is made. A folder that does not exist yet (a disk that is mounted later) is taken as it is named. Opens nothing.
 *
 * @param file an absolute path
 */
export function realPath(file: string): string {
  try {
    return fs.realpathSync.native(file);
  } catch {
    const { dir, base } = path.parse(file);
    return base === '' ? file : path.join(realPath(dir), base);
  }
}
