import { withoutSecrets } from './show.js';

/**
 * Every code a {@link BackupError} can carry, with the one-line meaning that `docs/errors.md` repeats. Codes are part of
 * the public API: they are never renamed or reused, and a test holds the page to this table.
 */
export const BACKUP_ERROR_CODES = {
  ERR_BACKUP_OPTIONS: 'An option has a value that is not allowed, or an unknown name.',
  ERR_BACKUP_NOT_CONFIGURED: 'A protected method was called before any service was set up.',
  ERR_BACKUP_ALREADY_CONFIGURED: 'configureAutoBackup() was called twice with different settings.',
  ERR_BACKUP_DECORATOR: 'AutoBackup was put on something that cannot be protected.',
  ERR_BACKUP_NOT_ASYNC: 'A protected method returned a value instead of a promise, without `blocking: true`.',
  ERR_BACKUP_SHUTTING_DOWN: 'The app is shutting down, so a method that waited for its backup was not started.',
  ERR_BACKUP_BACKING_OFF: 'The last attempt failed a moment ago and `onFailure` is "abort".',
  ERR_BACKUP_DISABLED: 'Backups are switched off, by `enabled: false` or BACKUP_ENABLED.',
  ERR_BACKUP_SOURCE_MISSING: 'There is no database file at the given path.',
  ERR_BACKUP_SOURCE_INVALID: 'The path holds a folder, an empty file or something that is not a SQLite database.',
  ERR_BACKUP_SOURCE_UNREADABLE: 'The database file exists but this process may not read it, or the disk fails.',
  ERR_BACKUP_SOURCE_LOCKED: 'Another connection kept the database exclusively locked.',
  ERR_BACKUP_SOURCE_CORRUPT: 'The database itself is damaged, so no good copy can be made of it.',
  ERR_BACKUP_SOURCE_UNREACHABLE: 'No node of the replicated database answers, or one stopped in the middle.',
  ERR_BACKUP_SOURCE_TLS:
    'The certificate of a node is not one that "tls" trusts, or the connection could not be encrypted.',
  ERR_BACKUP_SOURCE_DENIED: 'The replicated database refuses the user, or a permission is missing.',
  ERR_BACKUP_SOURCE_NO_LEADER: 'The replicated database has no leader: no quorum, or one election after the other.',
  ERR_BACKUP_SOURCE_FAILED: 'A node of the replicated database answered with an error.',
  ERR_BACKUP_SOURCE_UNSUPPORTED: 'This kind of database cannot do that; nothing was changed.',
  ERR_BACKUP_DIRECTORY_MISSING: 'The backup folder does not exist, or is not a folder.',
  ERR_BACKUP_DIRECTORY_NOT_WRITABLE: 'The backup folder is read-only for this process.',
  ERR_BACKUP_LIST_FAILED: 'The backup folder could not be listed, so it is unknown which backups exist.',
  ERR_BACKUP_NO_SPACE: 'The disk of the backup folder is full.',
  ERR_BACKUP_WRITE_FAILED: 'Writing the copy failed.',
  ERR_BACKUP_LOCK_TIMEOUT: 'Another process held the backup lock for the whole timeout.',
  ERR_BACKUP_LOCK_FAILED: 'The lock file cannot be used.',
  ERR_BACKUP_TIMEOUT: 'The attempt took longer than `timeout` and was ended.',
  ERR_BACKUP_CANCELLED: 'The caller cancelled through its AbortSignal.',
  ERR_BACKUP_VERIFY_FAILED: 'The copy differs from its source; it was thrown away.',
  ERR_BACKUP_CHILD_FAILED: 'The child process could not be started, or ended without an answer.',
  ERR_BACKUP_INVALID_NAME: 'The name is not that of a backup of this database.',
  ERR_BACKUP_NOT_FOUND: 'There is no backup of that name.',
  ERR_BACKUP_UNREADABLE: 'A backup cannot be read (permission, disk); that says nothing about what is in it.',
  ERR_BACKUP_PROTECTED: 'The backup is protected and stays.',
  ERR_BACKUP_DELETE_FAILED: 'A backup could not be deleted.',
  ERR_BACKUP_PEER_MISSING: 'An optional package that this part needs is not installed.',
  ERR_BACKUP_RETENTION_FAILED: 'The retention policy threw, or asked for something it may not; nothing was removed.',
  ERR_BACKUP_STORE_FAILED: 'A store of copies could not be reached, answered with an error, or stood still.',
  ERR_BACKUP_STORE_DENIED: 'A store of copies refused the credentials, or the permission is missing.',
  ERR_BACKUP_STORE_MISSING: 'The folder or the bucket of a store does not exist.',
  ERR_BACKUP_STORE_FULL: 'A store of copies has no room left.',
  ERR_BACKUP_COPY_EXISTS: 'A store already has another object of that name; nothing is overwritten.',
  ERR_BACKUP_COPY_NOT_FOUND: 'The store has no copy, or no object, that fits.',
  ERR_BACKUP_COPY_DAMAGED: 'A copy, or the backup that it is made of, is not what its manifest records.',
  ERR_BACKUP_COPY_ENCRYPTED: 'A copy is encrypted, and none of the given identities opens it.',
  ERR_BACKUP_RECORD_FAILED:
    'A record in the backup folder, such as that of the copies in a store, cannot be read or written.',
  ERR_BACKUP_PULL_TARGET: 'The file that a pull is to write exists already, or has side files of SQLite beside it.',
  ERR_BACKUP_IMPORT:
    'A file that was to become a backup is no whole SQLite database, or is too large, or it is not known when it was made; nothing was kept.',
  ERR_BACKUP_DAMAGED: 'The backup fails its check (size, sha256 or structure); nothing was restored from it.',
  ERR_BACKUP_RESTORE_BUSY: 'Other connections kept the database busy until the deadline; it was not changed.',
  ERR_BACKUP_RESTORE_IN_USE: 'The file has to be replaced, and another process has it open; it was not changed.',
  ERR_BACKUP_RESTORE_TARGET: 'The path to restore to is taken, or its folder is missing or cannot be written.',
  ERR_BACKUP_RESTORE_FAILED: 'Writing the restored database failed, or it is not equal to the backup.',
  ERR_BACKUP_RECOVER_CONFLICT: 'Live rows are in the way of the rows to recover; nothing was written.',
  ERR_BACKUP_RECOVER_WHERE:
    '`where` is not one expression over the columns of the table, fails, took more than 512 MB of memory, or did not end in time.',
  ERR_BACKUP_RECOVER_PLAN:
    'The plan is no longer the one that was shown, since somebody has written meanwhile; nothing was written.',
  ERR_BACKUP_RECOVER_TABLE: 'The table is not there, or cannot be written by this program; nothing was written.',
  ERR_BACKUP_RECOVER_COLUMN: 'The live table needs a value that the backup does not have; nothing was written.',
  ERR_BACKUP_RECOVER_CONSTRAINT:
    'A foreign key, another constraint or a trigger refused the rows; nothing was written.',
  ERR_BACKUP_RECOVER_FAILED: 'Reading or writing the rows failed; the database is as it was.',
  ERR_BACKUP_QUERY: 'The query is not one SELECT, fails, took more than 512 MB of memory, or did not end in time.',
  ERR_BACKUP_MANIFEST_FAILED: 'The manifest of a backup cannot be read or rewritten; it was not changed.',
} as const;

