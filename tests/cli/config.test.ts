import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { createLedger } from '../support/databases';
import { backupNames } from '../support/whole-backups';
import { ROOT, useCli, useShop } from './support';

const cli = useCli();
const shop = useShop();
const run = (args: string[], cwd = shop.path) => cli.run(args, { cwd });
const PACKAGE = JSON.stringify(path.join(ROOT, 'dist', 'index.js'));

/** The database that a run means. */
/** Without a backup, status ends with 1. */
async function databaseOf(args: string[], cwd = shop.path): Promise<string> {
  const { code, stderr, json } = await run(['status', '--json', ...args], cwd);
  expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
  return json<{ database: { path: string } }>().database.path;
}

const FORMS: [name: string, text: string][] = [
  ['autobackup.config.cjs', 'module.exports = { database: "app.db" };'],
  ['autobackup.config.mjs', 'export default { database: "app.db" };'],
  ['autobackup.config.js', 'module.exports = { database: "app.db" };'],
  [
    'autobackup.config.js',
    'Object.defineProperty(exports, "__esModule", { value: true }); exports.default = { database: "app.db" };',
  ],
  ['autobackup.config.json', '\uFEFF{ "database": "app.db" }'],
  [
    'autobackup.config.cjs',
    `const { BackupService } = require(${PACKAGE}); module.exports = new BackupService({ database: "app.db" });`,
  ],
  [
    'autobackup.config.cjs',
    `const { configureAutoBackup } = require(${PACKAGE}); module.exports = configureAutoBackup({ database: "app.db" });`,
  ],
];

test.each(FORMS)('%s in the working directory is found: %s', async (name, text) => {
  shop.write(name, text);
  expect(await databaseOf([])).toBe(shop.database);
});

test.each(FORMS)(
  '--config names it from anywhere, and its relative paths count from its folder: %s %s',
  async (name, text) => {
    shop.write(name, text);
    const elsewhere = shop.file('elsewhere');
    fs.mkdirSync(elsewhere);
    expect(await databaseOf(['--config', path.join('..', name)], elsewhere)).toBe(shop.database);
  },
);

const TYPED = 'const options: { database: string } = { database: "app.db" };\nexport default options;';

test.each(['.ts', '.mts'])('autobackup.config%s is read where a loader reads TypeScript', async (extension) => {
  shop.write(`autobackup.config${extension}`, TYPED);
  const tsx = pathToFileURL(require.resolve('tsx')).href;
  const { code, stderr, json } = await cli.run(['status', '--json'], {
    cwd: shop.path,
    env: { NODE_OPTIONS: `--import ${tsx}` },
  });
  expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
  expect(json<{ database: { path: string } }>().database.path).toBe(shop.database);
});

test('autobackup.config.ts is read where Node reads TypeScript, else the error names it and what to do', async () => {
  shop.write('autobackup.config.ts', TYPED);
  const { code, stderr } = await run(['status']);
  // Newer than the types of Node 20: nodejs.org/api/process.html#processfeaturestypescript
  if (Reflect.get(process.features, 'typescript')) expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
  else {
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /autobackup\.config\.ts" is TypeScript, which Node .* does not read\.\s+Use Node 22\.18.*tsx.*mjs/s,
    );
  }
});

test('the app’s own file: what configureAutoBackup() takes from it is what the command takes', async () => {
  shop.write(
    'autobackup.config.cjs',
    'module.exports = { database: require("path").join(__dirname, "app.db"), interval: "1d" };',
  );
  const app = `const { configureAutoBackup } = require(${PACKAGE}); console.log(configureAutoBackup(require('./autobackup.config.cjs')).database)`;
  shop.write('app.cjs', app);
  const meant = execFileSync(process.execPath, ['app.cjs'], { cwd: shop.path, encoding: 'utf8' }).trim();
  expect(await databaseOf([])).toBe(meant);
});

