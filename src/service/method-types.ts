import type { Backup } from '../catalog/backup.js';
import type { VerificationLevel } from '../catalog/manifest.js';
import type { SnapshotControl } from '../util/control.js';
import type { Duration } from '../util/duration.js';
import type { BackupError } from '../util/errors.js';

/** Options of `createBackup()`. */
export interface CreateOptions extends SnapshotControl {
  /** What the backup is taken for, in the log, the manifest and the events: `'before the upgrade to 2.0'`. */
  label?: string | undefined;
}

/** Options of `backupIfDue()`. */
export interface IfDueOptions extends CreateOptions {
  /** Does what `label` names come after the backup (`'before'`, the default) or has it already run? For the log. */
  moment?: 'before' | 'after' | undefined;
  /**
   * How fresh a backup must be for this call. 0: a new one, unless one is just being started.
   *
   * @default the service's `interval`
   */
  interval?: Duration | undefined;
}

/** Options of `verifyBackup()`. */
export interface VerifyOptions extends SnapshotControl {
  /**
   * How thoroughly. `'hash'`: size and sha256; `'quick'` and `'full'`: also PRAGMA quick_check or integrity_check;
   * `'drill'`: restored into a scratch folder, checked in full, and asked the assertions.
   *
   * @default 'quick'
   */
  readonly level?: VerificationLevel | undefined;
  /**
   * For `level: 'drill'`: SELECT statements, each of which must return one truthy value.
   *
   * @default the service's `assertions`
   */
  readonly assertions?: readonly string[] | undefined;
}

/** Options of `restoreBackup()`. */
export interface RestoreOptions extends SnapshotControl {
  /**
   * A new file to write instead; a relative path counts from the working directory.
   *
   * @default the live database
   */
  readonly to?: string | undefined;
}

/** The result of `backupIfDue()`: a backup was made, or the newest one is fresh, or the last failure is too recent. */
export type BackupOutcome =
  | { readonly status: 'created'; readonly backup: Backup }
  | { readonly status: 'fresh'; readonly latest: Backup; readonly ageMs: number }
  /** One is due, but the last attempt failed, with `error`, less than `retryAfter` ago. */
  | { readonly status: 'backing-off'; readonly retryAt: Date; readonly error: BackupError };
