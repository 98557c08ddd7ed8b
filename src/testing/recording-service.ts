import type { Backup } from '../catalog/backup.js';
import { BackupService } from '../service/backup-service.js';
import type { BackupOutcome, CreateOptions, IfDueOptions } from '../service/method-types.js';
import { BackupError, isBackupError, messageOf } from '../util/errors.js';

/** A call that a {@link RecordingService} received. */
export interface RecordedCall {
  readonly method: 'backupIfDue' | 'backupIfDueSync' | 'createBackup' | 'createBackupSync';
  /** `'Class.method'`, unless the decorator has another. */
  readonly label: string | undefined;
  readonly moment?: 'before' | 'after';
  readonly interval?: number | string;
}

/** A double of `BackupService` that takes no backup and keeps what it was asked for. */
export interface RecordingService extends BackupService {
  /** The calls, the oldest first. */
  readonly calls: RecordedCall[];
  /** The labels of the calls. */
  readonly labels: (string | undefined)[];
  /** From now on each call fails with this error; without one they succeed again. */
  failWith(error?: Error): void;
  /** Forgets the calls and the error. */
  reset(): void;
}

/** The answers of a {@link RecordingService}. */
export interface RecordingOptions {
  /** Decides what a decorated method does after {@link RecordingService.failWith}. @default 'continue' */
  onFailure?: 'continue' | 'abort';
}

/**
 * A double of the service for tests: each call of a protected method asks it for a backup, and it keeps that. It opens no
 * file. It can be configured, passed to a decorator, or put into a container.
 *
 * @example
 * const backups = recordingService();
 * configureAutoBackup(backups);
 * await new Invoices().remove(7);
 * assert.deepEqual(backups.labels, ['Invoices.remove']);
 */
export function recordingService({ onFailure = 'continue' }: RecordingOptions = {}): RecordingService {
  const calls: RecordedCall[] = [];
  let failure: Error | undefined;
  const backup: Backup = {
    name: 'app_backup_20260101_000000.db',
    path: '/no-such-folder/app_backup_20260101_000000.db',
    createdAt: new Date('2026-01-01T00:00:00Z'),
    sizeBytes: 4096,
    protected: false,
  };
  const record = (method: RecordedCall['method'], { label, ...rest }: IfDueOptions = {}): void => {
    const { moment, interval } = rest;
    calls.push({ method, label, ...(moment && { moment }), ...(interval !== undefined && { interval }) });
    if (failure) throw failure;
  };
  const outcome = (): BackupOutcome => ({ status: 'created', backup });

  // Below the class, so that `instanceof` and the package's own check hold; what is not replaced here is not there.
  const double = Object.create(BackupService.prototype, {
    database: { value: '/no-such-folder/app.db' },
    directory: { value: '/no-such-folder' },
    copies: { value: [] },
    onFailure: { value: onFailure },
    // Never: each call is recorded.
    knownFresh: { value: false },
    waitingCalls: { value: undefined },
    lastFailure: { get: () => failure && { error: asBackupError(failure), at: new Date(), retryAt: new Date() } },
    calls: { value: calls },
    labels: { get: () => calls.map(({ label }) => label) },
  }) as RecordingService;
  return Object.assign(double, {
    // eslint-disable-next-line @typescript-eslint/require-await -- a promise, as the service's
    backupIfDue: async (options?: IfDueOptions) => (record('backupIfDue', options), outcome()),
    backupIfDueSync: (options?: IfDueOptions) => (record('backupIfDueSync', options), outcome()),
    // eslint-disable-next-line @typescript-eslint/require-await -- as above
    createBackup: async (options?: CreateOptions) => (record('createBackup', options), backup),
    createBackupSync: (options?: CreateOptions) => (record('createBackupSync', options), backup),
    isKnownFresh: () => false,
    listBackups: () => Promise.resolve([]),
    getLatestBackup: () => undefined,
    shouldBackup: () => true,
    whenIdle: () => Promise.resolve(),
    shutDown: () => Promise.resolve(),
    on: () => () => {},
    failWith(error?: Error) {
      failure = error && asBackupError(error);
    },
    reset() {
      calls.length = 0;
      failure = undefined;
    },
  });
}

/** The service's methods reject with nothing else. */
function asBackupError(error: Error): BackupError {
  if (isBackupError(error)) return error;
  return new BackupError('ERR_BACKUP_CHILD_FAILED', `The backup failed: ${messageOf(error)}.`, {
    step: 'start',
    hint: 'This is a test.',
    cause: error,
  });
}
