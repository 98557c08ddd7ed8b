import { Inject, Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { BackupService } from '../service/backup-service.js';
import type { Backup } from '../catalog/backup.js';
import { INTERVAL_IS, parseInterval } from '../util/duration.js';
import type { Duration } from '../util/duration.js';
import { BackupError, isBackupError } from '../util/errors.js';
import type { BackupErrorCode } from '../util/errors.js';
import { show } from '../util/show.js';
import { sayAnswer } from '../service/verdict-words.js';
import { verdict } from '../service/verdict.js';
import type { VerdictMark } from '../service/verdict-types.js';
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
  /** The level of the verdict: `status` is down where it is `bad`. */
  readonly level: VerdictMark;
  readonly latest: string | undefined;
  /** Milliseconds. */
  readonly ageMs: number | undefined;
  readonly lastVerified: Date | undefined;
  readonly lastFailure: { readonly code: BackupErrorCode; readonly at: Date } | undefined;
  /** Why it is down. */
  readonly message?: string;
}

/**
 * For `@nestjs/terminus`: `health.check([() => backups.isHealthy('backup')])`. Down where the verdict is bad
 * (no backup, the last attempt of this process failed, a check found one broken, no room, the folder can't be read), or when the
 * newest one is older than `maxAge`. It looks at the backup folder; it starts no child process and opens no file of the database, of
 * which it knows what the last `status()` has found.
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
  async isHealthy<Key extends string = 'backup'>(
    key: Key = 'backup' as Key,
    { name, maxAge }: BackupHealthOptions = {},
  ): Promise<Record<Key, BackupHealth>> {
    const service = this.#container.get<BackupService>(getBackupServiceToken(name), { strict: false });
    const maxAgeMs = maxAge === undefined ? Infinity : parseInterval(maxAge);
    if (maxAgeMs === undefined) throw badMaxAge(maxAge);
    return { [key]: await healthOf(service, maxAgeMs) } as Record<Key, BackupHealth>;
  }
}

async function healthOf(service: BackupService, maxAgeMs: number): Promise<BackupHealth> {
  const found = await service.status({ wait: false }).catch((error: unknown) => {
    if (!isBackupError(error)) throw error;
    return error;
  });
  const now = Date.now();
  const judged = verdict(found, now);
  const { latest, lastFailure } = isBackupError(found)
    ? { latest: undefined, lastFailure: service.lastFailure }
    : found;
  const ageMs = latest && now - latest.createdAt.getTime();
  const message = judged.level === 'bad' ? `${sayAnswer(judged.worst, now)}.` : problemOf(ageMs, maxAgeMs);
  return {
    status: message === undefined ? 'up' : 'down',
    level: judged.level,
    latest: latest?.name,
    ageMs,
    lastVerified: latest && lastVerified(latest),
    lastFailure: lastFailure && { code: lastFailure.error.code, at: lastFailure.at },
    ...(message !== undefined && { message }),
  };
}

/** When it was taken, or later, by `verifyBackup()`. */
function lastVerified({ lastVerification, manifest }: Backup): Date | undefined {
  const at = lastVerification?.at ?? manifest?.verifiedAt;
  return at === undefined ? undefined : new Date(at);
}

function problemOf(ageMs: number | undefined, maxAgeMs: number): string | undefined {
  return ageMs !== undefined && ageMs > maxAgeMs
    ? `The newest backup is ${Math.floor(ageMs / 3_600_000)} hours old.`
    : undefined;
}

function badMaxAge(maxAge: unknown): BackupError {
  return new BackupError('ERR_BACKUP_OPTIONS', `isHealthy: maxAge is ${show(maxAge)}.`, {
    step: 'options',
    hint: `It must be ${INTERVAL_IS}.`,
  });
}
