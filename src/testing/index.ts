export { describeBackupStore } from './backup-store-suite.js';
export type { OpenedStore, StoreSuiteOptions } from './backup-store-suite.js';
export { describeSnapshotter } from './snapshotter-suite.js';
export type { OpenedSnapshotter, SnapshotterSuiteOptions } from './snapshotter-suite.js';
export { recordingService } from './recording-service.js';
export type { RecordedCall, RecordingOptions, RecordingService } from './recording-service.js';
export { resetAutoBackup, withoutBackups } from './without-backups.js';
export type { TestRunner } from './runner.js';
