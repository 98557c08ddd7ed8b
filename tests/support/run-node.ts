import { execFileSync } from 'node:child_process';
import path from 'node:path';

const ROOT = path.join(__dirname, '..', '..');

/**
 * Runs CommonJS `source` in a Node of its own, for what one process can't show: another time zone, what is loaded when.
 * Its arguments are `process.argv.slice(1)`, its last line of output, as JSON, is the result.
 */
export function runNode<T>(source: string, { args = [], env = {} }: RunOptions = {}): T {
  return JSON.parse(runNodeText(source, { args, env }).trim().split('\n').at(-1)!) as T;
}

/** The same, with all that it printed. */
export function runNodeText(source: string, { args = [], env = {} }: RunOptions = {}): string {
  return execFileSync(process.execPath, ['-e', source, '--', ...args], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    encoding: 'utf8',
  });
}

export interface RunOptions {
  args?: readonly string[];
  env?: Readonly<Record<string, string>>;
}

/** Where `require()` in such a source finds the built package's internals. */
export const DIST = path.join(ROOT, 'dist');
