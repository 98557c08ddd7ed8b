import type { Backup } from '../catalog/backup.js';
import type { AssertionResult, VerificationLevel, VerifyLevel } from '../catalog/manifest.js';
import { BACKUP_ERROR_CODES, BackupError, messageOf, systemCode } from '../util/errors.js';
import type { DatabaseFacts, SourceRecipe } from '../sources/database-source.js';
import type { SqlJson } from '../util/sql-value.js';
import { isRecoverReport } from './message-shapes.js';
import { RecoverError, recoverFromJson, recoverToJson } from './rows-protocol.js';
import type {
  DatabaseDiff,
  DiffRequest,
  QueryRequest,
  QueryResult,
  RecoverReport,
  RecoverRequest,
} from './rows-protocol.js';
import type { BackupErrorCode, BackupStep } from '../util/errors.js';

/** A request for a snapshot. It is plain data, since it crosses a process boundary as JSON. */
export interface SnapshotRequest {
  /** Absolute path of the live database; of a source that is no file, of what it would be in the backup folder. */
  readonly database: string;
  /** How the database is reached, where it is not the file at that path. */
  readonly source?: SourceRecipe;
  /** Absolute path of the folder that takes the backup. */
  readonly directory: string;
  /** Takes a backup only if the newest one, looked at again under the lock, is that old; `null`: in any case. */
  readonly ifOlderThanMs: number | null;
  readonly verify: VerifyLevel;
  readonly label?: string;
  /** The app's retention policy as JSON, which the folder keeps for others who prune there. Absent: nobody has chosen one. */
  readonly policy?: string;
  /** For the whole attempt, waiting for the lock included. */
  readonly timeoutMs: number;
}

/** Asks for the verification of a finished backup. */
export interface VerifyRequest {
  readonly database: string;
  readonly directory: string;
  readonly name: string;
  readonly level: VerificationLevel;
  /** For the level `drill`: each one SELECT that must return one truthy value. */
  readonly assertions?: readonly string[];
  readonly timeoutMs: number;
}

/** The report of a verification: what it looked at, and what it found. */
export interface VerifyReport {
  readonly name: string;
  readonly level: VerificationLevel;
  readonly ok: boolean;
  /** The problems, in words; empty if `ok`. */
  readonly problems: readonly string[];
  /**
   * Lists what SQLite says about rows, constraints and derived indexes, and what it could not judge, one line each. None of it is
   * damage: the backup is whole and can be restored, and `ok` does not depend on it.
   */
  readonly findings: readonly string[];
  /** Tables whose pages were checked but not their rows: that needs functions or collations of the app's connection. */
  readonly uncheckedTables: readonly string[];
  /** The results of a drill's assertions. */
  readonly assertions?: readonly AssertionResult[];
  /** Is the result in the manifest? Not where there is none, or where the folder can't be written. */
  readonly recorded: boolean;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly durationMs: number;
}

/** Asks for a restore into the live database, or into a new file. */
export interface RestoreRequest {
  readonly database: string;
  /** How the database is reached, where it is not the file at that path. */
  readonly source?: SourceRecipe;
  /** Of a source without a lock: overwrite, although others write. */
  readonly whileWritten?: boolean;
  readonly directory: string;
  readonly name: string;
  /** Absolute path of a new file; default: the live database. */
  readonly to?: string;
  /** How the safety backup is checked before it counts. */
  readonly verify: VerifyLevel;
  readonly timeoutMs: number;
}

/** The report of a restore: what it wrote, and where the state before it is kept. */
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
  /** The journal mode of the file that was written. */
  readonly journalMode: string;
  /** `false`: others wrote on top at once, so that it could not be compared. Only of a source, with `whileWritten`. */
  readonly compared?: false;
  /** The hash of the backup. */
  readonly sha256: string;
  readonly durationMs: number;
}

/** Asks to protect a backup, or to end its protection. */
export interface ProtectRequest {
  readonly database: string;
  readonly directory: string;
  readonly name: string;
  readonly protected: boolean;
  readonly timeoutMs: number;
}

/** Asks to make a backup of a file that comes from elsewhere. */
export interface ImportRequest {
  readonly database: string;
  readonly directory: string;
  /** Absolute path of the file. */
  readonly file: string;
  /** It is an unfinished file in the backup folder, which becomes the backup itself. Otherwise it is copied, and stays as it is. */
  readonly move: boolean;
  /** What people call the file, for errors. */
  readonly called: string;
  /** When its data is from: an ISO text. */
  readonly takenAt: string;
  readonly label?: string;
  readonly timeoutMs: number;
}

