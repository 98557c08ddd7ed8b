// The parts of a service, behind the one door of backup-service.ts: an app that has no service yet does not load it.
export { acceptOnlyHere, checkSetUp, deleteBackup, protect, pruneNow, restore, verify } from './backup-actions.js';
export { diff, query, recover } from './rows-actions.js';
export { importBackup } from './import-backup.js';
export { createService } from './create-service.js';
export { readRules } from './rules.js';
export { findRunning } from './running-backup.js';
export { readKnownBackups, readOutlook, readOverview, readStatus } from './status.js';
export { checkMethodOptions } from '../util/method-options.js';
export { parseDuration } from '../util/duration.js';
export { backupNames, listBackups } from '../catalog/list-backups.js';
export { runSync } from '../util/file-work.js';
