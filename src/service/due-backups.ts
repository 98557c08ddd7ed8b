import { AsyncLocalStorage } from 'node:async_hooks';
import { ageOf, checkDue } from '../catalog/due-check.js';
import type { DueCheck } from '../catalog/due-check.js';
import { latestBackup, RecordedTimes } from '../catalog/latest-backup.js';
import type { FolderLook } from '../catalog/list-backups.js';
import type { Backup } from '../catalog/backup.js';
import { keepPolicyRecord } from '../catalog/policy-record.js';
import type { SnapshotResult } from '../child/snapshotter.js';
import type { SnapshotControl } from '../util/control.js';
import { runSync } from '../util/file-work.js';
import type { FileWork } from '../util/file-work.js';
import type { FolderGate } from '../util/folder-gate.js';
import type { Logger } from '../util/logger.js';
import { messages } from '../util/messages.js';
import type { Purpose } from '../util/messages.js';
import { SingleFlight } from '../util/single-flight.js';
import { callerContext, traced } from '../util/tracing.js';
import type { InContext, OperationTrace } from '../util/tracing.js';
import type { BackupOutcome } from './method-types.js';
import { Freshness } from './freshness.js';
import type { BackupRunner } from './backup-runner.js';
import type { ResolvedOptions } from './options.js';

interface Parts {
  readonly options: ResolvedOptions;
  readonly log: Logger;
  readonly gate: FolderGate;
  readonly runner: BackupRunner;
  /** A call has found the newest backup, and it is fresh. */
  found(latest: Backup): void;
}

/** An attempt that others can join, as long as what it makes is new enough for them. */
interface Attempt {
  readonly flight: SingleFlight<BackupOutcome>;
  readonly intervalMs: number;
  /** The snapshot may have been taken already: too early for who wants one of this moment. */
  begun: boolean;
  readonly trace: OperationTrace;
  /** Called when it begins: each publishes that a call waits for it. */
  readonly onBegin: (() => void)[];
}

/** A label may be made of the call's arguments. */
const MAX_LABELS = 200;

/** Takes a backup when one is due: looks, and makes one flight of all calls that come at the same time. */
export class DueBackups {
  readonly freshness: Freshness;
  /** The methods that have asked, as long as their names are few. */
  readonly labels = new Set<string>();
  readonly #context: Parts;
  readonly #warnedOf = new Set<string>();
  /** What is done for many calls runs in the context of none: a request's store would be kept as long as a timer. */
  readonly #inOwnContext = AsyncLocalStorage.snapshot();
  readonly #recordedTimes = new RecordedTimes();
  #attempt: Attempt | undefined;
  /** Another program's backup that the child has let count: it looks at each once, as the app must not open one. */
  #lookedAt: string | undefined;
  /** The folder has this service's retention policy, for others who prune there. */
  #isPolicyKept = false;

  constructor(context: Parts) {
    this.#context = context;
    this.freshness = new Freshness(context.options);
  }

