import path from 'node:path';
import { escaped } from '../util/printable.js';
import type { Context } from './context.js';

/**
 * A command as one can paste it, with the options that say which database was meant, in whatever folder it is pasted.
 *
 * @param name of the backup. One that begins like an option stands at the end, where none is looked for
 */
export function commandLine(
  { flags }: Pick<Context, 'flags'>,
  command: string,
  name: string,
  ...more: readonly string[]
): string {
  const { database, directory, config, service } = flags;
  const options = [
    ...(database === undefined ? [] : ['--database', path.resolve(database)]),
    ...(directory === undefined ? [] : ['--directory', path.resolve(directory)]),
    ...(config === undefined ? [] : ['--config', path.resolve(config)]),
    ...(service === undefined ? [] : ['--service', service]),
  ];
  const words = name.startsWith('-') ? [...more, ...options, '--', name] : [name, ...more, ...options];
  return ['npx', 'sqlite-autobackup', command, ...words].map(quote).join(' ');
}

const IS_WINDOWS = process.platform === 'win32';
/** What no shell gives a meaning. A backslash is one on Windows alone. */
const PLAIN = IS_WINDOWS ? /^[\w@%+=:,./\\-]+$/ : /^[\w@%+=:,./-]+$/;

/** For a POSIX shell and, without quotes inside, for cmd and PowerShell too. */
function quote(word: string): string {
  if (PLAIN.test(word)) return word;
  if (IS_WINDOWS) return `"${word}"`;
  // What is not visible would be shown as its escape, and pasted as such.
  return escaped(word) === word ? `'${word.replaceAll("'", "'\\''")}'` : `"$(printf '${inOctal(word)}')"`;
}

/** For `printf`: all but plain characters by their bytes. */
function inOctal(word: string): string {
  return [...Buffer.from(word)]
    .map((byte) => {
      const char = String.fromCharCode(byte);
      return /[\w./-]/.test(char) ? char : `\\${byte.toString(8).padStart(3, '0')}`;
    })
    .join('');
}
