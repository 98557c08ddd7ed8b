import fs from 'node:fs';
import path from 'node:path';

// What `npm run mutants` makes wrong. It takes most of an hour, so it is seldom run: here the lists are compared with the code.
const ROOT = path.join(__dirname, '..', '..');
const LISTS = path.join(ROOT, 'tests', 'mutants');

interface Mutant {
  readonly what: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  readonly tests: readonly string[];
  readonly only?: string;
}

const lists = fs.readdirSync(LISTS).filter((file) => file.endsWith('.json'));
const testFiles = ['unit', 'integration', 'cli', 'faults'].flatMap((part) =>
  fs
    .readdirSync(path.join(ROOT, 'tests', part), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => path.join('tests', part, file).replaceAll(path.sep, '/')),
);
const read = (...names: string[]): string => fs.readFileSync(path.join(ROOT, ...names), 'utf8');

test.each(lists)(
  'each mutant of %s has one line of the code, another text for it, and tests that there are',
  (list) => {
    const mutants = JSON.parse(read('tests', 'mutants', list)) as Mutant[];
    const wrong = mutants.flatMap(({ what, file, find, replace, tests, only = '' }) => {
      const times = read('src', file).split(find).length - 1;
      const own = tests.map((test) => testFiles.filter((each) => each.includes(`tests/${test}`)));
      const texts = own.flat().map((each) => read(each));
      return [
        ...(times === 1 ? [] : [`${what}: src/${file} has its text ${times} times`]),
        ...(find === replace ? [`${what}: nothing is changed`] : []),
        ...own.flatMap((each, i) => (each.length > 0 ? [] : [`${what}: there is no test ${tests[i]}`])),
        ...only
          .split('|')
          .filter((name) => !texts.some((text) => text.includes(name)))
          .map((name) => `${what}: no test is called "${name}"`),
      ];
    });
    expect(wrong).toEqual([]);
  },
);

test('no mutant is counted twice', () => {
  const all = lists.flatMap((list) => JSON.parse(read('tests', 'mutants', list)) as Mutant[]);
  const same = all.filter(({ file, find, replace }, i) =>
    all.slice(0, i).some((other) => other.file === file && other.find === find && other.replace === replace),
  );
  expect(same.map(({ what }) => what)).toEqual([]);
});
