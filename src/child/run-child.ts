import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { backupNaming } from '../catalog/backup-name.js';
import { databaseFiles } from '../catalog/side-files.js';
import { BackupError, isBackupError } from '../util/errors.js';
import type { BackupStep } from '../util/errors.js';
import { callSafely } from '../util/call-safely.js';
import { files, runAsync, runSync as runFilesSync } from '../util/file-work.js';
import type { FileWork } from '../util/file-work.js';
import { onAbort } from '../util/on-abort.js';
import { oneLine } from '../util/printable.js';
import { lockTimeout, restoreBusy, sourceLocked } from '../util/busy-errors.js';
import { errorFromWire } from './protocol.js';
import { messageReader } from './read-messages.js';
import type { ChildMessage, ChildRequest, ChildResult } from './protocol.js';
import { CHILD_MAIN, childArguments, childOptions, ensureChildCanRun, installedDriver } from './start-child.js';
import type { SnapshotControl } from '../util/control.js';
import { clearTimeout, MAX_TIMER_MS, setTimeout } from '../util/timers.js';

const MAIN = CHILD_MAIN;
/** How long a killed child may take to be gone, and an answered one to end by itself. */
const END_GRACE_MS = 5_000;
const STDERR_KEPT = 8_192;

/** Runs `isolated/main.js` in a child; resolves with its answer. */
export function run(request: ChildRequest, { signal, onProgress }: SnapshotControl = {}): Promise<ChildResult> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(cancelled(request, 'start', signal.reason));
    const state = new ChildState(request, onProgress);
    let child: ChildProcessWithoutNullStreams;
    try {
      ensureChildCanRun();
      child = spawn(process.execPath, childArguments(MAIN), childOptions());
    } catch (cause) {
      return reject(isBackupError(cause) ? cause : notStarted(cause as Error));
    }

    let endedBy: BackupError | undefined;
    let limit: NodeJS.Timeout | undefined;
    const settle = (finish: () => void): void => {
      clearTimeout(timer);
      clearTimeout(limit);
      stopListening();
      finish();
    };
    const kill = (reason: BackupError): void => {
      if (endedBy) return;
      endedBy = reason;
      child.kill('SIGKILL');
      // A process that hangs inside the kernel (a dead network disk) ignores even SIGKILL; the caller must not hang too.
      setTimeout(() => settle(() => reject(reason)), END_GRACE_MS).unref();
    };
    let statement: BackupError | undefined;
    const timer = setTimeout(
      () => kill(statement ?? timedOut(request, state.step)),
      Math.min(request.timeoutMs, MAX_TIMER_MS),
    );
    const stopListening = onAbort(signal, () => kill(cancelled(request, state.step, signal?.reason)));
    child.on('error', (cause) => settle(() => reject(endedBy ?? notStarted(cause))));
    // spawn() failed, so only 'error' fires. On EMFILE the stdio streams are undefined.
    if (child.pid === undefined) return;

    const read = messageReader((message) => {
      state.take(message);
      clearTimeout(limit);
      statement = undefined;
      if (message.type === 'limit') {
        const { withinMs, error } = message;
        // At once, before the end of the child may be told: it has nothing left to say.
        if (withinMs === 0) kill(errorFromWire(error));
        else limit = setTimeout(() => kill(errorFromWire(error)), Math.min(withinMs, MAX_TIMER_MS));
        // With all the time that there is for itself, it is what took it, and no slow disk.
        if (withinMs >= request.timeoutMs) statement = errorFromWire(error);
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
      const removed = runAsync(state.removePartials());
      // The wait is bounded: the disk may be what the child died of.
      const late = setTimeout(() => settle(() => reject(error)), END_GRACE_MS);
      const error = endedBy ?? died(state, code, signalName);
      void removed.finally(() => {
        clearTimeout(late);
        settle(() => reject(error));
      });
    });
  });
}

