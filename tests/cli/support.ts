import Database from 'better-sqlite3';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { addEntry, createLedger } from '../support/databases';
import { isRunning, until } from '../support/processes';
import { DIST } from '../support/run-node';
import { useTempFolder } from '../support/temp-folder';
import { contentsOf } from '../support/whole-backups';

export const ROOT = path.join(__dirname, '..', '..');
/** The program itself, as the bin of the package is. */
export const MAIN = path.join(DIST, 'cli', 'main.js');

export interface Ran {
  /** `null` if a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The one JSON document on standard output. */
  json<T = Record<string, unknown>>(): T;
}

export interface RunOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
}

/** A running program of a test. */
export interface Running {
  readonly child: ChildProcess;
  /** What it has printed so far, on both streams; of a terminal, what it has shown. */
  output(): string;
  /** Waits until that has `text` in it, and fails if the program ends without. */
  shows(text: string | RegExp): Promise<void>;
  type(text: string): void;
  readonly ended: Promise<Ran>;
}

/** What jest and npm have set for themselves is not what a person's shell has. */
function environment(env: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _a, FORCE_COLOR: _b, NO_COLOR: _c, CI: _d, BACKUP_RETENTION_COUNT: _e, ...rest } = process.env;
  return { ...rest, TERM: 'xterm-256color', ...env };
}

/** Starts programs and, after each test, ends those that still run. Call it before `useShop()`. */
export function useCli(): {
  /** Runs it in pipes, to its end. */
  run(args: readonly string[], options?: RunOptions): Promise<Ran>;
  start(args: readonly string[], options?: RunOptions): Running;
  /** In a pseudo-terminal, as a person does. */
  onTerminal(args: readonly string[], options?: RunOptions): Running;
} {
  const started: Running[] = [];
  afterEach(async () => {
    for (const { child } of started) child.kill('SIGKILL');
    await Promise.all(started.map((running) => running.ended));
    started.length = 0;
  });
  const launch = (command: string, args: readonly string[], { cwd, env }: RunOptions = {}): Running => {
    const running = watch(spawn(command, args, { cwd: cwd ?? ROOT, env: environment(env) }));
    started.push(running);
    return running;
  };
  const start = (args: readonly string[], options?: RunOptions) => launch(process.execPath, [MAIN, ...args], options);
  return {
    start,
    run: (args, options) => {
      const running = start(args, options);
      running.child.stdin!.end();
      return running.ended;
    },
    onTerminal: (args, options) => {
      const script = path.join(__dirname, 'fixtures', 'terminal.py');
      return launch('python3', [script, process.execPath, MAIN, ...args], options);
    },
  };
}

function watch(child: ChildProcess): Running {
  let stdout = '';
  let stderr = '';
  let all = '';
  let over = false;
  child.stdout!.setEncoding('utf8').on('data', (text: string) => void ((stdout += text), (all += text)));
  child.stderr!.setEncoding('utf8').on('data', (text: string) => void ((stderr += text), (all += text)));
  child.stdin!.on('error', () => {});
  const ended = new Promise<Ran>((resolve, reject) => {
    child.on('error', reject).on('close', (code) => {
      over = true;
      resolve({ code, stdout, stderr, json: <T>() => JSON.parse(stdout) as T });
    });
  });
  return {
    child,
    ended,
    output: () => all,
    async shows(text) {
      const has = () => (typeof text === 'string' ? all.includes(text) : text.test(all));
      await until(() => has() || over);
      if (!has()) throw new Error(`it ended without ${text}:\n${all}`);
    },
    type: (text) => void child.stdin!.write(text),
  };
}

/** A shop with a real database `app.db` of its own for each test, in a folder that is the working directory. */
export function useShop() {
  const temp = useTempFolder();
  beforeEach(() => {
    const db = createLedger(temp.file('app.db'), 'wal');
    addEntry(db);
    db.close();
  });
  return {
    get path() {
      return temp.path;
    },
    file: temp.file,
    list: temp.list,
    get database() {
      return temp.file('app.db');
    },
    /** Makes the database that much bigger. */
    fill(bytes: number) {
      const db = new Database(temp.file('app.db'));
      db.prepare('INSERT INTO ballast (bytes) VALUES (zeroblob(?))').run(bytes);
      db.close();
    },
    /** Backups, manifests and unfinished work, with the hash of each; a killed reader leaves a -wal beside the database. */
    backupFiles: () =>
      Object.fromEntries(Object.entries(contentsOf(temp.path)).filter(([name]) => name.includes('_backup_'))),
    write: (name: string, text: string) => fs.writeFileSync(temp.file(name), text),
  };
}

/** So that copying it takes a while. */
export const BIG = 60_000_000;

/**
 * The child that `find` finds, stopped once it has begun to write: so that it cannot be done before whatever the test does
 * next. The database must be BIG.
 */
export async function stoppedInTheCopy(find: () => number | undefined, shop: { list(): string[] }): Promise<number> {
  const child = await until(find);
  const partials = () => shop.list().filter((name) => name.endsWith('.partial'));
  await until(() => partials().length > 0 || !isRunning(child));
  sendIfThere(child, 'SIGSTOP');
  expect(partials()).toHaveLength(1);
  return child;
}

/** To a process that may be gone, and that another one than this has started. */
export function sendIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** What is told only where something takes long, which depends on the machine. */
export const SLOW = /^(waiting for the lock|opening the database|copying: .*)\r?\n/gm;

/** Every path to a value: `['due.reason', 'backups[].name']`. What scripts rely on. */
export function keysOf(value: unknown, prefix = ''): string[] {
  if (Array.isArray(value)) return value.length === 0 ? [`${prefix}[]`] : keysOf(value[0], `${prefix}[]`);
  if (typeof value !== 'object' || value === null) return [prefix];
  const start = prefix === '' ? '' : `${prefix}.`;
  return Object.entries(value).flatMap(([key, each]) => keysOf(each, `${start}${key}`));
}
