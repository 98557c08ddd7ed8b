import type { ServiceContext } from './service-context.js';
import type { RestoreOptions, VerifyOptions } from './backup-actions.js';
import type { Backup } from '../catalog/backup.js';
import { checkMethodOptions } from './method-options.js';
import { ageOf, checkDue } from '../catalog/due-check.js';
import type { DueCheck } from '../catalog/due-check.js';
import type { RemoteCopy } from '../offsite/list-copies.js';
import type { ShipReport } from '../offsite/shipper.js';
import type { ListServiceCopiesOptions, OfOneStore } from '../offsite/service-copies.js';
import type { PullOptions, PullReport } from '../offsite/pull.js';
import type { CopyVerifyReport, VerifyCopyOptions } from '../offsite/verify-copy.js';
import { findLatestBackup, listBackups } from '../catalog/list-backups.js';
import type { BackupError } from '../util/errors.js';
import type { BackupEvents, BackupListener, PruneReport } from './events.js';
import { SingleFlight } from '../util/single-flight.js';
import { SerialQueue } from '../util/serial-queue.js';
import type { Purpose } from '../util/messages.js';
import type { BackupServiceOptions, ResolvedOptions } from './options.js';
import { runYielding } from '../util/cooperative.js';
import type { RestoreReport, VerifyReport } from '../child/protocol.js';
import type { SnapshotControl } from '../util/control.js';
import type { SnapshotResult } from '../child/snapshotter.js';
import type { LastFailure, RunningBackup, ServiceStatus } from './status.js';
import type { BackupStore } from '../stores/backup-store.js';

export type { RestoreOptions, VerifyOptions };

/** Options of `createBackup()`. */
export interface CreateOptions extends SnapshotControl {
  /** What the backup is taken for, in the log, the manifest and the events: `'before the upgrade to 2.0'`. */
  label?: string | undefined;
}

/** Options of `backupIfDue()`. */
export interface IfDueOptions extends CreateOptions {
  /** Does what `label` names come after the backup (`'before'`, the default) or has it already run? For the log. */
  moment?: 'before' | 'after' | undefined;
}

/** The result of `backupIfDue()`: a backup was made, or the newest one is fresh, or the last failure is too recent. */
export type BackupOutcome =
  | { readonly status: 'created'; readonly backup: Backup }
  | { readonly status: 'fresh'; readonly latest: Backup; readonly ageMs: number }
  /** One is due, but the last attempt failed, with `error`, less than `retryAfter` ago. */
  | { readonly status: 'backing-off'; readonly retryAt: Date; readonly error: BackupError };

// Registered, so that two copies of the package in one process accept each other's services.
const brand = Symbol.for('sqlite-autobackup.BackupService');

/**
 * Backups of one SQLite database: is one due, take one, which are there, remove the old ones.
 *
 * Everything that opens the live database happens in a child process; this class lists and deletes finished backups.
 * Whatever goes wrong is a {@link BackupError}: the methods that return a promise reject with it, the others throw it.
 */
export class BackupService {
  readonly #options: ResolvedOptions;
  readonly #context: ServiceContext;
  readonly #runner: ServiceContext['runner'];
  readonly #warnedOf = new Set<string>();
  #singleFlight: SingleFlight<BackupOutcome> | undefined;
  /** Explicit backups wait for one another here, not as a crowd of idle children. */
  readonly #queue = new SerialQueue();
  #knownFresh = false;
  #freshTimer: NodeJS.Timeout | undefined;

  /** @throws BackupError `ERR_BACKUP_OPTIONS`, naming the option, the value and what is allowed */
  constructor(options: BackupServiceOptions) {
    const { createContext } = require('./service-context.js') as typeof import('./service-context.js');
    const context = createContext(options);
    this.#context = context;
    this.#options = context.options;
    this.#runner = context.runner;
  }

  /** @internal */
  get [brand](): true {
    return true;
  }

