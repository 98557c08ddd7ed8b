import { BackupError, isBackupError, messageOf, systemCode } from '../util/errors.js';
import type { BackupErrorCode } from '../util/errors.js';
import { copyExists, copyNotFound, storeCancelled } from './backup-store.js';

interface BucketRef {
  readonly where: string;
  readonly bucket: string;
  readonly key: string;
  readonly signal: AbortSignal | undefined;
}

/** Turns what a server or the SDK said into an error that names the bucket and what to do. */
export function explainS3(cause: unknown, { where, bucket, key, signal }: BucketRef): BackupError {
  if (isBackupError(cause)) return cause;
  if (signal?.aborted) return storeCancelled(signal.reason);
  const name = cause instanceof Error ? cause.name : '';
  const status = (cause as { $metadata?: { httpStatusCode?: number } } | null)?.$metadata?.httpStatusCode;
  const said =
    name === 'Error' || name === '' || messageOf(cause).includes(name)
      ? messageOf(cause)
      : `${name}: ${messageOf(cause)}`;
  const as = (code: BackupErrorCode, what: string, hint: string): BackupError =>
    new BackupError(code, what, { step: 'store', hint, cause });

  if (name === 'PreconditionFailed' || name === 'ConditionalRequestConflict' || status === 412) {
    return copyExists(where, key, cause);
  }
  if (name === 'NoSuchBucket') {
    return as(
      'ERR_BACKUP_STORE_MISSING',
      `There is no bucket "${bucket}" (${where}).`,
      'Create it, or correct the option "bucket".',
    );
  }
  if (name === 'NoSuchKey' || name === 'NotFound' || status === 404) return copyNotFound(where, key, cause);
  if (name === 'RequestTimeTooSkewed' || name === 'RequestExpired') {
    return as(
      'ERR_BACKUP_STORE_DENIED',
      `"${where}" refused the request: the clock of this machine differs from the server's.`,
      'Set the clock of this machine right (NTP).',
    );
  }
  if (name === 'CredentialsProviderError' || name === 'TokenProviderError') {
    return as(
      'ERR_BACKUP_STORE_DENIED',
      `No credentials for "${where}" were found (${said}).`,
      'Give the option "credentials", or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or a role of the machine.',
    );
  }
  if (name === 'QuotaExceeded' || name === 'InsufficientStorage' || name === 'XMinioStorageFull' || status === 507) {
    return as(
      'ERR_BACKUP_STORE_FULL',
      `"${where}" has no room left (${said}).`,
      'Raise its quota, or set "retention" for the store, such as keep({ last: 20 }).',
    );
  }
  if (status === 401 || status === 403) {
    return as(
      'ERR_BACKUP_STORE_DENIED',
      `"${where}" refused the request (${said}).`,
      'Check the access key and its secret, and that it may list, read, write and, for retention, delete below the prefix.',
    );
  }
  return as(
    'ERR_BACKUP_STORE_FAILED',
    `"${where}" could not be used (${[said, systemCode(cause)].filter((text, i, all) => text !== '' && all.indexOf(text) === i).join(', ')}).`,
    status === undefined
      ? 'Check the option "endpoint" and the network between this machine and the server.'
      : `The server answered with the status ${status}: look at its own log or status page.`,
  );
}
