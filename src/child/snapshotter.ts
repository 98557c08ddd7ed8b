import type { Backup } from '../catalog/backup.js';
import type { AssertionResult, VerificationLevel, VerifyLevel } from '../catalog/manifest.js';
import type { BackupStep } from '../util/errors.js';

/** What a snapshotter is asked for. Plain data: it crosses a process boundary as JSON. */
export interface SnapshotRequest {
  /** Absolute path of the live database. */
  readonly database: string;
  /** Absolute path of the folder that takes the backup. */
  readonly directory: string;
  /** Only if the newest backup, looked at again under the lock, is that old; `null`: in any case. */
  readonly ifOlderThanMs: number | null;
  readonly verify: VerifyLevel;
  readonly label?: string;
  /** For the whole attempt, waiting for the lock included. */
  readonly timeoutMs: number;
}

export type SnapshotResult =
  | { readonly status: 'created'; readonly backup: Backup; readonly durationMs: number }
  /** Another process was faster: its backup is there, and this attempt made none. */
  | { readonly status: 'fresh'; readonly latest: Backup };

export interface VerifyRequest {
  readonly database: string;
  readonly directory: string;
  readonly name: string;
  readonly level: VerificationLevel;
  /** For the level `drill`: each one SELECT that must return one truthy value. */
  readonly assertions?: readonly string[];
  readonly timeoutMs: number;
}

export interface VerifyReport {
  readonly name: string;
  readonly level: VerificationLevel;
  readonly ok: boolean;
  /** What is wrong, in words; empty if `ok`. */
  readonly problems: readonly string[];
  /** Tables whose pages were checked but not their rows: that needs functions or collations of the app's connection. */
  readonly uncheckedTables: readonly string[];
  /** Of a drill. */
  readonly assertions?: readonly AssertionResult[];
  /** Is the result in the manifest? Not where there is none, or where the folder can't be written. */
  readonly recorded: boolean;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly durationMs: number;
}

export interface RestoreRequest {
  readonly database: string;
  readonly directory: string;
  readonly name: string;
  /** Absolute path of a new file; default: the live database. */
  readonly to?: string;
  /** How the safety backup is checked before it counts. */
  readonly verify: VerifyLevel;
  readonly timeoutMs: number;
}

export interface RestoreReport {
  /** The backup that was restored. */
  readonly name: string;
  /** Absolute path of what was written. */
  readonly path: string;
  /**
   * `online`: into the live database, whose open connections see the restored rows; `offline`: the old files were moved
   * aside and a new one took their place; `copy`: into another file (`to`).
   */
  readonly method: 'online' | 'offline' | 'copy';
  /** The protected backup of the state before. Absent where there was none, or none that could be read. */
  readonly safetyBackup?: string;
  /** Absolute paths of the old files, where they were moved aside. */
  readonly movedAside: readonly string[];
  readonly sizeBytes: number;
  readonly pageCount: number;
  /** Of what was written. */
  readonly journalMode: string;
  /** Of the backup. */
  readonly sha256: string;
  readonly durationMs: number;
}

export interface ProtectRequest {
  readonly database: string;
  readonly directory: string;
  readonly name: string;
  readonly protected: boolean;
  readonly timeoutMs: number;
}

export interface InspectRequest {
  readonly database: string;
  readonly timeoutMs: number;
}

/** What only a connection can tell of the live database. */
export interface DatabaseFacts {
  /** `'wal'`, or `'delete'` for every rollback-journal mode. */
  readonly journalMode: string;
  readonly pageSize: number;
  readonly pageCount: number;
}

export interface BackupProgress {
  readonly step: BackupStep;
  /** Copied so far; 0 until the step `copy`. */
  readonly doneBytes: number;
  /** 0 until it is known. */
  readonly totalBytes: number;
}

export interface SnapshotControl {
  /**
   * Aborting ends the attempt with `ERR_BACKUP_CANCELLED` and leaves nothing behind, unless the backup was published in that
   * very moment (step `publish`): then it stands, whole.
   */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: BackupProgress) => void) | undefined;
}

/**
 * Takes and verifies snapshots. The built-in one does it in a child process, because opening the live database in the
 * app's process can destroy it (docs/why-a-child-process.md). A snapshotter of your own must keep these promises:
 * `create` resolves only when a whole, verified backup stands under its final name, or with `fresh` when the newest one
 * is younger than asked; otherwise it rejects and leaves nothing under a final name. Concurrent calls, also from other
 * processes, with `ifOlderThanMs` make one backup.
 */
export interface Snapshotter {
  create(request: SnapshotRequest, control?: SnapshotControl): Promise<SnapshotResult>;
  /** The same, blocking the thread; for methods that return a value. */
  createSync(request: SnapshotRequest): SnapshotResult;
  verify(request: VerifyRequest, control?: SnapshotControl): Promise<VerifyReport>;
  inspect(request: InspectRequest): Promise<DatabaseFacts>;
  /** Leaves entirely the old or entirely the restored database, whenever it ends; resolves when the restored one is proven. */
  restore(request: RestoreRequest, control?: SnapshotControl): Promise<RestoreReport>;
  /** Rewrites the manifest, all or nothing. */
  protect(request: ProtectRequest, control?: SnapshotControl): Promise<void>;
}
