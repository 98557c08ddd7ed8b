import Database from 'better-sqlite3';
import path from 'node:path';
import { patience } from '../support/patience';
import { freeze, isolatedChildOf, isRunning, sleep, until } from '../support/processes';
import { backupNames } from '../support/whole-backups';
import { BIG, ROOT, stoppedInTheCopy, useCli, useShop } from './support';

// What cron, systemd and kill do, in pipes; Ctrl-C in a terminal is in terminal.test.ts.
const cli = useCli();
const shop = useShop();
const here = () => ({ cwd: shop.path });

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)(
  '%s in the middle of the copy ends with %i; the child is gone and nothing is left',
  async (signal, exit) => {
    expect((await cli.run(['create', '--database', 'app.db'], here())).code).toBe(0);
    const untouched = shop.backupFiles();
    shop.fill(BIG);
    const running = cli.start(['create', '--json', '--database', 'app.db'], here());
    const child = await stoppedInTheCopy(() => isolatedChildOf(running.child.pid!), shop);
    running.child.kill(signal);
    const { code, json } = await running.ended;
    expect(code).toBe(exit);
    expect(json()).toMatchObject({ error: { code: 'ERR_BACKUP_CANCELLED' } });
    expect(isRunning(child)).toBe(false);
    expect(shop.backupFiles()).toEqual(untouched);
  },
);

test('a key that reaches the program twice (npm passes it on) counts once; a second one ends it at once', async () => {
  const service = JSON.stringify(path.join(ROOT, 'dist', 'index.js'));
  shop.write(
    'autobackup.config.cjs',
    `const { childProcessSnapshotter } = require(${service});
     module.exports = { database: 'app.db', snapshotter: { ...childProcessSnapshotter(), create(_, { signal }) {
       signal.addEventListener('abort', () => console.log('told'));
       console.log('hanging'); setInterval(() => {}, 1000); return new Promise(() => {}); } } };`,
  );
  const running = cli.start(['create'], here());
  await running.shows('hanging');
  // Both at one moment of the program, however busy the machine is. Of one kind they would be one signal; the kind is nothing
  // to the program.
  await freeze(running.child.pid!);
  running.child.kill('SIGINT');
  running.child.kill('SIGTERM');
  running.child.kill('SIGCONT');
  await running.shows('told');
  // Longer than what counts as the same key.
  await sleep(500);
  expect(running.child.exitCode).toBe(null);
  running.child.kill('SIGINT');
  expect((await running.ended).code).toBe(130);
});

test.each(['protect', 'unprotect'])('Ctrl-C ends %s while it waits for the lock, and its child', async (command) => {
  expect((await cli.run(['create', '--database', 'app.db'], here())).code).toBe(0);
  const untouched = shop.backupFiles();
  const holder = new Database(shop.file('.app_backup.lock'));
  holder.exec('BEGIN EXCLUSIVE');
  try {
    const running = cli.start([command, 'latest', '--database', 'app.db'], here());
    await running.shows('waiting for the lock');
    const child = await until(() => isolatedChildOf(running.child.pid!));
    running.child.kill('SIGINT');
    expect((await running.ended).code).toBe(130);
    expect(isRunning(child)).toBe(false);
  } finally {
    holder.close();
  }
  expect(shop.backupFiles()).toEqual(untouched);
});

describe('what is locked', () => {
  test('a held backup lock is waited for until --timeout, then ends with 11', async () => {
    expect((await cli.run(['create', '--database', 'app.db'], here())).code).toBe(0);
    const holder = new Database(shop.file('.app_backup.lock'));
    holder.exec('BEGIN EXCLUSIVE');
    try {
      const timeout = String(patience(3_000));
      const running = cli.start(['create', '--json', '--timeout', timeout, '--database', 'app.db'], here());
      const child = await until(() => isolatedChildOf(running.child.pid!));
      const { code, stderr, json } = await running.ended;
      expect({ code, error: json()['error'] }).toMatchObject({
        code: 11,
        error: { code: 'ERR_BACKUP_LOCK_TIMEOUT', step: 'lock' },
      });
      // Told of, since it takes long.
      expect(stderr).toContain('waiting for the lock');
      expect(isRunning(child)).toBe(false);
    } finally {
      holder.close();
    }
    expect(backupNames(shop.path)).toHaveLength(1);
  });

  test('an exclusively locked database ends with 11', async () => {
    const holder = new Database(shop.database);
    holder.pragma('journal_mode = DELETE');
    holder.exec('BEGIN EXCLUSIVE');
    try {
      const timeout = String(patience(3_000));
      const { code, json } = await cli.run(['create', '--json', '--timeout', timeout, '--database', 'app.db'], here());
      expect({ code, error: json()['error'] }).toMatchObject({
        code: 11,
        error: { code: 'ERR_BACKUP_SOURCE_LOCKED', step: 'pin' },
      });
    } finally {
      holder.close();
    }
    expect(backupNames(shop.path)).toEqual([]);
  });
});
