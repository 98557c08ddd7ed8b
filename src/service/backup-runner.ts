import type { ActivityRecorder } from '../activity/recorder.js';
import { cleanLabel } from '../catalog/label.js';
import { hasWrongMtime, recordedTime } from '../catalog/backup.js';
import type { Backup } from '../catalog/backup.js';
import { parseBackupName } from '../catalog/backup-name.js';
import { checkDue } from '../catalog/due-check.js';
import { latestBackup } from '../catalog/latest-backup.js';
import { backupNamed } from '../catalog/list-backups.js';
import { BackupError, isBackupError } from '../util/errors.js';
import type { Events } from '../util/events.js';
import type { BackupEvents } from './events.js';
import type { PruneReport } from './events.js';
import { messages } from '../util/messages.js';
import type { Purpose } from '../util/messages.js';
import { LOAD } from '../util/logger.js';
import type { LoadableLogger } from '../util/logger.js';
import { liveDatabase } from './options.js';
import type { ResolvedOptions } from './options.js';
import { prune } from './prune.js';
import { ensureAnswer, snapshotterFailed } from './snapshotter-answers.js';
import { withWorkingDirectory } from './set-up.js';
import { runSync } from '../util/file-work.js';
import type { FileWork } from '../util/file-work.js';
import type { FolderGate } from '../util/folder-gate.js';
import { traced, tracedSync } from '../util/tracing.js';
import type { InContext, OperationTrace } from '../util/tracing.js';
import type { SnapshotControl } from '../util/control.js';
import type { SnapshotRequest } from '../child/protocol.js';
import type { SnapshotResult } from '../child/snapshotter.js';

/** The last failed attempt of this process, while no later one has succeeded. */
export interface LastFailure {
  readonly error: BackupError;
  readonly at: Date;
  /** No automatic attempt before this. */
  readonly retryAt: Date;
}

/** Runs the snapshotter, judges what it made, prunes after a success, and reports each end in the log and as an event. */
export class BackupRunner {
  lastFailure: LastFailure | undefined;
  runningSince: Date | undefined;
  /** Called when an attempt begins; what it returns, when it ends, with the error. */
  onAttempt: (purpose: Purpose) => (failure?: unknown) => void = () => () => {};
  readonly #options: ResolvedOptions;
  readonly #log: Required<LoadableLogger>;
  readonly #events: Events<BackupEvents>;
  readonly #gate: FolderGate;
  readonly #activity: Pick<ActivityRecorder, 'settled' | 'settleSync'>;
  readonly #running = new Set<Promise<SnapshotResult>>();
  #skipLogged = false;
  /** By the clock that nobody sets. */
  #failedAt = 0;

  constructor(
    options: ResolvedOptions,
    log: Required<LoadableLogger>,
    events: Events<BackupEvents>,
    gate: FolderGate,
    activity: Pick<ActivityRecorder, 'settled' | 'settleSync'>,
  ) {
    this.#options = options;
    this.#log = log;
    this.#events = events;
    this.#gate = gate;
    this.#activity = activity;
  }

