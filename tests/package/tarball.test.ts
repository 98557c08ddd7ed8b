import fs from 'node:fs';
import path from 'node:path';
import { filesIn, resultOf, ROOT, run, tool, useConsumer } from './consumer';

const consumer = useConsumer();

test('the tarball holds dist, the documents, the manual page and package.json, and nothing else', () => {
  const top = fs.readdirSync(consumer.installed).sort();
  const documents = ['CHANGELOG.md', 'CONTRIBUTING.md', 'LICENSE', 'README.md', 'SECURITY.md', 'docs'];
  expect(top).toEqual([...documents, 'dist', 'man', 'package.json'].sort());
});

test('every link in the documents of the tarball leads to a file of the tarball, and to a heading that is there', () => {
  const pages = filesIn(consumer.installed).filter((file) => file.endsWith('.md'));
  expect(pages).toEqual(expect.arrayContaining(['docs/restore.md', 'docs/errors.md', 'docs/command-line.md']));
  const links = pages.flatMap((page) => {
    const text = fs.readFileSync(path.join(consumer.installed, page), 'utf8');
    return [...text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)].map(([, target, heading]) => {
      const file = target === '' ? page : path.join(path.dirname(page), target!);
      return { page, file, heading };
    });
  });
  expect(links.length).toBeGreaterThan(20);
  expect(links.filter(({ file }) => !fs.existsSync(path.join(consumer.installed, file)))).toEqual([]);

  const toHeadings = links.filter(({ heading }) => heading !== undefined);
  expect(toHeadings.length).toBeGreaterThan(20);
  expect(toHeadings.filter(({ file, heading }) => !headingsOf(file).includes(heading!))).toEqual([]);
});

/** As GitHub and npm make addresses of them. */
function headingsOf(page: string): string[] {
  const text = fs.readFileSync(path.join(consumer.installed, page), 'utf8').replace(/^```[^]*?^```$/gm, '');
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

test('every file in dist comes from a source file: nothing stale, no tests, no build information', () => {
  const shipped = filesIn(path.join(consumer.installed, 'dist'));
  expect(shipped).toContain('index.js');
  expect(shipped).toContain('isolated/main.js');
  const sources = new Set(filesIn(path.join(ROOT, 'src')));
  // Compiled twice, the second time as ES modules; package.json there tells Node so.
  const sourceOf = (file: string) =>
    file
      .replace(/^nestjs-esm\/package\.json$/, 'index.ts')
      .replace(/^nestjs-esm/, 'nestjs')
      .replace(/(\.d)?\.(ts|js)$/, '.ts');
  expect(shipped.filter((file) => !sources.has(sourceOf(file)))).toEqual([]);
});

test('publint has nothing to say', async () => {
  const { code, output } = await run([tool('publint'), 'run', consumer.tarball, '--strict'], consumer.folder);
  expect(output).toContain('All good!');
  expect(code).toBe(0);
});

test('attw finds the types right for every entry point and every way to resolve it', async () => {
  const attw = [tool('@arethetypeswrong/cli', 'attw'), consumer.tarball, '--no-definitely-typed', '--format', 'json'];
  const { analysis } = await resultOf<{ analysis: { entrypoints: object; problems: unknown[] } }>(
    run(attw, consumer.folder).then((ran) => ({ ...ran, stdout: ran.stdout.replace(/\n/g, ' ') })),
  );
  expect(analysis.problems).toEqual([]);
  expect(Object.keys(analysis.entrypoints)).toEqual(expect.arrayContaining(Object.keys(consumer.packageJson.exports)));
});
