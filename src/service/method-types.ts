import type { Backup } from '../catalog/backup.js';
import type { VerificationLevel } from '../catalog/manifest.js';
import type { SnapshotControl } from '../util/control.js';
import type { Duration } from '../util/duration.js';
import type { BackupError } from '../util/errors.js';
import type { SqlValue } from '../util/sql-value.js';

/** Options of `createBackup()`. */
export interface CreateOptions extends SnapshotControl {
  /** The reason for the backup, in the log, the manifest and the events: `'before the upgrade to 2.0'`. */
  label?: string | undefined;
}

/** Options of `checkDue()` and its kin. */
export interface DueOptions {
  /**
   * How old the newest backup may be for this call.
   *
   * @default the service's `interval`
   */
  readonly interval?: Duration | undefined;
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
  /**
   * Of a source that has no lock for its writers (rqlite): restore although others write. What they write between the safety
   * backup and the restore is lost. A database file has such a lock and does not need it.
   *
   * @default false
   */
  readonly whileWritten?: boolean | undefined;
}

/** Options of `diffBackup()`. */
export interface DiffOptions extends SnapshotControl {
  /**
   * The newer state: the live database, read in one snapshot beside its writers, or another backup.
   * @default 'live'
   */
  readonly against?: string | undefined;
  /**
   * Only these tables.
   * @default all
   */
  readonly tables?: readonly string[] | undefined;
  /**
   * How many changed rows of each table the answer has; the counts are always there.
   * @default 0
   */
  readonly rows?: number | undefined;
  /**
   * How many of them are passed over first, for the next page.
   * @default 0
   */
  readonly skip?: number | undefined;
}

/** Options of `recoverRows()`. */
export interface RecoverOptions extends SnapshotControl {
  /** The table whose rows come back. */
  readonly table: string;
  /** Selects rows of the backup by an SQL expression over the table's columns, such as `'id = 42'`. This or `removed`. */
  readonly where?: string | undefined;
  /** Selects all rows that have gone since the backup. */
  readonly removed?: boolean | undefined;
  /**
   * Also the rows that were lost with them (children by foreign keys, all levels), and the parents that they need.
   * @default true
   */
  readonly related?: boolean | undefined;
  /**
   * Decides what happens where a live row has the same key and other contents, be it a chosen row, a lost child, or a parent that seems to
   * be another row by now. Without it nothing is written, and the call rejects with `ERR_BACKUP_RECOVER_CONFLICT`. `'overwrite'`:
   * the backup's version replaces the live one; `'skip'`: the live row stays, and what would hang on it does not come back;
   * `'as-new'`: the row gets a new key, and its children follow it; `'keep'`: it is the same row, edited since: it stays as it is,
   * and what was lost comes back to it.
   */
  readonly onConflict?: 'overwrite' | 'skip' | 'as-new' | 'keep' | undefined;
  /**
   * Do the triggers of the tables fire? `false`: they are dropped and made again, text for text, in the same transaction.
   * @default true
   */
  readonly triggers?: boolean | undefined;
  /**
   * Makes a table again that the live database lacks.
   * @default false
   */
  readonly create?: boolean | undefined;
  /** Values for columns of the live table, by `column`, or by `table.column` for the rows that come along. */
  readonly set?: Readonly<Record<string, SqlValue>> | undefined;
  /**
   * Only makes the plan: nothing is written, and conflicts are in the report instead of an error.
   * @default false
   */
  readonly dryRun?: boolean | undefined;
  /** The `plan` of a report that somebody has seen: if it is not what would be done now, it is refused. */
  readonly plan?: string | undefined;
  /** A new file that gets the plan as SQL statements, which are not run. */
  readonly sql?: string | undefined;
  /**
   * How long `where` may take.
   * @default '10s'
   */
  readonly timeout?: Duration | undefined;
}

/** Options of `importBackup()`. */
export interface ImportOptions extends SnapshotControl {
  /**
   * What the file is called: its name may say when its data is from, and errors name it.
   * @default the name in the path
   */
  readonly fileName?: string | undefined;
  /**
   * When its data is from.
   * @default what the file's name says, as `app_backup_20261124_093000.db` does
   */
  readonly takenAt?: Date | undefined;
  /** Says what it is for people, as that of a backup does. */
  readonly label?: string | undefined;
  /** Of a stream: how many bytes are expected, where that is known. For the progress, and to refuse it at once where there is no room. */
  readonly sizeBytes?: number | undefined;
  /** Of a stream: the most bytes that are taken. Default: what the disk has room for. */
  readonly maxBytes?: number | undefined;
}

/** Options of `queryBackup()`. */
export interface QueryOptions extends SnapshotControl {
  /**
   * The most rows that are returned.
   * @default 1000
   */
  readonly rows?: number | undefined;
  /**
   * The most bytes of values that are returned.
   * @default 10_000_000
   */
  readonly bytes?: number | undefined;
  /**
   * How long the statement may take.
   * @default '10s'
   */
  readonly timeout?: Duration | undefined;
}

/** The result of `backupIfDue()`: a backup was made, or the newest one is fresh, or the last failure is too recent. */
export type BackupOutcome =
  | { readonly status: 'created'; readonly backup: Backup }
  | { readonly status: 'fresh'; readonly latest: Backup; readonly ageMs: number }
  /** A backup is due, but the last attempt failed, with `error`, less than `retryAfter` ago. */
  | { readonly status: 'backing-off'; readonly retryAt: Date; readonly error: BackupError }
  /** The service is switched off (`enabled: false`): nothing was looked at. */
  | { readonly status: 'disabled' };

/** Options of `BackupService.activity()`. */
export interface ActivityOptions {
  /** At most so many. Default: 100. */
  readonly limit?: number | undefined;
  /** Only what happened before this: the `at` of the last one on the page before. */
  readonly before?: Date | undefined;
}
