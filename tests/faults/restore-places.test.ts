import fs from 'node:fs';
import Database from 'better-sqlite3';
import { BackupService } from 'sqlite-autobackup';
import { memoryLogger } from '../support/memory-logger';
import { useScripts } from '../support/processes';
import { createState, stateOf } from '../support/states';
import type { State } from '../support/states';
import { useTempFolder } from '../support/temp-folder';
import { backupNames, contentsOf, failureOf, filesOf } from '../support/whole-backups';

const start = useScripts();
const folder = useTempFolder();
const OLD: State = { tag: 'old', rows: 20 };
const NEW: State = { tag: 'new', rows: 30 };

const serviceOf = (database: string, directory = folder.file('backups')) =>
  new BackupService({ database, directory, logger: memoryLogger(), timeout: '60s' });

/** A backup of the state OLD, of a database that is gone afterwards. */
async function backupOfOld(
  database: string,
  sizes: Parameters<typeof createState>[3] = {},
  patch: (file: string) => void = () => {},
  mode: 'wal' | 'delete' = 'delete',
) {
  fs.mkdirSync(folder.file('backups'), { recursive: true });
  createState(database, mode, OLD, sizes).close();
  patch(database);
  const { name } = await serviceOf(database).createBackup();
  for (const suffix of ['', '-wal', '-shm', '-journal']) fs.rmSync(database + suffix, { force: true });
  return name;
}

describe.each<'wal' | 'delete'>(['wal', 'delete'])('a backup with another header, in %s mode', (mode) => {
  test.each<[string, string]>([
    ['UTF-16le', 'UTF-8'],
    ['UTF-8', 'UTF-16be'],
    ['UTF-16be', 'UTF-16le'],
  ])('%s over %s: refused while the app has it open, which goes on; then its file is replaced', async (then, now) => {
    const database = folder.file('app.db');
    const name = await backupOfOld(database, { encoding: then });
    createState(database, mode, NEW, { encoding: now }).close();
    const app = start('state-app.js', ['better-sqlite3', database]);
    expect(await app.next()).toEqual([NEW]);
    const before = contentsOf(folder.file('backups'));
    if (process.platform === 'linux') {
      await failureOf(() => serviceOf(database).restoreBackup(name), 'ERR_BACKUP_RESTORE_IN_USE', database);
      expect(await app.ask('state')).toEqual([NEW]);
      expect(await app.ask('write')).toEqual({ check: 'ok' });
      expect(await app.ask('undo')).toBe('done');
      expect(contentsOf(folder.file('backups'))).toEqual(before);
      expect(filesOf(folder.path).filter((file) => /partial|replaced/.test(file))).toEqual([]);
    }
    app.kill();
    await app.ended;

    const report = await serviceOf(database).restoreBackup(name);
    expect(report).toMatchObject({ method: 'offline', journalMode: mode });
    expect(stateOf(database)).toEqual(OLD);
    expect(stateOf(folder.file('backups', report.safetyBackup!))).toEqual(NEW);
    const db = new Database(database);
    expect([db.pragma('encoding', { simple: true }), db.pragma('journal_mode', { simple: true })]).toEqual([
      then,
      mode,
    ]);
    db.close();
  });

  const reserve = (bytes: number) => (file: string) => {
    fs.rmSync(file);
    const db = new Database(file);
    db.pragma('user_version = 1');
    db.close();
    const page = fs.readFileSync(file);
    page[20] = bytes;
    page.writeUInt16BE(page.length - bytes, 105);
    fs.writeFileSync(file, page);
    createState(file, 'delete', OLD).close();
    expect(fs.readFileSync(file)[20]).toBe(bytes);
  };
  const format = (file: string) => {
    const bytes = fs.readFileSync(file);
    bytes.writeUInt32BE(1, 44);
    fs.writeFileSync(file, bytes);
  };
  test.each<[string, (file: string) => void]>([
    ['8 reserved bytes in each page', reserve(8)],
    ['an old schema format', format],
  ])('%s: restored into the live file, whose open connection writes on', async (_what, patch) => {
    const database = folder.file('app.db');
    const name = await backupOfOld(database, {}, patch);
    createState(database, mode, NEW).close();
    const app = start('state-app.js', ['better-sqlite3', database]);
    expect(await app.next()).toEqual([NEW]);
    expect(await serviceOf(database).restoreBackup(name)).toMatchObject({ method: 'online' });
    expect(await app.ask('state')).toEqual([OLD]);
    expect(await app.ask('write')).toEqual({ check: 'ok' });
    expect(await app.ask('undo')).toBe('done');
    await app.ask('close');
    expect(stateOf(database)).toEqual(OLD);
  });
});

const withLinks = process.platform === 'win32' ? describe.skip : describe;