test('a relative path that leads to a database from here as well is refused, with both', async () => {
  const other = shop.file('other');
  fs.mkdirSync(other);
  createLedger(path.join(other, 'app.db'), 'wal').close();
  shop.write('autobackup.config.cjs', 'module.exports = { database: "app.db" };');
  const { code, stderr } = await run(['create', '--config', '../autobackup.config.cjs'], other);
  expect(code).toBe(2);
  expect(stderr).toContain(`"${shop.database}", or "${path.join(other, 'app.db')}"?`);
  expect([...backupNames(shop.path), ...backupNames(other)]).toEqual([]);
  // The same file by two names is no question.
  fs.rmSync(path.join(other, 'app.db'));
  fs.symlinkSync(shop.database, path.join(other, 'app.db'));
  expect((await run(['status', '--config', '../autobackup.config.cjs'], other)).code).toBe(1);
});

test('--database means that one alone: a file of the default name that cannot be loaded does not matter', async () => {
  shop.write('autobackup.config.cjs', 'throw new Error("was loaded");');
  expect(await databaseOf(['--database', 'app.db'])).toBe(shop.database);
});

test('options on the command line take the place of those in the file', async () => {
  fs.mkdirSync(shop.file('backups'));
  shop.write('autobackup.config.cjs', 'module.exports = { database: "wrong.db", interval: "1d" };');
  const args = ['--config', 'autobackup.config.cjs', '--database', 'app.db', '--directory', 'backups'];
  expect((await run(['create', ...args])).code).toBe(0);
  expect(backupNames(shop.file('backups'))).toHaveLength(1);
  expect((await run(['create', '--if-due', ...args])).code).toBe(3);
  expect((await run(['create', '--if-due', ...args, '--interval', '0'])).code).toBe(0);
});

test('a JSON file holds the rules of the retention policy', async () => {
  shop.write('autobackup.config.json', '{ "database": "app.db", "retention": { "last": 2 } }');
  const made: (string | undefined)[] = [];
  for (let i = 0; i < 3; i++) {
    expect((await run(['create', '--quiet'])).code).toBe(0);
    made.push(backupNames(shop.path).at(-1));
  }
  expect(backupNames(shop.path)).toEqual(made.slice(1));

  shop.write('autobackup.config.json', '{ "database": "app.db", "retention": { "least": 2 } }');
  const { code, stderr } = await run(['prune', '--dry-run']);
  expect(stderr).toMatch(/keep\(\{ least: 2 \}\): unknown rule.*last, within/s);
  expect(code).toBe(2);
});

describe('several services by name', () => {
  beforeEach(() => {
    createLedger(shop.file('orders.db'), 'wal').close();
    shop.write('autobackup.config.json', '{ "shop": { "database": "app.db" }, "orders": { "database": "orders.db" } }');
  });

  test('--service chooses one', async () => {
    expect(await databaseOf(['--service', 'orders'])).toBe(shop.file('orders.db'));
    expect(await databaseOf(['--service', 'shop'])).toBe(shop.database);
  });

  test('also from what a compiler makes of `export default`', async () => {
    fs.rmSync(shop.file('autobackup.config.json'));
    shop.write(
      'autobackup.config.js',
      `Object.defineProperty(exports, "__esModule", { value: true });
       exports.default = { shop: { database: "app.db" }, orders: { database: "orders.db" } };`,
    );
    expect(await databaseOf(['--service', 'orders'])).toBe(shop.file('orders.db'));
  });

  test.each([
    [[], /several services.*--service: shop, orders/s],
    [['--service', 'stock'], /no service "stock".*shop, orders/s],
  ])('%j is refused with their names', async (args, expected) => {
    const { code, stderr } = await run(['status', ...args]);
    expect(stderr).toMatch(expected);
    expect(code).toBe(2);
  });
});

