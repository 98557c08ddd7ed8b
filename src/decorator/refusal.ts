import { isBackupError, retryAfter } from '../util/errors.js';
import type { BackupErrorCode } from '../util/errors.js';

/** How to answer a request whose method was not run. */
export interface Refusal {
  readonly status: 503;
  /** Seconds, for the header `Retry-After`. */
  readonly retryAfter: number;
  /** It has no path and no other detail. */
  readonly body: {
    readonly statusCode: 503;
    readonly error: string;
    readonly message: string;
    readonly code: BackupErrorCode;
  };
}

/**
 * How to answer over HTTP if this error kept a protected method from running: `onFailure: 'abort'` and no backup, an aborted
 * signal, a shutdown. `undefined` for every other error, those of a wrong set-up included.
 *
 * @example
 * app.use((error, request, response, next) => {
 *   const refusal = refusalOf(error);
 *   if (!refusal) return next(error);
 *   response.status(refusal.status).set('Retry-After', String(refusal.retryAfter)).json(refusal.body);
 * });
 */
export function refusalOf(error: unknown): Refusal | undefined {
  if (!isBackupError(error) || !error.retryAt) return undefined;
  return {
    status: 503,
    retryAfter: retryAfter(error.retryAt),
    body: {
      statusCode: 503,
      error: 'Service Unavailable',
      message: 'This needs a backup first, and none could be taken. Nothing was changed. Try again later.',
      code: error.code,
    },
  };
}
