import { keep } from 'sqlite-autobackup';
import type { Backup, KeepRules } from 'sqlite-autobackup';
import { newestFirst } from '#dist/catalog/backup.js';
import { rulesOf } from '#dist/retention/keep.js';
import { thrownBy } from '../../support/errors';
import { aBackup, DAY, localTime } from '../../support/planted-backups';

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

describe('equal contents', () => {
  const of = (contents: string) =>
    Array.from(contents).map((letter, i) =>
      aBackup(new Date(now.getTime() - i * 60_000), letter === '?' ? {} : { sha256: letter.repeat(64) }),
    );
  const kept = (rules: KeepRules, contents: string) => {
    const backups = of(contents);
    return keep(rules)(backups, { now })
      .keep.map(({ backup }) => backups.indexOf(backup))
      .join(' ');
  };

  test.each([
    ['a burst of an unchanged database pushes no other state out', { last: 3 }, 'aaaaaaab', '0 1 7'],
    ['each contents has its newest', { last: 3 }, 'aabbaac', '0 2 6'],
    ['fewer contents than places: the newest of the others stay too', { last: 3 }, 'aaaaa', '0 1 2'],
    ['contents that nobody recorded are all different', { last: 3 }, '?????', '0 1 2'],
    ['all stay with Infinity', { last: Infinity }, 'aab?', '0 1 2 3'],
    ['all periods with Infinity', { daily: Infinity }, 'ab', '0'],
  ])('%s', (_what, rules, contents, expected) => {
    expect(kept(rules, contents)).toBe(expected);
  });
});

test('within counts a gap that is usual between the backups, although it is longer than the rule', () => {
  const everyTenDays = folder('2026-11-21 10:00', '2026-11-11 10:00', '2026-11-01 10:00', '2026-10-22 10:00');
  expect(reasonsOf({ within: '7d' }, everyTenDays)).toEqual(['20261121_1000: within 7d']);
});

test('within does not count the better part of a year, also where two backups are all there is', () => {
  expect(reasonsOf({ within: '30d' }, folder('2026-11-24 10:00', '2026-05-01 10:00'))).toHaveLength(2);
});

test('within does not count a third of a year, although these backups are usually months apart', () => {
  const everyTwoMonths = folder('2026-11-01 10:00', '2026-07-01 10:00', '2026-05-01 10:00', '2026-03-01 10:00');
  expect(reasonsOf({ within: '45d' }, everyTwoMonths)).toHaveLength(2);
});

test.each([31, 60, 100])('within, under a clock that is %i days ahead, keeps the real backups and warns', (days) => {
  const real = [0, 1, 2, 3, 5].map((day) => new Date(localTime('2026-11-24 10:00:00').getTime() - day * DAY));
  const ahead = new Date(real[0]!.getTime() + days * DAY);
  const { remove, warnings } = keep({ within: '30d' })(
    [ahead, ...real].map((at) => aBackup(at)),
    { now: ahead },
  );
  expect(remove).toEqual([]);
  expect(warnings).toEqual([expect.stringContaining(`${days} days after`)]);
  // Once the clock has gone on for so long, they are too old.
  const later = [29, 20, 10].map((day) => new Date(ahead.getTime() + day * DAY));
  const next = new Date(ahead.getTime() + 31 * DAY);
  const all = [next, ...later, ahead, ...real].map((at) => aBackup(at));
  expect(keep({ within: '30d' })(all, { now: next }).remove).toHaveLength(1 + real.length);
});

test.each([31, 40, 99])('of two backups that are %i days apart the older one stays, with a warning', (days) => {
  const ahead = new Date(now.getTime() + days * DAY);
  const decision = keep({ within: '30d' })([aBackup(ahead), aBackup(now)], { now: ahead });
  expect(decision.remove).toEqual([]);
  expect(decision.warnings).toEqual([expect.stringContaining(`${days} days after`)]);
  // A third one, as far from the second, says that this is how often backups are made.
  const next = new Date(ahead.getTime() + days * DAY);
  const later = keep({ within: '30d' })(
    [next, ahead, now].map((at) => aBackup(at)),
    { now: next },
  );
  expect([later.remove.length, later.warnings]).toEqual([2, undefined]);
});

