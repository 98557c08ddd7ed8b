import { keep } from 'sqlite-autobackup';
import type { Backup, KeepRules } from 'sqlite-autobackup';
import { newestFirst } from '#dist/catalog/backup.js';
import { thrownBy } from '../../support/errors';
import { aBackup, localTime } from '../../support/planted-backups';

const folder = (...times: string[]) => times.map((at) => aBackup(`${at}:00`)).sort(newestFirst);
const now = localTime('2026-11-24 12:00:00');

/** The minutes of the backups that stay, with the reasons. */
function reasonsOf(rules: KeepRules, backups: readonly Backup[]): string[] {
  const decision = keep(rules)(backups, { now });
  const mentioned = [...decision.keep.map(({ backup }) => backup), ...decision.remove];
  expect(mentioned.sort(newestFirst)).toEqual(backups);
  return decision.keep.map(({ backup, reasons }) => `${backup.name.slice(11, 24)}: ${reasons.join(', ')}`);
}

const three = folder('2026-11-24 10:00', '2026-11-24 09:00', '2026-11-23 09:00');

test('last keeps the newest so many, each with its place', () => {
  expect(reasonsOf({ last: 2 }, three)).toEqual(['20261124_1000: last 1 of 2', '20261124_0900: last 2 of 2']);
});

test('a rule of 0 keeps nothing, like a rule that is absent or undefined', () => {
  const nothing = { last: 0, within: 0, daily: 0, weekly: 0, monthly: 0, yearly: 0 };
  expect(reasonsOf(nothing, three)).toEqual([]);
  expect(reasonsOf({ last: undefined } as unknown as KeepRules, three)).toEqual([]);
  expect(reasonsOf({}, three)).toEqual([]);
});

test('within takes exactly its length in, and one millisecond more is out', () => {
  const [newest] = folder('2026-11-24 10:00');
  const at = (ms: number) => aBackup(new Date(newest!.createdAt.getTime() - ms), { name: `${ms}` });
  const kept = keep({ within: '1d' })([newest!, at(86_400_000), at(86_400_001)], { now }).keep;
  expect(kept.map(({ backup }) => backup.name)).toEqual([newest!.name, '86400000']);
});

test('within counts from the newest backup, not from now: after a closed year everything would go', () => {
  expect(reasonsOf({ within: '2h' }, folder('2020-01-02 10:00', '2020-01-02 09:00', '2020-01-01 09:00'))).toEqual([
    '20200102_1000: within 2h',
    '20200102_0900: within 2h',
  ]);
});

test('daily counts days that have a backup, so a gap costs none', () => {
  const gaps = folder('2026-11-24 10:00', '2026-11-24 09:00', '2026-10-01 09:00', '2026-05-05 09:00');
  expect(reasonsOf({ daily: 2 }, gaps)).toEqual(['20261124_1000: daily 2026-11-24', '20261001_0900: daily 2026-10-01']);
});

test('a day ends at local midnight', () => {
  expect(reasonsOf({ daily: 5 }, folder('2026-11-24 00:00', '2026-11-23 23:59'))).toHaveLength(2);
  expect(reasonsOf({ daily: 5 }, folder('2026-11-23 23:59', '2026-11-23 00:00'))).toHaveLength(1);
});

test.each([
  ['2026-11-22 23:59', '2026-W47'],
  ['2026-11-23 00:00', '2026-W48'],
  ['2027-01-03 12:00', '2026-W53'],
  ['2024-12-30 12:00', '2025-W01'],
])('the week of %s is %s', (at, week) => {
  expect(reasonsOf({ weekly: 1 }, folder(at))[0]).toMatch(new RegExp(`weekly ${week}$`));
});

test('rules add up, and a backup that several keep has all their reasons', () => {
  expect(reasonsOf({ last: 1, daily: 2, yearly: 1 }, three)).toEqual([
    '20261124_1000: last 1 of 1, daily 2026-11-24, yearly 2026',
    '20261123_0900: daily 2026-11-23',
  ]);
});

test('an empty folder is no problem', () => {
  expect(keep({ last: 3, within: '1d', daily: 2 })([], { now })).toEqual({ keep: [], remove: [] });
});

test('changing the rules afterwards changes no policy', () => {
  const rules = { last: 2 };
  const policy = keep(rules);
  rules.last = 0;
  expect(policy(three, { now }).keep).toHaveLength(2);
});

test.each([
  [{ last: -1 }, 'keep({ last: -1 }): wrong value. Use a whole number of 0 or more.'],
  [{ daily: 1.5 }, 'keep({ daily: 1.5 }): wrong value. Use a whole number of 0 or more.'],
  [{ weekly: '3' }, 'keep({ weekly: "3" }): wrong value. Use a whole number of 0 or more.'],
  [{ monthly: NaN }, 'keep({ monthly: NaN }): wrong value. Use a whole number of 0 or more.'],
  [{ last: 20n }, 'keep({ last: 20n }): wrong value. Use a whole number of 0 or more.'],
  [{ within: 'soon' }, 'keep({ within: "soon" }): wrong value. Use a duration such as "30d", or milliseconds.'],
  [{ hourly: 3 }, 'keep({ hourly: 3 }): unknown rule. Use one of last, within, daily, weekly, monthly, yearly.'],
  [{ toString: 3 }, 'keep({ toString: 3 }): unknown rule. Use one of last, within, daily, weekly, monthly, yearly.'],
])('%p is refused with what is allowed', (rules, message) => {
  const error = thrownBy(() => keep(rules as KeepRules));
  expect([error.code, error.message]).toEqual(['ERR_BACKUP_OPTIONS', message]);
});

test.each([[undefined], [null], [20], ['20'], [[20]]])(
  'keep(%p) is refused: it would keep nothing by itself',
  (rules) => {
    const error = thrownBy(() => keep(rules as unknown as KeepRules));
    expect([error.code, error.hint]).toEqual(['ERR_BACKUP_OPTIONS', 'Write keep({ last: 20 }).']);
  },
);
