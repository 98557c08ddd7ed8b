import { channel } from 'node:diagnostics_channel';
import type { Activity } from '../activity/activity.js';
import type { ActivityFields } from '../activity/recorder.js';
import type { Backup } from '../catalog/backup.js';
import type { DueCheck } from '../catalog/due-check.js';
import type { RestoreReport, VerifyReport } from '../child/protocol.js';
import type { DatabaseDiff, QueryResult, RecoverReport } from '../child/rows-protocol.js';
import type { RemoteCopy } from '../offsite/list-copies.js';
import { offsite } from '../offsite/index.js';
import type { PullOptions, PullReport } from '../offsite/pull.js';
import type { ListServiceCopiesOptions, OfOneStore } from '../offsite/service-copies.js';
import type { ShipReport } from '../offsite/shipper.js';
import type { CopyVerifyReport, VerifyCopyOptions } from '../offsite/verify-copy.js';
import type { DatabaseSource } from '../sources/database-source.js';
import type { BackupStore } from '../stores/backup-store.js';
import type { SnapshotControl } from '../util/control.js';
import type { Duration } from '../util/duration.js';
import { lazy } from '../util/lazy.js';
import type { AlarmReport } from './alarms.js';
import type { LastFailure } from './backup-runner.js';
import type { ImportReport } from '../child/snapshotter.js';
import type { ImportSource } from './import-backup.js';
import type { BackupEvents, BackupListener, PruneReport } from './events.js';
import type {
  ActivityOptions,
  BackupOutcome,
  CreateOptions,
  DiffOptions,
  DueOptions,
  IfDueOptions,
  ImportOptions,
  QueryOptions,
  RecoverOptions,
  RestoreOptions,
  VerifyOptions,
} from './method-types.js';
import type { BackupServiceOptions, ResolvedOptions } from './options.js';
import type { ServiceParts } from './create-service.js';
import type { DatabaseLook } from './database-looks.js';
import type { ServiceContext } from './service-context.js';
import type { Outlook, ServiceRules } from './rules.js';
import type { RunningBackup } from './running-backup.js';
import type { Overview, ServiceStatus, StatusOptions } from './status.js';
import type { Freshness } from './freshness.js';
import { WaitingCalls } from './waiting-calls.js';

const core = lazy('service core', () => require('./core.js') as typeof import('./core.js'));

/** Tells whoever watches all services of a process of each new one. */
export const SERVICE_CHANNEL = 'sqlite-autobackup:service';
const newServices = channel(SERVICE_CHANNEL);

// Registered, so that two copies of the package in one process accept each other's services.
const brand = Symbol.for('sqlite-autobackup.BackupService');

/**
 * Backups of one SQLite database: is one due, take one, which are there, remove the old ones.
 *
 * Everything that opens the live database happens in a child process; this class lists and deletes finished backups.
 * Whatever goes wrong is a {@link BackupError}: the methods that return a promise reject with it, the others throw it. What
 * they have in common: `ERR_BACKUP_OPTIONS` for an unknown option or a wrong value, `ERR_BACKUP_DIRECTORY_MISSING` and
 * `ERR_BACKUP_LIST_FAILED` where the backup folder cannot be read, and `ERR_BACKUP_CANCELLED` after an abort of the signal.
 *
 * @example
 * const backups = new BackupService({ database: 'instance/app.db', directory: 'backups' });
 * await backups.backupIfDue({ label: 'before the import' });
 */
export class BackupService {
  readonly #options: ResolvedOptions;
  readonly #parts: ServiceParts;
  readonly #context: ServiceContext;
  readonly #waitingCalls: WaitingCalls;
  /** Kept here too: every protected call reads it. */
  readonly #freshness: Freshness;

