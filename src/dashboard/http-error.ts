import { isBackupError } from '../index.js';
import type { BackupErrorCode } from '../index.js';

/** The errors of the dashboard itself, with their HTTP status. Documented in docs/dashboard.md. */
export const DASHBOARD_ERRORS = {
  ERR_DASHBOARD_FORBIDDEN: 403,
  ERR_DASHBOARD_CROSS_SITE: 403,
  ERR_DASHBOARD_HOST: 403,
  ERR_DASHBOARD_NOT_FOUND: 404,
  ERR_DASHBOARD_CONFIRMATION: 400,
  ERR_DASHBOARD_BUSY: 409,
  ERR_DASHBOARD_PROTECTED: 409,
  ERR_DASHBOARD_NOTHING_CHOSEN: 400,
  ERR_DASHBOARD_TOO_MANY: 503,
  ERR_DASHBOARD_BODY: 400,
  ERR_DASHBOARD_BODY_TIMEOUT: 408,
  ERR_DASHBOARD_BODY_TOO_LARGE: 413,
  ERR_DASHBOARD_BODY_TYPE: 415,
  ERR_DASHBOARD_INTERNAL: 500,
} as const;

export type DashboardErrorCode = keyof typeof DASHBOARD_ERRORS;

/** The answer to a request that is refused. Never leaves the dashboard. */
export class HttpError extends Error {
  constructor(readonly code: DashboardErrorCode) {
    super(code);
  }
}

/** All that an answer tells of an error: its code. Messages of the core name files and folders. */
export interface PublicError {
  readonly code: DashboardErrorCode | BackupErrorCode;
  readonly status: number;
}

const BACKUP_ERROR_STATUS: Partial<Record<BackupErrorCode, number>> = {
  ERR_BACKUP_OPTIONS: 400,
  // A name that can't be one, and one that is not there: the same to whoever asks.
  ERR_BACKUP_INVALID_NAME: 404,
  ERR_BACKUP_NOT_FOUND: 404,
  ERR_BACKUP_PROTECTED: 409,
  ERR_BACKUP_LOCK_TIMEOUT: 503,
  ERR_BACKUP_SOURCE_LOCKED: 503,
  ERR_BACKUP_NO_SPACE: 507,
  ERR_BACKUP_IMPORT: 422,
};

export function toPublicError(error: unknown): PublicError {
  if (error instanceof HttpError) return { code: error.code, status: DASHBOARD_ERRORS[error.code] };
  if (isBackupError(error, 'ERR_BACKUP_INVALID_NAME')) return { code: 'ERR_BACKUP_NOT_FOUND', status: 404 };
  if (isBackupError(error)) return { code: error.code, status: BACKUP_ERROR_STATUS[error.code] ?? 500 };
  return { code: 'ERR_DASHBOARD_INTERNAL', status: 500 };
}
