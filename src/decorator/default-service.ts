import { BackupService, isBackupService } from '../service/backup-service.js';
import type { BackupServiceOptions } from '../service/options.js';
import { BackupError } from '../util/errors.js';
import { differences } from './differences.js';
import { processState } from './process-state.js';

/**
 * Sets the service that every decorated method uses whose service is not given otherwise. Call it once, where the app
 * starts. A second call with equal options (or the same service), as after a hot reload, returns the same service. All copies
 * of this package in the process share it.
 *
 * @throws BackupError `ERR_BACKUP_ALREADY_CONFIGURED` for different ones, naming what differs; `ERR_BACKUP_OPTIONS` for
 *   wrong ones
 * @example configureAutoBackup({ database: 'instance/app.db' });
 */
export function configureAutoBackup(given: BackupServiceOptions | BackupService): BackupService {
  const { configured } = processState;
  if (!configured) {
    processState.configured = isBackupService(given)
      ? { given, service: given }
      : { given: { ...given }, service: new BackupService(given) };
    return processState.configured.service;
  }
  if (given === configured.service) return configured.service;
  const differing =
    isBackupService(given) || isBackupService(configured.given)
      ? ['it is another service']
      : differences(configured.given, given);
  if (differing.length === 0) return configured.service;
  throw new BackupError(
    'ERR_BACKUP_ALREADY_CONFIGURED',
    `configureAutoBackup() was already called, for "${configured.service.database}": ${differing.join('; ')}.`,
    {
      step: 'options',
      hint: 'Call it once. For a second database make a new BackupService and pass it: @AutoBackup({ service }).',
    },
  );
}

/** The service that a method uses whose service is not given otherwise, if there is one. */
export function defaultService(): BackupService | undefined {
  const { configured, adopted } = processState;
  return configured ? configured.service : adopted.at(-1);
}

/**
 * Makes the service of a framework's container the default as long as `configureAutoBackup()` is not called.
 *
 * @returns takes it back
 */
export function adoptDefault(service: BackupService): () => void {
  processState.adopted.push(service);
  return () => {
    processState.adopted = processState.adopted.filter((other) => other !== service);
  };
}
