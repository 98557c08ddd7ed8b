import type { BackupStep } from './errors.js';

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
