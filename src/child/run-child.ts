import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { databaseFiles } from '../catalog/side-files.js';
import { BackupError } from '../util/errors.js';
import type { BackupStep } from '../util/errors.js';
import { callSafely } from '../util/call-safely.js';
import { lockTimeout, restoreBusy, sourceLocked } from '../util/busy-errors.js';
import { errorFromWire, messageReader } from './protocol.js';
import type { ChildMessage, ChildRequest, ChildResult } from './protocol.js';
import type { SnapshotControl } from '../util/control.js';
import { clearTimeout, MAX_TIMER_MS, setTimeout } from '../util/timers.js';

const MAIN = path.join(__dirname, '..', 'isolated', 'main.js');
/** How long a killed child may take to be gone, and an answered one to end by itself. */
const END_GRACE_MS = 5_000;
const STDERR_KEPT = 8_192;

/** Runs `isolated/main.js` in a child; resolves with its answer. */
export function run(request: ChildRequest, { signal, onProgress }: SnapshotControl = {}): Promise<ChildResult> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(cancelled(request, 'start', signal.reason));
    const state = new ChildState(onProgress);
    let child: ChildProcessWithoutNullStreams;
    try {
      child = spawn(process.execPath, [MAIN], childOptions());
    } catch (cause) {
      return reject(notStarted(cause as Error));
    }

    let endedBy: BackupError | undefined;
    let limit: NodeJS.Timeout | undefined;
    const settle = (finish: () => void): void => {
      clearTimeout(timer);
      clearTimeout(limit);
      signal?.removeEventListener('abort', onAbort);
      finish();
    };
    const kill = (reason: BackupError): void => {
      if (endedBy) return;
      endedBy = reason;
      child.kill('SIGKILL');
      // A process that hangs inside the kernel (a dead network disk) ignores even SIGKILL; the caller must not hang too.
      setTimeout(() => settle(() => reject(reason)), END_GRACE_MS).unref();
    };
    const onAbort = (): void => kill(cancelled(request, state.step, signal?.reason));
    const timer = setTimeout(() => kill(timedOut(request, state.step)), Math.min(request.timeoutMs, MAX_TIMER_MS));
    signal?.addEventListener('abort', onAbort, { once: true });
    child.on('error', (cause) => settle(() => reject(endedBy ?? notStarted(cause))));
    // Not started: that error is all it will ever say. Out of file descriptors it does not even have the streams below.
    if (child.pid === undefined) return;

    const read = messageReader((message) => {
      state.take(message);
      clearTimeout(limit);
      if (message.type === 'limit') {
        const { withinMs, error } = message;
        limit = setTimeout(() => kill(errorFromWire(error)), Math.min(withinMs, MAX_TIMER_MS));
      }
      if (!state.answered) return;
      // The answer is the child's last act; the caller need not wait for its process to be torn down.
      child.unref();
      setTimeout(() => child.kill('SIGKILL'), END_GRACE_MS).unref();
      settle(() => (state.result ? resolve(state.result) : reject(state.error!)));
    });
    child.stdout.setEncoding('utf8').on('data', read);
    // Always read, or a child that prints a lot would block on a full pipe.
    child.stderr.setEncoding('utf8').on('data', (text: string) => state.takeStderr(text));
    // The child may be gone before it has read its request; its end says why.
    child.stdin.on('error', () => {}).end(JSON.stringify(request));
    child.on('close', (code, signalName) => {
      if (state.answered) return;
      state.removePartials();
      settle(() => reject(endedBy ?? died(state, code, signalName)));
    });
  });
}

/** The same, blocking the thread. */
export function runSync(request: ChildRequest): ChildResult {
  const state = new ChildState();
  const { stdout, stderr, status, signal, error } = spawnSync(process.execPath, [MAIN], {
    ...childOptions(),
    input: JSON.stringify(request),
    encoding: 'utf8',
    timeout: Math.min(request.timeoutMs, MAX_TIMER_MS),
    killSignal: 'SIGKILL',
    // With a limit, a child that prints more would be killed.
    maxBuffer: Infinity,
  });
  messageReader((message) => state.take(message))(stdout);
  state.takeStderr(stderr);
  if (state.result) return state.result;
  if (state.error) throw state.error;
  state.removePartials();
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'ETIMEDOUT') throw timedOut(request, state.step);
  throw error ? notStarted(error) : died(state, status, signal);
}

/** What the parent knows of its child from the messages so far. */
class ChildState {
  step: BackupStep = 'start';
  result: ChildResult | undefined;
  error: BackupError | undefined;
  stderr = '';
  readonly #partials = new Set<string>();

  constructor(private readonly onProgress?: SnapshotControl['onProgress']) {}

  get answered(): boolean {
    return this.result !== undefined || this.error !== undefined;
  }

