import { cleanLabel } from '../catalog/label.js';
import { checkDue } from '../catalog/due-check.js';
import { findLatestBackup, readBackup } from '../catalog/list-backups.js';
import { BackupError, isBackupError, messageOf } from '../util/errors.js';
import type { Events } from '../util/events.js';
import type { BackupEvents } from './events.js';
import type { PruneReport } from './events.js';
import { messages } from '../util/messages.js';
import type { Purpose } from '../util/messages.js';
import { LOAD } from '../util/logger.js';
import type { LoadableLogger } from '../util/logger.js';
import type { ResolvedOptions } from './options.js';
import { prune } from './prune.js';
import { runSync, runYielding } from '../util/cooperative.js';
import { show } from '../util/validate.js';
import type { SnapshotControl } from '../util/control.js';
import type { SnapshotRequest } from '../child/protocol.js';
import type { SnapshotResult } from '../child/snapshotter.js';
import type { LastFailure } from './status.js';

/** Runs the snapshotter, judges what it made, prunes after a success, and reports each end in the log and as an event. */
export class BackupRunner {
  lastFailure: LastFailure | undefined;
  runningSince: Date | undefined;
  #skipLogged = false;
  readonly #running = new Set<Promise<SnapshotResult>>();

  constructor(
    private readonly options: ResolvedOptions,
    private readonly log: Required<LoadableLogger>,
    private readonly events: Events<BackupEvents>,
  ) {}

