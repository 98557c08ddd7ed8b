// Runs a command under strace and returns its system calls on files, in the order in which they returned.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const TRACED = [
  'openat,open,creat,close,dup,dup2,dup3,write,pwrite64,writev,pwritev,ftruncate,truncate,fallocate,copy_file_range,sendfile',
  'rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,rmdir,mkdir,mkdirat,fsync,fdatasync,sync_file_range',
  'clone,clone3,fork,vfork,chdir,io_uring_setup,statx,access',
].join(',');

export interface SystemCall {
  readonly pid: number;
  readonly name: string;
  /** As strace prints them, strings in hexadecimal. */
  readonly args: readonly string[];
  readonly result: number;
  /** The number of calls that had returned when this one began: another thread may have been faster. */
  readonly begunAfter: number;
}

export interface Traced {
  readonly calls: readonly SystemCall[];
  readonly stdout: string;
}

/** @throws if the command fails, or if strace is not installed */
export function trace(
  command: readonly string[],
  { input, cwd, alsoTraced }: { input?: string; cwd?: string; alsoTraced?: string } = {},
): Traced {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'power-cut-trace-'));
  const file = path.join(folder, 'trace.txt');
  try {
    const strace = [
      '-f',
      '-q',
      '-xx',
      '-s',
      '8000000',
      '-e',
      'signal=none',
      '-e',
      `trace=${[TRACED, alsoTraced].filter(Boolean).join()}`,
      '-o',
      file,
    ];
    const run = spawnSync('strace', [...strace, ...command], {
      input: input ?? '',
      encoding: 'utf8',
      maxBuffer: 1e9,
      ...(cwd !== undefined && { cwd }),
    });
    if (run.error) throw run.error;
    if (run.status !== 0) throw new Error(`${command.join(' ')} ended with ${run.status}: ${run.stdout}${run.stderr}`);
    return { calls: parse(fs.readFileSync(file, 'latin1')), stdout: run.stdout };
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

function parse(text: string): SystemCall[] {
  const calls: SystemCall[] = [];
  const unfinished = new Map<number, { readonly head: string; readonly begunAfter: number }>();
  for (const line of text.split('\n')) {
    const [, pidText, printed] = /^(\d+) +(.*)$/.exec(line) ?? [];
    if (pidText === undefined || printed === undefined) continue;
    const pid = Number(pidText);
    if (printed.endsWith('<unfinished ...>')) {
      unfinished.set(pid, { head: printed.slice(0, -'<unfinished ...>'.length), begunAfter: calls.length });
      continue;
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(printed);
    const begun = resumed ? unfinished.get(pid) : undefined;
    const whole = resumed ? `${begun?.head ?? ''}${resumed[1]}` : printed;
    const call = /^(\w+)\((.*)\)\s+= (-?\d+)/.exec(whole);
    if (!call) continue;
    const [, name = '', args = '', result] = call;
    calls.push({
      pid,
      name,
      args: splitArgs(args),
      result: Number(result),
      begunAfter: begun?.begunAfter ?? calls.length,
    });
  }
  return calls;
}

/** Splits at the commas that are not inside brackets. Strings are hexadecimal, so that a comma or a bracket is never in one. */
function splitArgs(text: string): string[] {
  const args: string[] = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!;
    if ('([{'.includes(char)) depth++;
    else if (')]}'.includes(char)) depth--;
    else if (char === ',' && depth === 0) {
      args.push(text.slice(from, at).trim());
      from = at + 1;
    }
  }
  args.push(text.slice(from).trim());
  return args;
}

/** The strings in an argument, one after the other. */
export function bytesIn(arg: string | undefined): Buffer {
  const strings = [...(arg ?? '').matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)];
  return Buffer.concat(strings.map(([, hex = '']) => Buffer.from(hex.replaceAll('\\x', ''), 'hex')));
}
