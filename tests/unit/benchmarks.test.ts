import fs from 'node:fs';
import path from 'node:path';

interface Docs {
  chartsOf(result: unknown): Record<string, string>;
  merged(known: unknown, result: { parts: object }): { parts: Record<string, { commit: string }> };
  pageOf(page: string, result: unknown): string;
}

const root = path.join(__dirname, '..', '..');

const docs = require('../bench/docs.js') as Docs;
const read = (file: string) => fs.readFileSync(path.join(root, 'docs', file), 'utf8');
const result = JSON.parse(read('benchmarks.json')) as { parts: Record<string, { tables: { rows: unknown[] }[] }> };

test('the tables and the pictures of the benchmarks are drawn from the JSON of a run', () => {
  expect(docs.pageOf(read('benchmarks.md'), result)).toBe(read('benchmarks.md'));
  for (const [file, picture] of Object.entries(docs.chartsOf(result))) expect(read(`images/${file}`)).toBe(picture);
});

test('every picture on the page is one of these, and every part has tables', () => {
  const page = read('benchmarks.md');
  const pictures = [...page.matchAll(/images\/(bench-[\w-]+\.svg)/g)].map(([, file]) => file!).sort();
  expect(pictures).toEqual(Object.keys(docs.chartsOf(result)).sort());
  for (const [, name] of page.matchAll(/<!-- bench:([\w-]+) -->/g)) {
    expect([name, result.parts[name!]?.tables[0]?.rows.length]).toEqual([name, expect.any(Number)]);
  }
});

test('a part that failed, or was not measured, stays as it was', () => {
  const known = { parts: { a: { commit: 'old', tables: [] }, b: { commit: 'old', tables: [] } } };
  const { parts } = docs.merged(known, {
    parts: { a: { commit: 'new', error: 'no' }, c: { commit: 'new', tables: [] } },
  });
  expect(Object.entries(parts).map(([name, { commit }]) => `${name} ${commit}`)).toEqual(['a old', 'b old', 'c new']);
});
