import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import Database from 'better-sqlite3';
import { BackupService, directoryStore, pullBackup } from 'sqlite-autobackup';
import type { BackupErrorCode, BackupStore } from 'sqlite-autobackup';
import { createLedger } from '../support/databases';
import { memoryLogger } from '../support/memory-logger';
import { packageForOtherUsers } from '../support/for-other-users';
import { useTempFolder } from '../support/temp-folder';
import { checkBackups, contentsOf, failureOf, filesOf } from '../support/whole-backups';

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

  test('that has no room fails before anything is written, and existing backups stay', async () => {
    const db = createLedger(database, 'wal', 2_000_000);
    await service().createBackup();
    const untouched = contentsOf(disk);
    db.exec(
      'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 80) INSERT INTO ballast (bytes) SELECT randomblob(100000) FROM n',
    );
    db.close();

    const error = await failureOf(() => service().createBackup(), 'ERR_BACKUP_NO_SPACE', disk);
    expect(error.step).toBe('space');
    expect(error.message).toMatch(/free, .* needed/);
    await expectOneAttempt('ERR_BACKUP_NO_SPACE');
    expect(contentsOf(disk)).toEqual(untouched);
    expect(checkBackups(disk)).toHaveLength(1);
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
    },
  );

  test('that is read-only fails with what to do, and existing backups stay', async () => {
    createLedger(database, 'wal').close();
    await service().createBackup();
    const untouched = contentsOf(disk);
    mount('-o', 'remount,ro', disk);
    const error = await failureOf(() => service().createBackup(), 'ERR_BACKUP_DIRECTORY_NOT_WRITABLE', disk);
    expect(error.cause).toMatchObject({ code: 'EROFS' });
    await expectOneAttempt('ERR_BACKUP_DIRECTORY_NOT_WRITABLE');
    expect(contentsOf(disk)).toEqual(untouched);
  });

  test('a folder without write permission fails in the same way for a user who is not root', async () => {
    createLedger(database, 'delete').close();
    fs.chmodSync(database, 0o644);
    fs.chmodSync(folder.path, 0o755);
    fs.chmodSync(disk, 0o555);
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
  });
});

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