describe('within, under a clock that is years ahead', () => {
  const real = ['2026-11-24 10:00', '2026-11-20 10:00', '2026-10-26 10:00', '2026-10-24 10:00'];
  const decide = (...times: string[]) => keep({ within: '30d' })(folder(...times, ...real), { now });
  const names = (...times: string[]) => decide(...times).keep.map(({ backup }) => backup.name.slice(11, 19));

  test('the real ones stay as if there were no gap, however many are made under that clock, with a warning', () => {
    const before = names();
    expect(before).toEqual(['20261124', '20261120', '20261026']);
    const wrong: string[] = [];
    for (const day of ['01', '02', '03']) {
      wrong.unshift(`2036-01-${day} 10:00`);
      expect(names(...wrong)).toEqual([
        ...wrong.map((time) => time.slice(0, 10).replaceAll('-', '')),
        ...before.slice(0, 2),
        ...(day !== '03' ? ['20261026'] : []),
      ]);
    }
    expect(decide(...wrong).warnings).toEqual([
      '"app_backup_20360101_100000.db" is dated 3325 days after the backup before it. Is the clock right? The retention rule ' +
        '"within" does not count that time.',
    ]);
    expect(decide().warnings).toBeUndefined();
  });

  test('a gap that is no longer than the rule is time like any other', () => {
    const yearly = folder('2026-11-24 10:00', '2026-01-24 10:00', '2025-03-24 10:00');
    expect(reasonsOf({ within: '1y' }, yearly)).toHaveLength(2);
    const rare = folder('2026-11-24 10:00', '2026-08-24 10:00', '2026-05-24 10:00');
    expect(reasonsOf({ within: '10m' }, rare)).toHaveLength(1);
  });
});

test('a policy of keep() is data, one of your own is not', () => {
  expect(rulesOf(keep({ last: 3, within: '30d' }))).toEqual({ last: 3, within: '30d' });
  expect(rulesOf(() => ({ keep: [], remove: [] }))).toBeUndefined();
});

test('changing the rules afterwards changes no policy', () => {
  const rules = { last: 2 };
  const policy = keep(rules);
  rules.last = 0;
  expect(policy(three, { now }).keep).toHaveLength(2);
});

const LENGTH =
  "Use a length of time with its unit, such as '30d' for thirty days or '12h' (a bare number is milliseconds): 0, or at least a minute.";
test.each([
  [{ last: -1 }, 'keep({ last: -1 }): wrong value. Use a whole number of 0 or more, or Infinity.'],
  [{ daily: 1.5 }, 'keep({ daily: 1.5 }): wrong value. Use a whole number of 0 or more, or Infinity.'],
  [{ weekly: '3' }, 'keep({ weekly: "3" }): wrong value. Use a whole number of 0 or more, or Infinity.'],
  [{ monthly: NaN }, 'keep({ monthly: NaN }): wrong value. Use a whole number of 0 or more, or Infinity.'],
  [{ last: 20n }, 'keep({ last: 20n }): wrong value. Use a whole number of 0 or more, or Infinity.'],
  [{ daily: -Infinity }, 'keep({ daily: -Infinity }): wrong value. Use a whole number of 0 or more, or Infinity.'],
  [{ within: 'soon' }, `keep({ within: "soon" }): wrong value. ${LENGTH}`],
  [{ within: 30 }, `keep({ within: 30 }): wrong value. ${LENGTH}`],
  [{ within: '59s' }, `keep({ within: "59s" }): wrong value. ${LENGTH}`],
  [{ hourly: 3 }, 'keep({ hourly: 3 }): unknown rule. Use one of last, within, daily, weekly, monthly, yearly.'],
  [
    { dayly: 3 },
    'keep({ dayly: 3 }): unknown rule. Use "daily": it is one of last, within, daily, weekly, monthly, yearly.',
  ],
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
