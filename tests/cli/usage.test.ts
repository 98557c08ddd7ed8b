import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { MAIN, ROOT, useCli, useShop } from './support';

const cli = useCli();
const shop = useShop();
const here = () => ({ cwd: shop.path });

const { version } = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as { version: string };

test.each([['--version'], ['-V'], ['status', '--version']])(
  '%s %s prints the version of the package',
  async (...args) => {
    expect(await cli.run(args, here())).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' });
  },
);

test('--help is printed as a result, with examples and the exit codes', async () => {
  const { code, stdout, stderr } = await cli.run(['--help']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain('Usage: sqlite-autobackup <command> [options]');
  expect(stdout).toContain('$ sqlite-autobackup restore latest');
  expect(stdout).toMatch(/Exit codes: 0 done, 1 failed, 2 usage/);
});

test.each(['--help', '--version'])(
  '%s loads neither better-sqlite3, winston, the service nor reflect-metadata',
  (option) => {
    const source = `
    process.on('exit', () => console.error(JSON.stringify(Object.keys(require.cache))));
    process.argv = [process.argv[0], 'sqlite-autobackup', ${JSON.stringify(option)}];
    require(${JSON.stringify(MAIN)});`;
    const listed = execFileSync('sh', ['-c', '"$0" -e "$1" 2>&1 >/dev/null', process.execPath, source], {
      encoding: 'utf8',
    });
    const loaded = JSON.parse(listed.trim().split('\n').at(-1)!) as string[];
    const names = loaded.map((file) => path.relative(ROOT, file).split(path.sep).join('/'));
    expect(names).toContain('dist/cli/program.js');
    const heavy =
      /better-sqlite3|winston|reflect-metadata|valibot|cli-progress|dist\/(index|service\/backup-service)\.js|dist\/cli\/commands/;
    expect(names.filter((name) => heavy.test(name))).toEqual([]);
  },
);

test.each([
  ['an unknown command', ['stauts'], /Unknown command 'stauts'\..*Did you mean status\?/s],
  ['an unknown option', ['status', '--databse', 'x'], /Unknown option '--databse'\..*Did you mean --database\?/s],
  ['an option without its value', ['status', '--database'], /(argument|value is) missing/],
  ['a missing argument', ['restore'], /Missing required argument 'name'/],
  ['an argument too many', ['status', 'extra'], /Too many arguments/],
  ['a level that does not exist', ['verify', '--level', 'deep'], /deep.*hash, quick, full, drill/s],
  ['a name and --all', ['verify', 'latest', '--all'], /Both a name and --all/],
  ['an assertion at another level', ['verify', '--assert', 'SELECT 1', '--level', 'full'], /needs the level drill/],
  ['a duration that is none', ['status', '--database', 'app.db', '--interval', 'often'], /"interval" is "often"/],
  ['a path that is no database’s', ['status', '--database', 'x.json'], /extension is not \.json/],
  ['no database', ['status'], /Which database\?.*--database <file>/s],
])('%s is wrong usage, which says what is right', async (_, args, expected) => {
  const before = shop.list();
  const { code, stdout, stderr } = await cli.run(args, here());
  expect(stderr).toMatch(expected);
  expect(stderr).toContain('ERR_BACKUP_OPTIONS');
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });

  const asJson = await cli.run([...args, '--json'], here());
  expect(asJson.code).toBe(2);
  expect(asJson.json()).toEqual({
    error: { code: 'ERR_BACKUP_OPTIONS', step: 'options', hint: expect.any(String), message: expect.any(String) },
  });
  expect(shop.list()).toEqual(before);
});

test('without a command it shows the help as an error', async () => {
  const { code, stdout, stderr } = await cli.run([]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain('Usage: sqlite-autobackup <command>');
  const asJson = await cli.run(['--json']);
  expect(asJson.code).toBe(2);
  expect(asJson.json()).toMatchObject({
    error: { code: 'ERR_BACKUP_OPTIONS', message: expect.stringContaining('No command') },
  });
});

test('options may stand before the command and after it', async () => {
  const before = await cli.run(['--json', '--database', shop.database, 'list'], here());
  const after = await cli.run(['list', '--database', shop.database, '--json'], here());
  expect(before).toMatchObject({ code: 0, stderr: '' });
  expect(after.json()).toEqual(before.json());
});

test('a reader that has read enough (| head) is no error', async () => {
  const ran = cli.start(['list', '--json', '--database', shop.database], here());
  ran.child.stdout!.destroy();
  ran.child.stderr!.on('data', () => {});
  const { code, stderr } = await ran.ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});

test('what is no BackupError is a failure too, in the same form', async () => {
  shop.write('autobackup.config.cjs', 'module.exports = { get database() { throw new Error("boom"); } };');
  const { code, json } = await cli.run(['list', '--json'], here());
  expect(code).toBe(1);
  expect(json()).toEqual({
    error: { code: 'ERR_UNEXPECTED', message: expect.stringContaining('boom'), hint: null, step: null },
  });
});
