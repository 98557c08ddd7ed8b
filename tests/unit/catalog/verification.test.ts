import type { VerificationLevel, VerificationRecord } from 'sqlite-autobackup';
import { VERIFICATION_LEVELS } from '#dist/catalog/manifest.js';
import { boundedRecord, latestRecord } from '#dist/catalog/verification.js';

const record = (level: VerificationLevel, ok: boolean, at = '2026-11-24T10:00:00.000Z'): VerificationRecord => ({
  level,
  ok,
  at,
});
const later = '2026-11-25T10:00:00.000Z';

test('the first result is kept', () => {
  expect(latestRecord(undefined, record('hash', false))).toEqual(record('hash', false));
});

test.each(VERIFICATION_LEVELS)('after a passed %s every later result is kept, of whatever level', (level) => {
  for (const next of VERIFICATION_LEVELS) {
    for (const ok of [true, false]) {
      const now = record(next, ok, later);
      expect(latestRecord(record(level, true), now)).toBe(now);
    }
  }
});

test.each(VERIFICATION_LEVELS)(
  'a failed %s is undone by nothing weaker, and by that level or a stronger one',
  (level) => {
    const failed = record(level, false);
    for (const next of VERIFICATION_LEVELS) {
      const passed = record(next, true, later);
      const weaker = VERIFICATION_LEVELS.indexOf(next) < VERIFICATION_LEVELS.indexOf(level);
      expect(latestRecord(failed, passed)).toBe(weaker ? failed : passed);
      const failedAgain = record(next, false, later);
      expect(latestRecord(failed, failedAgain)).toBe(failedAgain);
    }
  },
);

test('a manifest keeps no more of a result than it has room for, the failed assertions first', () => {
  const long = 'x'.repeat(5_000);
  const assertions = Array.from({ length: 300 }, (_, i) => ({ sql: `${long}${i}`, ok: i < 299, error: long }));
  const kept = boundedRecord({ ...record('drill', false), problems: assertions.map(({ error }) => error), assertions });
  expect(kept.problems).toHaveLength(100);
  expect(kept.assertions).toHaveLength(100);
  expect(kept.assertions![0]!.ok).toBe(false);
  expect(JSON.stringify(kept).length).toBeLessThan(310_000);
  const small = { ...record('drill', false), problems: ['no'], assertions: [{ sql: 'SELECT 0', ok: false }] };
  expect(boundedRecord(small)).toEqual(small);
});
