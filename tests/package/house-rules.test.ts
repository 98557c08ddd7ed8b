import fs from 'node:fs';
import path from 'node:path';
import { filesIn, ROOT, run, tool } from './consumer';

describe('the app’s process never opens a database (law 1)', () => {
  test('no source outside src/isolated imports better-sqlite3, other than its types, in whatever way', () => {
    const sources = filesIn(path.join(ROOT, 'src')).filter((file) => !file.startsWith('isolated/'));
    expect(sources).toContain('index.ts');
    const guilty = sources.filter((file) => {
      const text = fs.readFileSync(path.join(ROOT, 'src', file), 'utf8').replace(/^import type .*$/gm, '');
      return /['"`](better-sqlite3|node:sqlite)(\/[^'"`]*)?['"`]/.test(text);
    });
    expect(guilty).toEqual([]);
  });

  test('what is built of it does not load better-sqlite3 either', () => {
    const built = filesIn(path.join(ROOT, 'dist')).filter((file) => /js$/.test(file) && !file.startsWith('isolated/'));
    const guilty = built.filter((file) =>
      /(require|import)\(['"]better-sqlite3/.test(fs.readFileSync(path.join(ROOT, 'dist', file), 'utf8')),
    );
    expect(guilty).toEqual([]);
  });

  test.each([
    ["import Database from 'better-sqlite3';\nnew Database('app.db').close();\n", 'no-restricted-imports'],
    ["import { copy } from './isolated/copy.js';\nvoid copy;\n", 'no-restricted-imports'],
  ])('the linter refuses it outside src/isolated: %j', async (source, rule) => {
    // In the place of a file that exists, since the linter's type service knows no others.
    expect(await lint('src/index.ts', source)).toContain(rule);
  });

  test('the linter allows it in src/isolated', async () => {
    expect(
      await lint('src/isolated/seal.ts', "import Database from 'better-sqlite3';\nnew Database('app.db').close();\n"),
    ).toEqual([]);
  });
});

/** The rules that `source` breaks as the file `name`. */
async function lint(name: string, source: string): Promise<string[]> {
  const args = [tool('eslint'), '--format', 'json', '--stdin', '--stdin-filename', name];
  const { stdout } = await run(args, ROOT, {}, source);
  const [file] = JSON.parse(stdout) as { messages: { ruleId: string }[] }[];
  return file!.messages.map(({ ruleId }) => ruleId);
}