/** Asks for the facts of the live database. Plain data: it crosses a process boundary as JSON. */
export interface InspectRequest {
  readonly database: string;
  /** How the database is reached, where it is not the file at that path. */
  readonly source?: SourceRecipe;
  readonly timeoutMs: number;
  /** A backup, and when it was taken: has the database changed since? */
  readonly since?: { readonly path: string; readonly createdAt: string };
}

/** The request of `sqlite-autobackup doctor`: nothing is taken, created or waited for. */
export interface ProbeRequest {
  readonly database: string;
  readonly directory: string;
  readonly timeoutMs: number;
}

export interface ProbeReport {
  /** `'none'`: no backup has been taken here yet. */
  readonly lock: 'none' | 'free' | 'held';
  readonly versions: { readonly betterSqlite3: string; readonly sqlite: string };
}

/** The child's standard input: one of these as JSON, then the end. */
export type ChildRequest =
  | ({ readonly kind: 'create' } & SnapshotRequest)
  | ({ readonly kind: 'verify' } & VerifyRequest)
  | ({ readonly kind: 'inspect' } & InspectRequest)
  | ({ readonly kind: 'probe' } & ProbeRequest)
  | ({ readonly kind: 'restore' } & RestoreRequest)
  | ({ readonly kind: 'protect' } & ProtectRequest)
  | ({ readonly kind: 'import' } & ImportRequest)
  | ({ readonly kind: 'diff' } & DiffRequest)
  | ({ readonly kind: 'recover' } & RecoverRequest)
  | ({ readonly kind: 'query' } & QueryRequest);

/** The child's standard output: one of these as JSON on each line. `result` or `error` is the last. */
export type ChildMessage =
  | { readonly type: 'step'; readonly step: BackupStep }
  | { readonly type: 'progress'; readonly doneBytes: number; readonly totalBytes: number }
  /** The file that the child is about to write; whoever kills the child removes it and its side files. */
  | { readonly type: 'partial'; readonly path: string }
  /**
   * A statement of the user's begins, which may never end and which nothing inside the child can interrupt. If no other message
   * follows in time, the parent ends the child with this error; with 0 it does so at once.
   */
  | { readonly type: 'limit'; readonly withinMs: number; readonly error: WireError }
  | { readonly type: 'result'; readonly result: ChildResult }
  | { readonly type: 'error'; readonly error: WireError };

export type ChildResult =
  /** `backup.createdAt` is an ISO text on the wire. */
  | { readonly kind: 'created'; readonly backup: WireBackup; readonly durationMs: number }
  | { readonly kind: 'fresh'; readonly latest: WireBackup }
  | { readonly kind: 'verified'; readonly report: VerifyReport }
  | { readonly kind: 'inspected'; readonly facts: DatabaseFacts }
  | { readonly kind: 'probed'; readonly report: ProbeReport }
  | { readonly kind: 'restored'; readonly report: RestoreReport }
  | { readonly kind: 'protected' }
  | {
      readonly kind: 'imported';
      readonly backup: WireBackup;
      readonly alreadyThere: boolean;
      readonly durationMs: number;
    }
  | { readonly kind: 'diffed'; readonly diff: DatabaseDiff<SqlJson> }
  | { readonly kind: 'recovered'; readonly report: RecoverReport<SqlJson> }
  | { readonly kind: 'queried'; readonly result: QueryResult<SqlJson> };

export type WireBackup = Omit<Backup, 'createdAt'> & { readonly createdAt: string };

export function backupToWire(backup: Backup): WireBackup {
  return { ...backup, createdAt: backup.createdAt.toISOString() };
}

export interface WireError {
  readonly code: BackupErrorCode;
  readonly what: string;
  readonly step: BackupStep;
  readonly hint: string;
  readonly cause?: { readonly message: string; readonly code: string };
  /** The report of a recovery that was refused. */
  readonly report?: RecoverReport<SqlJson>;
}

export function errorToWire(error: BackupError): WireError {
  const { code, what, step, hint, cause } = error;
  const report = error instanceof RecoverError && { report: recoverToJson(error.report) };
  if (cause === undefined) return { code, what, step, hint, ...report };
  return { code, what, step, hint, ...report, cause: { message: messageOf(cause), code: systemCode(cause) } };
}

export function errorFromWire({ code, what, step, hint, cause, report }: WireError): BackupError {
  // A newer version may have codes that this one does not know.
  if (!Object.hasOwn(BACKUP_ERROR_CODES, code)) {
    return new BackupError('ERR_BACKUP_CHILD_FAILED', `${what} [${code}]`, { step, hint });
  }
  const original = cause && Object.assign(new Error(cause.message), cause.code !== '' && { code: cause.code });
  const details = { step, hint, cause: original };
  return isRecoverReport(report)
    ? new RecoverError(code, what, details, recoverFromJson(report))
    : new BackupError(code, what, details);
}

export type { DatabaseFacts };
