import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { deleteFiles } from '#dist/catalog/delete-backup.js';
import { formatManifest } from '#dist/catalog/manifest.js';
import { findLatestBackup } from '#dist/catalog/latest-backup.js';
import { listBackups, readBackup } from '#dist/catalog/list-backups.js';
import { runSync } from '#dist/util/file-work.js';
import { thrownBy } from '../../support/errors';
import { DAY, HOUR, MINUTE, NAMING, aManifest, localTime, writeBackup } from '../../support/planted-backups';
import { useTempFolder } from '../../support/temp-folder';

const temp = useTempFolder();
const noon = localTime('2026-11-24 12:00:00');
const now = noon.getTime();
const ago = (ms: number) => new Date(now - ms);

const folder = () => ({ directory: temp.path, naming: NAMING });
const listed = () => runSync(listBackups(folder(), now)).map(({ name }) => name);
const latest = () => findLatestBackup(folder(), now);
const write = (at: Date, options = {}) => writeBackup(temp.path, at, options);

test('an empty folder holds no backups', () => {
  expect(listed()).toEqual([]);
  expect(latest()).toEqual({ latest: undefined, ignored: [] });
});

test('backups are listed newest first, with and without a manifest, and the newest is the latest', () => {
  const names = [
    write(ago(DAY), { manifest: true }),
    write(ago(3 * DAY)),
    write(ago(HOUR)),
    write(ago(2 * DAY), { manifest: { protected: true, label: 'nightly' } }),
  ];
  expect(listed()).toEqual([names[2], names[0], names[3], names[1]]);
  expect(latest().latest?.name).toBe(names[2]);
  expect(readBackup(folder(), names[3]!, now)).toMatchObject({ protected: true, label: 'nightly', verified: 'quick' });
});

test('the order is that of age, not of names: a file touched back in time is old', () => {
  const touched = write(ago(HOUR), { mtime: ago(8 * DAY) });
  const other = write(ago(2 * DAY));
  expect(listed()).toEqual([other, touched]);
  expect(latest().latest?.name).toBe(other);
});

test('a backup whose manifest was written in another zone is the latest, though its name is not', () => {
  const zoned = write(ago(20 * HOUR), { mtime: ago(MINUTE), manifest: { createdAt: ago(MINUTE).toISOString() } });
  const byName = write(ago(HOUR));
  expect(listed()).toEqual([zoned, byName]);
  expect(latest().latest?.name).toBe(zoned);
});

test('zero-byte files, folders, links, side files, partials and strangers are no backups', () => {
  const good = write(ago(DAY));
  write(ago(HOUR), { sizeBytes: 0 });
  fs.mkdirSync(temp.file('app_backup_20261124_100000.db'));
  fs.symlinkSync(temp.file(good), temp.file('app_backup_20261124_101000.db'));
  fs.symlinkSync(temp.file('nowhere'), temp.file('app_backup_20261124_102000.db'));
  for (const name of [
    'app.db',
    'app_backup_20261124_103000.db-wal',
    'app_backup_20261124_103000.db-shm',
    'app_backup_20261124_103000.json',
    '.app_backup_20261124_103000.f00d.partial',
    'shop_backup_20261124_103000.db',
    'app_backup_20261124.db',
  ]) {
    fs.writeFileSync(temp.file(name), 'x');
  }
  expect(listed()).toEqual([good]);
  expect(latest().latest?.name).toBe(good);
  expect(readBackup(folder(), 'app_backup_20261124_100000.db', now)).toBeUndefined();
});

test('files with a problem are listed and passed over, with the reason', () => {
  const good = write(ago(2 * DAY), { manifest: true });
  const names = {
    'dated in the future': write(ago(-2 * MINUTE)),
    damaged: write(ago(HOUR), { manifest: { sizeBytes: 4097 } }),
    'unreadable manifest': write(ago(DAY), { manifest: '{' }),
  };
  expect(listed()).toEqual([...Object.values(names), good]);
  const found = latest();
  expect(found.latest?.name).toBe(good);
  expect(Object.fromEntries(found.ignored.map((b) => [b.problem, b.name]))).toEqual(names);
});

test('a folder or a pipe in the place of a manifest makes it unreadable, and nothing blocks', () => {
  const one = write(ago(HOUR));
  fs.mkdirSync(temp.file(one.replace('.db', '.json')));
  const two = write(ago(2 * HOUR));
  if (process.platform !== 'win32') execFileSync('mkfifo', [temp.file(two.replace('.db', '.json'))]);
  else fs.mkdirSync(temp.file(two.replace('.db', '.json')));
  expect(latest()).toMatchObject({
    latest: undefined,
    ignored: [{ problem: 'unreadable manifest' }, { problem: 'unreadable manifest' }],
  });
});

test('the latest is found without a look at files that are too old by their names', () => {
  for (let day = 0; day < 30; day += 1) write(ago(day * DAY));
  const looks = jest.spyOn(fs, 'lstatSync');
  expect(latest().latest?.createdAt).toEqual(noon);
  expect(looks.mock.calls.filter(([file]) => String(file).endsWith('.db')).length).toBeLessThanOrEqual(3);
  looks.mockRestore();
});

test('a name that is not one of this database is read as no backup, wherever it points', () => {
  write(noon);
  for (const name of ['', 'app.db', '../app_backup_20261124_120000.db', 'shop_backup_20261124_120000.db']) {
    expect(readBackup(folder(), name, now)).toBeUndefined();
  }
});

