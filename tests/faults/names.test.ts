import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { BackupService, keep } from 'sqlite-autobackup';
import { checkLedger, createLedger } from '../support/databases';
import { memoryLogger } from '../support/memory-logger';
import { DAY, HOUR, SECOND, writeBackup } from '../support/planted-backups';
import { runNode } from '../support/run-node';
import { useTempFolder } from '../support/temp-folder';
import { backupNames, contentsOf, failureOf, filesOf } from '../support/whole-backups';

const folder = useTempFolder();
let database: string;
let directory: string;

beforeEach(() => {
  database = folder.file('app.db');
  directory = folder.file('backups');
  fs.mkdirSync(directory);
});

function service(last = 20): BackupService {
  return new BackupService({ database, directory, logger: memoryLogger(), retention: keep({ last }) });
}

/** What the service was told to keep, for whoever prunes without having been told. */
const put = (name: string, contents = 'not ours') => fs.writeFileSync(path.join(directory, name), contents);

describe('10,000 backups in the folder', () => {
  const COUNT = 10_000;
  // And a second: where clocks go back by an hour, two names would be the same.
  const APART = HOUR + SECOND;
  let newest: number;
  let names: string[];
  beforeEach(() => {
    newest = Math.floor(Date.now() / 1000) * 1000 - 6 * DAY;
    names = Array.from({ length: COUNT }, (_, i) =>
      writeBackup(directory, new Date(newest - i * APART), { sizeBytes: 1 }),
    );
  });

  test('are all listed, newest first, and the age of the newest decides', async () => {
    const listed = await service().listBackups();
    expect(listed).toHaveLength(COUNT);
    const times = listed.map(({ createdAt }) => createdAt.getTime());
    expect(times).toEqual([...times].sort((a, b) => b - a));
    expect(listed[0]!.name).toBe(names[0]);
    expect(service().checkDue()).toMatchObject({ due: false, reason: 'fresh', latest: { name: names[0] } });

    const eightDaysAgo = new Date(newest - 2 * DAY);
    for (const name of names.slice(0, 48)) fs.utimesSync(path.join(directory, name), eightDaysAgo, eightDaysAgo);
    expect(service().checkDue()).toMatchObject({ due: true, reason: 'too-old' });
  });

  test('are pruned to those that the policy keeps when the next one is taken', async () => {
    createLedger(database, 'wal').close();
    const { name } = await service().createBackup();
    expect(backupNames(directory).reverse()).toEqual([name, ...names.slice(0, 19)]);
  });
});

test('files that only look like backups of this database are not counted, and stay', async () => {
  createLedger(database, 'wal').close();
  [
    'shop_backup_20251101_010101.db',
    'web_backup_20251101_010101.db',
    'app_backup_20251101_010101.bk',
    'myapp_backup_20251101_010101.db',
    'app_backup_20251101_010101.sqlite',
    'app_backup_20251101_010101.db.gz',
    'app_backup_20251101_010101.db-wal',
    'app_backup_20251101_010101.db-shm',
    'app_backup_20251101_010101',
    'app_backup_20251101_010101_copy.db',
    'app_backup_20251301_010101.db',
    'app_backup_20250230_010101.db',
    'app_backup_20251101_246060.db',
    'app_backup_2025110１_010101.db',
    'APP_backup_20251101_010101.DB',
    'app_backup_20251101-010101.db',
    '.app_backup_20251101_010101.db',
    '.shop_backup_20251101_010101.0123456789ab.partial',
    'shop_backup_20251101_010101.json',
    'app.db',
    'notes.txt',
  ].forEach((name) => put(name));
  const theirs = contentsOf(directory);
  const backups = service(1);
  expect(await backups.listBackups()).toEqual([]);
  expect(backups.checkDue()).toEqual({ due: true, reason: 'none' });

  writeBackup(directory, new Date(Date.now() - 30 * DAY));
  const { name, path: file } = await backups.createBackup();
  expect((await backups.listBackups()).map((backup) => backup.name)).toEqual([name]);
  fs.rmSync(file);
  fs.rmSync(file.replace(/db$/, 'json'));
  expect(contentsOf(directory)).toEqual(theirs);
});

test('what attempts that died have left is swept; what they had published, and what is not theirs, stays', async () => {
  createLedger(database, 'wal').close();
  const old = writeBackup(directory, new Date(Date.now() - 2 * DAY), { manifest: true });
  const theirs = contentsOf(directory);
  const stem = '.app_backup_20251101_010101.0123456789ab.partial';
  for (const suffix of ['', '-journal', '-wal', '-shm', '.json']) put(stem + suffix);
  const orphan = writeBackup(directory, new Date(Date.now() - 3 * DAY), { manifest: true });
  fs.rmSync(path.join(directory, orphan));

  const { name } = await service().createBackup();
  expect(filesOf(directory)).toEqual([...Object.keys(theirs), name, name.replace(/db$/, 'json')].sort());
  expect(backupNames(directory)).toEqual([old, name]);
});