  take(message: ChildMessage): void {
    if (message.type === 'step') this.#progress((this.step = message.step), 0, 0);
    else if (message.type === 'progress') this.#progress(this.step, message.doneBytes, message.totalBytes);
    else if (message.type === 'partial') this.#partials.add(message.path);
    else if (message.type === 'result') this.result = message.result;
    else if (message.type === 'error') this.error = errorFromWire(message.error);
  }

  takeStderr(text: string): void {
    this.stderr = (this.stderr + text).slice(-STDERR_KEPT);
  }

  /** What a child that was killed has left. It no longer exists, so nobody else owns these files. */
  removePartials(): void {
    for (const file of [...this.#partials].flatMap((partial) => [...databaseFiles(partial), `${partial}.json`])) {
      try {
        // A drill's is a folder.
        fs.rmSync(file, { force: true, recursive: true });
      } catch {
        // The next attempt sweeps it.
      }
    }
  }

  #progress(step: BackupStep, doneBytes: number, totalBytes: number): void {
    callSafely(() => this.onProgress?.({ step, doneBytes, totalBytes }));
  }
}

export function childOptions(): {
  cwd: string;
  env: NodeJS.ProcessEnv;
  stdio: ['pipe', 'pipe', 'pipe'];
  windowsHide: true;
} {
  // The app's --require, --import or --inspect must not run in the child. Windows ignores the case of names.
  const inherited = Object.entries(process.env).filter(([name]) => name.toUpperCase() !== 'NODE_OPTIONS');
  const env: NodeJS.ProcessEnv = { ...Object.fromEntries(inherited), ELECTRON_RUN_AS_NODE: '1' };
  // A folder that certainly exists; the app's own working directory may be gone.
  return { cwd: __dirname, env, stdio: ['pipe', 'pipe', 'pipe'], windowsHide: true };
}

function cancelled({ kind }: ChildRequest, step: BackupStep, reason: unknown): BackupError {
  return new BackupError('ERR_BACKUP_CANCELLED', `The ${WORK[kind]} was cancelled by its AbortSignal.`, {
    step,
    hint: leftBehind(kind, step) ?? 'Nothing was left behind; call again to start over.',
    cause: reason,
  });
}

const WORK = {
  create: 'backup',
  verify: 'verification',
  inspect: 'look at it',
  probe: 'look at the lock',
  restore: 'restore',
  protect: 'call',
  diff: 'comparison',
  recover: 'recovery',
  query: 'query',
};

/** What is there after the child was killed; `undefined`: nothing. */
function leftBehind(kind: ChildRequest['kind'], step: BackupStep): string | undefined {
  if (kind === 'restore') return OLD_OR_NEW;
  if (kind === 'recover') return ALL_OR_NOTHING;
  return kind === 'create' && step === 'publish' ? PERHAPS_PUBLISHED : undefined;
}

const PERHAPS_PUBLISHED = 'It was being published: if listBackups() has it, it is whole and verified.';
const ALL_OR_NOTHING =
  'The rows came back all or not at all; if a safety backup was taken, it is in the list, protected.';
const OLD_OR_NEW =
  'The database is entirely the old or entirely the restored one; if a safety backup was taken, it is in the list, protected.';

function timedOut({ timeoutMs, ...request }: ChildRequest, step: BackupStep): BackupError {
  const after = `${timeoutMs / 1000} s`;
  if (step === 'lock') {
    return lockTimeout(after);
  }
  if (step === 'pin') {
    return sourceLocked(request.database, after);
  }
  if (step === 'block-writers') {
    return restoreBusy(request.database, after);
  }
  const work = WORK[request.kind];
  const left = leftBehind(request.kind, step) ?? 'Nothing was left under a final name.';
  return new BackupError('ERR_BACKUP_TIMEOUT', `The ${work} was not done after ${after}, in step "${step}".`, {
    step,
    hint: `Look for a slow or dead disk, or raise the "timeout" option. ${left}`,
  });
}

function notStarted(cause: Error): BackupError {
  return new BackupError('ERR_BACKUP_CHILD_FAILED', `The child process could not be started (${cause.message}).`, {
    step: 'start',
    hint: `Check that "${process.execPath}" may be executed and that the limits of processes and open files are not reached.`,
    cause,
  });
}

function died(state: ChildState, code: number | null, signal: NodeJS.Signals | null): BackupError {
  const how = signal ? `was ended by ${signal}` : `ended with code ${code}`;
  const said = state.stderr.trim();
  const hint = !fs.existsSync(MAIN)
    ? `"${MAIN}" is missing: if the app is bundled, mark "sqlite-autobackup" as external.`
    : signal === 'SIGKILL'
      ? 'Something killed it: look at the system log for the out-of-memory killer.'
      : 'Look at what it printed, in the cause of this error.';
  return new BackupError('ERR_BACKUP_CHILD_FAILED', `The child process ${how} in step "${state.step}".`, {
    step: state.step,
    hint,
    cause: said === '' ? undefined : new Error(said),
  });
}
