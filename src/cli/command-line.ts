import path from 'node:path';
import type { Context } from './context.js';

/** A command as one can paste it, with the options that say which database was meant, in whatever folder it is pasted. */
export function commandLine({ flags }: Pick<Context, 'flags'>, ...words: readonly string[]): string {
  const { database, directory, config, service } = flags;
  const options = [
    ...(database === undefined ? [] : ['--database', path.resolve(database)]),
    ...(directory === undefined ? [] : ['--directory', path.resolve(directory)]),
    ...(config === undefined ? [] : ['--config', path.resolve(config)]),
    ...(service === undefined ? [] : ['--service', service]),
  ];
  return ['npx', 'sqlite-autobackup', ...words, ...options].map(quote).join(' ');
}

/** For a POSIX shell and, without quotes inside, for cmd and PowerShell too. */
function quote(word: string): string {
  if (/^[\w@%+=:,./\\-]+$/.test(word)) return word;
  return process.platform === 'win32' ? `"${word}"` : `'${word.replaceAll("'", "'\\''")}'`;
}
