import { BackupError } from './errors.js';

// Both sides say these: the child when its own wait ends, the parent when it kills a child that still waits.

export function lockTimeout(after: string, cause?: unknown): BackupError {
  return new BackupError('ERR_BACKUP_LOCK_TIMEOUT', `Another process held the backup lock for ${after}.`, {
    step: 'lock',
    hint: 'Wait for its backup to finish, end it if it hangs, or raise the "timeout" option.',
    cause,
  });
}

export function sourceLocked(database: string, after: string, cause?: unknown): BackupError {
  return new BackupError('ERR_BACKUP_SOURCE_LOCKED', `"${database}" was locked for ${after}.`, {
    step: 'pin',
    hint: 'Find the connection that keeps an exclusive lock (a long write transaction, or PRAGMA locking_mode=EXCLUSIVE).',
    cause,
  });
}

export function restoreBusy(database: string, after: string, cause?: unknown): BackupError {
  return new BackupError('ERR_BACKUP_RESTORE_BUSY', `"${database}" was busy for ${after}; it was not changed.`, {
    step: 'block-writers',
    hint: 'Find the connection that keeps a transaction open, end it or stop the app, and restore again.',
    cause,
  });
}