  /** Resolves when no look and no attempt is under way; never rejects. */
  async whenIdle(): Promise<void> {
    while (this.#attempt) await this.#attempt.flight.end;
  }

  /** The age check with its reason. Looks at the folder every time, unless its caller has just done so. */
  *check(intervalMs: number, look?: FolderLook): FileWork<DueCheck> {
    if (!this.#context.options.enabled) return { due: false, reason: 'disabled' };
    const now = Date.now();
    const latest = yield* this.latest(now, look);
    if (latest && !this.#isUnknown(latest)) this.freshness.believe(latest.createdAt.getTime());
    return checkDue({ latest, now, intervalMs, retryAt: this.#context.runner.retryAt(now) });
  }

  /** The first look before a backup also tells others who prune in the folder what this service keeps. */
  *#look(intervalMs: number): FileWork<DueCheck> {
    const check = yield* this.check(intervalMs);
    const { database, policyRecord } = this.#context.options;
    if (policyRecord !== undefined && !this.#isPolicyKept && check.reason !== 'disabled') {
      this.#isPolicyKept = yield* keepPolicyRecord(this.#context.options, database, policyRecord);
    }
    return check;
  }

  *latest(now: number, look?: FolderLook): FileWork<Backup | undefined> {
    const { options, log } = this.#context;
    const { latest, ignored } = yield* latestBackup(options, now, look, this.#recordedTimes);
    for (const backup of ignored) {
      if (this.#warnedOf.has(backup.name)) continue;
      this.#warnedOf.add(backup.name);
      log.warn(messages.ignored(backup));
    }
    return latest;
  }

  async ifDue(purpose: Purpose, intervalMs: number, control: SnapshotControl): Promise<BackupOutcome> {
    this.#note(purpose);
    for (let attempt = this.#attempt; attempt?.flight.joinable; attempt = this.#attempt) {
      const newEnough = attempt.intervalMs <= intervalMs && (intervalMs > 0 || !attempt.begun);
      if (newEnough) return this.#join(attempt, purpose, control);
      await attempt.flight.waitForEnd(control.signal);
    }
    const caller = callerContext('backup');
    return this.#inOwnContext(() => this.#start(purpose, intervalMs, caller)).join(control);
  }

  /** Each call that waits has a trace of its own, since the backup's is below that of the first. */
  #join(attempt: Attempt, { label }: Purpose, control: SnapshotControl): Promise<BackupOutcome> {
    const outcome = attempt.flight.join(control);
    const caller = callerContext('wait');
    if (!caller) return outcome;
    const trace = { ...attempt.trace, operation: 'wait', label, awaited: attempt.trace } as const;
    // The outcome is the caller's; this one is only followed.
    const follow = (): void => void caller(() => traced(trace, {}, () => outcome)).catch(() => {});
    if (attempt.begun) follow();
    else attempt.onBegin.push(follow);
    return outcome;
  }

  ifDueSync(purpose: Purpose, intervalMs: number): BackupOutcome {
    this.#note(purpose);
    return this.#inOwnContext(() => {
      const settled = this.#settle(
        purpose,
        settledSync(() => runSync(this.#look(intervalMs))),
      );
      return settled ?? this.#toOutcome(this.#context.runner.runSync(purpose, intervalMs));
    });
  }

  #note({ label }: Purpose): void {
    if (label !== undefined && this.labels.size < MAX_LABELS) this.labels.add(label);
  }

  #start(purpose: Purpose, intervalMs: number, caller: InContext | undefined): SingleFlight<BackupOutcome> {
    const { gate, runner } = this.#context;
    const attempt: Attempt = {
      intervalMs,
      begun: false,
      trace: runner.traceOf(purpose),
      onBegin: [],
      flight: new SingleFlight(async (control) => {
        try {
          const [look] = await Promise.allSettled([gate.run(this.#look(intervalMs))]);
          const settled = this.#settle(purpose, look);
          if (settled) return settled;
          attempt.begun = true;
          const running = runner.run(purpose, intervalMs, control, { trace: attempt.trace, caller });
          for (const follow of attempt.onBegin) follow();
          return this.#toOutcome(await running);
        } finally {
          if (this.#attempt === attempt) this.#attempt = undefined;
        }
      }),
    };
    this.#attempt = attempt;
    return attempt.flight;
  }

  /** The outcome, where it needs no attempt: fresh, or the last attempt failed a moment ago. */
  #settle(purpose: Purpose, look: PromiseSettledResult<DueCheck>): BackupOutcome | undefined {
    const { runner } = this.#context;
    if (look.status === 'fulfilled') {
      const check = look.value;
      if (check.reason === 'disabled') return { status: 'disabled' };
      if (check.reason === 'fresh' && this.#isUnknown(check.latest)) {
        const retryAt = runner.retryAt(Date.now());
        return retryAt !== undefined && retryAt > Date.now() ? this.#backingOff(purpose, new Date(retryAt)) : undefined;
      }
      if (check.reason === 'fresh') this.#context.found(check.latest);
      if (check.reason === 'fresh') return { status: 'fresh', latest: check.latest, ageMs: check.ageMs };
      return check.reason === 'backing-off' ? this.#backingOff(purpose, check.retryAt) : undefined;
    }
    // A failed listing is a failed attempt, never "no backups" and never "fresh".
    const now = Date.now();
    const retryAt = runner.retryAt(now);
    if (retryAt !== undefined && retryAt > now) return this.#backingOff(purpose, new Date(retryAt));
    return runner.fail(look.reason, purpose);
  }

  /** Nobody has checked it: it has no manifest. Only its age and its size are known. */
  #isUnknown(latest: Backup): boolean {
    // A user's own snapshotter answers for what it finds.
    if (this.#context.options.ownSnapshotter) return false;
    return !latest.manifest && identityOf(latest) !== this.#lookedAt;
  }

  #backingOff(purpose: Purpose, retryAt: Date): BackupOutcome {
    const { runner } = this.#context;
    runner.skip(purpose, retryAt);
    return { status: 'backing-off', retryAt, error: runner.lastFailure!.error };
  }

  #toOutcome(result: SnapshotResult): BackupOutcome {
    // Sets the flag, so that the calls that come now cost nothing.
    const latest = result.status === 'created' ? result.backup : result.latest;
    this.#lookedAt = identityOf(latest);
    this.freshness.believe(latest.createdAt.getTime());
    if (result.status === 'created') return { status: 'created', backup: result.backup };
    return { status: 'fresh', latest, ageMs: ageOf(latest, Date.now()) };
  }
}

function identityOf({ name, sizeBytes, createdAt }: Backup): string {
  return [name, sizeBytes, createdAt.getTime()].join(' ');
}

function settledSync<T>(work: () => T): PromiseSettledResult<T> {
  try {
    return { status: 'fulfilled', value: work() };
  } catch (reason) {
    return { status: 'rejected', reason };
  }
}
