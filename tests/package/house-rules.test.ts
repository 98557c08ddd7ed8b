import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { filesIn, ROOT, run, tool } from './consumer';

describe('the app’s process never opens a database (law 1)', () => {
  // A name in quotes can be loaded in many ways. Its types and its package.json, which says for which Node it is, open nothing.
  const namesDriver = (source: string) => {
    const harmless = /^import type .*$|\bresolve\('better-sqlite3\/package\.json'\)/gm;
    return /['"`](better-sqlite3|node:sqlite)(\/[^'"`]*)?['"`]/.test(source.replace(harmless, ''));
  };

  test('no source outside src/isolated names better-sqlite3 as a module, other than its types and its package.json', () => {
    const sources = filesIn(path.join(ROOT, 'src')).filter((file) => !file.startsWith('isolated/'));
    expect(sources).toContain('index.ts');
    const guilty = sources.filter((file) => namesDriver(fs.readFileSync(path.join(ROOT, 'src', file), 'utf8')));
    expect(guilty).toEqual([]);
  });

  test.each([
    ["import Database from 'better-sqlite3';", true],
    ["const file = require.resolve('better-sqlite3');", true],
    ["const driver = ['better-sqlite3'];", true],
    ['await import(`better-sqlite3/lib/database.js`);', true],
    ["process.getBuiltinModule('node:sqlite');", true],
    ["const file = require.resolve('better-sqlite3/package.json'), driver = require('better-sqlite3');", true],
    ["import type Database from 'better-sqlite3';", false],
    ["const file = require.resolve('better-sqlite3/package.json');", false],
  ])('%s names it as a module: %s', (source, expected) => {
    expect(namesDriver(source)).toBe(expected);
  });

  test('what is built of it does not load better-sqlite3 either', () => {
    const built = filesIn(path.join(ROOT, 'dist')).filter((file) => /js$/.test(file) && !file.startsWith('isolated/'));
    const guilty = built.filter((file) =>
      /(require|import)\(['"]better-sqlite3/.test(fs.readFileSync(path.join(ROOT, 'dist', file), 'utf8')),
    );
    expect(guilty).toEqual([]);
  });

  test('the linter refuses to import it outside src/isolated, or anything of src/isolated', async () => {
    // In the place of a file that exists, since the linter's type service knows no others.
    const planted = [
      "import Database from 'better-sqlite3';",
      "import { copyPages } from './isolated/backup/page-copy.js';",
      "new Database('app.db').close();",
      'export { copyPages };',
      "export const required = require('better-sqlite3') as unknown;",
      "export const imported = import('better-sqlite3');",
    ];
    expect(await lint('src/index.ts', planted)).toEqual([
      'no-restricted-imports in 1',
      'no-restricted-imports in 2',
      'no-restricted-syntax in 5',
      'no-restricted-syntax in 6',
    ]);
  });

  test('the linter allows it in src/isolated', async () => {
    const allowed = ["import Database from 'better-sqlite3';", "new Database('app.db').close();"];
    expect(await lint('src/isolated/backup/seal.ts', allowed)).toEqual([]);
  });
});

describe('the rooms of src/', () => {
  test('the linter refuses an import that points upwards', async () => {
    const upwards = ["import { BackupService } from '../service/backup-service.js';", 'export { BackupService };'];
    expect(await lint('src/catalog/due-check.ts', upwards)).toContain('import-x/no-restricted-paths in 1');
    expect(await lint('src/isolated/backup/seal.ts', ["export * from '../../child/run-child.js';"])).toEqual([
      'import-x/no-restricted-paths in 1',
    ]);
  });

  test.each([
    [
      'values',
      "import { b } from './b';\nexport const a = () => b;\n",
      'export const b = 1;\n',
      "import { a } from './a';\nexport const b = a;\n",
    ],
    [
      'types',
      "import type { B } from './b';\nexport type A = B;\n",
      'export type B = string;\n',
      "import type { A } from './a';\nexport type B = A | string;\n",
    ],
  ])('npm run lint refuses a cycle of %s', async (_kind, a, sound, cyclic) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'autobackup-cycle-'));
    try {
      fs.writeFileSync(path.join(folder, 'tsconfig.json'), '{}');
      const write = (name: string, text: string) => fs.writeFileSync(path.join(folder, name), text);
      const cruise = () =>
        run(
          [tool('dependency-cruiser', 'depcruise'), '--config', path.join(ROOT, '.dependency-cruiser.cjs'), '.'],
          folder,
        );
      write('a.ts', a);
      write('b.ts', sound);
      expect((await cruise()).code).toBe(0);
      write('b.ts', cyclic);
      const { code, output } = await cruise();
      expect(output).toContain('no-circular');
      expect(code).not.toBe(0);
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  });
});

/** The rules that `lines` break as the file `name`, and where. */
async function lint(name: string, lines: string[]): Promise<string[]> {
  const args = [tool('eslint'), '--format', 'json', '--stdin', '--stdin-filename', name];
  const { stdout } = await run(args, ROOT, {}, `${lines.join('\n')}\n`);
  const [file] = JSON.parse(stdout) as { messages: { ruleId: string; line: number }[] }[];
  return file!.messages.map(({ ruleId, line }) => `${ruleId} in ${line}`);
}
