export { AutoBackup, withAutoBackup } from './auto-backup.js';
export type { AutoBackupOptions } from './auto-backup.js';
export type { AnyMethodDecorator, AsyncMethodDecorator } from './wrap-method.js';
export { configureAutoBackup } from './default-service.js';
export { BackupService } from './backup-service.js';
export type { BackupOutcome, CreateOptions, IfDueOptions, RestoreOptions, VerifyOptions } from './backup-service.js';
export type { BackupServiceOptions } from './options.js';
export { BACKUP_ERROR_CODES, BackupError, isBackupError } from './errors.js';
export type { BackupErrorCode, BackupStep } from './errors.js';
export type { Backup, BackupProblem } from './catalog/backup.js';
export type { DueCheck } from './catalog/due-check.js';
export type {
  AssertionResult,
  Manifest,
  VerificationLevel,
  VerificationRecord,
  VerifyLevel,
} from './catalog/manifest.js';
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
  ProtectRequest,
  RestoreReport,
  RestoreRequest,
  SnapshotControl,
  SnapshotRequest,
  SnapshotResult,
  Snapshotter,
  VerifyReport,
  VerifyRequest,
} from './snapshot/snapshotter.js';
export type { LastFailure, LatestVerification, RunningBackup, ServiceStatus } from './status.js';