withLinks('a database that is a link', () => {
  const link = () => folder.file('app.db');
  const target = () => folder.file('real', 'shop.db');

  test.each<[string, () => void]>([
    ['its target is lost', () => fs.symlinkSync(target(), link())],
    ['its target is lost, and the link is relative', () => fs.symlinkSync('real/shop.db', link())],
    [
      'its target is lost behind another link',
      () => {
        fs.symlinkSync(target(), folder.file('middle.db'));
        fs.symlinkSync('middle.db', link());
      },
    ],
    [
      'its target is lost in a folder that is a link',
      () => {
        fs.symlinkSync('real', folder.file('folder'));
        fs.symlinkSync('folder/shop.db', link());
      },
    ],
  ])('and %s: the target is written, and each link stays one', async (_what, plant) => {
    const name = await backupOfOld(link());
    fs.mkdirSync(folder.file('real'));
    plant();
    const linksBefore = linksIn(folder.path);
    const report = await serviceOf(link()).restoreBackup(name);
    expect(report).toMatchObject({ method: 'offline', path: target(), movedAside: [] });
    expect(fs.lstatSync(target()).isFile()).toBe(true);
    expect(linksIn(folder.path)).toEqual(linksBefore);
    expect(stateOf(link())).toEqual(OLD);
  });

  test.each<[string, () => void]>([
    ['the folder of its target is missing', () => fs.symlinkSync(folder.file('gone', 'shop.db'), link())],
    [
      'a link in the middle leads nowhere',
      () => {
        fs.symlinkSync('gone', folder.file('folder'));
        fs.symlinkSync('folder/shop.db', link());
      },
    ],
    ['it leads to itself', () => fs.symlinkSync('app.db', link())],
  ])('and %s: refused, and nothing is changed', async (_what, plant) => {
    const name = await backupOfOld(link());
    plant();
    const before = [linksIn(folder.path), filesOf(folder.path), contentsOf(folder.file('backups'))];
    const error = await failureOf(() => serviceOf(link()).restoreBackup(name), 'ERR_BACKUP_RESTORE_TARGET');
    expect(error.message).toContain('Nothing was changed.');
    expect([linksIn(folder.path), filesOf(folder.path), contentsOf(folder.file('backups'))]).toEqual(before);
  });

  const linksIn = (place: string) =>
    fs
      .readdirSync(place)
      .filter((name) => fs.lstatSync(`${place}/${name}`).isSymbolicLink())
      .map((name) => [name, fs.readlinkSync(`${place}/${name}`)]);
});

withLinks('a folder that has two paths', () => {
  test('is locked once: the file in it is replaced', async () => {
    fs.mkdirSync(folder.file('real'));
    fs.symlinkSync('real', folder.file('way'));
    const database = folder.file('way', 'app.db');
    createState(database, 'delete', OLD).close();
    const service = serviceOf(database, folder.file('way'));
    const { name } = await service.createBackup();
    fs.writeFileSync(database, 'no database '.repeat(1000));
    expect(await service.restoreBackup(name)).toMatchObject({ method: 'offline' });
    expect(stateOf(folder.file('real', 'app.db'))).toEqual(OLD);
  });
});

test('a hard link of the user to a file that is replaced keeps the old contents', async () => {
  const database = folder.file('app.db');
  const name = await backupOfOld(database);
  fs.writeFileSync(database, 'no database '.repeat(1000));
  fs.linkSync(database, folder.file('mine.db'));
  const { movedAside } = await serviceOf(database).restoreBackup(name);
  expect(stateOf(database)).toEqual(OLD);
  expect(fs.statSync(database).nlink).toBe(1);
  expect(fs.readFileSync(folder.file('mine.db'), 'utf8')).toMatch(/^no database/);
  expect(fs.statSync(movedAside[0]!).ino).toBe(fs.statSync(folder.file('mine.db')).ino);
});

const asRoot = process.getuid?.() === 0 ? describe : describe.skip;

asRoot('root restores', () => {
  const UID = 12_345;
  const GID = 23_456;
  const rights = (file: string) => {
    const { uid, gid, mode } = fs.statSync(file);
    return { uid, gid, mode: mode & 0o777 };
  };

  test.each(['the folder of the backups', 'another folder'])(
    'a lost database into %s, where there was no lock: all of it belongs to the owner of the folder',
    async (where) => {
      fs.chmodSync(folder.path, 0o755);
      fs.mkdirSync(folder.file('backups'));
      fs.mkdirSync(folder.file('app'));
      const place = where === 'another folder' ? folder.file('app') : folder.file('backups');
      const database = `${place}/app.db`;
      createState(database, 'wal', OLD).close();
      const { name } = await serviceOf(database).createBackup();
      for (const each of [place, folder.file('backups')]) {
        for (const file of fs.readdirSync(each)) {
          if (file.startsWith('app_backup_')) fs.chownSync(`${each}/${file}`, UID, GID);
          else fs.rmSync(`${each}/${file}`);
        }
        fs.chownSync(each, UID, GID);
      }
      expect(await serviceOf(database).restoreBackup(name)).toMatchObject({ method: 'offline' });
      for (const each of [place, folder.file('backups')]) {
        for (const file of fs.readdirSync(each)) {
          expect({ file, ...rights(`${each}/${file}`) }).toEqual({ file, uid: UID, gid: GID, mode: 0o600 });
        }
      }
      expect(backupNames(folder.file('backups'))).toEqual([name]);
    },
  );

  test.each<[string, number, number, number]>([
    ['of another user', UID, GID, 0o660],
    ["of root, for another user's group", 0, GID, 0o640],
    ['that everybody may read', UID, GID, 0o644],
  ])('a file %s: owner, group and mode stay', async (_what, uid, gid, mode) => {
    fs.chmodSync(folder.path, 0o755);
    const database = folder.file('app.db');
    const name = await backupOfOld(database);
    fs.writeFileSync(database, 'no database '.repeat(1000));
    fs.chownSync(database, uid, gid);
    fs.chmodSync(database, mode);
    expect(await serviceOf(database).restoreBackup(name)).toMatchObject({ method: 'offline' });
    expect(rights(database)).toEqual({ uid, gid, mode });
  });
});
