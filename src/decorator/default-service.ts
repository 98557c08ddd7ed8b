import { isDeepStrictEqual } from 'node:util';
import { BackupService, isBackupService } from '../service/backup-service.js';
import { BackupError } from '../util/errors.js';
import type { BackupServiceOptions } from '../service/options.js';

let current: { readonly given: BackupServiceOptions | BackupService; readonly service: BackupService } | undefined;

/**
 * Sets the service that every decorated method uses whose service is not given otherwise. Call it once, where the app
 * starts; a second call with equal options (or the same service) returns the same service.
 *
 * @throws BackupError `ERR_BACKUP_ALREADY_CONFIGURED` for different ones, `ERR_BACKUP_OPTIONS` for wrong ones
 */
export function configureAutoBackup(given: BackupServiceOptions | BackupService): BackupService {
  if (!current) {
    current = isBackupService(given)
      ? { given, service: given }
      : { given: { ...given }, service: new BackupService(given) };
  } else if (given !== current.service && !sameOptions(given, current.given)) {
    throw new BackupError(
      'ERR_BACKUP_ALREADY_CONFIGURED',
      `configureAutoBackup() was already called, for "${current.service.database}".`,
      {
        step: 'options',
        hint: 'Call it once. For a second database make a new BackupService and pass it: @AutoBackup({ service }).',
      },
    );
  }
  return current.service;
}

/** The process default, if there is one. */
export function defaultService(): BackupService | undefined {
  return current?.service;
}

function sameOptions(a: unknown, b: unknown): boolean {
  return !isBackupService(a) && !isBackupService(b) && isDeepStrictEqual(a, b);
}
