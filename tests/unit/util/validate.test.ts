import { validate } from '#dist/util/validate.js';
import type { Valibot } from '#dist/util/validate.js';
import { thrownBy } from '../../support/errors';

const schemaOf = (v: Valibot) =>
  v.strictObject({
    name: v.pipe(v.string('a text'), v.nonEmpty('a text that is not empty')),
    count: v.optional(v.number('a number')),
  });

const check = (options: unknown) => validate('Shop', schemaOf, options);

test('options that fit pass', () => {
  expect(() => check({ name: 'main' })).not.toThrow();
  expect(() => check({ name: 'main', count: 5 })).not.toThrow();
  expect(() => check({ name: 'main', count: undefined })).not.toThrow();
});

test.each([
  [{ name: 5 }, 'Shop: the option "name" is 5. It must be a text.'],
  [{ name: '' }, 'Shop: the option "name" is "". It must be a text that is not empty.'],
  [{}, 'Shop: the option "name" is missing. It must be a text.'],
  [{ name: undefined }, 'Shop: the option "name" is missing. It must be a text.'],
  [{ name: 'main', count: 'five' }, 'Shop: the option "count" is "five". It must be a number.'],
  [{ name: 'main', count: null }, 'Shop: the option "count" is null. It must be a number.'],
  [{ name: 'main', colour: 'red' }, 'Shop: there is no option "colour". The options are name, count.'],
  [{ nmae: 'main' }, 'Shop: there is no option "nmae". Did you mean "name"? The options are name, count.'],
  [
    { count: 'five', Name: 'main' },
    'Shop: there is no option "Name". Did you mean "name"? The options are name, count.',
  ],
  [null, 'Shop: the options are null. They must be an object.'],
  ['main', 'Shop: the options are "main". They must be an object.'],
])('%j: the message says what is wrong and what is allowed', (options, message) => {
  expect(thrownBy(() => check(options)).message).toBe(message);
});

test('a value that JSON cannot show is shown all the same', () => {
  const cycle: Record<string, unknown> = {};
  cycle['self'] = cycle;
  expect(thrownBy(() => check({ name: cycle })).message).toContain('is <ref *1> { self: [Circular *1] }.');
  expect(thrownBy(() => check({ name: 10n })).message).toContain('is 10n.');
  expect(thrownBy(() => check({ name: Symbol('x') })).message).toContain('is Symbol(x).');
});
