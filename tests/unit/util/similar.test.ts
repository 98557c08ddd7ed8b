import { similarName } from '#dist/util/similar.js';

const KNOWN = ['database', 'directory', 'interval', 'retention', 'verify', 'verifyEvery', 'by'];

test.each([
  ['datbase', 'database'], // one missing
  ['databasse', 'database'], // one too many
  ['dtaabase', 'database'], // two swapped
  ['datebase', 'database'], // another
  ['Directory', 'directory'],
  ['verifyevery', 'verifyEvery'], // not the shorter one that it begins with
  ['verfy', 'verify'],
])('%s: %s was probably meant', (given, meant) => {
  expect(similarName(given, KNOWN)).toBe(meant);
});

test.each(['', 'file', 'x', 'colour', '__proto__', 'database'.repeat(100_000)])('%#: nothing is near', (given) => {
  expect(similarName(given, KNOWN)).toBeUndefined();
});