describe('a configuration that can’t be used is wrong usage that names the file', () => {
  test.each([
    [
      'that throws',
      'autobackup.config.cjs',
      'throw new Error("no secrets here")',
      /could not be loaded \(no secrets here\)/,
    ],
    ['with a syntax error', 'autobackup.config.cjs', 'module.exports = {', /could not be loaded \(Unexpected/],
    ['with wrong JSON', 'autobackup.config.json', '{ "database": }', /could not be loaded \(Unexpected token/],
    [
      'with wrong JSON beside a secret, which is not quoted',
      'autobackup.config.json',
      '{ "database": "app.db",\n "notify": { "heartbeat": "https://hc-ping.com/hunter2" x } }',
      /^(?![^]*hunter2)[^]*could not be loaded \(.*JSON/,
    ],
    ['that exports nothing', 'autobackup.config.cjs', '', /configures no service.*Export the options/s],
    ['that exports a text', 'autobackup.config.json', '"app.db"', /configures no service/],
    [
      'with a wrong value',
      'autobackup.config.json',
      '{ "database": "app.db", "interval": -1 }',
      /In ".*": BackupService: the option "interval" is -1\./,
    ],
    [
      'with an unknown option',
      'autobackup.config.json',
      '{ "database": "app.db", "intervall": 1 }',
      /no option "intervall"/,
    ],
    [
      'for one service, with --service',
      'autobackup.config.json',
      '{ "database": "app.db" }',
      /Leave --service out/,
      '--service',
      'x',
    ],
  ])('one %s', async (_, name, text, expected, ...args) => {
    shop.write(name, text);
    const { code, stderr } = await run(['status', ...(args as string[])]);
    expect(stderr).toMatch(expected);
    expect(stderr).toContain(name);
    expect(code).toBe(2);
  });

  test.each([
    ['missing', ['--config', 'missing.cjs'], /There is no configuration file ".*missing\.cjs"/],
    ['of another kind', ['--config', 'app.db'], /must be one of \.js, \.cjs, \.mjs, \.json/],
    ['a --service without a file', ['--database', 'app.db', '--service', 'x'], /--service needs a configuration file/],
  ])('%s', async (_, args, expected) => {
    const { code, stderr } = await run(['status', ...args]);
    expect(stderr).toMatch(expected);
    expect(code).toBe(2);
  });

  test('two of the default names', async () => {
    shop.write('autobackup.config.cjs', 'module.exports = { database: "app.db" };');
    shop.write('autobackup.config.json', '{ "database": "app.db" }');
    const { code, stderr } = await run(['status']);
    expect(stderr).toMatch(/has autobackup\.config\.cjs and autobackup\.config\.json/);
    expect(code).toBe(2);
  });

  test('an option that would change a finished service', async () => {
    shop.write(
      'autobackup.config.cjs',
      `module.exports = new (require(${PACKAGE}).BackupService)({ database: "app.db" });`,
    );
    const { code, stderr } = await run(['status', '--interval', '1d']);
    expect(stderr).toContain('--interval cannot change the finished BackupService');
    expect(code).toBe(2);
  });
});

test('what the file prints, and what the logger of its service prints, stays away from the result', async () => {
  shop.write(
    'autobackup.config.cjs',
    `console.log('loading the app'); process.stdout.write('more\\n');
     module.exports = new (require(${PACKAGE}).BackupService)({ database: "app.db" });`,
  );
  const { code, stderr, json } = await run(['create', '--json']);
  expect(code).toBe(0);
  expect(json()).toMatchObject({ status: 'created' });
  expect(stderr).toContain('loading the app');
  expect(stderr).toContain('more');
  expect(stderr).toContain('[sqlite-autobackup] Backup created');
  expect(await run(['create', '--quiet'])).toMatchObject({ code: 0, stdout: '', stderr: '' });
});

test('a file that keeps timers or connections open does not keep the command from ending', async () => {
  shop.write('autobackup.config.cjs', 'setInterval(() => {}, 1000); module.exports = { database: "app.db" };');
  expect((await run(['list'])).code).toBe(0);
});

test('one that waits for what never comes is an error, not a silent success', async () => {
  shop.write('autobackup.config.mjs', 'await new Promise(() => {}); export default { database: "app.db" };');
  const { code, json } = await run(['create', '--json']);
  expect({ code, error: json()['error'] }).toMatchObject({ code: 2, error: { code: 'ERR_BACKUP_OPTIONS' } });
  expect(backupNames(shop.path)).toEqual([]);
});
