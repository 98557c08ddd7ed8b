import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { ownerCanWrite } from '#dist/isolated/backup/idle-wal.js';
import { lockRights } from '#dist/isolated/shared/lock.js';
import type { JournalMode } from '../support/databases';
import { packageForOtherUsers } from '../support/for-other-users';
import { useFaultRecord } from '../support/fault-record';
import { writeBackup } from '../support/planted-backups';
import { DIST } from '../support/run-node';
import { createState, stateOf } from '../support/states';
import { useTempFolder } from '../support/temp-folder';
import { backupNames, filesOf } from '../support/whole-backups';

// The child on its own, as another user where that matters: what it does in a folder that somebody else can write.
const faults = useFaultRecord();
const folder = useTempFolder();
const NOBODY = 65_534;
const STATE = { tag: 'a', rows: 10 };
const database = () => folder.file('app.db');
const MAIN = path.join(DIST, 'isolated', 'main.js');
const mainForOtherUsers = () =>
  path.join(packageForOtherUsers(), 'node_modules', 'sqlite-autobackup', 'dist', 'isolated', 'main.js');
const onLinux = process.platform === 'linux' ? describe : describe.skip;
const asRoot = process.getuid?.() === 0 ? describe : describe.skip;

interface Answer {
  type: 'result' | 'error';
  result?: { kind: string; backup?: { path: string }; facts?: unknown; report?: { lock: string } };
  error?: { code: string; what: string; hint: string };
}

function ask(kind: string, more: object = {}, uid?: number): Answer {
  const request = { kind, database: database(), directory: folder.path, timeoutMs: 60_000, ...more };
  const order = kind === 'create' ? { ifOlderThanMs: null, verify: 'quick' } : {};
  const { stdout, stderr, error } = spawnSync(process.execPath, [uid === undefined ? MAIN : mainForOtherUsers()], {
    input: JSON.stringify({ ...request, ...order }),
    encoding: 'utf8',
    // Only ends what hangs.
    timeout: 300_000,
    ...(uid !== undefined && { uid, gid: uid }),
  });
  if (error) throw error;
  const last = stdout.trim().split('\n').at(-1)!;
  if (last === '') throw new Error(stderr);
  return JSON.parse(last) as Answer;
}

function create(mode: JournalMode, owner?: number): void {
  createState(database(), mode, STATE).close();
  if (owner === undefined) return;
  fs.chownSync(database(), owner, owner);
  fs.chownSync(folder.path, owner, owner);
}

const KINDS: Record<string, (file: string, target: string) => void> = {
  'a link to a file': (file, target) => fs.symlinkSync(target, file),
  'a link to nothing': (file, target) => fs.symlinkSync(`${target}-gone`, file),
  'a link to a folder': (file, target) => fs.symlinkSync(`${target}-folder`, file),
  'a hard link': (file, target) => fs.linkSync(target, file),
  'a folder': (file) => fs.mkdirSync(file),
  'a pipe': (file) => void execFileSync('mkfifo', [file]),
  'a socket': (file) =>
    void execFileSync(process.execPath, [
      '-e',
      `require('net').createServer().listen(${JSON.stringify(file)}, () => process.exit())`,
    ]),
};

