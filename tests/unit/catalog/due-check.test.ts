import { ageOf, checkDue } from '#dist/catalog/due-check.js';
import { DAY, MINUTE, aBackup } from '../../support/planted-backups';

const now = Date.UTC(2026, 10, 24, 9, 30);
const intervalMs = 7 * DAY;
const agedBy = (ms: number) => aBackup(new Date(now - ms));

test('with no backup one is due', () => {
  expect(checkDue({ latest: undefined, now, intervalMs })).toEqual({ due: true, reason: 'none' });
});

test('a backup exactly seven days old is due', () => {
  const latest = agedBy(7 * DAY);
  expect(checkDue({ latest, now, intervalMs })).toEqual({ due: true, reason: 'too-old', latest, ageMs: 7 * DAY });
});

test('a backup one millisecond younger than seven days is not due, and it is known when it will be', () => {
  const latest = agedBy(7 * DAY - 1);
  expect(checkDue({ latest, now, intervalMs })).toEqual({
    due: false,
    reason: 'fresh',
    latest,
    ageMs: 7 * DAY - 1,
    dueAt: new Date(now + 1),
  });
});

test('a backup dated up to a minute ahead of the clock is fresh, of age 0', () => {
  const latest = agedBy(-MINUTE);
  expect(ageOf(latest, now)).toBe(0);
  expect(checkDue({ latest, now, intervalMs })).toMatchObject({ due: false, reason: 'fresh', ageMs: 0 });
});

test('with an interval of 0 one is always due', () => {
  expect(checkDue({ latest: agedBy(0), now, intervalMs: 0 })).toMatchObject({ due: true, ageMs: 0 });
  expect(checkDue({ latest: agedBy(-MINUTE), now, intervalMs: 0 })).toMatchObject({ due: true, ageMs: 0 });
});

describe('after a failure', () => {
  test('one that is due waits until it may be tried again', () => {
    const latest = agedBy(8 * DAY);
    const check = checkDue({ latest, now, intervalMs, retryAt: now + 1 });
    expect(check).toEqual({ due: false, reason: 'backing-off', latest, retryAt: new Date(now + 1) });
    expect(checkDue({ latest: undefined, now, intervalMs, retryAt: now + 1 })).toMatchObject({
      due: false,
      reason: 'backing-off',
      latest: undefined,
    });
  });

  test('it is due again at exactly that moment', () => {
    expect(checkDue({ latest: agedBy(8 * DAY), now, intervalMs, retryAt: now })).toMatchObject({ due: true });
    expect(checkDue({ latest: undefined, now, intervalMs, retryAt: now })).toEqual({ due: true, reason: 'none' });
  });

  test('a fresh backup, of whatever origin, is fresh', () => {
    expect(checkDue({ latest: agedBy(1), now, intervalMs, retryAt: now + 1 })).toMatchObject({ reason: 'fresh' });
  });
});
