import type { BackupStep } from './errors.js';

/** How far a running operation is. */
export interface BackupProgress {
  readonly step: BackupStep;
  /** Copied so far; 0 until the step `copy`. */
  readonly doneBytes: number;
  /** 0 until it is known. */
  readonly totalBytes: number;
}

/** Cancels a long call and follows its progress. */
export interface SnapshotControl {
  /**
   * Aborting ends the attempt with `ERR_BACKUP_CANCELLED` and leaves nothing behind, unless the backup was published in that
   * very moment (step `publish`): then it stands, whole.
   */
  readonly signal?: AbortSignal | undefined;
  /** Called as the work goes on. A function that throws is passed over. */
  readonly onProgress?: ((progress: BackupProgress) => void) | undefined;
}
