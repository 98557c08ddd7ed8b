import type { StoreRecipe } from '../stores/backup-store.js';
import type { BackupStep } from '../util/errors.js';

/** What is known of a live database without reading its contents. */
export interface DatabaseFacts {
  /** `'wal'`, or `'delete'` for every rollback-journal mode. */
  readonly journalMode: string;
  readonly pageSize: number;
  readonly pageCount: number;
  /** Has anything been committed since a backup that was asked about? Absent where nobody asked, or nobody knows. */
  readonly changed?: boolean;
}

/** What must be equal in the source and in its copy, and what the manifest records of the source. */
export interface SnapshotFacts extends DatabaseFacts {
  readonly userVersion: number;
  readonly applicationId: number;
  /**
   * sha256 over `JSON.stringify([type, name, tbl_name, rootpage, sql])` of each row of sqlite_schema, in the order of their
   * rowids. Absent: the schema was changed while the snapshot was taken, so there is nothing to compare with.
   */
  readonly schemaDigest?: string;
}

/** Where a source writes a snapshot, and whom it tells about it. */
export interface SnapshotTarget {
  /** Announces what comes now: `'pin'` while the source is waited for, `'copy'` while bytes arrive. */
  beginStep(step: Extract<BackupStep, 'space' | 'pin' | 'copy'>): void;
  /** @throws BackupError `ERR_BACKUP_NO_SPACE` unless the disk has room for so many bytes */
  ensureSpace(bytes: number): void;
  /** Makes the empty file, once there is something to write, and resolves with its path. */
  createFile(): Promise<string>;
  /** Tells how far the work is; a listener that throws harms nothing. */
  progress(doneBytes: number, totalBytes: number): void;
  /** How long the attempt may still take. */
  remainingMs(): number;
}

/** A whole state of the database, which the target's file holds. */
export interface Snapshot {
  /** When it was fixed: all that was committed before is in it. */
  readonly takenAt: Date;
  readonly facts: SnapshotFacts;
}

/** A backup that was checked and may be put back. */
export interface RestorableBackup {
  readonly name: string;
  /** One SQLite file in DELETE mode, which nobody changes. */
  readonly file: string;
  readonly sizeBytes: number;
}

/** What a source can ask for while it puts a backup back. */
export interface RestoreControl {
  /** Announces what comes now. */
  beginStep(step: Extract<BackupStep, 'block-writers' | 'restore' | 'compare'>): void;
  /** Tells how far the work is; a listener that throws harms nothing. */
  progress(doneBytes: number, totalBytes: number): void;
  /** Takes the protected backup of the present state. Call it before anything is changed. */
  saveState(): Promise<{ readonly name: string }>;
  /** Removes that backup again, where nothing was changed after all. */
  discardState(): Promise<void>;
  /** Takes a snapshot again: is it equal to the backup, page by page? */
  isEqual(): Promise<boolean>;
  /** Overwrite, although others write meanwhile? Their writes may be lost. */
  readonly whileWritten: boolean;
  /** How long the attempt may still take. */
  remainingMs(): number;
}

/** What was put back. */
export interface PutBack {
  /** As a restore's report has it: into the running database, or in its place. */
  readonly method: 'online' | 'offline';
  readonly journalMode: string;
  /** `false`: others wrote on top at once, so that it could not be compared. Only with `whileWritten`. */
  readonly compared?: false;
}

/** `require(module)[name](...args)` is the source. Plain JSON: it crosses a process boundary. */
export type SourceRecipe = StoreRecipe;

/**
 * A database that is backed up: where its state comes from, and how a backup is put back. The file on the disk is the built-in
 * one; `rqlite()` of `sqlite-autobackup/rqlite` is another. What follows a snapshot (sealing, verification, publication, the
 * lock, retention, copies) does not know which it was. `describeDatabaseSource()` of `sqlite-autobackup/testing` proves one of
 * your own.
 *
 * The child process makes it from its recipe and calls its methods; the app's process only reads its name and description.
 */
export interface DatabaseSource {
  /** Its file name, from which backups have theirs: `'shop.db'`. */
  readonly name: string;
  /** What it is called in the log, the status and errors: `'rqlite at http://10.0.0.1:4001'`. Never with a secret in it. */
  readonly description: string;
  /** How the child process makes it again. Make it not enumerable: it may hold credentials. */
  readonly recipe: SourceRecipe;
  /** @throws BackupError `ERR_BACKUP_SOURCE_…` */
  inspect(control: Pick<SnapshotTarget, 'remainingMs'>): Promise<DatabaseFacts>;
  /**
   * Writes one consistent state, whole, with all that was acknowledged before the call. What it leaves unfinished is removed.
   *
   * @throws BackupError `ERR_BACKUP_SOURCE_…`
   */
  snapshot(target: SnapshotTarget): Promise<Snapshot>;
  /**
   * Puts the backup in the place of the present state, all of it or nothing, after a safety backup, and compares.
   *
   * @throws BackupError `ERR_BACKUP_RESTORE_…`, `ERR_BACKUP_SOURCE_…`
   */
  restore(backup: RestorableBackup, control: RestoreControl): Promise<PutBack>;
}

/** Gives a source its recipe, which nobody gets who prints or copies the source. */
export function withSourceRecipe(source: Omit<DatabaseSource, 'recipe'>, recipe: SourceRecipe): DatabaseSource {
  return Object.defineProperty(source, 'recipe', { value: recipe }) as DatabaseSource;
}
