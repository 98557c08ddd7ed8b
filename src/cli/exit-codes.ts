import { BackupError, isBackupError, messageOf, systemCode } from '../util/errors.js';
import type { BackupErrorCode } from '../util/errors.js';

/** Documented in docs/command-line.md; a test compares. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  nothingToDo: 3,
  locked: 11,
  verificationFailed: 13,
  notExecutable: 126,
  notFound: 127,
  cancelled: 130,
} as const;

const BY_CODE: Partial<Record<BackupErrorCode, number>> = {
  ERR_BACKUP_OPTIONS: EXIT.usage,
  ERR_BACKUP_INVALID_NAME: EXIT.usage,
  ERR_BACKUP_SOURCE_LOCKED: EXIT.locked,
  ERR_BACKUP_LOCK_TIMEOUT: EXIT.locked,
  ERR_BACKUP_RESTORE_BUSY: EXIT.locked,
  ERR_BACKUP_RESTORE_IN_USE: EXIT.locked,
  ERR_BACKUP_VERIFY_FAILED: EXIT.verificationFailed,
  ERR_BACKUP_DAMAGED: EXIT.verificationFailed,
  ERR_BACKUP_COPY_DAMAGED: EXIT.verificationFailed,
  ERR_BACKUP_RECOVER_WHERE: EXIT.usage,
  ERR_BACKUP_QUERY: EXIT.usage,
  ERR_BACKUP_CANCELLED: EXIT.cancelled,
};

/** The command of `run` could not be started. Scripts know its exit codes from every shell. */
export class CommandNotStarted extends BackupError {
  constructor(cause: Error) {
    const hint = 'The database was not touched.';
    super('ERR_BACKUP_OPTIONS', `The command could not be started (${messageOf(cause)}).`, {
      step: 'options',
      hint,
      cause,
    });
  }

  get exitCode(): number {
    return systemCode(this.cause) === 'ENOENT' ? EXIT.notFound : EXIT.notExecutable;
  }
}

/** The exit code for an error. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommandNotStarted) return error.exitCode;
  return (isBackupError(error) ? BY_CODE[error.code] : undefined) ?? EXIT.failed;
}