  /** Absolute path of the live database. */
  get database(): string {
    return this.#options.database;
  }

  /** Absolute path of the backup folder. */
  get directory(): string {
    return this.#options.directory;
  }

  /** The stores that backups are copied to. */
  get copies(): readonly BackupStore[] {
    return this.#options.copies;
  }

  /** What a decorated method does when the backup before it fails. */
  get onFailure(): 'continue' | 'abort' {
    return this.#options.onFailure;
  }

  /**
   * Was the newest backup found fresh less than `recheckInterval` ago? A flag that a timer clears: reading it costs no
   * system call and not even a look at the clock. This is all that a decorated method asks when nothing is due.
   */
  get knownFresh(): boolean {
    return this.#knownFresh;
  }

  /** The newest whole backup. Looks at the folder, blocking for some 20 µs. */
  getLatestBackup(): Backup | undefined {
    return this.#findLatest(Date.now());
  }

  /** Would `backupIfDue()` try to take one now? */
  shouldBackup(): boolean {
    return this.checkDue().due;
  }

  /** The age check with its reason. Looks at the folder every time. */
  checkDue(): DueCheck {
    const now = Date.now();
    const latest = this.#findLatest(now);
    const retryAt = this.#runner.lastFailure?.retryAt.getTime();
    const check = checkDue({ latest, now, intervalMs: this.#options.intervalMs, retryAt });
    if (check.reason === 'fresh') this.#believeFresh(check.dueAt.getTime() - now);
    return check;
  }

  /**
   * Takes a backup if the newest one is as old as `interval` or older. Calls at the same time, in this process or in
   * others, make one; all of them resolve when it is there.
   */
  async backupIfDue(options: IfDueOptions = {}): Promise<BackupOutcome> {
    checkMethodOptions('backupIfDue', options);
    if (this.#singleFlight?.joinable) return this.#singleFlight.join(options);
    const purpose = automatic(options);
    const settled = this.#settleWithoutAttempt(purpose);
    if (settled) return settled;

    const flight = new SingleFlight(async (control) =>
      this.#toOutcome(await this.#runner.run(purpose, this.#options.intervalMs, control)),
    );
    this.#singleFlight = flight;
    try {
      return await flight.join(options);
    } finally {
      if (this.#singleFlight === flight) this.#singleFlight = undefined;
    }
  }

  /** The same, blocking the thread until the backup is done. */
  backupIfDueSync(options: Omit<IfDueOptions, keyof SnapshotControl> = {}): BackupOutcome {
    checkMethodOptions('backupIfDueSync', options);
    const purpose = automatic(options);
    return (
      this.#settleWithoutAttempt(purpose) ?? this.#toOutcome(this.#runner.runSync(purpose, this.#options.intervalMs))
    );
  }

  /** Takes a backup in any case, also right after a failure. */
  async createBackup(options: CreateOptions = {}): Promise<Backup> {
    checkMethodOptions('createBackup', options);
    const { label, signal } = options;
    return createdBackup(await this.#queue.run(() => this.#runner.run({ label }, null, options), signal));
  }

  /** The same, blocking the thread until the backup is done. */
  createBackupSync(options: Omit<CreateOptions, keyof SnapshotControl> = {}): Backup {
    checkMethodOptions('createBackupSync', options);
    return createdBackup(this.#runner.runSync({ label: options.label }, null));
  }

  /** All backups in the folder, newest first: also those of other programs, and those with a `problem`. */
  async listBackups(): Promise<Backup[]> {
    const backups = await runYielding(listBackups(this.#options, Date.now()));
    return this.#context.copies?.annotate(backups) ?? backups;
  }

  /**
   * Checks a backup in a child process and keeps the result in its manifest. `'hash'`: size and sha256; `'quick'` (default)
   * and `'full'`: also PRAGMA quick_check or integrity_check; `'drill'`: it is restored into a scratch folder, checked in
   * full and asked the `assertions`. What is wrong with it is in the report; it rejects if it can't be read.
   */
  async verifyBackup(name: string, options: VerifyOptions = {}): Promise<VerifyReport> {
    checkMethodOptions('verifyBackup', options);
    return actions().verify(this.#context, name, options);
  }

  /**
   * Restores a backup into the live database, while the app runs, or into a new file (`to`). The backup is checked before,
   * the present state is kept in a protected backup, and the result is compared. Whatever happens, the database is entirely
   * the old or entirely the restored one. Throws `ERR_BACKUP_DAMAGED`, `ERR_BACKUP_RESTORE_…`, and what a backup throws.
   */
  async restoreBackup(name: string, options: RestoreOptions = {}): Promise<RestoreReport> {
    checkMethodOptions('restoreBackup', options);
    const restore = (): Promise<RestoreReport> =>
      actions()
        .restore(this.#context, name, options)
        .finally(() => (this.#knownFresh = false));
    return this.#queue.run(restore, options.signal);
  }

  /** Protects a backup from deletion and retention, or (`on: false`) takes that off again. */
  async protectBackup(name: string, on = true, control: SnapshotControl = {}): Promise<void> {
    return actions().protect(this.#context, name, on, control);
  }

  /**
   * Deletes a backup and its manifest.
   *
   * @throws BackupError `ERR_BACKUP_INVALID_NAME`, `ERR_BACKUP_NOT_FOUND`, `ERR_BACKUP_PROTECTED`,
   *   `ERR_BACKUP_DELETE_FAILED`
   */
  // eslint-disable-next-line @typescript-eslint/require-await -- a promise, so that errors are rejections
  async deleteBackup(name: string): Promise<void> {
    actions().remove(this.#context, name);
    this.#knownFresh = false;
  }

  /** Removes what the retention policy does not keep. `dryRun` only says what it would remove, and why the rest stays. */
  async pruneBackups(options: { dryRun?: boolean } = {}): Promise<PruneReport> {
    checkMethodOptions('pruneBackups', options);
    const { dryRun = false } = options;
    const { prune } = require('./prune.js') as typeof import('./prune.js');
    const report = await runYielding(prune(this.#options, dryRun));
    if (!dryRun) this.#runner.reportPruned(report);
    return report;
  }

  /** Everything that a status page shows. Asks a child process for the journal mode. */
  async status(): Promise<ServiceStatus> {
    const { readStatus } = require('./status.js') as typeof import('./status.js');
    const { runningSince, lastFailure } = this.#runner;
    return readStatus(this.#options, this.checkDue(), { runningSince, lastFailure }, this.#context.copies);
  }

  /**
   * Ships to every store in `copies` what it still lacks, and resolves when that is done: one report a store, which has
   * its errors. Without this, shipping goes on in the background after each backup; call it where the process is about to
   * end. Rejects only if it is cancelled or the backup folder cannot be listed.
   */
  async shipPending(control: Pick<SnapshotControl, 'signal'> = {}): Promise<readonly ShipReport[]> {
    return this.#context.copies?.ship(control) ?? [];
  }

  /** The copies of this database in a store of `copies`, newest first, of this host or of all. Asks the store. */
  async listCopies(options: ListServiceCopiesOptions = {}): Promise<RemoteCopy[]> {
    return this.#remote().listServiceCopies(this.#options, options);
  }

  /** Checks a copy in a store: see {@link VerifyCopyOptions.level}. */
  async verifyCopy(name: string, options: OfOneStore<VerifyCopyOptions> = {}): Promise<CopyVerifyReport> {
    return this.#remote().verifyServiceCopy(this.#options, name, options);
  }

  /** Brings a copy back into the backup folder, where it is a backup like the others: to restore, verify or protect. */
  async pullBackup(name: string, options: Omit<OfOneStore<PullOptions>, 'to'> = {}): Promise<PullReport> {
    return this.#remote().pullIntoFolder(this.#options, name, options);
  }

  /** The last failed attempt of this process, while no later one succeeded. The same as in `status()`, without asking a child. */
  get lastFailure(): LastFailure | undefined {
    return this.#runner.lastFailure;
  }

  /** Resolves when no backup is being taken by this service any more: what an app waits for before it ends. Never rejects. */
  async whenIdle(): Promise<void> {
    let end;
    do {
      end = this.#queue.end;
      await end;
      await this.#runner.whenIdle();
      // Meanwhile another one may have got in line.
    } while (end !== this.#queue.end);
  }

  /** The backup that is being made now, by whatever process; `undefined` if none is, or the folder can't be read. */
  getRunningBackup(): RunningBackup | undefined {
    const { findRunning } = require('./status.js') as typeof import('./status.js');
    return findRunning(this.#options);
  }

  /** Calls `listener` at every such event until the returned function is called. A listener that throws is logged. */
  on<E extends keyof BackupEvents>(event: E, listener: BackupListener<E>): () => void {
    return this.#context.events.on(event, listener);
  }

  /** The outcome, where it needs no attempt: fresh, or the last attempt failed a moment ago. */
  #settleWithoutAttempt(purpose: Purpose): BackupOutcome | undefined {
    let check: DueCheck | undefined;
    try {
      check = this.checkDue();
    } catch (error) {
      // A failed listing is a failed attempt, never "no backups" and never "fresh".
      const { lastFailure } = this.#runner;
      if (!lastFailure || lastFailure.retryAt.getTime() <= Date.now()) this.#runner.fail(error, purpose);
    }
    if (check?.reason === 'fresh') return { status: 'fresh', latest: check.latest, ageMs: check.ageMs };
    if (check?.due) return undefined;
    const { retryAt, error } = this.#runner.lastFailure!;
    this.#runner.skip(purpose, retryAt);
    return { status: 'backing-off', retryAt, error };
  }

  #toOutcome(result: SnapshotResult): BackupOutcome {
    // Sets the flag, so that the calls that come now cost nothing.
    this.#believeFresh(this.#options.intervalMs);
    if (result.status === 'created') return { status: 'created', backup: result.backup };
    return { status: 'fresh', latest: result.latest, ageMs: ageOf(result.latest, Date.now()) };
  }

  #findLatest(now: number): Backup | undefined {
    const { latest, ignored } = findLatestBackup(this.#options, now);
    for (const backup of ignored) {
      if (this.#warnedOf.has(backup.name)) continue;
      this.#warnedOf.add(backup.name);
      this.#context.log.warn(this.#context.messages.ignored(backup));
    }
    return latest;
  }

  #remote(): typeof import('../offsite/service-copies.js') {
    return require('../offsite/service-copies.js') as typeof import('../offsite/service-copies.js');
  }

  #believeFresh(msUntilDue: number): void {
    const ms = Math.min(msUntilDue, this.#options.recheckMs, MAX_TIMER_MS);
    if (ms <= 0) return;
    clearTimeout(this.#freshTimer);
    this.#knownFresh = true;
    this.#freshTimer = setTimeout(() => {
      this.#knownFresh = false;
    }, ms);
    this.#freshTimer.unref();
  }
}

/** Is this a service, of any copy of this package in the process? */
export function isBackupService(value: unknown): value is BackupService {
  return typeof value === 'object' && value !== null && brand in value;
}

/** The longest that a timer can run. */
const MAX_TIMER_MS = 2 ** 31 - 1;

function actions(): typeof import('./backup-actions.js') {
  return require('./backup-actions.js') as typeof import('./backup-actions.js');
}

function automatic({ label, moment = 'before' }: IfDueOptions): Purpose {
  return { label, moment };
}

function createdBackup(result: SnapshotResult): Backup {
  // Attempts has refused any other answer to an unconditional request.
  return (result as Extract<SnapshotResult, { status: 'created' }>).backup;
}
