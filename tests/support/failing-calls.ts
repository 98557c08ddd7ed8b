import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { RestoreReport } from 'sqlite-autobackup';
import { DIST } from './run-node';

/** Calls of the system that fail: the library is compiled here, and loaded into the child before the C library. */
export function compileFailingCalls(): string {
  const library = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'autobackup-calls-')), 'failing-calls.so');
  const source = path.join(__dirname, '..', 'faults', 'fixtures', 'failing-calls.c');
  execFileSync('gcc', ['-shared', '-fPIC', '-O1', '-o', library, source, '-ldl'], { stdio: 'pipe' });
  return library;
}

/** The `at`-th call that fits `call` on a file whose path fits `file` fails. */
export interface Fault {
  /** Patterns of fnmatch(3). */
  readonly call: string;
  readonly file: string;
  readonly at: number;
  readonly errno?: number;
  /** Instead of an error. */
  readonly kind?: 'kill' | 'hang' | 'short';
}

export const EIO = 5;
export const ENOMEM = 12;
export const EACCES = 13;
export const ESTALE = 116;
export const EBUSY = 16;
export const ENOSPC = 28;

export interface ChildError {
  readonly code: string;
  readonly step: string;
  readonly what: string;
  readonly hint: string;
}

export interface ChildAnswer {
  readonly report?: RestoreReport;
  readonly error?: ChildError;
  /** `call path`, in the order of the calls. */
  readonly calls: readonly string[];
}

/** The environment of a process in which a fault is put on. */
export function faultEnv(library: string, folder: string, fault?: Fault): Record<string, string> {
  return {
    LD_PRELOAD: library,
    FAULT_FOLDER: folder,
    ...(fault && {
      FAULT_CALL: fault.call,
      FAULT_FILE: fault.file,
      FAULT_AT: String(fault.at),
      FAULT_ERRNO: String(fault.errno ?? EIO),
      FAULT_KIND: fault.kind ?? 'error',
    }),
  };
}

/** What runs the child. */
export const CHILD = [path.join(DIST, 'isolated', 'main.js')];

/** What a program answers in its last line, and the calls that it made. */
export interface Ran {
  readonly result?: { readonly report: RestoreReport };
  readonly error?: ChildError;
  readonly killed: boolean;
  readonly calls: readonly string[];
}

/** Runs a program of Node's with a fault, or with none. One that has no answer must have been killed. */
export function runWithFault(
  program: readonly string[],
  request: object,
  [library, folder, fault]: readonly [library: string, folder: string, fault: Fault | undefined],
): Ran {
  const log = path.join(path.dirname(library), 'calls.log');
  fs.rmSync(log, { force: true });
  const { stdout, stderr, signal } = spawnSync(process.execPath, program, {
    input: JSON.stringify({ verify: 'quick', ...request }),
    encoding: 'utf8',
    env: { ...process.env, ...faultEnv(library, folder, fault), FAULT_LOG: log },
  });
  const calls = fs.existsSync(log) ? fs.readFileSync(log, 'utf8').trim().split('\n') : [];
  if (signal === 'SIGKILL') return { killed: true, calls };
  const message = JSON.parse(stdout.trim().split('\n').at(-1) || '{}') as Pick<Ran, 'result' | 'error'>;
  if (!message.result && !message.error) throw new Error(`no answer: ${stdout} ${stderr}`);
  return { ...message, killed: false, calls };
}

/** Runs a child as the service does, with a fault or with none. */
export function runChild(library: string, folder: string, request: object, fault?: Fault): ChildAnswer {
  const { result, error, calls } = runWithFault(CHILD, { timeoutMs: 60_000, ...request }, [library, folder, fault]);
  return { ...result, ...(error && { error }), calls };
}