onLinux('whatever stands under a name that the child opens', () => {
  let target: string;
  beforeEach(() => {
    create('wal');
    target = folder.file('theirs');
    fs.writeFileSync(target, 'untouched');
    fs.mkdirSync(`${target}-folder`);
    fs.writeFileSync(path.join(`${target}-folder`, 'app.db'), 'untouched');
  });

  function expectUntouched(): void {
    expect(fs.readFileSync(target, 'utf8')).toBe('untouched');
    expect(fs.readdirSync(`${target}-folder`)).toEqual(['app.db']);
    expect(fs.readFileSync(path.join(`${target}-folder`, 'app.db'), 'utf8')).toBe('untouched');
    expect(fs.existsSync(`${target}-gone`)).toBe(false);
    expect(backupNames(folder.path).filter((name) => fs.lstatSync(folder.file(name)).isSymbolicLink())).toEqual([]);
  }

  test.each(Object.keys(KINDS))('%s in the place of the lock, or of its journal, is refused and named', (kind) => {
    const planted = faults({ law: 9, fault: `${kind} in the place of the lock, or of its journal` });
    const suffixes = ['-journal', '-wal', '-shm'];
    // Each kind under each of these names would only take longer.
    for (const suffix of ['', suffixes[Object.keys(KINDS).indexOf(kind) % suffixes.length]!]) {
      const file = folder.file(`.app_backup.lock${suffix}`);
      KINDS[kind]!(file, target);
      for (const asked of suffix === '' ? ['create', 'probe'] : ['create']) {
        planted.injected();
        const { error } = ask(asked);
        expect(error).toMatchObject({ code: 'ERR_BACKUP_LOCK_FAILED' });
        expect(error!.what).toContain(`"${file}"`);
        expectUntouched();
        planted.held(error!.code);
      }
      fs.rmSync(file, { recursive: true });
    }
  });

  // The names are old: none of them is the one that a new backup gets.
  test.each(Object.keys(KINDS))(
    '%s under all other names stops no backup, and nothing is written through it',
    (kind) => {
      for (const name of [
        '.app_backup_20260101_000001.0123456789ab.partial',
        '.app_backup_20260101_000001.0123456789ab.partial-journal',
        '.app_backup_20260101_000001.0123456789ab.partial.json',
        'app_backup_20260101_000002.json',
      ]) {
        KINDS[kind]!(folder.file(name), target);
      }
      const planted = faults({ law: 9, fault: `${kind} under four names that are the child's` });
      planted.injected();
      const { result, error } = ask('create');
      expect(error).toBeUndefined();
      expect(stateOf(result!.backup!.path)).toEqual(STATE);
      expectUntouched();
      planted.held('a whole backup');
    },
  );
});

asRoot("root in a user's folder", () => {
  const ownersIn = () =>
    Object.fromEntries(fs.readdirSync(folder.path).map((name) => [name, fs.lstatSync(folder.file(name)).uid]));

  test.each<JournalMode>(['wal', 'delete'])('makes everything as the owner of the database, in %s mode', (mode) => {
    create(mode, NOBODY);
    expect(ask('create').error).toBeUndefined();
    expect(new Set(Object.values(ownersIn()))).toEqual(new Set([NOBODY]));
    expect(ask('create', {}, NOBODY).error).toBeUndefined();
    const [name] = backupNames(folder.path);
    expect(ask('protect', { name, protected: true }).error).toBeUndefined();
    expect(new Set(Object.values(ownersIn()))).toEqual(new Set([NOBODY]));
  });

  test('where there is no database, the lock belongs to the owner of the folder, and keeps nobody out', () => {
    create('delete', NOBODY);
    const name = writeBackup(folder.path, new Date('2026-01-01T00:00:00Z'), { manifest: true });
    fs.rmSync(database());
    expect(ask('protect', { name, protected: true }).error).toBeUndefined();
    expect(ownersIn()['.app_backup.lock']).toBe(NOBODY);
    create('delete', NOBODY);
    expect(ask('create', {}, NOBODY).error).toBeUndefined();
  });

  test('gives back a lock that an earlier version has made as root', () => {
    create('delete', NOBODY);
    fs.writeFileSync(folder.file('.app_backup.lock'), '', { mode: 0o600 });
    expect(ask('create', {}, NOBODY).error).toMatchObject({ code: 'ERR_BACKUP_LOCK_FAILED' });
    expect(ask('create').error).toBeUndefined();
    expect(ask('create', {}, NOBODY).error).toBeUndefined();
  });

  test('goes on as root where the owner of the database could not do it: in a folder of root', () => {
    createState(database(), 'delete', STATE).close();
    fs.chownSync(database(), NOBODY, NOBODY);
    const { result, error } = ask('create');
    expect(error).toBeUndefined();
    expect(fs.statSync(result!.backup!.path).uid).toBe(NOBODY);
  });
});

asRoot('two users of one group', () => {
  test('get a lock of the group that can write the folder', () => {
    create('delete');
    fs.chmodSync(database(), 0o644);
    fs.chownSync(folder.path, 0, 3000);
    fs.chmodSync(folder.path, 0o770);
    expect(ask('create').error).toBeUndefined();
    const { gid, mode } = fs.statSync(folder.file('.app_backup.lock'));
    expect({ gid, mode: mode & 0o777 }).toEqual({ gid: 3000, mode: 0o664 });
  });

  test('share a folder that their group can write, and its lock', () => {
    create('delete');
    fs.chownSync(database(), 1001, 3000);
    fs.chmodSync(database(), 0o640);
    fs.chownSync(folder.path, 1001, 3000);
    fs.chmodSync(folder.path, 0o770);
    const asUser = (uid: number) =>
      execFileSync(process.execPath, [mainForOtherUsers()], {
        input: JSON.stringify({
          ...{ kind: 'create', database: database(), directory: folder.path, timeoutMs: 60_000 },
          ...{ ifOlderThanMs: null, verify: 'quick' },
        }),
        encoding: 'utf8',
        uid,
        gid: 3000,
      });
    expect(asUser(1001)).toContain('"created"');
    expect(asUser(1002)).toContain('"created"');
  });
});

