import fc from 'fast-check';
import { ACTIVITY_ACTIONS, FAILING, formatActivity, parseActivities } from '#dist/activity/activity.js';
import type { Activity } from '#dist/activity/activity.js';

const AT = new Date('2026-11-24T09:30:00.500Z');
const made: Activity = { at: AT, action: 'created', by: { via: 'app' }, name: 'app_backup_20261124_093000.db' };

/** Short texts of any characters, line breaks and quotes among them. */
const short = fc.string({ unit: 'binary', maxLength: 20 });
const anActivity: fc.Arbitrary<Activity> = fc.record(
  {
    at: fc.date({ min: new Date('1970-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }),
    action: fc.constantFrom(...ACTIVITY_ACTIONS),
    by: fc.record(
      { via: fc.constantFrom('app', 'cli', 'dashboard'), user: short, host: short, pid: fc.nat() },
      { requiredKeys: ['via'] },
    ),
    name: short,
    names: fc.array(short, { maxLength: 40 }),
    of: fc.constantFrom(...FAILING),
    code: fc.constant('ERR_BACKUP_NO_SPACE' as const),
    message: short,
    ok: fc.boolean(),
    level: fc.constantFrom('hash', 'quick', 'full', 'drill'),
    to: short,
    rows: fc.nat(),
    durationMs: fc.nat(),
  },
  { requiredKeys: ['at', 'action', 'by'] },
);

test('whatever was done, its line is read as it was written', () => {
  fc.assert(
    fc.property(fc.array(anActivity, { maxLength: 5 }), (all) => {
      expect(parseActivities(all.map(formatActivity).join(''))).toEqual(all);
    }),
  );
});

test('a file cut at any byte, and garbage in any place between the lines, loses no whole line but the one that was hit', () => {
  const garbage = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.json(),
    fc.constantFrom('{', '[]', 'null', '\0\0\0', '{"formatVersion":2,"at":"2026-11-24T09:30:00.500Z"}'),
    anActivity.map((each) => formatActivity(each).slice(0, -9)),
  );
  fc.assert(
    fc.property(fc.array(anActivity, { minLength: 1, maxLength: 4 }), garbage, fc.nat(), (all, bad, seed) => {
      const place = seed % (all.length + 1);
      const lines = all.map(formatActivity);
      // Garbage may itself hold line breaks and whole lines: only what is not ours must go.
      const between = [...lines.slice(0, place), `${bad}\n`, ...lines.slice(place)].join('');
      const own = all.map((each) => JSON.stringify(each));
      const read = parseActivities(between).map((each) => JSON.stringify(each));
      expect(read.filter((each) => own.includes(each))).toEqual(own);

      const whole = lines.join('');
      const cut = seed % whole.length;
      const untouched = whole.slice(0, cut).split('\n').length - 1;
      expect(parseActivities(whole.slice(0, cut)).slice(0, untouched)).toEqual(all.slice(0, untouched));
      expect(parseActivities(whole.slice(0, cut)).length).toBeLessThanOrEqual(untouched + 1);
    }),
  );
});

test('a line of a later version, one of an unknown action and one with a wrong value are passed over', () => {
  const line = JSON.parse(formatActivity(made)) as object;
  const bad = [
    { ...line, formatVersion: 2 },
    { ...line, action: 'exploded' },
    { ...line, by: { via: 'mail' } },
    { ...line, at: 'yesterday' },
    { ...line, rows: -1 },
    { ...line, name: 'x'.repeat(256) },
  ];
  const text = bad.map((each) => JSON.stringify(each)).join('\n');
  expect(parseActivities(`${text}\n${formatActivity(made)}`)).toEqual([made]);
});

test('a key that this version does not know is no part of what is read', () => {
  const line = { ...(JSON.parse(formatActivity(made)) as object), colour: 'red', __proto__: null };
  expect(parseActivities(JSON.stringify(line))).toEqual([made]);
});

test('texts that come from elsewhere are one short line: none can push out the others', () => {
  const line = formatActivity({
    ...made,
    by: { via: 'dashboard', person: 'anna\n{"action":"deleted"}' },
    label: 'x'.repeat(100_000),
    message: 'y'.repeat(100_000),
    names: Array.from({ length: 1_000 }, (_, i) => `app_backup_${i}.db`),
  });
  expect(line.length).toBeLessThan(4_096);
  const [read] = parseActivities(line);
  expect(read?.by.person).toBe('anna {"action":"deleted"}');
  expect(read?.names).toHaveLength(40);
});
