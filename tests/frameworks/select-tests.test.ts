import { appFolders, testFiles } from './prepare-apps';
import { selectTests } from './select-tests';

const apps = appFolders();
const select = (...names: string[]) => selectTests(names, apps, testFiles());

test('without a name everything is prepared and tested', () => {
  expect(select()).toEqual({ prepared: apps, tested: apps, patterns: [] });
});

test.each([
  ['express', ['express']],
  // `nestjs-12` begins with it, and is another app.
  ['nestjs', ['nestjs']],
  ['pitfalls', ['pitfalls']],
  ['pitfalls.compilers', ['pitfalls']],
])('the tests named %s need the app %s only', (name, needed) => {
  expect(select(name)).toMatchObject({ prepared: needed, tested: needed });
});

test.each(['docs', 'examples', 'refusals', 'dashboard'])(
  'the tests named %s drive several apps: all are prepared',
  (name) => {
    expect(select(name)).toMatchObject({ prepared: apps, tested: [] });
    expect(select('express', name)).toMatchObject({ prepared: apps, tested: ['express'] });
  },
);

test('the patterns for jest match the files that were selected, and no others', () => {
  const { patterns } = select('nestjs', 'pitfalls.compilers');
  const matched = testFiles().filter((file) =>
    patterns.some((pattern) => new RegExp(pattern).test(`/anywhere/frameworks/${file}`)),
  );
  expect(matched).toEqual(['nestjs.test.ts', 'pitfalls.compilers.test.ts']);
});

test('a name that no test has is refused before anything is installed', () => {
  expect(() => select('expres')).toThrow(/no tests named expres\. It has: .*express/);
});
