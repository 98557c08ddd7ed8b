import { execFileSync } from 'node:child_process';
import path from 'node:path';

const ROOT = path.join(__dirname, '..', '..');

/**
 * Runs CommonJS `source` in a Node of its own, for what one process can't show: another time zone, what is loaded when.
 * Its arguments are `process.argv.slice(1)`, its last line of output, as JSON, is the result.
 */
export function runNode<T>(source: string, options: RunOptions = {}): T {
  return JSON.parse(runNodeText(source, options).trim().split('\n').at(-1)!) as T;
}

/** The same, with all that it printed. */
export function runNodeText(source: string, { args = [], env = {}, limitFiles }: RunOptions = {}): string {
  const node = [process.execPath, '-e', source, '--', ...args];
  const [command, ...rest] =
    limitFiles === undefined ? node : ['sh', '-c', `ulimit -n ${limitFiles}; exec "$@"`, 'sh', ...node];
  return execFileSync(command!, rest, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    encoding: 'utf8',
  });
}

export interface RunOptions {
  args?: readonly string[];
  env?: Readonly<Record<string, string>>;
  /** How many files it may have open. Not on Windows. */
  limitFiles?: number;
}

/** Where `require()` in such a source finds the package's internals: as built, or as transpiled for `npm run test:unit`. */
export const DIST = process.env.AUTOBACKUP_DIST ?? path.join(ROOT, 'dist');

/** What such a source requires for the package itself. */
export const PACKAGE = process.env.AUTOBACKUP_DIST ?? 'sqlite-autobackup';
