import fs from 'node:fs';
import { BackupService, keep } from 'sqlite-autobackup';
import type { BackupServiceOptions } from 'sqlite-autobackup';
import { checkLedger, createLedger } from '../support/databases';
import { memoryLogger } from '../support/memory-logger';
import { DAY, HOUR, writeBackup } from '../support/planted-backups';
import { DIST, runNode } from '../support/run-node';
import { useTempFolder } from '../support/temp-folder';
import { backupNames, failureOf } from '../support/whole-backups';

const folder = useTempFolder();
let logger: ReturnType<typeof memoryLogger>;

const serviceWith = (options: Partial<BackupServiceOptions> = {}) => {
  logger = memoryLogger();
  return new BackupService({ database: folder.file('app.db'), logger, ...options });
};

beforeEach(() => {
  createLedger(folder.file('app.db'), 'wal').close();
});

test('a backup dated in the future (the clock was set back) does not count, is warned of once, and is never pruned', async () => {
  const ahead = writeBackup(folder.path, new Date(Date.now() + 40 * DAY));
  const alsoAhead = writeBackup(folder.path, new Date(Date.now() + HOUR), { mtime: new Date() });
  const service = serviceWith({ retention: keep({ last: 1 }) });
  expect(service.checkDue()).toEqual({ due: true, reason: 'none' });
  expect(service.shouldBackup()).toBe(true);
  expect(logger.lines.filter((line) => line.startsWith('warn'))).toEqual(
    [ahead, alsoAhead].map((name) => expect.stringContaining(`Backup not counted: ${name} (dated in the future`)),
  );
  const { name } = await service.createBackup();
  expect(service.getLatestBackup()?.name).toBe(name);
  expect(backupNames(folder.path)).toEqual([name, alsoAhead, ahead].sort());
});

test('the age counts the time that has passed, also where a clock change repeats or skips an hour', () => {
  // In Berlin, 25 October 2026 has 02:30 twice, and 29 March 2026 has no 02:30.
  const results = runNode<Record<string, number>>(
    `
    const { toBackup } = require('${DIST}/catalog/backup.js');
    const { backupName, parseBackupName } = require('${DIST}/catalog/backup-name.js');
    const naming = { prefix: 'app_backup_', extension: '.db' };
    const minutes = (utc, nowUtc, withManifest) => {
      const taken = new Date(utc), now = Date.parse(nowUtc);
      const name = backupName(naming, taken);
      const manifest = withManifest ? { createdAt: taken.toISOString(), sizeBytes: 1 } : undefined;
      const file = { name, path: name, nameTime: parseBackupName(naming, name), sizeBytes: 1, mtimeMs: now, manifest };
      return (now - toBackup(file, now).createdAt.getTime()) / 60_000;
    };
    console.log(JSON.stringify({
      repeatedFirst: minutes('2026-10-25T00:30:00Z', '2026-10-25T02:30:00Z', true),
      repeatedSecond: minutes('2026-10-25T01:30:00Z', '2026-10-25T02:30:00Z', true),
      byNameFirst: minutes('2026-10-25T00:30:00Z', '2026-10-25T02:30:00Z', false),
      byNameSecond: minutes('2026-10-25T01:30:00Z', '2026-10-25T02:30:00Z', false),
      overTheGap: minutes('2026-03-29T00:30:00Z', '2026-03-29T01:30:00Z', false),
      sevenDaysOverTheChange: minutes('2026-10-20T10:00:00Z', '2026-10-27T10:00:00Z', false),
    }));`,
    { env: { TZ: 'Europe/Berlin' } },
  );
  expect(results).toEqual({
    repeatedFirst: 120,
    repeatedSecond: 60,
    byNameFirst: 120,
    // A name alone can't tell the two; it counts as the older one, so a backup is rather taken too early.
    byNameSecond: 120,
    overTheGap: 60,
    sevenDaysOverTheChange: 7 * 24 * 60,
  });
});

