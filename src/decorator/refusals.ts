import type { BackupService } from '../service/backup-service.js';
import type { BackupOutcome } from '../service/method-types.js';
import { BACKUP_ERROR_CODES, BackupError, isBackupError } from '../util/errors.js';
import { isThenable } from './native-promise.js';

// Why a protected call was not run. Each call has an error of its own, with its label; what caused it is shared.

export function notConfigured(label: string, why: string): BackupError {
  return new BackupError('ERR_BACKUP_NOT_CONFIGURED', `${label} was not run: ${why}.`, {
    step: 'call',
    hint:
      "Call configureAutoBackup({ database: 'instance/app.db' }) where the app starts; or give the decorator a service, " +
      '@AutoBackup({ service }); or let it find one, @AutoBackup({ service: (self) => self.backups }). In NestJS import ' +
      'AutoBackupModule, and AutoBackup as well, from "sqlite-autobackup/nestjs".',
  });
}

/** @param returned what the method returned instead of a promise; it is left alone, so a query builder starts nothing */
export function notAsync(label: string, returned: unknown): BackupError {
  if (isThenable(returned)) {
    return new BackupError(
      'ERR_BACKUP_NOT_ASYNC',
      `${label} returned an object with a "then" method (a query builder?) instead of a promise. It was not ` +
        'called, so a query that it would start has not run.',
      { step: 'call', hint: 'Make the method async, and await the query in it.' },
    );
  }
  return new BackupError('ERR_BACKUP_NOT_ASYNC', `${label} has run, but returned a value instead of a promise.`, {
    step: 'call',
    hint: 'Make it async, or decorate it with @AutoBackup({ blocking: true }).',
  });
}

/** The backup before the call failed, and `onFailure` is "abort". */
export function backupFailed(label: string, cause: unknown, service: BackupService): unknown {
  // A double in a test may throw anything.
  if (!isBackupError(cause)) return cause;
  return new BackupError(cause.code, `${label} was not run: no backup could be taken before it (${cause.code}).`, {
    step: cause.step,
    hint: meaningOf(cause),
    cause,
    retryAt: service.lastFailure?.retryAt ?? new Date(),
  });
}

/** Without paths, which must not get into an answer: the frameworks' error handlers may show it. */
function meaningOf({ code }: BackupError): string {
  // Another copy of the package may have codes that this one does not know.
  const meaning = (BACKUP_ERROR_CODES as Partial<Record<string, string>>)[code] ?? '';
  return `${meaning} The log and the "cause" of this error say more.`.trimStart();
}

type BackingOff = Extract<BackupOutcome, { status: 'backing-off' }>;

export function backingOff(label: string, { retryAt, error }: BackingOff): BackupError {
  return new BackupError(
    'ERR_BACKUP_BACKING_OFF',
    `${label} was not run: the last backup failed (${error.code}), and the next attempt is not before ${retryAt.toISOString()}.`,
    { step: 'call', hint: meaningOf(error), cause: error, retryAt },
  );
}

export function cancelled(label: string, reason: unknown): BackupError {
  return new BackupError('ERR_BACKUP_CANCELLED', `${label} was not run: its AbortSignal was aborted.`, {
    step: 'call',
    hint: 'Nobody waits for its answer any more; call it again if somebody does.',
    cause: reason,
    retryAt: new Date(),
  });
}

export function shuttingDown(label: string): BackupError {
  return new BackupError('ERR_BACKUP_SHUTTING_DOWN', `${label} was not run: the app is shutting down.`, {
    step: 'call',
    hint: 'It would have been ended half-way. Call it again when the app runs again.',
    retryAt: new Date(Date.now() + RESTART_MS),
  });
}

/** How long a restart may take, for `Retry-After`. */
const RESTART_MS = 10_000;

/** @param answer what the function of the option returned */
export function wrongAnswer(label: string, option: 'when' | 'signal', answer: unknown): BackupError {
  // Its rejection must not end the app.
  if (answer instanceof Promise) answer.catch(() => {});
  const what = isThenable(answer) ? 'a promise' : `another ${typeof answer}`;
  const must = option === 'when' ? 'true or false, at once: it must not be async' : 'an AbortSignal, or undefined';
  return new BackupError('ERR_BACKUP_OPTIONS', `${label} was not run: its "${option}" function returned ${what}.`, {
    step: 'call',
    hint: `It must return ${must}.`,
  });
}
