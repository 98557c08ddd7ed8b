import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import Database from 'better-sqlite3';
import { BackupService, directoryStore, pullBackup, verdict } from 'sqlite-autobackup';
import type { BackupError, BackupErrorCode, BackupStore } from 'sqlite-autobackup';
import { createLedger } from '../support/databases';
import { compileFailingCalls, ENOSPC, runChild } from '../support/failing-calls';
import type { Fault } from '../support/failing-calls';
import { useFaultRecord } from '../support/fault-record';
import { memoryLogger } from '../support/memory-logger';
import { packageForOtherUsers } from '../support/for-other-users';
import { useTempFolder } from '../support/temp-folder';
import { backupNames, checkBackups, contentsOf, failureOf, filesOf } from '../support/whole-backups';

const faults = useFaultRecord();
const folder = useTempFolder();
const linux = process.platform === 'linux';
const why = linux ? '' : ' (not run: a small disk is made with tmpfs, which only Linux has)';

(linux ? describe : describe.skip)(`a backup folder on a small disk of its own${why}`, () => {
  let disk: string;
  let database: string;
  let mounted = false;

  beforeEach(() => {
    disk = folder.file('disk');
    database = folder.file('app.db');
    fs.mkdirSync(disk);
    // Needs root, as CI has it; elsewhere run the tests under `unshare -rm`. It fails rather than being skipped.
    mount('-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', disk);
    mounted = true;
  });
  afterEach(() => {
    if (mounted) execFileSync('umount', [disk]);
    mounted = false;
  });
  const mount = (...args: string[]) => execFileSync('mount', args, { stdio: 'pipe' });
  const service = () => new BackupService({ database, directory: disk, logger: memoryLogger() });

  /** A backup that is due fails so, with either kind of call, and then is not tried again before `retryAfter`. */
  async function expectOneAttempt(code: BackupErrorCode): Promise<void> {
    for (const method of ['backupIfDue', 'backupIfDueSync'] as const) {
      const due = new BackupService({ database, directory: disk, interval: 0, logger: memoryLogger() });
      await failureOf(() => due[method](), code, disk);
      expect(await due[method]()).toMatchObject({ status: 'backing-off', error: { code } });
    }
  }

  test('that fills up while a copy is pulled onto it: told as that, and nothing of the copy stays', async () => {
    createLedger(database, 'wal', 3_000_000).close();
    fs.mkdirSync(folder.file('remote'));
    const remote = directoryStore(folder.file('remote'));
    const own = new BackupService({ database, copies: [remote], logger: memoryLogger() });
    const { name } = await own.createBackup();
    await own.shipPending();
    const filling: BackupStore = {
      ...remote,
      open(key, control) {
        // There was room when the pull began.
        if (!key.endsWith('.json')) fs.writeFileSync(`${disk}/filler`, Buffer.alloc(6_000_000, 1));
        return remote.open(key, control);
      },
    };
    const error = await failureOf(() => pullBackup({ from: filling, name, to: disk }), 'ERR_BACKUP_NO_SPACE', 'ENOSPC');
    expect(error.step).toBe('pull');
    expect(fs.readdirSync(disk)).toEqual(['filler']);
  });

  test('that has room says so, and takes a backup; that has none says that, and takes none', async () => {
    createLedger(database, 'wal').close();
    await service().createBackup();
    const seen = new Set<string>();
    for (const leaving of [40_960, 65_536, 90_112, 262_144]) {
      const { bavail, bsize } = fs.statfsSync(disk);
      fs.writeFileSync(`${disk}/filler`, Buffer.alloc(bavail * bsize - leaving));
      const { room } = verdict(await service().status(), Date.now());
      const taken = await service()
        .createBackup()
        .then(
          ({ name }) => name,
          (error: unknown) => (error as BackupError).code,
        );
      const isFull = taken === 'ERR_BACKUP_NO_SPACE';
      seen.add(room.code);
      expect({ leaving, code: room.code, taken }).toEqual({
        leaving,
        code: isFull ? 'full' : expect.not.stringMatching('full'),
        taken,
      });
      if (!isFull) await service().deleteBackup(taken);
      fs.rmSync(`${disk}/filler`);
    }
    expect([...seen]).toEqual(['full', 'tight', 'enough']);
  });

  test('that has no room fails before anything is written, and existing backups stay', async () => {
    const db = createLedger(database, 'wal', 2_000_000);
    await service().createBackup();
    const untouched = contentsOf(disk);
    db.exec(
      'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 80) INSERT INTO ballast (bytes) SELECT randomblob(100000) FROM n',
    );
    db.close();

    const full = faults({ law: 2, fault: 'a full disk' });
    full.injected();
    const error = await failureOf(() => service().createBackup(), 'ERR_BACKUP_NO_SPACE', disk);
    expect(error.step).toBe('space');
    expect(error.message).toMatch(/free, .* needed/);
    await expectOneAttempt('ERR_BACKUP_NO_SPACE');
    expect(contentsOf(disk)).toEqual(untouched);
    expect(checkBackups(disk)).toHaveLength(1);
    full.held(error.code);
  });

  test.each(['createBackup', 'backupIfDue'] as const)(
    'that fills up while the copy is written fails, and leaves nothing: %s',
    async (method) => {
      createLedger(database, 'delete', 6_000_000).close();
      // Somebody else takes the room, once the check has found enough of it.
      const fill = () => {
        const free = fs.statfsSync(disk);
        fs.writeFileSync(`${disk}/somebody-else`, Buffer.alloc(free.bavail * free.bsize - 1_000_000));
      };
      // The pin waits for a lock that is held until the disk is full.
      const holder = createHolder(database);
      const filled = faults({ law: 2, fault: 'a disk that fills up during the copy' });
      filled.injected();
      const attempt = service()[method]({
        onProgress({ step }) {
          if (step !== 'pin') return;
          fill();
          holder.release();
        },
      });
      const error = await failureOf(() => attempt, 'ERR_BACKUP_NO_SPACE', disk);
      expect(error.step).toBe('copy');
      expect(filesOf(disk).filter((name) => name !== 'somebody-else')).toEqual([]);
      filled.held(error.code);
    },
  );

  // Another program's copy of a WAL database: 5 pages, and a WAL with 3 MB that are taken in while it is made one file. There is room
  // for the copy of both, and not for the file to grow.
  test.each<[string, (own: BackupService, name: string) => Promise<unknown>]>([
    ['a drill', (own, name) => own.verifyBackup(name, { level: 'drill' })],
    ['a restore', (own, name) => own.restoreBackup(name, { to: folder.file('restored.db') })],
    ['a query', (own, name) => own.queryBackup(name, 'SELECT count(*) FROM ballast')],
    ['a comparison', (own, name) => own.diffBackup(name)],
  ])('that fills up while a plain copy is made one file: %s says so, and leaves nothing', async (what, act) => {
    const db = createLedger(database, 'wal');
    db.pragma('wal_autocheckpoint = 0');
    db.pragma('wal_checkpoint(TRUNCATE)');
    db.exec(
      'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30) INSERT INTO ballast (bytes) SELECT randomblob(100000) FROM n',
    );
    const name = 'app_backup_20240101_000000.db';
    for (const suffix of ['', '-wal']) execFileSync('cp', [database + suffix, `${disk}/${name}${suffix}`]);
    const untouched = contentsOf(disk);
    const error = await failureOf(() => act(service(), name), 'ERR_BACKUP_NO_SPACE', disk);
    expect(error.message).toContain(`No space left for ${what} in`);
    expect(contentsOf(disk)).toEqual(untouched);
    expect(filesOf(disk)).toHaveLength(2);
    db.close();
  });

  test.each([8_000, 100])(
    'that has %i bytes left for what SQLite keeps beside such a copy: that is said, and nothing of damage',
    async (left) => {
      createLedger(database, 'wal', 1_000_000).close();
      const name = 'app_backup_20240101_000000.db';
      execFileSync('cp', [database, `${disk}/${name}`]);
      // The lock, which stays.
      await service().createBackup();
      for (const each of backupNames(disk)) if (each !== name) await service().deleteBackup(each);
      const { bavail, bsize } = fs.statfsSync(disk);
      fs.writeFileSync(`${disk}/filler`, Buffer.alloc(bavail * bsize - fs.statSync(database).size - left));
      const error = await failureOf(() => service().queryBackup(name, 'SELECT 1'), 'ERR_BACKUP_NO_SPACE', disk);
      expect(error.message).toContain('No space left for a query in');
      expect(error.message).not.toContain('damaged');
      expect(filesOf(disk)).toEqual([name, 'filler']);
    },
  );

  test('whichever call finds it full while such a copy is made one file: that is never called damage', () => {
    createLedger(database, 'wal', 100_000).close();
    const name = 'app_backup_20240101_000000.db';
    execFileSync('cp', [database, `${disk}/${name}`]);
    const request = {
      kind: 'query',
      database,
      directory: disk,
      name,
      sql: 'SELECT 1',
      rows: 1,
      bytes: 100,
      withinMs: 60_000,
    };
    const library = compileFailingCalls();
    const faults = firstAndLast(runChild(library, disk, request).calls).filter(
      ({ call, file }) =>
        ['open', 'write', 'truncate'].includes(call) && file.includes('copy-0.db') && !file.endsWith('-shm'),
    );
    expect(faults.length).toBeGreaterThan(5);
    for (const fault of faults) {
      const { error } = runChild(library, disk, request, { ...fault, errno: ENOSPC });
      expect({ fault, code: error?.code ?? 'none' }).toEqual({
        fault,
        code: fault.call === 'write' ? 'ERR_BACKUP_NO_SPACE' : expect.stringMatching(/NO_SPACE|UNREADABLE|none/),
      });
      expect(filesOf(disk)).toEqual([name]);
    }
  });

  test('that is read-only fails with what to do, and existing backups stay', async () => {
    createLedger(database, 'wal').close();
    await service().createBackup();
    const untouched = contentsOf(disk);
    const readOnly = faults({ law: 2, fault: 'a read-only disk' });
    readOnly.injected();
    mount('-o', 'remount,ro', disk);
    const error = await failureOf(() => service().createBackup(), 'ERR_BACKUP_DIRECTORY_NOT_WRITABLE', disk);
    expect(error.cause).toMatchObject({ code: 'EROFS' });
    await expectOneAttempt('ERR_BACKUP_DIRECTORY_NOT_WRITABLE');
    expect(contentsOf(disk)).toEqual(untouched);
    readOnly.held(error.code);
  });

  test('a folder without write permission fails in the same way for a user who is not root', async () => {
    createLedger(database, 'delete').close();
    fs.chmodSync(database, 0o644);
    fs.chmodSync(folder.path, 0o755);
    fs.chmodSync(disk, 0o555);
    const other = faults({ law: 2, fault: 'another user, who may not write in the folder' });
    other.injected();
    const script = `
      const { BackupService } = require('sqlite-autobackup');
      const [database, directory] = process.argv.slice(1);
      new BackupService({ database, directory, logger: console }).createBackup().then(
        () => process.stdout.write('created'), (error) => process.stdout.write(error.code));`;
    const printed = execFileSync(process.execPath, ['-e', script, database, disk], {
      cwd: packageForOtherUsers(),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      ...(process.getuid?.() === 0 && { uid: 65_534, gid: 65_534 }),
    });
    expect(printed).toContain('ERR_BACKUP_DIRECTORY_NOT_WRITABLE');
    expect(fs.readdirSync(disk)).toEqual([]);
    other.held(printed);
  });
});

/** Each kind of call on each file, at its first and its last occurrence; random parts of names are a pattern. */
function firstAndLast(calls: readonly string[]): Omit<Fault, 'errno'>[] {
  const counts = new Map<string, number>();
  for (const line of calls) {
    const kind = line.replace(/\d{8}_\d{6}\.[0-9a-f]{12}(?=\.partial)/, '*');
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts].flatMap(([kind, count]) => {
    const [, call, file] = /^(\S+) (.*)$/.exec(kind)!;
    return [...new Set([1, count])].map((at) => ({ call: call!, file: file!, at }));
  });
}

/** Keeps the database exclusively locked. A connection of this test process, on a database that no app has open. */
function createHolder(database: string): { release(): void } {
  const db = new Database(database);
  db.exec('BEGIN EXCLUSIVE');
  return {
    release() {
      if (db.inTransaction) db.exec('COMMIT');
      db.close();
    },
  };
}
