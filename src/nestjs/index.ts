export { AutoBackup } from './auto-backup.js';
export type { NestAutoBackupOptions } from './auto-backup.js';
export { AutoBackupHealthIndicator } from './health-indicator.js';
export type { BackupHealth, BackupHealthOptions } from './health-indicator.js';
export { AutoBackupModule } from './module.js';
export type { AutoBackupModuleExtras, AutoBackupOptionsFactory } from './module.js';
export type { Telemetry } from './telemetry.js';
export { InjectBackupService, getBackupServiceToken } from './tokens.js';
