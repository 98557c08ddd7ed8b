// What `run` does about a command that is interrupted, that spoils its surroundings, and about assertions that cannot be asked.
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import Database from 'better-sqlite3';
import { childrenOf, until } from '../support/processes';
import { useTempFolder } from '../support/temp-folder';
import { MAIN, useCli } from './support';

const folder = useTempFolder();
const { run } = useCli();
const DRIVER = JSON.stringify(require.resolve('better-sqlite3'));
const started: ChildProcess[] = [];

beforeEach(() => {
  const db = new Database(folder.file('app.db'));
  db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1), (2), (3)');
  db.close();
});

afterEach(() => {
  for (const { pid, exitCode, signalCode } of started)
    if (exitCode === null && signalCode === null) process.kill(-pid!, 'SIGKILL');
  started.length = 0;
});

const rows = (): unknown => {
  const db = new Database(folder.file('app.db'), { readonly: true });
  try {
    return db.prepare('SELECT count(*) FROM t').pluck().get();
  } finally {
    db.close();
  }
};
const node = (script: string): string[] => ['--', process.execPath, '-e', script];
const EMPTY = `new (require(${DRIVER}))(process.env.FILE).exec('DELETE FROM t');`;
const READY = `require('fs').writeFileSync('ready', ''); setInterval(() => {}, 1000);`;
/** Writes down each signal, and ends with 7 at the second SIGTERM. */
const RECORDS = `let terms = 0; for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => {
  require('fs').appendFileSync('signals', name + ' '); if (name === 'SIGTERM' && ++terms === 2) process.exit(7) });`;
const signals = (): string =>
  fs.existsSync(folder.file('signals')) ? fs.readFileSync(folder.file('signals'), 'utf8') : '';

/** In a group of its own, as a shell starts it, until the command runs. */
async function startRun(
  ...args: string[]
): Promise<{ child: ChildProcess; output: () => string; ended: Promise<unknown> }> {
  const child = spawn(process.execPath, [MAIN, 'run', '--database', 'app.db', '--env', 'FILE={}', ...args], {
    cwd: folder.path,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (output += text.toString()));
  const ended = once(child, 'close').then(([code]) => code as unknown);
  await until(() => fs.existsSync(folder.file('ready')) || child.exitCode !== null);
  return { child, output: () => output, ended };
}

test('each signal reaches the command once: from the terminal, which sends it to the whole group, or from kill', async () => {
  const { child, output, ended } = await startRun(...node(RECORDS + READY));
  const sent: NodeJS.Signals[] = [];
  const send = (name: NodeJS.Signals, pid: number): void => {
    sent.push(name);
    process.kill(pid, name);
  };
  const arrived = (): Promise<boolean> => until(() => signals() === `${sent.join(' ')} `);
  for (const name of ['SIGINT', 'SIGHUP', 'SIGINT'] as const) {
    const before = childrenOf(child.pid!);
    send(name, -child.pid!);
    await arrived();
    // It has found out that the command had the signal.
    await until(() => childrenOf(child.pid!).some((pid) => !before.includes(pid)));
  }
  for (const name of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) {
    send(name, child.pid!);
    await arrived();
  }
  send('SIGTERM', child.pid!);
  expect(await ended).toBe(7);
  expect(signals()).toBe(`${sent.join(' ')} `);
  expect(output()).toContain('The command failed (7). To go back:');
});

test.each([
  ['SIGINT', 'the group', 130],
  ['SIGTERM', 'the parent', 143],
] as const)(
  'a command that %s to %s has ended is taken back, with the exit code %d of a shell',
  async (name, whom, code) => {
    const { child, output, ended } = await startRun('--restore-on-failure', ...node(EMPTY + READY));
    process.kill(whom === 'the group' ? -child.pid! : child.pid!, name);
    expect([await ended, rows()]).toEqual([code, 3]);
    expect(output()).toMatch(/The command failed \(\d+\): app_backup_.* was restored/);
  },
);

const inApp = (...args: string[]): ReturnType<typeof run> =>
  run(['run', '--database', 'app.db', '--env', 'FILE={}', ...args], { cwd: folder.path });

test.each([
  ['does not compile', 'SELECT count(*) FROM nowhere', 'no such table: nowhere'],
  ['returns no row', 'SELECT 1 WHERE 0', 'it returned no row'],
  ['returns two', 'SELECT id FROM t WHERE id < 3', 'it returned more than one row'],
  ['returns NULL', 'SELECT NULL', 'it returned NULL'],
  ["returns the text '0'", "SELECT '0'", "it returned '0'"],
  ['returns a word, which no condition takes for true', "SELECT 'no'", "it returned 'no'"],
  ['writes', 'DELETE FROM t RETURNING id', 'it is not a SELECT'],
])('an assertion that %s is false, and the database goes back', async (_what, sql, error) => {
  const asked = ['--assert', 'SELECT 1', '--assert', sql, '--restore-on-failure'];
  const { code, stdout } = await inApp(
    ...asked,
    ...node(`new (require(${DRIVER}))(process.env.FILE).exec('INSERT INTO t VALUES (4)')`),
  );
  expect([code, rows()]).toEqual([13, 3]);
  expect(stdout).toContain('true   SELECT 1\n');
  expect(stdout).toContain(`FALSE  ${sql}`);
  expect(stdout).toContain(error);
  expect(stdout).toContain('was restored');
});

test('a command that spoils the database is taken back too', async () => {
  const spoil = `require('fs').writeFileSync(process.env.FILE, 'no database at all'.repeat(100));`;
  const { code, stdout, stderr } = await inApp('--restore-on-failure', ...node(`${spoil} process.exit(9)`));
  expect({ code, stdout, stderr }).toMatchObject({ code: 9, stdout: expect.stringContaining('was restored') });
  expect(stderr).toContain('What has changed could not be found out');
  expect(rows()).toBe(3);
  expect((await inApp('--restore-on-failure', '--assert', 'SELECT 1', ...node(spoil))).code).toBe(13);
  expect(rows()).toBe(3);
});

test('what could not be restored is said, and the exit code is still the command’s', async () => {
  const lose = `${EMPTY} for (const name of require('fs').readdirSync('.')) if (name.includes('_backup_')) require('fs').rmSync(name); process.exit(5)`;
  const { code, stdout, stderr } = await inApp('--restore-on-failure', '--quiet', ...node(lose));
  expect([code, rows()]).toEqual([5, 0]);
  expect(stderr).toMatch(/was NOT restored: There is no backup/);
  expect(stdout + stderr).not.toContain('was restored');
});

// With /bin/sh beside it, whose numbers these are.
const POSIX = process.platform === 'win32' ? test.skip.each : test.each;
POSIX<[string, (file: string) => void]>([
  ['there is not', () => {}],
  ['may not be executed', (file) => fs.writeFileSync(file, '#!/bin/sh\nexit 0\n', { mode: 0o644 })],
  ['is a folder', (file) => fs.mkdirSync(file)],
])('a command that %s ends as in a shell, and the database was not touched', async (_what, make) => {
  const command = folder.file('command');
  make(command);
  const shell = spawnSync('/bin/sh', ['-c', '"$0"', command]).status;
  const before = fs.readFileSync(folder.file('app.db'));
  const { code, stderr } = await inApp('--restore-on-failure', '--', command);
  expect(code).toBe(shell);
  expect(stderr).toMatch(/The command could not be started \(.*\)\.\s+The database was not touched\./);
  expect((await inApp('--rehearse', '--json', '--', command)).code).toBe(shell);
  expect(fs.readFileSync(folder.file('app.db'))).toEqual(before);
});
