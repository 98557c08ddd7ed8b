import { VERIFICATION_LEVELS } from './manifest.js';
import type { VerificationRecord } from './manifest.js';

/**
 * The result that a manifest keeps after another verification: the latest one. But a backup that failed stays failed until it
 * passes a verification of that level or a stronger one: a right hash says nothing against a failed drill. Pure.
 */
export function latestRecord(before: VerificationRecord | undefined, now: VerificationRecord): VerificationRecord {
  if (!before || before.ok || !now.ok) return now;
  return VERIFICATION_LEVELS.indexOf(now.level) < VERIFICATION_LEVELS.indexOf(before.level) ? before : now;
}

/** As much of a result as a manifest has room for: no more is read than a megabyte of it. Pure. */
export function boundedRecord(record: VerificationRecord): VerificationRecord {
  const cut = (text: string): string => (text.length > MAX_KEPT_TEXT ? `${text.slice(0, MAX_KEPT_TEXT - 1)}…` : text);
  return {
    ...record,
    ...(record.problems && { problems: record.problems.slice(0, MAX_KEPT).map(cut) }),
    ...(record.assertions && {
      // The failed ones first, where not all can be kept.
      assertions: (record.assertions.length > MAX_KEPT
        ? [...record.assertions].sort((a, b) => Number(a.ok) - Number(b.ok)).slice(0, MAX_KEPT)
        : record.assertions
      ).map(({ sql, ok, error }) => ({ sql: cut(sql), ok, ...(error !== undefined && { error: cut(error) }) })),
    }),
  };
}

const MAX_KEPT = 100;
const MAX_KEPT_TEXT = 1_000;