test('a folder of 10,000 backups is listed, judged and pruned rightly', async () => {
  const directory = folder.file('backups');
  fs.mkdirSync(directory);
  for (let i = 0; i < 10_000; i++) writeBackup(directory, new Date(Date.now() - 8 * DAY - i * HOUR), { sizeBytes: 1 });
  const newest = backupNames(directory).at(-1);
  const service = serviceWith({ directory });
  expect(service.checkDue()).toMatchObject({ due: true, reason: 'too-old', latest: { name: newest } });
  expect(await service.listBackups()).toHaveLength(10_000);

  const outcome = await service.backupIfDue();
  expect(outcome.status).toBe('created');
  const left = await service.listBackups();
  expect(left).toHaveLength(20);
  expect(left[1]!.name).toBe(newest);
});

test('files of other names, links, folders and empty files are no backups, and stay', async () => {
  const directory = folder.file('backups');
  fs.mkdirSync(directory);
  const old = new Date(Date.now() - 2 * DAY);
  const own = writeBackup(directory, new Date(Date.now() - 30 * DAY));
  const notOurs = [
    'other_backup_20261120_090000.db',
    'myapp_backup_20261120_090000.db',
    'app_backup_20261120_090000.sqlite',
    'app_backup_20261120_090000.db.old',
    'app_backup_20261320_090000.db',
    'app_backup_20261120.db',
    'app_backup_20261120_090000.db-wal',
    'app_backup_20261120_090000.db-shm',
    'notes.txt',
  ];
  for (const name of notOurs) fs.writeFileSync(`${directory}/${name}`, 'not ours');
  fs.writeFileSync(`${directory}/app_backup_20261121_090000.db`, '');
  fs.mkdirSync(`${directory}/app_backup_20261122_090000.db`);
  fs.symlinkSync(folder.file('app.db'), `${directory}/app_backup_20261123_090000.db`);
  for (const name of notOurs) fs.utimesSync(`${directory}/${name}`, old, old);
  const before = fs.readdirSync(directory);

  const service = serviceWith({ directory, retention: keep({ last: 1 }) });
  expect((await service.listBackups()).map(({ name }) => name)).toEqual([own]);
  expect(service.shouldBackup()).toBe(true);
  await failureOf(() => service.deleteBackup('app_backup_20261123_090000.db'), 'ERR_BACKUP_NOT_FOUND');
  const { name } = await service.createBackup();

  const expected = [...before.filter((each) => each !== own), name, name.replace(/db$/, 'json'), '.app_backup.lock'];
  expect(fs.readdirSync(directory).sort()).toEqual(expected.sort());
});

test('a database without an extension, or with several dots, has backups of its name', async () => {
  for (const [file, pattern] of [
    ['shop', /^shop_backup_\d{8}_\d{6}$/],
    ['my.shop.sqlite', /^my\.shop_backup_\d{8}_\d{6}\.sqlite$/],
    ["it's 100% ñ?.db", /^it's 100% ñ\?_backup_\d{8}_\d{6}\.db$/],
  ] as const) {
    createLedger(folder.file(file), 'wal').close();
    const { name, path } = await serviceWith({ database: folder.file(file) }).createBackup();
    expect(name).toMatch(pattern);
    checkLedger(path);
  }
});

test.each(['-wal', '-shm'])(
  'a leftover %s of an app that was killed does not keep its database from being backed up',
  async (suffix) => {
    const crash = `
    const Database = require('better-sqlite3');
    const db = new Database(process.argv[1]);
    db.exec("INSERT INTO entries (amount) VALUES (5); UPDATE totals SET amount = 5, entries = 1");
    console.log('1');
    process.kill(process.pid, 'SIGKILL');`;
    expect(() => runNode(crash, { args: [folder.file('app.db')] })).toThrow();
    expect(fs.statSync(folder.file(`app.db${suffix}`)).size).toBeGreaterThan(0);
    const { path } = await serviceWith().createBackup();
    expect(checkLedger(path)).toEqual({ entries: 1 });
  },
);

test('verifying a plain copy that another program made of a WAL database leaves nothing beside it', async () => {
  const name = writeBackup(folder.path, new Date(Date.now() - DAY));
  fs.copyFileSync(folder.file('app.db'), folder.file(name));
  const before = folder.list();
  expect(await serviceWith().verifyBackup(name)).toMatchObject({ ok: true, problems: [] });
  expect(folder.list()).toEqual(before);
});