/** A code of {@link BACKUP_ERROR_CODES}; docs/errors.md says what to do about each. */
export type BackupErrorCode = keyof typeof BACKUP_ERROR_CODES;

/**
 * Where in the work an error arose. The steps from `lock` to `publish` run in the child process, in this order; so do those
 * of a restore: `check` the backup, `block-writers`, `restore`, `compare`, and `replace` where the file is replaced.
 */
export type BackupStep =
  | 'options'
  | 'decorate'
  | 'call'
  | 'list'
  | 'start'
  | 'lock'
  | 'sweep'
  | 'due'
  | 'space'
  | 'pin'
  | 'copy'
  | 'seal'
  | 'verify'
  | 'publish'
  | 'check'
  | 'block-writers'
  | 'restore'
  | 'compare'
  | 'replace'
  | 'drill'
  | 'record'
  | 'diff'
  | 'where'
  | 'plan'
  | 'recover'
  | 'query'
  | 'import'
  | 'prune'
  | 'delete'
  | 'store'
  | 'ship'
  | 'pull';

export interface BackupErrorDetails {
  step: BackupStep;
  /** Says what to do about it, in a full sentence. */
  hint: string;
  cause?: unknown;
  /** When the refused call may be made again. Its error is one that may be shown to a client: see {@link BackupError.status}. */
  retryAt?: Date;
}

