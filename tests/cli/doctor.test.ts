import Database from 'better-sqlite3';
import fs from 'node:fs';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { explainDue } from '#dist/cli/doctor/due.js';
import { judgeSpace } from '#dist/cli/doctor/folder.js';
import { checkNode } from '#dist/cli/doctor/surroundings.js';
import { aBackup, aManifest, DAY, HOUR, localTime, MINUTE, writeBackup } from '../support/planted-backups';
import { useScripts } from '../support/processes';
import { runNode } from '../support/run-node';
import { backupNames, contentsOf, filesOf } from '../support/whole-backups';
import { keysOf, ROOT, useCli, useShop } from './support';

const cli = useCli();
const start = useScripts();
const shop = useShop();

interface Check {
  id: string;
  level: 'ok' | 'warn' | 'fail';
  message: string;
  advice: string | null;
}

async function doctor(...more: string[]) {
  const { code, stderr, json } = await cli.run(['doctor', '--json', '--database', 'app.db', ...more], {
    cwd: shop.path,
  });
  expect(stderr).toBe('');
  const { ok, checks } = json<{ ok: boolean; checks: Check[] }>();
  // Whatever is wrong, it says what to do.
  for (const { level, advice } of checks) expect(advice === null).toBe(level === 'ok');
  expect({ ok, code }).toEqual({ ok: code === 0, code: checks.some(({ level }) => level === 'fail') ? 1 : 0 });
  return { checks, check: (id: string) => checks.find((each) => each.id === id), document: json() };
}

async function take(): Promise<string> {
  expect((await cli.run(['create', '--database', 'app.db'], { cwd: shop.path })).code).toBe(0);
  return backupNames(shop.path).at(-1)!;
}

const ALL = [
  'node',
  'config',
  'sqlite',
  'lock',
  'database',
  'journal-mode',
  'folder',
  'space',
  'permissions',
  'leftovers',
  'clock',
  'backups',
  'contents',
  'verification',
  'retention',
  'copies',
  'due',
];

test('where all is well, every check is ok, except that it asks for copies elsewhere', async () => {
  const name = await take();
  const { checks, check, document } = await doctor();
  expect(checks.filter(({ level }) => level !== 'ok').map(({ id }) => id)).toEqual(['copies']);
  expect(check('copies')!.message).toContain('on this computer only');
  expect(checks.map(({ id }) => id)).toEqual(ALL);
  expect(check('due')!.message).toMatch(
    new RegExp(`^No backup is due before .* \\(in 7 days\\), when the newest one is 7 days old\\. ${name} is .* old`),
  );
  expect(check('sqlite')!.message).toMatch(/^better-sqlite3 \d+\.\d+\.\d+, SQLite 3\.\d+\.\d+\.$/);
  expect(check('verification')!.message).toContain(`${name} (quick, when it was taken)`);
  expect(check('lock')!.message).toBe('The backup lock is free.');
  expect(keysOf(document)).toEqual([
    'ok',
    'level',
    'sentence',
    ...['due', 'reason', 'latest', 'ageMs', 'dueAt', 'retryAt'].map((key) => `due.${key}`),
    ...['id', 'level', 'message', 'advice'].map((key) => `checks[].${key}`),
  ]);
});

test('for people there is a line for each, its advice below it, and a sum; nothing is changed', async () => {
  await take();
  fs.writeFileSync(shop.file('.app_backup_20260101_100000.abc.partial'), 'x');
  const before = shop.list();
  const untouched = contentsOf(shop.path);
  const { code, stdout } = await cli.run(['doctor', '--database', 'app.db'], { cwd: shop.path });
  expect(code).toBe(0);
  expect(stdout).toMatch(/^ok {4}database +".*app\.db" can be read/m);
  expect(stdout).toMatch(/^WARN {2}leftovers +Left by .*\n +-> The next backup removes it/m);
  expect(stdout).toMatch(/\n\n0 failures, 2 warnings, 15 ok\nSafe here, 2 things to do: No restore was ever tried\n$/);
  expect(contentsOf(shop.path)).toEqual(untouched);
  expect(shop.list()).toEqual(before);
});

test('on a new shop nothing fails, nothing is created, and it says that a backup is due', async () => {
  const { check } = await doctor();
  expect(check('due')).toMatchObject({ level: 'warn', message: 'A backup is due: there is no whole backup yet.' });
  expect(check('lock')).toMatchObject({
    level: 'ok',
    message: expect.stringContaining('no backup has been taken here'),
  });
  // A -wal and -shm of the database come with the first connection to it, whoever's.
  expect(shop.list().filter((name) => !/^app\.db(-wal|-shm)?$/.test(name))).toEqual([]);
});