test('links, folders, pipes and empty files with the name of a backup are not counted, and pruning leaves them', async () => {
  createLedger(database, 'wal').close();
  // Each with a second of its own: where clocks go back by an hour, two names would be the same.
  const ago = (hours: number) => new Date(Date.now() - hours * (HOUR + SECOND));
  const at = (hours: number) => path.join(directory, writeBackup(directory, ago(hours)));
  const precious = folder.file('precious.db');
  fs.writeFileSync(precious, 'kept elsewhere');
  const replace = (file: string, make: (file: string) => void) => {
    fs.rmSync(file);
    make(file);
    return path.basename(file);
  };
  const strange = [
    replace(at(1), (file) => fs.symlinkSync(precious, file)),
    replace(at(2), (file) => fs.symlinkSync(folder.file('nowhere'), file)),
    replace(at(3), (file) => fs.mkdirSync(file)),
    replace(at(4), (file) => fs.writeFileSync(file, '')),
    ...(process.platform === 'win32' ? [] : [replace(at(5), (file) => execFileSync('mkfifo', [file]))]),
  ];
  const due = path.basename(at(24 * 8));
  const backups = service(1);
  expect((await backups.listBackups()).map(({ name }) => name)).toEqual([due]);
  expect(backups.checkDue()).toMatchObject({ due: true, reason: 'too-old', latest: { name: due } });

  await failureOf(() => backups.deleteBackup(strange[0]!), 'ERR_BACKUP_NOT_FOUND', strange[0]);
  const { name } = await backups.createBackup();
  expect(backupNames(directory)).toEqual([...strange, name].sort());
  expect(fs.readFileSync(precious, 'utf8')).toBe('kept elsewhere');
});

test('a pipe in the place of a manifest does not make the listing wait, and its backup is not pruned', async () => {
  if (process.platform === 'win32') return;
  const name = writeBackup(directory, new Date(Date.now() - 2 * HOUR));
  const newest = writeBackup(directory, new Date(Date.now() - HOUR));
  execFileSync('mkfifo', [path.join(directory, name.replace(/db$/, 'json'))]);
  expect(await service().listBackups()).toMatchObject([{ name: newest }, { name, problem: 'unreadable manifest' }]);
  expect(await service(1).pruneBackups()).toMatchObject({ removed: [], failed: [] });
});

test.each(['-wal', '-shm'])(
  'a leftover %s of an app that was killed does not keep its database from being backed up',
  async (suffix) => {
    createLedger(database, 'wal').close();
    const crash = `
    const Database = require('better-sqlite3');
    const db = new Database(process.argv[1]);
    db.exec("INSERT INTO entries (amount) VALUES (5); UPDATE totals SET amount = 5, entries = 1");
    console.log('1');
    process.kill(process.pid, 'SIGKILL');`;
    expect(() => runNode(crash, { args: [database] })).toThrow();
    expect(fs.statSync(database + suffix).size).toBeGreaterThan(0);
    const backup = await service().createBackup();
    expect(checkLedger(backup.path)).toEqual({ entries: 1 });
  },
);

test('a -wal and -shm beside a backup are not part of it, and are left alone', async () => {
  createLedger(database, 'wal').close();
  const { name, path: file } = await service().createBackup();
  put(`${name}-wal`, 'stale');
  put(`${name}-shm`, 'stale');
  const untouched = contentsOf(directory);
  const [listed, ...others] = await service().listBackups();
  expect(others).toEqual([]);
  expect(listed).toMatchObject({ name, path: file });
  await service(1).pruneBackups();
  expect(contentsOf(directory)).toEqual(untouched);
});

test('verifying a plain copy that another program made of a WAL database leaves nothing beside it', async () => {
  createLedger(database, 'wal').close();
  const name = writeBackup(directory, new Date(Date.now() - DAY));
  fs.copyFileSync(database, path.join(directory, name));
  const before = filesOf(directory);
  expect(await service().verifyBackup(name)).toMatchObject({ ok: true, problems: [] });
  expect(filesOf(directory)).toEqual(before);
});

test('a database without an extension, or with several dots, has backups of its name', async () => {
  for (const [file, pattern] of [
    ['shop', /^shop_backup_\d{8}_\d{6}$/],
    ['my.shop.sqlite', /^my\.shop_backup_\d{8}_\d{6}\.sqlite$/],
    ["it's 100% ñ?.db", /^it's 100% ñ\?_backup_\d{8}_\d{6}\.db$/],
  ] as const) {
    createLedger(folder.file(file), 'wal').close();
    const { name, path: made } = await new BackupService({
      database: folder.file(file),
      logger: memoryLogger(),
    }).createBackup();
    expect(name).toMatch(pattern);
    checkLedger(made);
  }
});
