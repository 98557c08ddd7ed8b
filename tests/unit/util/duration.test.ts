import {
  INTERVAL_IS,
  parseDuration,
  parseInterval,
  parseTimeout,
  parseWait,
  TIMEOUT_IS,
  WAIT_IS,
} from '#dist/util/duration.js';

test.each([
  ['7d', 604_800_000],
  ['12 hours', 43_200_000],
  ['90s', 90_000],
  ['1.5h', 5_400_000],
  ['250', 250],
  ['0', 0],
  [0, 0],
  [1, 1],
  [604_800_000, 604_800_000],
])('%j is %d milliseconds', (value, milliseconds) => {
  expect(parseDuration(value)).toBe(milliseconds);
});

test.each([
  ['a negative number', -1],
  ['a negative text', '-1d'],
  ['NaN', NaN],
  ['an infinite number', Infinity],
  ['the empty text', ''],
  ['a blank', ' '],
  ['words', 'seven days'],
  ['an unknown unit', '7 moons'],
  ['two lengths', '1d 2h'],
  ['a text longer than ms reads', '9'.repeat(101)],
  ['null', null],
  ['undefined', undefined],
  ['a boolean', true],
  ['an object', {}],
  ['a list', [7]],
  ['a BigInt', 7n],
])('%s is no duration', (_what, value) => {
  expect(parseDuration(value)).toBeUndefined();
});

test('what lasts longer than a thousand years is no duration: no date can be counted from it', () => {
  expect([parseDuration('1000y'), parseDuration('9999999y'), parseDuration(1e300)]).toEqual([
    31_557_600_000_000,
    undefined,
    undefined,
  ]);
});

test.each([5, '5', 0.5, 999, ' 7 ', NaN, -1, '9999999y'])(
  '%j is no wait: most likely its unit was left out',
  (value) => {
    expect(parseWait(value)).toBeUndefined();
    expect(WAIT_IS).toContain("'5m'");
  },
);

test.each([0, '0', 1000, '5ms', '5m'])('%j is a wait', (value) => {
  expect(parseWait(value)).toBe(parseDuration(value));
});

test.each([7, '7', 0, '0', '0s', '0.5ms', 999, -1, NaN])('%j is no timeout', (value) => {
  expect(parseTimeout(value)).toBeUndefined();
  expect(TIMEOUT_IS).toContain('"10m"');
});

test.each([1000, '1ms', '500ms', '10m'])('%j is a timeout', (value) => {
  expect(parseTimeout(value)).toBe(parseDuration(value));
});

test.each([0, '0', '0s', 60_000, '1m', '7d', 604_800_000])('%j is an interval', (value) => {
  expect(parseInterval(value)).toBe(parseDuration(value));
});

test.each([7, '7', 1, 0.5, '59s', 59_999, -1, NaN, Infinity, '', null, undefined, '7 moons'])(
  '%j is not an interval: most likely its unit was left out',
  (value) => {
    expect(parseInterval(value)).toBeUndefined();
    expect(INTERVAL_IS).toContain("'7d'");
  },
);