/** The same, blocking the thread. */
export function runSync(request: ChildRequest): ChildResult {
  ensureChildCanRun();
  const state = new ChildState(request);
  const { stdout, stderr, status, signal, error } = spawnSync(process.execPath, childArguments(MAIN), {
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
  runFilesSync(state.removePartials());
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'ETIMEDOUT') throw timedOut(request, state.step);
  throw error ? notStarted(error) : died(state, status, signal);
}

/** Collects what the parent knows of its child from the messages so far. */
export class ChildState {
  step: BackupStep = 'start';
  result: ChildResult | undefined;
  error: BackupError | undefined;
  stderr = '';
  readonly #request: ChildRequest;
  readonly #onProgress: SnapshotControl['onProgress'];
  readonly #partials = new Set<string>();

  constructor(request: ChildRequest, onProgress?: SnapshotControl['onProgress']) {
    this.#request = request;
    this.#onProgress = onProgress;
  }

  get partials(): ReadonlySet<string> {
    return this.#partials;
  }

  get answered(): boolean {
    return this.result !== undefined || this.error !== undefined;
  }

  take(message: ChildMessage): void {
    if (this.answered) return;
    if (message.type === 'step') this.#progress((this.step = message.step), 0, 0);
    else if (message.type === 'progress') this.#progress(this.step, message.doneBytes, message.totalBytes);
    else if (message.type === 'result') this.result = message.result;
    else if (message.type === 'error') this.error = errorFromWire(message.error);
    else if (message.type === 'partial' && isPartialOf(this.#request, message.path)) this.#partials.add(message.path);
  }

  takeStderr(text: string): void {
    this.stderr = (this.stderr + text).slice(-STDERR_KEPT);
  }

  /** Removes what a child that was killed has left. It no longer exists, so nobody else owns these files. */
  *removePartials(): FileWork<void> {
    for (const partial of this.#partials) {
      for (const file of [...databaseFiles(partial), `${partial}.json`, `${partial}.same`]) {
        try {
          // A drill's is a folder.
          yield* files.removeTree(file);
        } catch {
          // The next attempt sweeps it.
        }
      }
    }
  }

  #progress(step: BackupStep, doneBytes: number, totalBytes: number): void {
    callSafely(() => this.#onProgress?.({ step, doneBytes, totalBytes }));
  }
}

/**
 * Is it a file that this request makes? Only such a one is removed, whatever the child says: beside the file that is written or
 * in the backup folder, with a name that only unfinished work has.
 */
export function isPartialOf(request: ChildRequest, file: string): boolean {
  const targets = [request.database, ...('to' in request ? [request.to] : [])];
  const beside = targets.map((target) => path.join(path.dirname(target), `.${path.basename(target)}.`));
  const directory = 'directory' in request ? request.directory : path.dirname(request.database);
  const starts = [...beside, path.join(directory, `.${backupNaming(request.database).prefix}`)];
  return starts.some((start) => file.startsWith(start) && /^[\w.-]*\.partial$/.test(`.${file.slice(start.length)}`));
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
  import: 'import',
  diff: 'comparison',
  recover: 'recovery',
  query: 'query',
};

/** Says what is left after the child was killed; `undefined`: nothing. */
function leftBehind(kind: ChildRequest['kind'], step: BackupStep): string | undefined {
  if (kind === 'restore') return OLD_OR_NEW;
  if (kind === 'recover') return ALL_OR_NOTHING;
  return (kind === 'create' || kind === 'import') && step === 'publish' ? PERHAPS_PUBLISHED : undefined;
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
  const isFile = !('source' in request);
  if (step === 'pin' && isFile) {
    return sourceLocked(request.database, after);
  }
  if (step === 'block-writers' && isFile) {
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
  const printed = said === '' ? '' : `: ${lastLines(said)}`;
  return new BackupError('ERR_BACKUP_CHILD_FAILED', `The child process ${how} in step "${state.step}"${printed}.`, {
    step: state.step,
    hint: whyItDied(code, signal),
    cause: said === '' ? undefined : new Error(said),
  });
}

function whyItDied(code: number | null, signal: NodeJS.Signals | null): string {
  if (!fs.existsSync(MAIN)) return `"${MAIN}" is missing: if the app is bundled, mark "sqlite-autobackup" as external.`;
  if (signal === 'SIGKILL') return 'Something killed it: look at the system log for the out-of-memory killer.';
  if (signal === 'SIGSEGV' || signal === 'SIGABRT' || signal === 'SIGILL') {
    const driver = installedDriver();
    return (
      `better-sqlite3 ${driver?.version} may not fit Node ${process.versions.node}` +
      `${driver ? ` (it is for ${driver.node})` : ''}: run "npm rebuild better-sqlite3", or install another version of it.`
    );
  }
  return code === 0
    ? 'It ended without an answer: after an upgrade of this package on the disk, restart the app.'
    : 'What it printed is the cause of this error.';
}

/** The end of what it printed, where the reason stands, on one line. */
function lastLines(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !/^\s+at |^Node\.js v/.test(line));
  const line = oneLine(lines.slice(-3).join(' | ').trim());
  return line.length > 300 ? `…${line.slice(-300)}` : line;
}