describe('a folder that cannot be listed is never an empty one', () => {
  const elsewhere = (...names: string[]) => ({ directory: temp.file(...names), naming: NAMING });
  const bothThrow = (directory: ReturnType<typeof elsewhere>) =>
    [() => findLatestBackup(directory, now), () => runSync(listBackups(directory, now))].map((act) => thrownBy(act));

  test('a missing one', () => {
    for (const error of bothThrow(elsewhere('missing'))) {
      expect(error).toMatchObject({ code: 'ERR_BACKUP_DIRECTORY_MISSING', step: 'list' });
      expect(error.message).toContain(`"${temp.file('missing')}" does not exist`);
    }
  });

  test('a file in its place', () => {
    fs.writeFileSync(temp.file('file'), 'x');
    for (const error of bothThrow(elsewhere('file'))) {
      expect(error.code).toBe('ERR_BACKUP_DIRECTORY_MISSING');
      expect(error.message).toContain('is not a folder');
    }
  });

  test.each([
    ['readdirSync', 'EACCES'],
    ['readdirSync', 'EIO'],
    ['lstatSync', 'EACCES'],
  ] as const)('%s fails with %s', (call, code) => {
    write(noon);
    const cause = Object.assign(new Error(`${code}: no`), { code });
    const spy = jest.spyOn(fs, call).mockImplementation(() => {
      throw cause;
    });
    try {
      for (const error of bothThrow(folder())) expect(error).toMatchObject({ code: 'ERR_BACKUP_LIST_FAILED', cause });
    } finally {
      spy.mockRestore();
    }
  });
});

test('a backup that is deleted while the folder is looked at is not there, and that is no error', () => {
  const gone = write(ago(HOUR), { manifest: true });
  const stays = write(ago(DAY), { manifest: true });
  const real = fs.readdirSync;
  const spy = jest.spyOn(fs, 'readdirSync').mockImplementation(((directory: string) => {
    const names = real(directory);
    fs.rmSync(temp.file(gone), { force: true });
    return names;
  }) as never);
  try {
    expect(latest().latest?.name).toBe(stays);
    expect(listed()).toEqual([stays]);
  } finally {
    spy.mockRestore();
  }
});

test('the files of others are not looked at, however many there are', () => {
  const name = write(ago(HOUR), { manifest: true });
  const others = Array.from({ length: 60_000 }, (_, i) => `session-${i}.json`);
  const real = fs.readdirSync;
  const folderOfMany = jest
    .spyOn(fs, 'readdirSync')
    .mockImplementation(((directory: string) => [...others, ...real(directory)]) as never);
  const looks = jest.spyOn(fs, 'lstatSync');
  try {
    expect(latest().latest?.name).toBe(name);
    expect(listed()).toEqual([name]);
    // The backup and its manifest, for each of the two.
    expect(looks).toHaveBeenCalledTimes(4);
  } finally {
    looks.mockRestore();
    folderOfMany.mockRestore();
  }
});

describe('names of which only the case differs', () => {
  const NAME = 'APP_BACKUP_20261124_100000.DB';

  test('are files of another database where the file system tells them apart', () => {
    fs.writeFileSync(temp.file(NAME), 'x');
    expect(listed()).toEqual([]);
    expect(readBackup(folder(), NAME, now)).toBeUndefined();
  });

  test("are this database's where the file system does not", () => {
    fs.writeFileSync(temp.file(NAME), 'x'.repeat(4096));
    const text = formatManifest(aManifest({ name: NAME, createdAt: ago(2 * HOUR).toISOString() }));
    fs.writeFileSync(temp.file(NAME.replace('.DB', '.json')), text);
    // As Windows and macOS do it. No such file system can be made in every place where this test runs.
    const { lstatSync: real } = fs;
    const spy = jest.spyOn(fs, 'lstatSync').mockImplementation(((file: string, options: never) => {
      const name = fs.readdirSync(temp.path).find((each) => each.toLowerCase() === path.basename(file).toLowerCase());
      return real(name === undefined ? file : temp.file(name), options);
    }) as never);
    try {
      expect(listed()).toEqual([NAME]);
      expect(latest().latest).toMatchObject({ name: NAME, sha256: 'a'.repeat(64) });
      expect(readBackup(folder(), NAME, now)).toMatchObject({ name: NAME });
    } finally {
      spy.mockRestore();
    }
  });
});

(process.getuid?.() === 0 ? test : test.skip)(
  'a manifest that this user may not read is no manifest that is missing: whose it is, and what to do, is said',
  () => {
    const name = write(ago(HOUR), { manifest: true });
    const manifest = temp.file(name.replace('.db', '.json'));
    fs.chmodSync(temp.path, 0o755);
    fs.chmodSync(manifest, 0o600);
    const NOBODY = 65_534;
    process.seteuid!(NOBODY);
    try {
      const [backup] = runSync(listBackups(folder(), now));
      expect(backup).toMatchObject({ problem: 'manifest not permitted' });
      expect(backup!.problemDetail).toContain(`"${manifest}" belongs to the user 0 (mode 600)`);
      expect(backup!.problemDetail).toContain(`user ${NOBODY}`);
      expect(latest()).toMatchObject({ latest: undefined, ignored: [{ name }] });
      expect(thrownBy(() => runSync(deleteFiles(folder(), backup!))).code).toBe('ERR_BACKUP_PROTECTED');
    } finally {
      process.seteuid!(0);
    }
  },
);
