import { Inject, Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { BackupService } from '../service/backup-service.js';
import type { Backup } from '../catalog/backup.js';
import { INTERVAL_IS, parseInterval } from '../util/duration.js';
import type { Duration } from '../util/duration.js';
import { BACKUP_ERROR_CODES, BackupError, isBackupError } from '../util/errors.js';
import type { BackupErrorCode } from '../util/errors.js';
import { getBackupServiceToken } from './tokens.js';

/** When the health indicator reports that backups are down. */
export interface BackupHealthOptions {
  /** Names the service whose health it is, that of `AutoBackupModule.forRoot({ name })`. Default: the one without a name. */
  name?: string;
  /**
   * Down if the newest backup is older. Default: its age is shown, not judged. Backups are taken on use, so a shop that was
   * closed for three weeks is healthy with one that is three weeks old.
   */
  maxAge?: Duration;
}

/** The report of `isHealthy()`. Health pages are often public: it names no path, only what `docs/errors.md` says of a code. */
export interface BackupHealth {
  readonly status: 'up' | 'down';
  readonly latest: string | undefined;
  /** Milliseconds. */
  readonly ageMs: number | undefined;
  readonly lastVerified: Date | undefined;
  readonly lastFailure: { readonly code: BackupErrorCode; readonly at: Date } | undefined;
  /** Why it is down. */
  readonly message?: string;
}

/**
 * For `@nestjs/terminus`: `health.check([() => backups.isHealthy('backup')])`. Down when there is no backup, when the last
 * attempt of this process failed, when the folder can't be read, or when the newest one is older than `maxAge`. It looks at
 * the backup folder; it starts no child process and opens no file of the database.
 */
@Injectable()
export class AutoBackupHealthIndicator {
  readonly #container: ModuleRef;

  constructor(@Inject(ModuleRef) container: ModuleRef) {
    this.#container = container;
  }

  /**
   * Reports the state of the backups under `key`.
   *
   * @throws BackupError `ERR_BACKUP_OPTIONS` for a `maxAge` that is neither 0 nor at least a minute
   */
  // eslint-disable-next-line @typescript-eslint/require-await -- a promise, so that errors are rejections
  async isHealthy<Key extends string = 'backup'>(
    key: Key = 'backup' as Key,
    { name, maxAge }: BackupHealthOptions = {},
  ): Promise<Record<Key, BackupHealth>> {
    const service = this.#container.get<BackupService>(getBackupServiceToken(name), { strict: false });
    const maxAgeMs = maxAge === undefined ? Infinity : parseInterval(maxAge);
    if (maxAgeMs === undefined) throw badMaxAge(maxAge);
    return { [key]: healthOf(service, maxAgeMs, Date.now()) } as Record<Key, BackupHealth>;
  }
}

function healthOf(service: BackupService, maxAgeMs: number, now: number): BackupHealth {
  let latest: Backup | undefined;
  let unreadable: string | undefined;
  try {
    latest = service.getLatestBackup();
  } catch (error) {
    if (!isBackupError(error)) throw error;
    unreadable = BACKUP_ERROR_CODES[error.code];
  }
  const failure = service.lastFailure;
  const ageMs = latest && now - latest.createdAt.getTime();
  const message =
    unreadable ??
    (failure && `The last attempt failed: ${BACKUP_ERROR_CODES[failure.error.code]}`) ??
    problemOf(ageMs, maxAgeMs);
  return {
    status: message === undefined ? 'up' : 'down',
    latest: latest?.name,
    ageMs,
    lastVerified: latest && lastVerified(latest),
    lastFailure: failure && { code: failure.error.code, at: failure.at },
    ...(message !== undefined && { message }),
  };
}

/** When it was taken, or later, by `verifyBackup()`. */
function lastVerified({ lastVerification, manifest }: Backup): Date | undefined {
  const at = lastVerification?.at ?? manifest?.verifiedAt;
  return at === undefined ? undefined : new Date(at);
}

function problemOf(ageMs: number | undefined, maxAgeMs: number): string | undefined {
  if (ageMs === undefined) return 'There is no backup yet.';
  return ageMs > maxAgeMs ? `The newest backup is ${Math.floor(ageMs / 3_600_000)} hours old.` : undefined;
}

function badMaxAge(maxAge: unknown): BackupError {
  return new BackupError('ERR_BACKUP_OPTIONS', `isHealthy: maxAge is ${JSON.stringify(maxAge)}.`, {
    step: 'options',
    hint: `It must be ${INTERVAL_IS}.`,
  });
}