describe('the rights of the lock', () => {
  const rights = (mode: number, gid: number) => ({ mode, gid });
  test.each([
    ['a folder of one user', rights(0o755, 1), rights(0o644, 2), { mode: 0o644, group: 2 }],
    ['a database of a group', rights(0o755, 1), rights(0o660, 2), { mode: 0o660, group: 2 }],
    ['a folder of a group', rights(0o770, 1), rights(0o640, 2), { mode: 0o660, group: 1 }],
    ['a folder of all', rights(0o1777, 1), rights(0o600, 2), { mode: 0o666, group: 1 }],
    ['no database', rights(0o750, 1), undefined, { mode: 0o600, group: 1 }],
  ])('%s', (_, directory, source, expected) => {
    expect(lockRights(directory, source)).toEqual(expected);
  });
});

describe('a WAL database that nobody has open', () => {
  const beside = () => filesOf(folder.path).filter((name) => name.startsWith('app.db'));

  test('is as it was after a backup and after a look, with nothing beside it', () => {
    create('wal');
    const before = fs.readFileSync(database());
    const { pageSize, pageCount } = { pageSize: 4096, pageCount: before.length / 4096 };
    expect(ask('inspect').result!.facts).toEqual({ journalMode: 'wal', pageSize, pageCount });
    expect(beside()).toEqual(['app.db']);
    expect(stateOf(ask('create').result!.backup!.path)).toEqual(STATE);
    expect(beside()).toEqual(['app.db']);
    expect(fs.readFileSync(database()).equals(before)).toBe(true);
  });

  test('keeps the side files of an app that has it open', () => {
    const db = createState(database(), 'wal', STATE);
    expect(ask('create').error).toBeUndefined();
    expect(beside()).toEqual(['app.db', 'app.db-shm', 'app.db-wal']);
    db.exec("UPDATE state SET tag = 'b'");
    db.close();
    expect(stateOf(database())).toEqual({ ...STATE, tag: 'b' });
  });

  (process.getuid?.() === 0 ? test : test.skip)('is refused to a user whose files its owner could not write', () => {
    create('wal', 1001);
    fs.chmodSync(folder.path, 0o777);
    fs.chmodSync(database(), 0o644);
    const { error } = ask('create', {}, NOBODY);
    expect(error).toMatchObject({ code: 'ERR_BACKUP_SOURCE_UNREADABLE' });
    expect(error!.hint).toContain('1001');
    expect(ask('inspect', {}, NOBODY).result!.facts).toMatchObject({ journalMode: 'wal' });
    expect(beside()).toEqual(['app.db']);
    // While the app has it open, the side files are there, and are the app's.
    const db = new Database(database());
    db.exec("UPDATE state SET tag = 'b'");
    for (const suffix of ['-wal', '-shm']) fs.chmodSync(database() + suffix, 0o666);
    expect(ask('create', {}, NOBODY).error).toBeUndefined();
    db.close();
  });

  test.each([
    ['its owner', { uid: 5, gid: 9 }, 0o600, 0o755, true],
    ['root', { uid: 0, gid: 0 }, 0o600, 0o755, true],
    ['a stranger', { uid: 6, gid: 9 }, 0o644, 0o777, false],
    ['one of its group', { uid: 6, gid: 7 }, 0o660, 0o770, true],
    ['one of its group that may only read', { uid: 6, gid: 7 }, 0o640, 0o770, false],
    ['one of another group, in a folder that gives its own', { uid: 6, gid: 9 }, 0o660, 0o2777, true],
    ['one of another group', { uid: 6, gid: 9 }, 0o660, 0o777, false],
    ['anybody, where all may write', { uid: 6, gid: 9 }, 0o666, 0o777, true],
  ])('side files of %s', (_, me, mode, folderMode, expected) => {
    const directory = { uid: 5, gid: 7, mode: folderMode };
    expect(ownerCanWrite({ uid: 5, gid: 7, mode }, directory, me)).toBe(expected);
  });
});
