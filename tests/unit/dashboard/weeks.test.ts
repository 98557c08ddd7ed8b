import { aBackup, localTime } from '../../support/planted-backups';
import { DIST, runNode } from '../../support/run-node';
import { countWeeks } from '#dist/dashboard/views/weeks.js';

// A Tuesday.
const NOW = localTime('2026-11-24 12:00:00');
const counted = (...times: string[]) =>
  countWeeks(
    times.map((time) => aBackup(time)),
    NOW,
  ).map(({ count }) => count);
const only = (index: number, count = 1) => Array.from({ length: 52 }, (_, i) => (i === index ? count : 0));

test('the last 52 weeks, the current one last', () => {
  expect(counted()).toEqual(only(-1));
  expect(counted('2026-11-24 09:30:00', '2026-11-23 00:00:00')).toEqual(only(51, 2));
  expect(counted('2026-11-29 23:59:59')).toEqual(only(51));
  expect(countWeeks([], NOW).at(-1)!.monday).toEqual(localTime('2026-11-23 00:00:00'));
});

test('a week begins on Monday at midnight, local time', () => {
  expect(counted('2026-11-22 23:59:59')).toEqual(only(50));
  expect(counted('2026-11-23 00:00:00')).toEqual(only(51));
});

test('what is older, or later than this week, is not counted; nor is what does not count as a backup', () => {
  expect(counted('2025-12-01 00:00:00')).toEqual(only(0));
  expect(counted('2025-11-30 23:59:59', '2019-01-01 00:00:00', '2026-11-30 00:00:00')).toEqual(only(-1));
  expect(countWeeks([aBackup('2026-11-24 09:30:00', { problem: 'damaged' })], NOW).map(({ count }) => count)).toEqual(
    only(-1),
  );
});

test('weeks of 167 and 169 hours are weeks', () => {
  const source = `
    const { countWeeks } = require(process.argv[1] + '/dashboard/views/weeks.js');
    const weeks = countWeeks([], new Date(2026, 10, 24, 12));
    console.log(JSON.stringify(weeks.map(({ monday }) => [monday.getDay(), monday.getHours()].join())));`;
  const starts = runNode<string[]>(source, { args: [DIST], env: { TZ: 'America/New_York' } });
  expect(new Set(starts)).toEqual(new Set(['1,0']));
});
