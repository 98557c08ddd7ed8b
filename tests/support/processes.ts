import { execFileSync, spawn } from 'node:child_process';
import type { SpawnOptions } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';

/** A process of a test's own: a script of `tests/faults/fixtures` that talks in lines. */
export interface Script {
  readonly pid: number;
  /** Its next line, parsed as JSON. Rejects with what it printed to stderr if it ends first. */
  next<T = unknown>(): Promise<T>;
  /** Sends it a line. */
  tell(line: string): void;
  /** Sends it a line and waits for its answer. */
  ask<T = unknown>(line: string): Promise<T>;
  /** kill -9, of the script alone. */
  kill(): void;
  /** kill -9 of its whole process group; start it with `detached: true`. */
  killGroup(): void;
  /** Its exit code; `null` if it was killed. */
  readonly ended: Promise<number | null>;
}

/** `node`: another one than this. */
type StartOptions = SpawnOptions & { node?: string };

const FIXTURES = path.join(__dirname, '..', 'faults', 'fixtures');

/** Starts scripts and, after each test, ends those that still run. Call it before `useTempFolder()`. */
export function useScripts(): (script: string, args?: string[], options?: StartOptions) => Script {
  const started: Script[] = [];
  afterEach(async () => {
    for (const script of started) script.kill();
    await Promise.all(started.map((script) => script.ended));
    started.length = 0;
  });
  return (script, args = [], options = {}) => {
    const running = startScript(path.resolve(FIXTURES, script), args, options);
    started.push(running);
    return running;
  };
}

function startScript(file: string, args: string[], { node = process.execPath, ...options }: StartOptions): Script {
  const child = spawn(node, [file, ...args], { ...options, stdio: ['pipe', 'pipe', 'pipe'] });
  const { stdin, stdout, stderr } = child as typeof child & Record<'stdin', NodeJS.WritableStream>;
  let printed = '';
  stderr.setEncoding('utf8').on('data', (text: string) => (printed = (printed + text).slice(-10_000)));
  stdin.on('error', () => {});

  const lines: string[] = [];
  let wake = () => {};
  let over = false;
  readline.createInterface({ input: stdout }).on('line', (line) => {
    lines.push(line);
    wake();
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject).on('close', (code) => {
      over = true;
      wake();
      resolve(code);
    });
  });

  async function next<T>(): Promise<T> {
    while (lines.length === 0) {
      if (over) throw new Error(`${path.basename(file)} has ended: ${printed}`);
      await new Promise<void>((resolve) => (wake = resolve));
    }
    return JSON.parse(lines.shift()!) as T;
  }
  const tell = (line: string) => void stdin.write(`${line}\n`);
  const { pid } = child;
  return {
    pid: pid!,
    next,
    tell,
    ask: async (line) => (tell(line), next()),
    kill: () => void child.kill('SIGKILL'),
    killGroup: () => void process.kill(-pid!, 'SIGKILL'),
    ended,
  };
}

/** The running children of a process. */
export function childrenOf(pid: number): number[] {
  try {
    const threads = fs.readdirSync(`/proc/${pid}/task`);
    const read = (thread: string) => fs.readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8');
    return threads.flatMap((thread) => read(thread).split(' ').filter(Boolean).map(Number)).filter(isRunning);
  } catch {
    const table = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
    const rows = table.map((row) => row.trim().split(/\s+/).map(Number));
    return rows.filter(([, parent]) => parent === pid).map(([child]) => child!);
  }
}

/**
 * The child process that works for a service in the process `pid`, if there is one now. One that has answered may live a
 * moment longer: where this process has had one before, `noIsolatedChild()` comes first.
 */
export function isolatedChildOf(pid: number): number | undefined {
  return childrenOf(pid).find((child) => commandOf(child).includes(path.join('isolated', 'main.js')));
}

/** Waits until this process has no such child any more: its next one is then the only one. */
export async function noIsolatedChild(): Promise<void> {
  await until(() => isolatedChildOf(process.pid) === undefined);
}

/** Stops a process, and waits until it has: from then on it starts no child. Linux only. */
export async function freeze(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  await until(() => ['T', 'Z', undefined].includes(statOf(pid)?.[0]));
}

function commandOf(pid: number): string {
  try {
    if (fs.existsSync('/proc/self')) return fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  } catch {
    return '';
  }
}

/** Is there such a process, other than one that only waits for its parent to take note of its end? */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return statOf(pid)?.[0] !== 'Z';
}

/** Linux: the processor time that a process has used, or `undefined` if it is gone. */
export function cpuMs(pid: number): number | undefined {
  const fields = statOf(pid);
  // utime and stime, in ticks of 10 ms.
  return fields && (Number(fields[11]) + Number(fields[12])) * 10;
}

/** The fields of /proc/PID/stat from the state on. */
function statOf(pid: number): string[] | undefined {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

/** Waits until it is so; jest's own timeout bounds it. */
export async function until<T>(condition: () => T | Promise<T>): Promise<Exclude<NonNullable<T>, false>> {
  for (;;) {
    const value = await condition();
    if (value) return value as Exclude<NonNullable<T>, false>;
    await sleep(5);
  }
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