test('a manifest that somebody has edited by hand is no reason to fall', async () => {
  writeBackup(shop.path, new Date(Date.now() - DAY), { manifest: { verifiedAt: 'yesterday' } });
  const { json } = await cli.run(['doctor', '--json', '--database', 'app.db'], { cwd: shop.path });
  expect(json()).toMatchObject({
    checks: expect.arrayContaining([expect.objectContaining({ id: 'verification', level: 'warn' })]) as unknown[],
  });
});

describe('failures', () => {
  test('a missing database', async () => {
    fs.rmSync(shop.database);
    expect((await doctor()).check('database')).toMatchObject({
      level: 'fail',
      message: expect.stringMatching(/^There is no database at/),
    });
  });

  test('a database that is none', async () => {
    fs.writeFileSync(shop.database, 'no database at all, but long enough to be read as one'.repeat(100));
    expect((await doctor()).check('database')).toMatchObject({
      level: 'fail',
      message: expect.stringContaining('is not a SQLite database'),
    });
  });

  test('a missing folder, a file in its place', async () => {
    expect((await doctor('--directory', 'nowhere')).check('folder')).toMatchObject({
      level: 'fail',
      message: expect.stringMatching(/nowhere" does not exist\.$/),
    });
    expect((await doctor('--directory', 'app.db')).check('folder')).toMatchObject({
      level: 'fail',
      message: expect.stringMatching(/is not a folder/),
    });
  });

  test('a retention policy that fails', async () => {
    shop.write(
      'c.cjs',
      'module.exports = { database: __dirname + "/app.db", retention() { throw new Error("no idea"); } };',
    );
    const { code, json } = await cli.run(['doctor', '--json', '--config', 'c.cjs'], { cwd: shop.path });
    const { checks } = json<{ checks: Check[] }>();
    expect(checks.find(({ id }) => id === 'retention')).toMatchObject({
      level: 'fail',
      message: 'The retention policy failed: no idea.',
    });
    expect(code).toBe(1);
  });

  test.each([
    ['is not installed', undefined, 'The package better-sqlite3 is not installed'],
    [
      'needs a newer Node',
      { version: '99.0.0', engines: { node: '>=99.1' } },
      'better-sqlite3 99.0.0 does not run in Node',
    ],
    ['cannot be loaded', 'broken', 'better-sqlite3 could not be loaded'],
  ])(
    'better-sqlite3 %s: doctor, the line when the service is made, check() and the attempt say so',
    (_what, driver, says) => {
      // The built package beside all its dependencies but that one.
      for (const name of ['dist', 'package.json'])
        fs.cpSync(path.join(ROOT, name), shop.file('package', name), { recursive: true });
      const modules = shop.file('package', 'node_modules');
      fs.mkdirSync(modules);
      for (const name of fs.readdirSync(path.join(ROOT, 'node_modules'))) {
        if (name !== 'better-sqlite3' && !name.startsWith('.'))
          fs.symlinkSync(path.join(ROOT, 'node_modules', name), path.join(modules, name));
      }
      const planted = path.join(modules, 'better-sqlite3');
      if (driver === 'broken') {
        const isLibrary = (file: string): boolean => !/better-sqlite3[\\/](build|deps|src)$/.test(file);
        fs.cpSync(path.join(ROOT, 'node_modules', 'better-sqlite3'), planted, { recursive: true, filter: isLibrary });
        fs.mkdirSync(path.join(planted, 'build', 'Release'), { recursive: true });
        fs.writeFileSync(path.join(planted, 'build', 'Release', 'better_sqlite3.node'), Buffer.alloc(5_000, 1));
      } else if (driver) {
        fs.mkdirSync(planted);
        fs.writeFileSync(path.join(planted, 'package.json'), JSON.stringify(driver));
      }
      const main = shop.file('package', 'dist', 'cli', 'main.js');
      const { status, stdout } = spawnSync(process.execPath, [main, 'doctor', '--database', 'app.db'], {
        cwd: shop.path,
        encoding: 'utf8',
      });
      expect(stdout).toMatch(/^FAIL {2}sqlite +.*\n +-> /m);
      expect(stdout.replaceAll(/\s+/g, ' ')).toContain(says);
      expect(status).toBe(1);

      const found = runNode<{ lines: string[]; checked: string; failed: string }>(
        `
      const { BackupService } = require(process.argv[1]);
      const lines = [];
      const say = (line) => lines.push(line);
      const service = new BackupService({ database: process.argv[2], logger: { info: say, warn: say, error: say } });
      (async () => {
        const checked = await service.check().then(() => 'nothing', (error) => error.message);
        const failed = await service.createBackup().catch((error) => error.code + ' ' + error.message);
        console.log(JSON.stringify({ lines, checked, failed }));
      })();`,
        { args: [shop.file('package'), shop.file('app.db')] },
      );
      expect(found.failed).toContain('ERR_BACKUP_CHILD_FAILED');
      expect(found.failed).toContain(says);
      if (driver === 'broken') return;
      expect(found.lines[0]).toMatch(/^Backups will fail as this is set up \[ERR_BACKUP_CHILD_FAILED\]/);
      for (const said of [found.lines[0], found.checked]) expect(said).toContain(says);
    },
  );

  test('a Node that is too old', () => {
    expect(checkNode('20.19.0', '>=20.19')).toMatchObject({ level: 'ok' });
    expect(checkNode('24.0.0', '>=20.19')).toMatchObject({ level: 'ok' });
    expect(checkNode('20.18.3', '>=20.19')).toMatchObject({ level: 'fail' });
    expect(checkNode('18.30.0', '>=20.19')).toMatchObject({ level: 'fail' });
  });

  test('no room for the next backup', () => {
    expect(judgeSpace(100, 100)).toMatchObject({ level: 'fail', message: '100 B free, a backup needs 100 B.' });
    expect(judgeSpace(299, 100)).toMatchObject({ level: 'warn' });
    expect(judgeSpace(300, 100)).toMatchObject({ level: 'ok' });
  });
});

describe('warnings', () => {
  test('rollback-journal mode', async () => {
    const db = new Database(shop.database);
    db.pragma('journal_mode = DELETE');
    db.close();
    expect((await doctor()).check('journal-mode')).toMatchObject({
      level: 'warn',
      advice: expect.stringContaining('PRAGMA journal_mode=WAL'),
    });
  });

  test('a backup that others may read', async () => {
    const name = await take();
    fs.chmodSync(shop.file(name), 0o644);
    expect((await doctor()).check('permissions')).toMatchObject({
      level: 'warn',
      message: `Readable by others: ${name}.`,
      advice: expect.stringContaining(`chmod 600 ${shop.file(name)}`),
    });
  });

  test('a backup of the future does not count, and the clock is named', async () => {
    const name = writeBackup(shop.path, new Date(Date.now() + DAY));
    const { check } = await doctor();
    expect(check('clock')).toMatchObject({ level: 'warn', message: expect.stringContaining(name) });
    expect(check('due')!.message).toContain(`${name} does not count: dated in the future.`);
  });

  test('a database written in the future: the clock was set back', async () => {
    const ahead = new Date(Date.now() + HOUR);
    fs.utimesSync(shop.database, ahead, ahead);
    expect((await doctor()).check('clock')).toMatchObject({
      level: 'warn',
      message: expect.stringContaining('app.db'),
    });
  });

  test('a damaged backup', async () => {
    const name = await take();
    fs.appendFileSync(shop.file(name), 'x');
    expect((await doctor()).check('backups')).toMatchObject({
      level: 'warn',
      message: expect.stringContaining(`${name} (damaged)`),
    });
  });

  test('nothing was verified for more than thirty days, or ever', async () => {
    const verifiedAt = (age: number) => ({ manifest: { verifiedAt: new Date(Date.now() - age).toISOString() } });
    writeBackup(shop.path, new Date(Date.now() - 29 * DAY), verifiedAt(29 * DAY));
    expect((await doctor()).check('verification')).toMatchObject({ level: 'ok' });
    fs.rmSync(shop.file(backupNames(shop.path)[0]!));
    writeBackup(shop.path, new Date(Date.now() - 31 * DAY), verifiedAt(31 * DAY));
    expect((await doctor()).check('verification')).toMatchObject({
      level: 'warn',
      message: expect.stringContaining('31 days ago'),
    });
    for (const name of filesOf(shop.path).filter((file) => file !== 'app.db')) fs.rmSync(shop.file(name));
    writeBackup(shop.path, new Date(Date.now() - DAY));
    expect((await doctor()).check('verification')).toMatchObject({
      level: 'warn',
      message: 'No backup has ever been verified.',
    });
  });

  test('a configuration with relative paths, which the app may count from elsewhere', async () => {
    shop.write('c.cjs', 'module.exports = { database: "app.db" };');
    const { json } = await cli.run(['doctor', '--json', '--config', 'c.cjs'], { cwd: shop.path });
    const { checks } = json<{ checks: Check[] }>();
    expect(checks.find(({ id }) => id === 'config')).toMatchObject({
      level: 'warn',
      message: expect.stringContaining('"database" is a relative path'),
      // Without __dirname, in an ES module.
      advice: expect.stringContaining('path.join(import.meta.dirname, …)'),
    });
  });
});

describe('who holds what', () => {
  const onLinux = process.platform === 'linux' ? test : test.skip;

  test('a held lock is a warning, and partials are work that goes on', async () => {
    await take();
    const holder = new Database(shop.file('.app_backup.lock'));
    holder.exec('BEGIN EXCLUSIVE');
    fs.writeFileSync(shop.file('.app_backup_20260101_100000.abc.partial'), 'x');
    const { check } = await doctor().finally(() => holder.close());
    expect(check('lock')).toMatchObject({ level: 'warn', message: expect.stringContaining('is held') });
    expect(check('leftovers')).toMatchObject({ level: 'ok', message: expect.stringContaining('Work is going on') });
    expect((await doctor()).check('lock')).toMatchObject({ level: 'ok' });
  });

  onLinux('the process is named, with its command and how long it runs', async () => {
    await take();
    const holder = start(path.join(__dirname, 'fixtures', 'holder.js'), [shop.file('.app_backup.lock')]);
    expect(await holder.next()).toBe('held');
    const { check } = await doctor();
    expect(check('lock')!.message).toMatch(
      new RegExp(`is held by process ${holder.pid} \\(.*holder\\.js .*\\), running for `),
    );
  });

  onLinux('of an exclusively locked database as well', async () => {
    const holder = start(path.join(__dirname, 'fixtures', 'holder.js'), [shop.database]);
    expect(await holder.next()).toBe('held');
    const { check } = await doctor();
    expect(check('database')).toMatchObject({
      level: 'warn',
      message: expect.stringMatching(new RegExp(`is locked by process ${holder.pid} `)),
    });
  });
});

describe('why a backup is due or not', () => {
  const now = localTime('2026-11-24 12:00:00').getTime();
  const at = (age: number) => new Date(now - age);

  test('fresh: the name, the age, when it becomes due', () => {
    const latest = aBackup(at(2 * DAY));
    const due = { due: false, reason: 'fresh', latest, ageMs: 2 * DAY, dueAt: at(-5 * DAY) } as const;
    expect(explainDue({ due, backups: [latest], intervalMs: 7 * DAY, now })).toEqual({
      id: 'due',
      level: 'ok',
      message:
        'No backup is due before 2026-11-29 12:00:00 (in 5 days), when the newest one is 7 days old. ' +
        'app_backup_20261122_120000.db is 2 days old (2026-11-22 12:00:00).',
      advice: null,
    });
  });

  test('touched: its modification time is what makes it old', () => {
    const taken = at(HOUR);
    const latest = aBackup(at(8 * DAY), { name: 'a.db', manifest: aManifest({ createdAt: taken.toISOString() }) });
    const due = { due: true, reason: 'too-old', latest, ageMs: 8 * DAY } as const;
    const { level, message } = explainDue({ due, backups: [latest], intervalMs: 7 * DAY, now });
    expect(level).toBe('warn');
    expect(message).toBe(
      'A backup is due: the newest one is 7 days old or older. a.db is 8 days old (2026-11-16 12:00:00), ' +
        'though it was taken 1 hour ago: its modification time is older, and the older time counts.',
    );
  });

  test('newer files that do not count are named, older ones are not', () => {
    const latest = aBackup(at(8 * DAY));
    const newer = aBackup(at(MINUTE), { problem: 'damaged' });
    const older = aBackup(at(9 * DAY), { problem: 'damaged' });
    const due = { due: true, reason: 'too-old', latest, ageMs: 8 * DAY } as const;
    const { message } = explainDue({ due, backups: [newer, latest, older], intervalMs: undefined, now });
    expect(message).toContain(`${newer.name} does not count: damaged.`);
    expect(message).not.toContain(older.name);
  });
});
