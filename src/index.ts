export { AutoBackup, withAutoBackup } from './auto-backup.js';
export type { AutoBackupOptions } from './auto-backup.js';
export type { AnyMethodDecorator, AsyncMethodDecorator } from './wrap-method.js';
export { configureAutoBackup } from './default-service.js';
export { BackupService } from './backup-service.js';
export type { BackupOutcome, CreateOptions, IfDueOptions } from './backup-service.js';
export type { BackupServiceOptions } from './options.js';
export { BACKUP_ERROR_CODES, BackupError, isBackupError } from './errors.js';
export type { BackupErrorCode, BackupStep } from './errors.js';
export type { Backup, BackupProblem } from './catalog/backup.js';
export type { DueCheck } from './catalog/due-check.js';
export type { Manifest, VerifyLevel } from './catalog/manifest.js';
export type { Duration } from './duration.js';
export type { BackupEvents, BackupListener, PruneReport } from './events.js';
export type { Logger } from './logger.js';
export { keep } from './retention/keep.js';
export type { KeepRules } from './retention/keep.js';
export type { KeptBackup, RetentionDecision, RetentionPolicy } from './retention/policy.js';
export { childProcessSnapshotter } from './snapshot/child-process.js';
export type {
  BackupProgress,
  DatabaseFacts,
  InspectRequest,
  SnapshotControl,
  SnapshotRequest,
  SnapshotResult,
  Snapshotter,
  VerifyReport,
  VerifyRequest,
} from './snapshot/snapshotter.js';
export type { LastFailure, ServiceStatus } from './status.js';
