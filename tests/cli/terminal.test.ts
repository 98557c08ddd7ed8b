import { isolatedChildOf, childrenOf, isRunning, sleep, until } from '../support/processes';
import { backupNames } from '../support/whole-backups';
import { BIG, sendIfThere, SLOW, stoppedInTheCopy, useCli, useShop } from './support';
import type { RunOptions, Running } from './support';

// As a person uses it: a real pseudo-terminal (python3's), keys that are typed, colours, a bar, Ctrl-C.
const cli = useCli();
const shop = useShop();

const onTerminal = (args: string[], options: RunOptions = {}): Running =>
  cli.onTerminal([...args, '--database', 'app.db'], { cwd: shop.path, ...options });

const CTRL_C = '\x03';
const CTRL_D = '\x04';
// eslint-disable-next-line no-control-regex -- what a terminal is sent
const COLOUR = /\x1b\[\d+m/;

/** The child of a program on a terminal, stopped in its copy. */
async function childInTheCopy(running: Running): Promise<{ program: number; child: number }> {
  const program = await until(() => childrenOf(running.child.pid!).find((pid) => isolatedChildOf(pid)));
  return { program, child: await stoppedInTheCopy(() => isolatedChildOf(program), shop) };
}

/** Lets a stopped child work a few milliseconds at a time until that is shown: a bar is drawn ten times a second only. */
async function workUntilShown(running: Running, child: number, text: RegExp): Promise<void> {
  while (!text.test(running.output()) && isRunning(child)) {
    sendIfThere(child, 'SIGCONT');
    await sleep(5);
    sendIfThere(child, 'SIGSTOP');
    for (let i = 0; i < 40 && !text.test(running.output()); i++) await sleep(10);
  }
}

async function take(): Promise<string> {
  expect((await cli.run(['create', '--database', 'app.db'], { cwd: shop.path })).code).toBe(0);
  return backupNames(shop.path).at(-1)!;
}

describe('progress', () => {
  test('a bar with amount, rate and time left, which makes room for the result', async () => {
    shop.fill(BIG);
    const running = onTerminal(['create']);
    const { child } = await childInTheCopy(running);
    const bar = /copying +[█░]+ +\d+ % {2}[\d.]+ MB of [\d.]+ MB {2}[\d.]+ [KMG]B\/s {2}\d+ s left/;
    await workUntilShown(running, child, bar);
    await workUntilShown(running, child, /checking/);
    sendIfThere(child, 'SIGCONT');
    const { code, stdout } = await running.ended;
    expect(code).toBe(0);
    expect(stdout).toMatch(bar);
    expect(stdout).toContain('checking');
    const [name] = backupNames(shop.path);
    // Its line is erased, and the result stands in its place.
    expect(stdout).toMatch(new RegExp(`\x1b\\[2K(\x1b\\[[^m]*m)?Created ${name} .*\r\n$`));
  });

  test.each([
    [
      'a terminal that can’t redraw a line',
      [],
      { TERM: 'dumb' },
      /^copying\r\nchecking\r\npublishing\r\nCreated .*\r\n$/,
    ],
    ['--quiet', ['--quiet'], {}, /^$/],
  ])('no bar with %s', async (_, more, env, expected) => {
    const { code, stdout } = await onTerminal(['create', ...more], { env }).ended;
    expect(stdout.replace(SLOW, '')).toMatch(expected);
    expect(code).toBe(0);
  });
});

describe('colours', () => {
  test('on a terminal there are some', async () => {
    expect((await onTerminal(['status']).ended).stdout).toMatch(COLOUR);
    expect((await onTerminal(['delete', 'nothing.db']).ended).stdout).toMatch(COLOUR);
  });

  test.each([
    ['NO_COLOR', { NO_COLOR: '1' }],
    ['TERM=dumb', { TERM: 'dumb' }],
  ])('none with %s', async (_, env) => {
    await take();
    for (const args of [['status'], ['list'], ['doctor'], ['create'], ['delete', 'nothing.db']]) {
      const { stdout } = await onTerminal(args, { env }).ended;
      expect(stdout).not.toMatch(COLOUR);
      expect(stdout.length).toBeGreaterThan(10);
    }
  });

  test('none in pipes, whatever CI says', async () => {
    const { stdout, stderr } = await cli.run(['doctor', '--database', 'app.db'], {
      cwd: shop.path,
      env: { CI: 'true', FORCE_COLOR: '1' },
    });
    expect(stdout + stderr).not.toMatch(COLOUR);
  });
});

describe('the question before a backup is deleted', () => {
  test.each(['y', 'yes', 'Y', ' YES '])('is answered with %j: it goes', async (answer) => {
    const name = await take();
    const running = onTerminal(['delete', name]);
    await running.shows(/Delete 1 backup\?.*\[y\/N\] /);
    expect(running.output()).toContain(`delete  ${name}`);
    expect(backupNames(shop.path)).toEqual([name]);
    running.type(`${answer}\n`);
    const { code, stdout } = await running.ended;
    expect(code).toBe(0);
    expect(stdout).toContain(`Deleted ${name}`);
    expect(backupNames(shop.path)).toEqual([]);
  });

  test.each([
    ['n', 'n\n'],
    ['nothing', '\n'],
    ['something else', 'yy\n'],
    ['Ctrl-D', CTRL_D],
    ['Ctrl-C', CTRL_C],
  ])('is answered with %s: nothing changes, and it ends with 130', async (_, keys) => {
    const name = await take();
    const untouched = shop.backupFiles();
    const running = onTerminal(['delete', name]);
    await running.shows('[y/N] ');
    running.type(keys);
    const { code, stdout } = await running.ended;
    expect(code).toBe(130);
    expect(stdout).toContain('Nothing was changed.');
    expect(shop.backupFiles()).toEqual(untouched);
  });

  test('shows what it is about with --quiet too', async () => {
    const name = await take();
    const running = onTerminal(['delete', name, '--quiet']);
    await running.shows('[y/N] ');
    expect(running.output()).toContain(`delete  ${name}`);
    running.type('y\n');
    expect((await running.ended).code).toBe(0);
    expect(running.output()).not.toContain('Deleted');
  });

  test('is not asked with --yes', async () => {
    const name = await take();
    const { code, stdout } = await onTerminal(['delete', name, '--yes']).ended;
    expect(code).toBe(0);
    expect(stdout).not.toContain('[y/N]');
    expect(backupNames(shop.path)).toEqual([]);
  });
});

test('Ctrl-C in the middle of the copy: the program and its child are gone, and nothing is left', async () => {
  await take();
  shop.fill(BIG);
  const untouched = shop.backupFiles();
  const running = onTerminal(['create']);
  const { program, child } = await childInTheCopy(running);
  running.type(CTRL_C);
  const { code, stdout } = await running.ended;
  expect(code).toBe(130);
  expect(stdout).toContain('The backup was cancelled.');
  expect([program, child].filter(isRunning)).toEqual([]);
  expect(shop.backupFiles()).toEqual(untouched);
});
