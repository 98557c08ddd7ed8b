import fs from 'node:fs';
import path from 'node:path';

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