  /**
   * @throws BackupError `ERR_BACKUP_OPTIONS`, naming the option, the value and what is allowed
   * @example
   * new BackupService({ database: 'instance/app.db', interval: '1d', retention: keep({ last: 20, monthly: 12 }) });
   */
  constructor(options: BackupServiceOptions) {
    this.#parts = core().createService(options);
    this.#context = this.#parts.context;
    const freshness = (this.#freshness = this.#context.due.freshness);
    this.#waitingCalls = new WaitingCalls((some) => freshness.hold(some));
    this.#options = this.#context.options;
    this.#context.proofs.verify = (name, control) => core().verify(this.#context, name, control);
    if (newServices.hasSubscribers) newServices.publish(this);
  }

  /** @internal */
  get [brand](): true {
    return true;
  }

  /** Absolute path of the live database; of a source that is no file, the path that it would have in the backup folder. */
  get database(): string {
    return this.#options.database;
  }

  /** Where the database is, where it is not a file of this machine. */
  get source(): DatabaseSource | undefined {
    return this.#options.source;
  }

  /** Absolute path of the backup folder. */
  get directory(): string {
    return this.#options.directory;
  }

  /** The stores that backups are copied to. */
  get copies(): readonly BackupStore[] {
    return this.#options.copies;
  }

  /** The words for people that the option `labels` has for a label; `undefined`: none. */
  wordsFor(label: string): string | undefined {
    const { labels } = this.#options;
    return Object.hasOwn(labels, label) ? labels[label] : undefined;
  }

  /** What a decorated method does when the backup before it fails. */
  get onFailure(): 'continue' | 'abort' {
    return this.#options.onFailure;
  }

  /**
   * Was the newest backup found fresh less than `recheckInterval` ago? A flag that a timer clears: reading it costs no
   * system call and not even a look at the clock. This is all that a decorated method asks when nothing is due. `false` while
   * earlier calls wait for a backup, so that none overtakes them.
   */
  get knownFresh(): boolean {
    return this.#freshness.open;
  }

  /**
   * The calls that wait for a backup, for the decorator.
   *
   * @internal
   */
  get waitingCalls(): WaitingCalls {
    return this.#waitingCalls;
  }

  /**
   * The same for another interval than the service's: is it known, without a look at the folder, that the newest backup is
   * younger than that? Costs a look at the clock.
   */
  isKnownFresh({ interval }: DueOptions = {}): boolean {
    return interval === undefined
      ? this.knownFresh
      : !this.#waitingCalls.some && this.#context.due.freshness.knownFor(this.#intervalMs(interval));
  }

  /** Returns the newest whole backup. Looks at the folder and blocks meanwhile, for some 20 µs on a local disk. */
  getLatestBackup(): Backup | undefined {
    return core().runSync(this.#context.due.latest(Date.now()));
  }

  /** Would `backupIfDue()` try to take one now? Blocks as {@link BackupService.getLatestBackup} does. */
  shouldBackup(options: DueOptions = {}): boolean {
    return this.checkDue(options).due;
  }

  /** Makes the age check and says its reason. Blocks as {@link BackupService.getLatestBackup} does. */
  checkDue(options: DueOptions = {}): DueCheck {
    core().checkMethodOptions('checkDue', options);
    return core().runSync(this.#context.due.check(this.#intervalMs(options.interval)));
  }

  /**
   * The same without blocking: a folder on a network mount that stands still holds up nobody else.
   *
   * @throws BackupError `ERR_BACKUP_LIST_FAILED` also when the folder has not answered for 5 s
   */
  async checkDueAsync(options: DueOptions = {}): Promise<DueCheck> {
    core().checkMethodOptions('checkDueAsync', options);
    return this.#context.gate.run(this.#context.due.check(this.#intervalMs(options.interval)));
  }

  /**
   * Takes a backup if the newest one is as old as `interval` or older. Calls at the same time, in this process or in
   * others, make one; all of them resolve when it is there. After a failure the outcome is `backing-off` until `retryAfter`
   * is over. The look at the folder never blocks; a folder that has not answered for 5 s is a failed attempt.
   *
   * @throws BackupError what {@link BackupService.createBackup} throws
   * @example
   * const outcome = await backups.backupIfDue({ label: 'before the import', interval: '1h' });
   * if (outcome.status === 'created') console.log(outcome.backup.name);
   */
  async backupIfDue(options: IfDueOptions = {}): Promise<BackupOutcome> {
    core().checkMethodOptions('backupIfDue', options);
    const { label, moment = 'before', interval } = options;
    return this.#context.due.ifDue({ label, moment }, this.#intervalMs(interval), options);
  }

  /** The same, blocking the thread until the backup is done. */
  backupIfDueSync(options: Omit<IfDueOptions, keyof SnapshotControl> = {}): BackupOutcome {
    core().checkMethodOptions('backupIfDueSync', options);
    const { label, moment = 'before', interval } = options;
    return this.#context.due.ifDueSync({ label, moment }, this.#intervalMs(interval));
  }

  /**
   * Takes a backup in any case, also right after a failure. Calls at the same time wait for one another.
   *
   * @throws BackupError `ERR_BACKUP_SOURCE_MISSING`, `…_SOURCE_INVALID`, `…_SOURCE_UNREADABLE`, `…_SOURCE_LOCKED`,
   *   `…_SOURCE_CORRUPT`, `ERR_BACKUP_DIRECTORY_NOT_WRITABLE`, `ERR_BACKUP_NO_SPACE`, `ERR_BACKUP_WRITE_FAILED`,
   *   `ERR_BACKUP_LOCK_TIMEOUT`, `ERR_BACKUP_LOCK_FAILED`, `ERR_BACKUP_TIMEOUT`, `ERR_BACKUP_VERIFY_FAILED`,
   *   `ERR_BACKUP_CHILD_FAILED`
   * @example
   * const { name } = await backups.createBackup({ label: 'before the upgrade to 2.0' });
   * await backups.protectBackup(name);
   */
  async createBackup(options: CreateOptions = {}): Promise<Backup> {
    core().checkMethodOptions('createBackup', options);
    const { queue, runner } = this.#context;
    const { label, signal } = options;
    return queue.run(() => runner.create({ label }, options), signal);
  }

  /** The same, blocking the thread until the backup is done. */
  createBackupSync(options: Omit<CreateOptions, keyof SnapshotControl> = {}): Backup {
    core().checkMethodOptions('createBackupSync', options);
    return this.#context.runner.createSync({ label: options.label });
  }

  /** Lists all backups in the folder, newest first: also those of other programs, and those with a `problem`. */
  async listBackups(): Promise<Backup[]> {
    const { gate, copies } = this.#context;
    const backups = await gate.run(core().listBackups(this.#options, Date.now()));
    return copies ? gate.run(copies.annotate(backups)) : backups;
  }

  /**
   * Checks a backup in a child process and keeps the result in its manifest. What is wrong with it is in the report.
   *
   * @throws BackupError `ERR_BACKUP_INVALID_NAME`, `ERR_BACKUP_NOT_FOUND`, and where it cannot be read
   *   `ERR_BACKUP_TIMEOUT`, `ERR_BACKUP_NO_SPACE` (a drill), `ERR_BACKUP_CHILD_FAILED`
   * @example
   * const { ok, problems } = await backups.verifyBackup(name, { level: 'full' });
   */
  async verifyBackup(name: string, options: VerifyOptions = {}): Promise<VerifyReport> {
    core().checkMethodOptions('verifyBackup', options);
    return core().verify(this.#context, name, options);
  }

  /**
   * Restores a backup into the live database, while the app runs, or into a new file (`to`). The backup is checked before,
   * the present state is kept in a protected backup, and the result is compared. Whatever happens, the database is entirely
   * the old or entirely the restored one.
   *
   * @throws BackupError `ERR_BACKUP_INVALID_NAME`, `ERR_BACKUP_NOT_FOUND`, `ERR_BACKUP_DAMAGED`,
   *   `ERR_BACKUP_RESTORE_BUSY`, `ERR_BACKUP_RESTORE_IN_USE`, `ERR_BACKUP_RESTORE_TARGET`, `ERR_BACKUP_RESTORE_FAILED`, and
   *   for the safety backup what {@link BackupService.createBackup} throws
   * @example
   * const { safetyBackup } = await backups.restoreBackup('app_backup_20261124_093000.db');
   */
  async restoreBackup(name: string, options: RestoreOptions = {}): Promise<RestoreReport> {
    core().checkMethodOptions('restoreBackup', options);
    const { queue, due } = this.#context;
    const restore = (): Promise<RestoreReport> =>
      core()
        .restore(this.#context, name, options)
        .finally(() => due.freshness.forget());
    return queue.run(restore, options.signal);
  }

  /**
   * Says what has changed between a backup and the live database, or a newer backup: tables with their numbers of added, changed
   * and removed rows, and the schema. Values are compared by type and bytes. The live database is read in one snapshot.
   *
   * @example
   * const { tables } = await backups.diffBackup(name, { tables: ['invoices'], rows: 100 });
   * @throws BackupError `ERR_BACKUP_INVALID_NAME`, `ERR_BACKUP_NOT_FOUND`, `ERR_BACKUP_DAMAGED`, `ERR_BACKUP_SOURCE_…`,
   *   `ERR_BACKUP_RECOVER_FAILED`, `ERR_BACKUP_TIMEOUT`
   */
  async diffBackup(name: string, options: DiffOptions = {}): Promise<DatabaseDiff> {
    core().checkMethodOptions('diffBackup', options);
    return core().diff(this.#context, name, options);
  }

  /**
   * Brings rows of a backup back into the live database, with the rows that were lost with them, while the app runs: all or none,
   * after a protected safety backup, and without touching any other row.
   *
   * @example
   * await backups.recoverRows(name, { table: 'invoices', where: 'id = 42' });
   * @throws BackupError `ERR_BACKUP_RECOVER_…` (the report is on a `RecoverError`), and what a backup throws
   */
  async recoverRows(name: string, options: RecoverOptions): Promise<RecoverReport> {
    core().checkMethodOptions('recoverRows', options);
    return this.#context.queue.run(() => core().recover(this.#context, name, options), options.signal);
  }

  /**
   * Asks a backup one SELECT. The backup is not changed.
   *
   * @example
   * const { rows } = await backups.queryBackup(name, 'SELECT count(*) FROM invoices');
   * @throws BackupError `ERR_BACKUP_QUERY`, `ERR_BACKUP_INVALID_NAME`, `ERR_BACKUP_NOT_FOUND`, `ERR_BACKUP_DAMAGED`
   */
  async queryBackup(name: string, sql: string, options: QueryOptions = {}): Promise<QueryResult> {
    core().checkMethodOptions('queryBackup', options);
    return core().query(this.#context, name, sql, options);
  }

  /**
   * Protects a backup from deletion and retention, or (`on: false`) takes that off again.
   *
   * @throws BackupError `ERR_BACKUP_INVALID_NAME`, `ERR_BACKUP_NOT_FOUND`, `ERR_BACKUP_MANIFEST_FAILED`,
   *   `ERR_BACKUP_LOCK_TIMEOUT`, `ERR_BACKUP_CHILD_FAILED`
   */
  async protectBackup(name: string, on = true, options: SnapshotControl = {}): Promise<void> {
    core().checkMethodOptions('protectBackup', options);
    return core().protect(this.#context, name, on, options);
  }

  /**
   * Deletes a backup and its manifest.
   *
   * @throws BackupError `ERR_BACKUP_INVALID_NAME`, `ERR_BACKUP_NOT_FOUND`, `ERR_BACKUP_PROTECTED`,
   *   `ERR_BACKUP_DELETE_FAILED`
   */
  async deleteBackup(name: string): Promise<void> {
    await core().deleteBackup(this.#context, name);
    this.#context.due.freshness.forget();
  }

  /**
   * Removes what the retention policy does not keep. `dryRun` only says what it would remove, and why the rest stays.
   *
   * @throws BackupError `ERR_BACKUP_RETENTION_FAILED`; then nothing was removed
   */
  async pruneBackups(options: { dryRun?: boolean } = {}): Promise<PruneReport> {
    core().checkMethodOptions('pruneBackups', options);
    return core().pruneNow(this.#context, options.dryRun ?? false);
  }

  /**
   * Checks the set-up, without opening a file: the folders are there and the backups' one can be written, the child process can
   * be started, and better-sqlite3 is for this Node. The same is looked at when the service is made, and logged as a warning.
   *
   * @throws BackupError that says what to do: `ERR_BACKUP_SOURCE_MISSING`, `ERR_BACKUP_DIRECTORY_MISSING`,
   *   `ERR_BACKUP_DIRECTORY_NOT_WRITABLE`, `ERR_BACKUP_CHILD_FAILED`
   * @example
   * await backups.check();
   */
  async check(): Promise<void> {
    return core().checkSetUp(this.#context);
  }

  /**
   * Tells who did what with these backups and when, newest first: made, failed, pruned, restored, recovered, copied, verified,
   * drilled, downloaded, protected, deleted. It is read from a file beside the backups, which all processes write. It is
   * a record for people, not a proof: whoever can write in the folder can change it.
   *
   * @throws BackupError `ERR_BACKUP_RECORD_FAILED` where the record is there and cannot be read
   * @example
   * for (const { at, action, name, by } of await backups.activity({ limit: 20 })) console.log(at, action, name, by.user);
   */
  async activity(options: ActivityOptions = {}): Promise<Activity[]> {
    core().checkMethodOptions('activity', options);
    return this.#context.activity.read(options);
  }

  /**
   * Adds to the record what this service doesn't do itself: that the dashboard has sent a backup away.
   *
   * @internal
   */
  async recordActivity(fields: ActivityFields): Promise<void> {
    this.#context.activity.record(fields);
    await this.#context.activity.settled();
  }

  /**
   * Tells everything that a status page shows. A child process looks at the database. `verdict()` judges it.
   *
   * @throws BackupError where the backup folder cannot be read
   * @example
   * const { level, worst } = verdict(await backups.status(), Date.now());
   */
  async status(options: StatusOptions = {}): Promise<ServiceStatus> {
    core().checkMethodOptions('status', options);
    return core().readStatus(this.#context, options);
  }

  /**
   * Tells the rules that the service goes by: interval, retention, stores, the protected methods that have asked for a backup so
   * far; and what they mean: why each backup is kept, and which ones go when the next one is made.
   *
   * @throws BackupError where the backup folder cannot be read
   * @example
   * for (const { name } of (await backups.rules()).goNext) console.log(`${name} goes with the next backup`);
   */
  async rules(): Promise<ServiceRules> {
    return core().readRules(this.#context);
  }

  /**
   * The status, the list and which backups go next, for the dashboard: with very many backups it is what was known last, and
   * the listeners of {@link onOverviewChange} are told when it has become something else.
   *
   * @internal
   */
  async overview(): Promise<Overview> {
    return core().readOverview(this.#context);
  }

  /**
   * Looks at the database alone, for the {@link overview} that has not waited for it.
   *
   * @internal
   */
  async lookAtDatabase(): Promise<DatabaseLook | undefined> {
    return this.#context.options.enabled ? this.#context.looks.look() : undefined;
  }

  /**
   * The backups of {@link overview}, and why each of them is kept.
   *
   * @internal
   */
  async outlook(): Promise<Outlook & Pick<Overview, 'backups'>> {
    return core().readOutlook(this.#context);
  }

  /**
   * The backups of {@link overview} alone, for a page that shows one of them.
   *
   * @internal
   */
  async knownBackups(): Promise<readonly Backup[]> {
    return core().readKnownBackups(this.#context);
  }

  /**
   * Makes a backup of a file that comes from elsewhere: one that was downloaded, or that lay on a USB stick. It is checked in full
   * before it counts, gets a name by the moment that its data is from, and is protected. It never counts as fresh, since nobody can
   * check that moment: the next protected call takes a backup of its own.
   *
   * @param source the path of a file, which stays as it is; or its bytes as a stream, such as a request
   * @throws BackupError `ERR_BACKUP_IMPORT`: it is no whole SQLite database, or it is not known when it was made;
   *   `ERR_BACKUP_NO_SPACE`, `ERR_BACKUP_WRITE_FAILED`, `ERR_BACKUP_LOCK_TIMEOUT`
   * @example
   * const { backup } = await backups.importBackup('/media/stick/app_backup_20261124_093000.db');
   * await backups.restoreBackup(backup.name);
   */
  async importBackup(source: ImportSource, options: ImportOptions = {}): Promise<ImportReport> {
    core().checkMethodOptions('importBackup', options);
    return core().importBackup(this.#context, source, options);
  }

  /** @internal */
  onOverviewChange(listener: () => void): () => void {
    return this.#context.known.onDifferent(listener);
  }

  /**
   * Accepts that the backups are on this computer only, or (`on: false`) takes that back. It is on record in the backup folder,
   * so the verdict doesn't warn of it again. A service with `copies` needs it no more.
   *
   * @throws BackupError `ERR_BACKUP_RECORD_FAILED` where the folder cannot be written
   * @example
   * await backups.acceptOnlyHere(true, { by: 'Ana' });
   */
  async acceptOnlyHere(on = true, options: { by?: string | undefined } = {}): Promise<void> {
    core().checkMethodOptions('acceptOnlyHere', options);
    return core().acceptOnlyHere(this.#context, on, options.by);
  }

  /**
   * Ships to every store in `copies` what it still lacks, and resolves when that is done: one report a store, which has
   * its errors. Without this, shipping goes on in the background after each backup; call it where the process is about to
   * end. Rejects only if it is cancelled or the backup folder cannot be listed.
   */
  async shipPending(options: Pick<SnapshotControl, 'signal'> = {}): Promise<readonly ShipReport[]> {
    core().checkMethodOptions('shipPending', options);
    const { copies, activity } = this.#context;
    if (!copies) return [];
    return copies.ship(options).finally(() => activity.settled());
  }

  /**
   * Lists the copies of this database in a store of `copies`, newest first, of this host or of all. Asks the store.
   *
   * @throws BackupError `ERR_BACKUP_STORE_FAILED`, `ERR_BACKUP_STORE_DENIED`, `ERR_BACKUP_STORE_MISSING`
   */
  async listCopies(options: ListServiceCopiesOptions = {}): Promise<RemoteCopy[]> {
    core().checkMethodOptions('service.listCopies', options);
    return offsite().listServiceCopies(this.#options, options);
  }

  /**
   * Verifies a copy in a store: see {@link VerifyCopyOptions.level}. Damage is in the report.
   *
   * @throws BackupError `ERR_BACKUP_COPY_NOT_FOUND`, `ERR_BACKUP_COPY_ENCRYPTED`, and what the store answers
   */
  async verifyCopy(name: string, options: OfOneStore<VerifyCopyOptions> = {}): Promise<CopyVerifyReport> {
    core().checkMethodOptions('service.verifyCopy', options);
    const report = await offsite().verifyServiceCopy(this.#options, name, options);
    this.#context.events.emit('copy-verified', report);
    return report;
  }

  /**
   * Brings a copy back into the backup folder, where it is a backup like the others: to restore, verify or protect.
   *
   * @param name a backup's name, or `'latest'`
   * @throws BackupError `ERR_BACKUP_COPY_NOT_FOUND`, `ERR_BACKUP_COPY_DAMAGED`, `ERR_BACKUP_COPY_ENCRYPTED`,
   *   `ERR_BACKUP_PULL_TARGET`, `ERR_BACKUP_NO_SPACE`, and what the store answers
   * @example
   * const { name } = await backups.pullBackup('latest', { from: '/mnt/nas/backups' });
   */
  async pullBackup(name: string, options: Omit<OfOneStore<PullOptions>, 'to'> = {}): Promise<PullReport> {
    core().checkMethodOptions('service.pullBackup', options);
    const report = await offsite().pullIntoFolder(this.#options, name, options);
    await this.recordActivity({ action: 'pulled', name: report.name, store: report.store });
    return report;
  }

  /**
   * Looks for what somebody should know: a backup that is overdue while the database has changed, one that failed its
   * verification, copies that are behind, a disk with little room. What is new is told as `notify` says, once for all processes, and
   * so is what is over. For cron: `npx sqlite-autobackup check`. Starts a child process. Never rejects.
   *
   * @example
   * const { alarms } = await backups.lookForAlarms();
   */
  async lookForAlarms(): Promise<AlarmReport> {
    const monitor = this.#parts.monitor();
    const report = await monitor.look();
    monitor.beat(report);
    return report;
  }

  /**
   * Does {@link lookForAlarms} now and again and again, while the app runs. The timer keeps no process alive.
   *
   * @param options `every`: a duration, `'1h'` by default
   * @returns a function that ends it; another call of this method does, too
   * @throws BackupError `ERR_BACKUP_OPTIONS`
   * @example
   * const stop = backups.startMonitor({ every: '15m' });
   */
  startMonitor(options: { every?: Duration } = {}): () => void {
    core().checkMethodOptions('startMonitor', options);
    return this.#parts.monitor().start(core().parseDuration(options.every ?? '1h')!);
  }

  /** Sends a message to each receiver of `notify`, to see that it arrives; resolves with who has got it. */
  async testNotify(): Promise<readonly { readonly channel: string; readonly delivered: boolean }[]> {
    return this.#parts.monitor().notifier.test('This is a test: messages about the backups arrive here.');
  }

  /** The last failed attempt of this process, while no later one succeeded. The same as in `status()`, without asking a child. */
  get lastFailure(): LastFailure | undefined {
    return this.#context.runner.lastFailure;
  }

  /**
   * Resolves when this service takes no backup any more, and when the protected methods that waited for one are done: what an
   * app waits for before it ends. Never rejects. Don't wait for it inside a protected method.
   */
  async whenIdle(): Promise<void> {
    const { queue, runner, due, activity, proofs } = this.#context;
    let end;
    do {
      end = queue.end;
      await end;
      await due.whenIdle();
      await runner.whenIdle();
      await proofs.whenIdle();
      await this.#waitingCalls.whenDone();
      await this.#parts.notified();
      await activity.settled();
      // Meanwhile another one may have got in line.
    } while (end !== queue.end);
  }

  /**
   * For an app that is about to end: from now on a protected call that would have to wait for a backup is refused with
   * `ERR_BACKUP_SHUTTING_DOWN`, those that wait already too, since they would be ended half-way. Resolves as
   * {@link whenIdle} does.
   *
   * @example process.once('SIGTERM', () => void backups.shutDown().then(() => server.close()));
   */
  async shutDown(): Promise<void> {
    this.#waitingCalls.close();
    this.#context.proofs.stop();
    this.#parts.stopMonitor();
    await this.whenIdle();
  }

  /** The backup that is being made now, by whatever process; `undefined` if none is, or the folder can't be read. Blocks. */
  getRunningBackup(): RunningBackup | undefined {
    return core().runSync(core().findRunning(this.#options));
  }

  /** The same without blocking. Never rejects. */
  async findRunningBackup(): Promise<RunningBackup | undefined> {
    return this.#context.gate.run(core().findRunning(this.#options)).catch(() => undefined);
  }

  /**
   * The names of all backups in the folder, by one look at it that opens nothing; `undefined`: it cannot be read. For pages that
   * ask every second whether there is something new.
   *
   * @internal
   */
  async backupNames(): Promise<readonly string[] | undefined> {
    return this.#context.gate.run(core().backupNames(this.#options)).catch(() => undefined);
  }

  /**
   * Calls `listener` at every such event until the returned function is called. A listener that throws is logged.
   *
   * @throws BackupError `ERR_BACKUP_OPTIONS` for an event that there is not
   */
  on<E extends keyof BackupEvents>(event: E, listener: BackupListener<E>): () => void {
    return this.#context.events.on(event, listener);
  }

  #intervalMs(interval: Duration | undefined): number {
    return interval === undefined ? this.#options.intervalMs : core().parseDuration(interval)!;
  }
}

/** Is this a service, of any copy of this package in the process? */
export function isBackupService(value: unknown): value is BackupService {
  return typeof value === 'object' && value !== null && brand in value;
}
