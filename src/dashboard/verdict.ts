import type { Backup, BackupErrorCode, ServiceStatus } from '../index.js';

/** The verdict that the owner sees first: a colour, and the fact that decides it. */
export type Verdict =
  | { readonly level: 'good'; readonly kind: 'safe'; readonly at: Date }
  /** Fresh, but made by another program and never checked. */
  | { readonly level: 'warn'; readonly kind: 'unverified'; readonly at: Date }
  | { readonly level: 'warn'; readonly kind: 'due'; readonly at: Date }
  | { readonly level: 'bad'; readonly kind: 'none' }
  /** There are backups, but the database that they are of is gone. */
  | { readonly level: 'bad'; readonly kind: 'missing' }
  /** There are some, but none that counts: broken, or dated in the future. */
  | { readonly level: 'bad'; readonly kind: 'unusable' }
  | {
      readonly level: 'bad';
      readonly kind: 'failed';
      readonly code: BackupErrorCode;
      readonly freeBytes: number | undefined;
      readonly retryAt: Date;
    }
  /** Nothing is known: the folder cannot be read. */
  | { readonly level: 'bad'; readonly kind: 'unreadable'; readonly code: string };

/** Pure. The worst fact wins. */
export function judge(status: ServiceStatus): Verdict {
  const { lastFailure, latest, due, freeBytes } = status;
  if (lastFailure) {
    const { error, retryAt } = lastFailure;
    return { level: 'bad', kind: 'failed', code: error.code, freeBytes, retryAt };
  }
  if (!latest) return { level: 'bad', kind: status.backupCount > 0 ? 'unusable' : 'none' };
  if (status.database.sizeBytes === undefined) return { level: 'bad', kind: 'missing' };
  const at = latest.createdAt;
  if (due.reason !== 'fresh') return { level: 'warn', kind: 'due', at };
  return isVerified(latest) ? { level: 'good', kind: 'safe', at } : { level: 'warn', kind: 'unverified', at };
}

export function isVerified({ verified, lastVerification }: Backup): boolean {
  return lastVerification ? lastVerification.ok : verified !== undefined;
}
