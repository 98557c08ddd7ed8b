export { AutoBackup, withAutoBackup } from './decorator/auto-backup.js';
export type { AutoBackupOptions } from './decorator/options.js';
export type { AutoBackupDecorator, Refused } from './decorator/types.js';
// eslint-disable-next-line @typescript-eslint/no-deprecated -- the old names stay public
export type { AnyMethodDecorator, AsyncMethodDecorator } from './decorator/types.js';
export { configureAutoBackup } from './decorator/default-service.js';
export { clientGone } from './decorator/client-gone.js';
export type { ClosableResponse } from './decorator/client-gone.js';
export { refusalOf } from './decorator/refusal.js';
export type { Refusal } from './decorator/refusal.js';
export { BackupService } from './service/backup-service.js';
export type { Activity, ActivityAction, ActivityBy } from './activity/activity.js';
export type {
  ActivityOptions,
  BackupOutcome,
  CreateOptions,
  DueOptions,
  DiffOptions,
  IfDueOptions,
  ImportOptions,
  QueryOptions,
  RecoverOptions,
  RestoreOptions,
  VerifyOptions,
} from './service/method-types.js';
export type { BackupServiceOptions } from './service/options.js';
export { BACKUP_ERROR_CODES, BackupError, isBackupError } from './util/errors.js';
export type { BackupErrorCode, BackupStep } from './util/errors.js';
export type { Backup, BackupCopy, BackupProblem } from './catalog/backup.js';
export type { DueCheck } from './catalog/due-check.js';
export type {
  AssertionResult,
  Manifest,
  VerificationLevel,
  VerificationRecord,
  VerifyLevel,
} from './catalog/manifest.js';
export type { Duration } from './util/duration.js';
export type { BackupEvents, BackupListener, PruneReport } from './service/events.js';
export type { Logger } from './util/logger.js';
export { keep } from './retention/keep.js';
export type { KeepRules } from './retention/keep.js';
export type { KeptBackup, RetentionDecision, RetentionPolicy } from './retention/policy.js';
export { childProcessSnapshotter } from './child/child-snapshotter.js';
export type { BackupProgress, SnapshotControl } from './util/control.js';
export type {
  DatabaseFacts,
  ImportRequest,
  InspectRequest,
  ProtectRequest,
  RestoreReport,
  RestoreRequest,
  SnapshotRequest,
  VerifyReport,
  VerifyRequest,
} from './child/protocol.js';
export { RecoverError } from './child/rows-protocol.js';
export type {
  Conflict,
  Counts,
  DatabaseDiff,
  DiffRequest,
  QueryRequest,
  QueryResult,
  RecoverReport,
  RecoverRequest,
  RowChange,
  SchemaChange,
  TableDiff,
} from './child/rows-protocol.js';
export type { Row, SqlJson, SqlValue } from './util/sql-value.js';
export type { ImportReport, SnapshotResult, Snapshotter } from './child/snapshotter.js';
export { directoryStore, listCopies, pullBackup, verifyCopy } from './offsite/index.js';
export type { IgnoredCopy } from './offsite/choose-copy.js';
export type { CopyProblem, ListCopiesOptions, RemoteCopy } from './offsite/list-copies.js';
import type { RemoteCopy } from './offsite/list-copies.js';
/** @deprecated Use {@link RemoteCopy}. */
export type Copy = RemoteCopy;
export type { CopyManifest } from './offsite/copy-manifest.js';
export type { CopyStatus } from './offsite/service-shippers.js';
export type { ShipReport } from './offsite/shipper.js';
export type { ListServiceCopiesOptions, OfOneStore } from './offsite/service-copies.js';
export type { PullOptions, PullProgress, PullReport } from './offsite/pull.js';
export type { CopyVerifyReport, VerifyCopyOptions } from './offsite/verify-copy.js';
export type {
  BackupStore,
  CopySettings,
  PutControl,
  StoreControl,
  StoredObject,
  StoreRecipe,
} from './stores/backup-store.js';
export type { Alarm, AlarmKind, Notification } from './notify/alarm.js';
export type { MailOptions, MailTransport, NotifyOptions, WebhookFormat, WebhookOptions } from './notify/options.js';
export type { AlarmReport } from './service/alarms.js';
export type { OperationTrace, StepTrace, TracedOperation } from './util/tracing.js';
export type {
  DatabaseSource,
  PutBack,
  RestorableBackup,
  RestoreControl,
  Snapshot,
  SnapshotFacts,
  SnapshotTarget,
  SourceRecipe,
} from './sources/database-source.js';
export type { LastFailure } from './service/backup-runner.js';
export type { DrillRecord, OnlyHere } from './service/folder-records.js';
export type { Outlook, ServiceRules } from './service/rules.js';
export type { RunningBackup } from './service/running-backup.js';
export type { LatestVerification, ServiceStatus, StatusOptions } from './service/status.js';
export { verdict } from './service/verdict.js';
export type {
  StoreAnswer,
  Verdict,
  VerdictAction,
  VerdictAnswer,
  VerdictCode,
  VerdictMark,
  VerdictQuestion,
} from './service/verdict-types.js';
export { sayAnswer, sayVerdict } from './service/verdict-words.js';
