import type { Backup } from './backup.js';

/** Is a backup due, and why (not)? */
export type DueCheck =
  /** The service is switched off (`enabled: false`). */
  | { readonly due: false; readonly reason: 'disabled' }
  | { readonly due: true; readonly reason: 'none' }
  | { readonly due: true; readonly reason: 'too-old'; readonly latest: Backup; readonly ageMs: number }
  | {
      readonly due: false;
      readonly reason: 'fresh';
      readonly latest: Backup;
      readonly ageMs: number;
      /** When it becomes due. */
      readonly dueAt: Date;
    }
  | {
      readonly due: false;
      /** A backup is due, but the last attempt failed a moment ago. */
      readonly reason: 'backing-off';
      readonly latest: Backup | undefined;
      readonly retryAt: Date;
    };

export interface DueCheckInput {
  readonly latest: Backup | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly intervalMs: number;
  /** The time before which there is no further attempt, in milliseconds since 1970. */
  readonly retryAt?: number | undefined;
}

/** Exactly `intervalMs` old is due. Pure. */
export function checkDue({
  latest,
  now,
  intervalMs,
  retryAt,
}: DueCheckInput): Exclude<DueCheck, { reason: 'disabled' }> {
  const ageMs = latest && ageOf(latest, now);
  if (latest && ageMs !== undefined && ageMs < intervalMs) {
    return { due: false, reason: 'fresh', latest, ageMs, dueAt: new Date(latest.createdAt.getTime() + intervalMs) };
  }
  if (retryAt !== undefined && now < retryAt) {
    return { due: false, reason: 'backing-off', latest, retryAt: new Date(retryAt) };
  }
  return latest && ageMs !== undefined
    ? { due: true, reason: 'too-old', latest, ageMs }
    : { due: true, reason: 'none' };
}

/** Milliseconds, never below zero: a backup may be dated up to a minute ahead of this clock. */
export function ageOf(backup: Backup, now: number): number {
  return Math.max(0, now - backup.createdAt.getTime());
}
