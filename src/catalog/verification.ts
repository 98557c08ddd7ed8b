import type { VerificationLevel, VerificationRecord } from './manifest.js';

/** From the weakest to the strongest. */
export const VERIFICATION_LEVELS: readonly VerificationLevel[] = ['hash', 'quick', 'full', 'drill'];

/**
 * What a manifest keeps after another verification: the latest result. But a backup that failed stays failed until it
 * passes a verification of that level or a stronger one: a right hash says nothing against a failed drill. Pure.
 */
export function latestRecord(before: VerificationRecord | undefined, now: VerificationRecord): VerificationRecord {
  if (!before || before.ok || !now.ok) return now;
  return VERIFICATION_LEVELS.indexOf(now.level) < VERIFICATION_LEVELS.indexOf(before.level) ? before : now;
}
