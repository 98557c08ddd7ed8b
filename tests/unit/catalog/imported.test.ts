import { canBeFrom, preferTaken, timeInName } from '#dist/catalog/imported.js';

const manifest = (importedAt?: string) => ({ manifest: (importedAt === undefined ? {} : { importedAt }) as never });

test.each([
  ['app_backup_20260301_120000.db', new Date(2026, 2, 1, 12)],
  ['a_backup_b_backup_20260301_120000', new Date(2026, 2, 1, 12)],
  ['app_backup_20260301_120000-copy.db', new Date(2026, 2, 1, 12)],
  ['app_backup_20260230_120000.db', undefined],
  ['app_backup_20260301_1200001.db', undefined],
  ['app_20260301_120000.db', undefined],
  ['app.db', undefined],
  ['', undefined],
])('%s', (name, time) => {
  expect(timeInName(name)).toEqual(time);
});

test('nothing can be from the future, or from before there was SQLite 3', () => {
  const now = Date.UTC(2026, 0);
  expect([now, now + 60_000, now - 1].every((time) => canBeFrom(new Date(time), now))).toBe(true);
  expect([now + 60_001, 0, NaN].some((time) => canBeFrom(new Date(time), now))).toBe(false);
});

test('what was taken here comes before what was brought in, as long as there is any', () => {
  const [brought, taken] = [manifest('2026-01-01T00:00:00.000Z'), manifest()];
  expect(preferTaken([brought, taken])).toBe(taken);
  expect(preferTaken([brought])).toBe(brought);
  expect(preferTaken([])).toBeUndefined();
  expect(preferTaken([brought, {}])).toEqual({});
});
