import { BackupError } from '../util/errors.js';

/** Wrong usage: nothing was changed, and the program ends with 2. */
export function usageError(what: string, hint: string, cause?: unknown): BackupError {
  return new BackupError('ERR_BACKUP_OPTIONS', what, { step: 'options', hint, cause });
}