  /**
   * @param ifOlderThanMs `null`: in any case
   * @param tracing `caller`: below whose span it is traced, where it runs in a context of its own
   */
  async run(
    purpose: Purpose,
    ifOlderThanMs: number | null,
    control: SnapshotControl,
    { trace = this.traceOf(purpose), caller }: { trace?: OperationTrace; caller?: InContext | undefined } = {},
  ): Promise<SnapshotResult> {
    const ended = this.onAttempt(purpose);
    const work = (followed: SnapshotControl): Promise<SnapshotResult> => this.#run(purpose, ifOlderThanMs, followed);
    const running = traced(trace, control, work, caller);
    this.#running.add(running);
    running.then(() => ended(), ended);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
      await this.#activity.settled();
    }
  }

  /** A backup in any case. */
  async create(purpose: Purpose, control: SnapshotControl): Promise<Backup> {
    ensureEnabled(this.#options);
    return createdBackup(await this.run(purpose, null, control));
  }

  createSync(purpose: Purpose): Backup {
    ensureEnabled(this.#options);
    return createdBackup(this.runSync(purpose, null));
  }

  /**
   * No automatic attempt before this, in milliseconds since 1970; `undefined`: at once. By both clocks, so that a wall clock
   * that was put back holds up no attempt for longer than the back-off.
   */
  retryAt(now: number): number | undefined {
    if (!this.lastFailure) return undefined;
    const elapsedMs = performance.now() - this.#failedAt;
    return Math.min(this.lastFailure.retryAt.getTime(), now + this.#options.retryAfterMs - elapsedMs);
  }

  /** Resolves when no attempt runs any more, however the last one ended. */
  async whenIdle(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }

  async #run(purpose: Purpose, ifOlderThanMs: number | null, control: SnapshotControl): Promise<SnapshotResult> {
    this.runningSince = new Date();
    let result: SnapshotResult;
    try {
      const creating = this.#options.snapshotter.create(this.#request(purpose, ifOlderThanMs), control);
      // While the child works: a caller that waits for the backup need not wait for winston afterwards.
      this.#log[LOAD]();
      const answer = await creating;
      ensureAnswer(answer, ifOlderThanMs);
      result = await this.#gate.run(this.#judge(answer));
    } catch (error) {
      const fresh = await this.#gate.run(this.#freshDespiteError(ifOlderThanMs, error)).catch(() => undefined);
      result = fresh ?? this.fail(error, purpose);
    } finally {
      this.runningSince = undefined;
    }
    this.#succeed(result, purpose);
    if (this.#mayPrune(result)) {
      await this.#gate.run(prune(this.#options, false, result.backup.name)).then(
        (report) => this.reportPruned(report),
        (error: unknown) => this.#pruneFailed(error as BackupError),
      );
    }
    return result;
  }

  runSync(purpose: Purpose, ifOlderThanMs: number | null): SnapshotResult {
    const ended = this.onAttempt(purpose);
    let failure: unknown;
    try {
      return tracedSync(this.traceOf(purpose), () => this.#runSync(purpose, ifOlderThanMs));
    } catch (error) {
      throw (failure = error);
    } finally {
      ended(failure);
      this.#activity.settleSync();
    }
  }

  traceOf({ label }: Purpose): OperationTrace {
    return { operation: 'backup', database: this.#options.database, label };
  }

  #runSync(purpose: Purpose, ifOlderThanMs: number | null): SnapshotResult {
    let result: SnapshotResult;
    try {
      const answer = this.#options.snapshotter.createSync(this.#request(purpose, ifOlderThanMs));
      ensureAnswer(answer, ifOlderThanMs);
      result = runSync(this.#judge(answer));
    } catch (error) {
      result = runSync(this.#freshDespiteError(ifOlderThanMs, error)) ?? this.fail(error, purpose);
    }
    this.#succeed(result, purpose);
    if (this.#mayPrune(result)) {
      try {
        this.reportPruned(runSync(prune(this.#options, false, result.backup.name)));
      } catch (error) {
        this.#pruneFailed(error as BackupError);
      }
    }
    return result;
  }

  /** Reports a failed attempt and throws its error. */
  fail(cause: unknown, purpose: Purpose): never {
    const error = withWorkingDirectory(isBackupError(cause) ? cause : snapshotterFailed(cause), this.#options);
    if (error.code === 'ERR_BACKUP_CANCELLED') {
      this.#log.info(messages.cancelled(purpose));
      throw error;
    }
    const at = new Date();
    const retryAt = new Date(at.getTime() + this.#options.retryAfterMs);
    this.lastFailure = { error, at, retryAt };
    this.#failedAt = performance.now();
    this.#skipLogged = false;
    this.#log.error(messages.failed(purpose, error, retryAt));
    this.#events.emit('failed', { error, label: purpose.label, retryAt });
    throw error;
  }

  /** Reports an attempt that is not made because the last one failed a moment ago: once, not for every request. */
  skip(purpose: Purpose, retryAt: Date): void {
    if (this.#skipLogged) return;
    this.#skipLogged = true;
    this.#log.warn(messages.skipped(purpose, retryAt));
  }

  reportPruned(report: PruneReport): void {
    if (report.removed.length > 0) this.#log.info(messages.pruned(report.removed, report.kept.length));
    for (const warning of report.warnings ?? []) this.#log.warn(warning);
    if (report.missed) this.#log.warn(messages.missedCopies(report.missed));
    for (const { error } of report.failed) this.#pruneFailed(error);
    if (report.removed.length > 0) this.#events.emit('pruned', report);
  }

  #request({ label }: Purpose, ifOlderThanMs: number | null): SnapshotRequest {
    const { directory, verify, timeoutMs, policyRecord: policy } = this.#options;
    const named = label === undefined ? {} : { label: cleanLabel(label) };
    const request = { ...liveDatabase(this.#options), directory, ifOlderThanMs, verify, timeoutMs };
    return { ...request, ...named, ...(policy !== undefined && { policy }) };
  }

  /** Success is judged by the artifact: it stands there, whole. */
  *#judge(result: SnapshotResult): FileWork<SnapshotResult> {
    if (result.status !== 'created') return result;
    const found = yield* backupNamed(this.#options, result.backup.name, Date.now());
    if (found && found.sizeBytes === result.backup.sizeBytes && found.problem !== 'damaged') {
      return { ...result, backup: { ...result.backup, createdAt: this.#believedTime(found) } };
    }
    throw new BackupError('ERR_BACKUP_VERIFY_FAILED', `"${result.backup.path}" is not there, or not whole.`, {
      step: 'publish',
      hint: 'Look for a program that removes or changes files in the backup folder.',
    });
  }

  /**
   * A server may give a new file an old time, by which it would be due at once, and retention would remove the history. Then the
   * backup's own record is believed: it holds until the interval is over.
   */
  #believedTime(found: Backup): Date {
    const { naming, wrongMtimes } = this.#options;
    const nameTime = parseBackupName(naming, found.name);
    if (!nameTime || !hasWrongMtime(found, nameTime)) return found.createdAt;
    if (wrongMtimes.size === 0) this.#log.warn(messages.wrongMtime(found));
    wrongMtimes.add(found.name);
    return new Date(recordedTime(nameTime, found.manifest));
  }

  #mayPrune(result: SnapshotResult): result is Extract<SnapshotResult, { status: 'created' }> {
    return result.status === 'created' && !this.#options.wrongMtimes.has(result.backup.name);
  }

  /** A child that died after it had published, or another process's backup: what is in the folder is what counts. */
  *#freshDespiteError(ifOlderThanMs: number | null, error: unknown): FileWork<SnapshotResult | undefined> {
    if (ifOlderThanMs === null || isBackupError(error, 'ERR_BACKUP_CANCELLED')) return undefined;
    try {
      const now = Date.now();
      const { latest } = yield* latestBackup(this.#options, now);
      const check = checkDue({ latest, now, intervalMs: ifOlderThanMs });
      return check.reason === 'fresh' ? { status: 'fresh', latest: check.latest } : undefined;
    } catch {
      return undefined;
    }
  }

  #succeed(result: SnapshotResult, purpose: Purpose): void {
    this.lastFailure = undefined;
    if (result.status === 'fresh') {
      // A backup without a manifest is another program's: it was there before, and the child has only looked whether it counts.
      if (result.latest.manifest) this.#log.info(messages.madeByOther(purpose, result.latest));
      return;
    }
    const { backup, durationMs } = result;
    this.#log.info(messages.created(purpose, backup, durationMs));
    this.#events.emit('created', { backup, label: purpose.label, durationMs });
  }

  /** The backup is made, even if the old ones cannot be removed. */
  #pruneFailed(error: BackupError): void {
    this.#log.error(messages.pruneFailed(error));
    this.#events.emit('failed', { error });
  }
}

/** @throws BackupError `ERR_BACKUP_DISABLED` */
export function ensureEnabled({ enabled }: ResolvedOptions): void {
  if (enabled) return;
  throw new BackupError('ERR_BACKUP_DISABLED', 'Backups are switched off.', {
    step: 'call',
    hint: 'Take "enabled: false" out of the options, or BACKUP_ENABLED out of the environment.',
  });
}

function createdBackup(result: SnapshotResult): Backup {
  // The judge has refused any other answer to an unconditional request.
  return (result as Extract<SnapshotResult, { status: 'created' }>).backup;
}
