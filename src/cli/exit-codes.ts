import { isBackupError } from '../util/errors.js';
import type { BackupErrorCode } from '../util/errors.js';

/** Documented in docs/command-line.md; a test compares. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  nothingToDo: 3,
  locked: 11,
  verificationFailed: 13,
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

/** The exit code for an error. */
export function exitCodeOf(error: unknown): number {
  return (isBackupError(error) ? BY_CODE[error.code] : undefined) ?? EXIT.failed;
}