  /** @param ifOlderThanMs `null`: in any case */
  async run(purpose: Purpose, ifOlderThanMs: number | null, control: SnapshotControl): Promise<SnapshotResult> {
    const running = this.#run(purpose, ifOlderThanMs, control);
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  /** Resolves when no attempt runs any more, however the last one ended. */
  async whenIdle(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }

  async #run(purpose: Purpose, ifOlderThanMs: number | null, control: SnapshotControl): Promise<SnapshotResult> {
    this.runningSince = new Date();
    let result: SnapshotResult;
    try {
      const creating = this.options.snapshotter.create(this.#request(purpose, ifOlderThanMs), control);
      // While the child works: a caller that waits for the backup need not wait for winston afterwards.
      this.log[LOAD]();
      result = this.#judge(await creating, ifOlderThanMs);
    } catch (error) {
      result = this.#freshDespiteError(ifOlderThanMs, error) ?? this.fail(error, purpose);
    } finally {
      this.runningSince = undefined;
    }
    this.#succeed(result, purpose);
    if (result.status === 'created') await runYielding(this.#pruneQuietly());
    return result;
  }

  runSync(purpose: Purpose, ifOlderThanMs: number | null): SnapshotResult {
    let result: SnapshotResult;
    try {
      result = this.#judge(this.options.snapshotter.createSync(this.#request(purpose, ifOlderThanMs)), ifOlderThanMs);
    } catch (error) {
      result = this.#freshDespiteError(ifOlderThanMs, error) ?? this.fail(error, purpose);
    }
    this.#succeed(result, purpose);
    if (result.status === 'created') runSync(this.#pruneQuietly());
    return result;
  }

  /** Reports a failed attempt and throws its error. */
  fail(cause: unknown, purpose: Purpose): never {
    const error = isBackupError(cause) ? cause : snapshotterFailed(cause);
    if (error.code === 'ERR_BACKUP_CANCELLED') {
      this.log.info(messages.cancelled(purpose));
      throw error;
    }
    const at = new Date();
    const retryAt = new Date(at.getTime() + this.options.retryAfterMs);
    this.lastFailure = { error, at, retryAt };
    this.#skipLogged = false;
    this.log.error(messages.failed(purpose, error, retryAt));
    this.events.emit('failed', { error, label: purpose.label, retryAt });
    throw error;
  }

  /** Reports an attempt that is not made because the last one failed a moment ago: once, not for every request. */
  skip(purpose: Purpose, retryAt: Date): void {
    if (this.#skipLogged) return;
    this.#skipLogged = true;
    this.log.warn(messages.skipped(purpose, retryAt));
  }

  reportPruned(report: PruneReport): void {
    if (report.removed.length > 0) this.log.info(messages.pruned(report.removed, report.kept.length));
    if (report.missed) this.log.warn(messages.missedCopies(report.missed));
    for (const { error } of report.failed) this.#pruneFailed(error);
    if (report.removed.length > 0) this.events.emit('pruned', report);
  }

  #request({ label }: Purpose, ifOlderThanMs: number | null): SnapshotRequest {
    const { database, directory, verify, timeoutMs } = this.options;
    return {
      database,
      directory,
      ifOlderThanMs,
      verify,
      timeoutMs,
      ...(label !== undefined && { label: cleanLabel(label) }),
    };
  }

  /** Success is judged by the artifact: it stands there, whole. */
  #judge(result: SnapshotResult, ifOlderThanMs: number | null): SnapshotResult {
    ensureAnswer(result);
    if (result.status !== 'created') {
      if (ifOlderThanMs === null) throw new Error('it answered "fresh" to a request for a backup in any case');
      return result;
    }
    const found = readBackup(this.options, result.backup.name, Date.now());
    if (found && found.sizeBytes === result.backup.sizeBytes && found.problem !== 'damaged') return result;
    throw new BackupError('ERR_BACKUP_VERIFY_FAILED', `"${result.backup.path}" is not there, or not whole.`, {
      step: 'publish',
      hint: 'Look for a program that removes or changes files in the backup folder.',
    });
  }

  /** A child that died after it had published, or another process's backup: what is in the folder is what counts. */
  #freshDespiteError(ifOlderThanMs: number | null, error: unknown): SnapshotResult | undefined {
    if (ifOlderThanMs === null || isBackupError(error, 'ERR_BACKUP_CANCELLED')) return undefined;
    try {
      const now = Date.now();
      const { latest } = findLatestBackup(this.options, now);
      const check = checkDue({ latest, now, intervalMs: ifOlderThanMs });
      return check.reason === 'fresh' ? { status: 'fresh', latest: check.latest } : undefined;
    } catch {
      return undefined;
    }
  }

  #succeed(result: SnapshotResult, purpose: Purpose): void {
    this.lastFailure = undefined;
    if (result.status === 'fresh') {
      this.log.info(messages.madeByOther(purpose, result.latest));
      return;
    }
    const { backup, durationMs } = result;
    this.log.info(messages.created(purpose, backup, durationMs));
    this.events.emit('created', { backup, label: purpose.label, durationMs });
  }

  /** The backup is made, whatever becomes of the old ones. */
  *#pruneQuietly(): Generator<void, void> {
    try {
      this.reportPruned(yield* prune(this.options, false));
    } catch (error) {
      this.#pruneFailed(error as BackupError);
    }
  }

  #pruneFailed(error: BackupError): void {
    this.log.error(messages.pruneFailed(error));
    this.events.emit('failed', { error });
  }
}

/** A snapshotter of the user's own may answer anything. What is no answer is a failed attempt, with all that follows one. */
function ensureAnswer(answer: unknown): void {
  // `createSync` that is async: it must not end the app as an unhandled rejection either.
  if (answer instanceof Promise) answer.catch(() => {});
  const { status, backup, latest } = (answer ?? {}) as Partial<Record<'status' | 'backup' | 'latest', unknown>>;
  if ((status === 'created' && backup) || (status === 'fresh' && latest)) return;
  throw new TypeError(`it answered ${show(answer)}`);
}

export function snapshotterFailed(cause: unknown): BackupError {
  return new BackupError('ERR_BACKUP_CHILD_FAILED', `The snapshotter failed: ${messageOf(cause)}.`, {
    step: 'start',
    hint: 'This is a defect of the snapshotter; its own error is the cause of this one.',
    cause,
  });
}
