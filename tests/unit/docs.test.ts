import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { BACKUP_ERROR_CODES, BackupService, keep } from 'sqlite-autobackup';

const ROOT = path.join(__dirname, '..', '..');
const read = (file: string) => fs.readFileSync(path.join(ROOT, file), 'utf8');

const pages = ['README.md', ...fs.readdirSync(path.join(ROOT, 'docs')).map((name) => `docs/${name}`)].filter((file) =>
  file.endsWith('.md'),
);

/** Their examples are compiled by tests/frameworks, which has the frameworks. */
const frameworkPages = fs.readdirSync(path.join(ROOT, 'docs', 'frameworks')).map((name) => `docs/frameworks/${name}`);

test('docs/errors.md has every code with the meaning that the code has, and no other', () => {
  const rows = [...read('docs/errors.md').matchAll(/^\| `(ERR_\w+)` \| (.*) \|$/gm)];
  expect(Object.fromEntries(rows.map(([, code, meaning]) => [code, meaning]))).toEqual(BACKUP_ERROR_CODES);
});

test('docs/service.md has every public method of the service, and no other', () => {
  const source = read('src/service/backup-service.ts');
  const isInternal = (name: string) => new RegExp(`@internal\\s*\\*/\\s*(async )?(get )?${name}\\(`).test(source);
  const methods = Object.entries(Object.getOwnPropertyDescriptors(BackupService.prototype))
    .filter(([name, { value }]) => typeof value === 'function' && name !== 'constructor' && !isInternal(name))
    .map(([name]) => name);
  expect(methods).toContain('backupIfDue');
  const [, table] = /^## All methods\n([^]*?)^## /m.exec(read('docs/service.md'))!;
  const rows = [...table!.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, names]) => names!.match(/\w+(?=\(\))/g)!);
  expect(rows.sort()).toEqual(methods.sort());
});

test.each([
  ['docs/service.md', 'option', 'src/service/options.ts', 'BackupServiceOptions'],
  ['docs/decorator.md', 'option', 'src/decorator/options.ts', 'AutoBackupOptions'],
  ['docs/dashboard.md', 'option', 'src/dashboard/options.ts', 'DashboardOptions'],
  ['docs/dashboard.md', 'right', 'src/dashboard/options.ts', 'DashboardRights'],
  ['docs/many-machines.md', 'option', 'src/sources/rqlite/options.ts', 'RqliteOptions'],
])('%s has every %s of %s, %s, and no other', (page, column, file, type) => {
  expect(rowsOf(page, column)).toEqual(optionsIn(file, type));
});

test('docs/alerts.md names every option of notify', () => {
  const page = read('docs/alerts.md');
  const unnamed = optionsIn('src/notify/options.ts', 'NotifyOptions').filter(
    (option) => !new RegExp(`\\b${option}\\b`).test(page),
  );
  expect(unnamed).toEqual([]);
});

/** The names in the first column of the first table whose first column is called so. */
function rowsOf(page: string, column: string): string[] {
  const [, table] = new RegExp(`^\\| ${column} \\|.*\\n([^]*?)\\n\\n`, 'm').exec(read(page))!;
  return [...table!.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name!).sort();
}

function optionsIn(file: string, type: string): string[] {
  const [, body] = new RegExp(`interface ${type}\\b[^]*?\\{\\n([^]*?)\\n\\}`).exec(read(file))!;
  const options = [...body!.matchAll(/^ {2}(\w+)\??:/gm)].map(([, option]) => option!);
  expect(options.length).toBeGreaterThan(5);
  return options.sort();
}

test('docs/service.md has every rule of keep(), and no other', () => {
  const [, table] = /^\| rule \| keeps \|\n([^]*?)\n\n/m.exec(read('docs/service.md'))!;
  const rows = [...table!.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, rules]) => rules!.match(/(?<=`)\w+(?=:)/g)!);
  for (const rule of rows) expect(() => keep({ [rule]: rule === 'within' ? '1d' : 1 })).not.toThrow();
  const [, rules] = /interface KeepRules \{([^]*?)\n\}/.exec(read('src/retention/keep.ts'))!;
  expect(rows).toEqual([...rules!.matchAll(/^ {2}(\w+)\?:/gm)].map(([, rule]) => rule));
});

test('every link to a file in README and docs leads to one', () => {
  const links = [...pages, ...frameworkPages].flatMap((page) =>
    [...read(page).matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)].map(([, target]) => ({ page, target: target! })),
  );
  expect(links.length).toBeGreaterThan(10);
  const broken = links.filter(({ page, target }) => !fs.existsSync(path.join(ROOT, path.dirname(page), target)));
  expect(broken).toEqual([]);
});

/** What a module of the repository exports, called in a process of its own: jest's knows no ES modules. */
function askModule<T>(file: string, expression: string): T {
  const print = `import('./${file}').then((m) => console.log(JSON.stringify(${expression})))`;
  return JSON.parse(execFileSync(process.execPath, ['-e', print], { cwd: ROOT, encoding: 'utf8' })) as T;
}

test('every page of docs is in docs/README.md, and every framework in its list: the site has its ways from there', () => {
  const { groups, frameworks } = askModule<{
    groups: { pages: { file: string }[] }[];
    frameworks: { title: string; file: string }[];
  }>('docs/site/pages.mjs', '{ groups: m.groupsOfPages(), frameworks: m.frameworks() }');
  const listed = groups
    .flatMap((group) => group.pages.map(({ file }) => file))
    .filter((file) => file.startsWith('docs/'));
  const all = pages.filter((page) => page.startsWith('docs/') && page !== 'docs/README.md');
  expect(listed.sort()).toEqual([...all, 'docs/frameworks/README.md'].sort());

  const own = frameworks.map(({ file }) => file).filter((file) => file.startsWith('docs/frameworks/'));
  expect(own.sort()).toEqual(frameworkPages.filter((page) => !page.endsWith('README.md')).sort());
  for (const { title, file } of frameworks) expect(read(file)).toContain(title.replace(/( and| \d+)+$/, ''));
});

test('the pages are plain Markdown: nothing that only the site would understand', () => {
  for (const page of [...pages, ...frameworkPages]) {
    const text = read(page).replace(/^```[^]*?^```$|`[^`\n]*`/gm, '');
    expect({ page, found: /^:::|\{\{|<\/?(?:script|template|[A-Z])|^---\n\w+:/m.exec(text)?.[0] }).toEqual({ page });
  }
});

test('the picture of the rooms in docs/architecture.md is what the linter enforces', () => {
  const layers = askModule<{ room: string; uses: string[] }[]>('eslint.layers.mjs', 'm.LAYERS');
  const arrows = [...read('docs/architecture.md').matchAll(/^ {2}(\w+) --> (.*)$/gm)];
  const drawn = arrows.map(([, room, uses]) => [room, uses!.split(' & ').sort()]);
  const enforced = layers.filter(({ uses }) => uses.length > 0).map(({ room, uses }) => [room, [...uses].sort()]);
  expect(Object.fromEntries(drawn)).toEqual(Object.fromEntries(enforced));
});
