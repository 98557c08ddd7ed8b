import { isBackupError } from 'sqlite-autobackup';
import type { BackupError } from 'sqlite-autobackup';

/** The BackupError that `act` throws; anything else that it throws is thrown on. */
export function thrownBy(act: () => unknown): BackupError {
  try {
    act();
  } catch (error) {
    if (isBackupError(error)) return error;
    throw error;
  }
  throw new Error('expected a BackupError, but nothing was thrown');
}

/** The BackupError that a promise rejects with. */
export async function rejectionOf(promise: PromiseLike<unknown>): Promise<BackupError> {
  try {
    await promise;
  } catch (error) {
    if (isBackupError(error)) return error;
    throw error;
  }
  throw new Error('expected a BackupError, but the promise was resolved');
}
