import { show } from '#dist/util/show.js';

test.each([
  ['a line separator', 'a\u2028b', '"a | b"'],
  ['a turn of the direction of writing', 'a\u202eb', '"a\\u202eb"'],
  ['an escape sequence of eight bits', 'a\u009b31mb', '"a\\u009b31mb"'],
  ['a line break', 'a\nb', '"a\\nb"'],
])('%s in a value is not shown as it is', (_what, value, shown) => {
  expect(show(value)).toBe(shown);
  expect(show({ value })).not.toMatch(/[\u0080-\u009f\u2028\u202e\n]/);
});