// Registered, so that two copies of the package in one process recognise each other's errors.
const brand = Symbol.for('sqlite-autobackup.BackupError');

/**
 * The only error this package throws at its users. `message` says what happened and what to do about it (it ends with
 * `hint`), `code` is for programs, `step` says where, `cause` is what SQLite or the system said.
 */
export class BackupError extends Error {
  override readonly name: string = 'BackupError';
  readonly code: BackupErrorCode;
  readonly step: BackupStep;
  readonly hint: string;
  /** Says what happened, without the hint. */
  declare readonly what: string;
  /** Says when a protected call that was not run may be made again; absent from all other errors (`Retry-After`). */
  declare readonly retryAt?: Date;
  /**
   * Tells error handlers how to answer a request whose protected call was not run; absent from all other errors. With it go
   * `statusCode` and `headers`, and neither `message` nor `stack` has a path: `cause` has what the operator needs.
   */
  declare readonly status?: 503;
  declare readonly statusCode?: 503;
  declare readonly headers?: Readonly<Record<'Retry-After', string>>;

  constructor(code: BackupErrorCode, what: string, { step, hint, cause, retryAt }: BackupErrorDetails) {
    // Part of it may be what a server, a driver or a store has answered, which repeat what they were sent.
    const safe = withoutSecrets(what);
    super(`${safe} ${hint}`, cause === undefined ? undefined : { cause });
    this.code = code;
    this.step = step;
    this.hint = hint;
    if (retryAt) {
      this.retryAt = retryAt;
      makeAnswerable(this, retryAt);
    }
    // Not shown by inspect(): the message has it already.
    Object.defineProperty(this, 'what', { value: safe });
    Object.defineProperty(this, brand, { value: true });
  }
}

/** Seconds, for the header `Retry-After`. */
export function retryAfter(retryAt: Date): number {
  return Math.max(1, Math.ceil((retryAt.getTime() - Date.now()) / 1000));
}

/**
 * Express, Koa, Fastify, LoopBack and Nest take the status from these names, and all but Nest and LoopBack the headers. Some show
 * `stack` to the client in development, so it has no frames.
 */
function makeAnswerable(error: BackupError, retryAt: Date): void {
  const answer = {
    status: 503,
    statusCode: 503,
    headers: { 'Retry-After': String(retryAfter(retryAt)) },
    stack: `${error.name}: ${error.message}`,
  };
  for (const [name, value] of Object.entries(answer)) {
    // Not shown by inspect(). Writable: error handlers write to the errors that they get.
    Object.defineProperty(error, name, { value, writable: true, configurable: true });
  }
}

/** Is this a {@link BackupError} (of any copy of this package), and, where `code` is given, one with that code? */
export function isBackupError(error: unknown, code?: BackupErrorCode): error is BackupError {
  if (typeof error !== 'object' || error === null || !(brand in error)) return false;
  return code === undefined || systemCode(error) === code;
}

/** The code of a system or SQLite error (`'ENOENT'`, `'SQLITE_BUSY'`), or `''`. */
export function systemCode(error: unknown): string {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : '';
}

/** Returns the message of any thrown value. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
