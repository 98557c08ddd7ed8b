export { AutoBackup, withAutoBackup } from './auto-backup.js';
export type { AutoBackupOptions } from './auto-backup.js';
export type { AnyMethodDecorator, AsyncMethodDecorator } from './wrap-method.js';
export { configureAutoBackup } from './default-service.js';
export { BackupService } from './backup-service.js';
export type { BackupOutcome, CreateOptions, IfDueOptions, RestoreOptions, VerifyOptions } from './backup-service.js';
export type { BackupServiceOptions } from './options.js';
export { BACKUP_ERROR_CODES, BackupError, isBackupError } from './errors.js';
export type { BackupErrorCode, BackupStep } from './errors.js';
export type { Backup, BackupCopy, BackupProblem } from './catalog/backup.js';
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
export { directoryStore, listCopies, pullBackup, verifyCopy } from './copies/entry.js';
export type { Copy, CopyProblem, ListCopiesOptions } from './copies/list-copies.js';
export type { CopyManifest } from './copies/copy-manifest.js';
export type { CopyStatus } from './copies/copies.js';
export type { ShipReport } from './copies/lane.js';
export type { ListServiceCopiesOptions, OfOneStore } from './copies/of-service.js';
export type { PullOptions, PullProgress, PullReport } from './copies/pull.js';
export type { CopyVerifyReport, VerifyCopyOptions } from './copies/verify-copy.js';
export type {
  BackupStore,
  CopySettings,
  PutControl,
  StoreControl,
  StoredObject,
  StoreRecipe,
} from './stores/backup-store.js';
export type { LastFailure, LatestVerification, RunningBackup, ServiceStatus } from './status.js';
