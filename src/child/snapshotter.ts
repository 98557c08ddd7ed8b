import type { Backup } from '../catalog/backup.js';
import type { SnapshotControl } from '../util/control.js';
import type {
  DatabaseDiff,
  DiffRequest,
  QueryRequest,
  QueryResult,
  RecoverReport,
  RecoverRequest,
} from './rows-protocol.js';
import type {
  DatabaseFacts,
  ImportRequest,
  InspectRequest,
  ProtectRequest,
  RestoreReport,
  RestoreRequest,
  SnapshotRequest,
  VerifyReport,
  VerifyRequest,
} from './protocol.js';

/** The answer of a {@link Snapshotter} that was asked for a backup. */
export type SnapshotResult =
  | { readonly status: 'created'; readonly backup: Backup; readonly durationMs: number }
  /** Another process was faster: its backup is there, and this attempt made none. */
  | { readonly status: 'fresh'; readonly latest: Backup };

/** The report of `importBackup()`. */
export interface ImportReport {
  /** The backup that the file has become. */
  readonly backup: Backup;
  /** The same backup was there before, whole, and no second one was made. */
  readonly alreadyThere: boolean;
  readonly durationMs: number;
}

/**
 * Takes and verifies snapshots. The built-in one does it in a child process, because opening the live database in the
 * app's process can destroy it (docs/why-a-child-process.md). A snapshotter of your own must keep these promises:
 * `create` resolves only when a whole, verified backup stands under its final name, or with `fresh` when the newest one
 * is younger than asked; otherwise it rejects and leaves nothing under a final name. Concurrent calls, also from other
 * processes, with `ifOlderThanMs` make one backup.
 */
export interface Snapshotter {
  /** Takes a backup, or answers `fresh`. */
  create(request: SnapshotRequest, control?: SnapshotControl): Promise<SnapshotResult>;
  /** The same, blocking the thread; for methods that return a value. */
  createSync(request: SnapshotRequest): SnapshotResult;
  /** Checks a finished backup; what is wrong with it is in the report. */
  verify(request: VerifyRequest, control?: SnapshotControl): Promise<VerifyReport>;
  /** Reads what only a connection can tell of the live database. */
  inspect(request: InspectRequest): Promise<DatabaseFacts>;
  /** Leaves entirely the old or entirely the restored database, whenever it ends; resolves when the restored one is proven. */
  restore(request: RestoreRequest, control?: SnapshotControl): Promise<RestoreReport>;
  /** Rewrites the manifest, all or nothing. */
  protect(request: ProtectRequest, control?: SnapshotControl): Promise<void>;
  /** Makes a backup of a file that comes from elsewhere, or nothing at all. Without it, `importBackup()` rejects. */
  import?(request: ImportRequest, control?: SnapshotControl): Promise<ImportReport>;
  /** Compares a backup with a newer state. Without it, `diffBackup()` rejects. */
  diff?(request: DiffRequest, control?: SnapshotControl): Promise<DatabaseDiff>;
  /** Brings rows of a backup back, all or none, after a safety backup. Without it, `recoverRows()` rejects. */
  recover?(request: RecoverRequest, control?: SnapshotControl): Promise<RecoverReport>;
  /** Asks a backup, which it must not change. Without it, `queryBackup()` rejects. */
  query?(request: QueryRequest, control?: SnapshotControl): Promise<QueryResult>;
}
