import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { BackupService } from 'sqlite-autobackup';
import type { JournalMode } from '../support/databases';
import { useFaultRecord } from '../support/fault-record';
import { memoryLogger } from '../support/memory-logger';
import { createState, fillState, stateIn, stateOf } from '../support/states';
import type { State } from '../support/states';
import { useTempFolder } from '../support/temp-folder';
import { contentsOf, failureOf } from '../support/whole-backups';

const faults = useFaultRecord();
const folder = useTempFolder();
const linux = process.platform === 'linux';
const why = linux ? '' : ' (not run: a small disk is made with tmpfs, which only Linux has)';
const OLD: State = { tag: 'old', rows: 900 };
const NEW: State = { tag: 'new', rows: 40 };

(linux ? describe : describe.skip)(`a live database on a small disk of its own${why}`, () => {
  let disk: string;
  let mounted = false;

  beforeEach(() => {
    disk = folder.file('disk');
    fs.mkdirSync(disk);
    fs.mkdirSync(folder.file('backups'));
    // Needs root, as CI has it; elsewhere run the tests under `unshare -rm`. It fails rather than being skipped.
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', disk], { stdio: 'pipe' });
    mounted = true;
  });
  afterEach(() => {
    if (mounted) execFileSync('umount', [disk]);
    mounted = false;
  });

  async function prepared(mode: JournalMode) {
    const database = `${disk}/app.db`;
    const db = createState(database, mode, OLD);
    const service = new BackupService({ database, directory: folder.file('backups'), logger: memoryLogger() });
    const backup = await service.createBackup();
    fillState(db, NEW);
    db.exec('VACUUM');
    db.pragma('wal_checkpoint(TRUNCATE)');
    return { db, service, backup, database };
  }

  /** Somebody else takes the room. */
  function fill(leaving: number) {
    const { bavail, bsize } = fs.statfsSync(disk);
    fs.writeFileSync(`${disk}/somebody-else`, Buffer.alloc(bavail * bsize - leaving));
  }

  describe.each<JournalMode>(['wal', 'delete'])('in %s mode', (mode) => {
    test('that has no room: refused before anything is written', async () => {
      const { db, service, backup } = await prepared(mode);
      const full = faults({ law: 7, fault: 'a full disk' });
      full.injected();
      fill(1_000_000);
      const before = contentsOf(folder.file('backups'));
      const error = await failureOf(() => service.restoreBackup(backup.name), 'ERR_BACKUP_NO_SPACE', disk);
      expect(error.step).toBe('space');
      expect(error.message).toMatch(/free, .* needed/);
      expect(contentsOf(folder.file('backups'))).toEqual(before);
      expect(stateIn(db)).toEqual(NEW);
      full.held(error.code);
      db.close();
    });

    test('that fills up while the copy is written: the old database is there, whole, nothing else is left, and the error says so', async () => {
      const { db, service, backup, database } = await prepared(mode);
      const before = contentsOf(folder.file('backups'));
      let filled = false;
      const count = faults({ law: 7, fault: 'a disk that fills up during the copy' });
      count.injected();
      // The restore waits for this lock, which is held until the disk is full.
      db.exec('BEGIN IMMEDIATE');
      const error = await failureOf(
        () =>
          service.restoreBackup(backup.name, {
            onProgress({ step }) {
              // After the check of the room, and before the copy.
              if (step !== 'block-writers' || filled) return;
              fill(500_000);
              filled = true;
              db.exec('ROLLBACK');
            },
          }),
        'ERR_BACKUP_NO_SPACE',
      );
      expect(filled).toBe(true);
      expect(error.message).toContain('Nothing was changed.');
      expect(contentsOf(folder.file('backups'))).toEqual(before);
      expect(stateIn(db)).toEqual(NEW);
      db.exec("UPDATE state SET tag = 'on it goes'");
      db.close();
      fs.rmSync(`${disk}/somebody-else`);
      expect(stateOf(database)).toEqual({ ...NEW, tag: 'on it goes' });
      await service.restoreBackup(backup.name);
      expect(stateOf(database)).toEqual(OLD);
      count.held(error.code);
    });
  });

  test('on which a WAL of many times the database leaves little room: what the database takes counts, not the WAL', async () => {
    const { db, service, backup, database } = await prepared('wal');
    db.pragma('wal_autocheckpoint = 0');
    while (fs.statSync(`${database}-wal`).size < 8_500_000) fillState(db, NEW);
    fill(6_000_000);
    try {
      const { method } = await service.restoreBackup(backup.name);
      expect(method).toBe('online');
      expect(stateIn(db)).toEqual(OLD);
    } finally {
      db.close();
    }
  });

  test('to a full disk: refused, and nothing is left there', async () => {
    const { db, service, backup } = await prepared('wal');
    db.close();
    fill(200_000);
    const before = fs.readdirSync(disk);
    await failureOf(() => service.restoreBackup(backup.name, { to: `${disk}/copy.db` }), 'ERR_BACKUP_NO_SPACE', disk);
    expect(fs.readdirSync(disk)).toEqual(before);
  });

  test('that is read-only: refused with what to do, and untouched', async () => {
    const { db, service, backup, database } = await prepared('delete');
    db.close();
    const before = fs.readFileSync(database);
    const readOnly = faults({ law: 7, fault: 'a read-only disk' });
    readOnly.injected();
    execFileSync('mount', ['-o', 'remount,ro', disk], { stdio: 'pipe' });
    const { code } = await failureOf(() => service.restoreBackup(backup.name), 'ERR_BACKUP_RESTORE_TARGET', database);
    await failureOf(() => service.restoreBackup(backup.name, { to: `${disk}/x.db` }), 'ERR_BACKUP_RESTORE_TARGET');
    expect(fs.readFileSync(database).equals(before)).toBe(true);
    readOnly.held(code);
  });
});

describe('a backup folder that is read-only', () => {
  (linux ? test : test.skip)(`can be verified, which is then not recorded${why}`, async () => {
    const database = folder.file('app.db');
    const directory = folder.file('backups');
    fs.mkdirSync(directory);
    createState(database, 'wal', OLD).close();
    const service = new BackupService({ database, directory, logger: memoryLogger() });
    const { name } = await service.createBackup();
    execFileSync('mount', ['--bind', directory, directory]);
    try {
      execFileSync('mount', ['-o', 'remount,bind,ro', directory]);
      for (const level of ['hash', 'quick', 'full'] as const) {
        expect(await service.verifyBackup(name, { level })).toMatchObject({ ok: true, recorded: false });
      }
      await failureOf(() => service.verifyBackup(name, { level: 'drill' }), 'ERR_BACKUP_DIRECTORY_NOT_WRITABLE');
      await failureOf(() => service.protectBackup(name), 'ERR_BACKUP_DIRECTORY_NOT_WRITABLE');
      await failureOf(() => service.restoreBackup(name), 'ERR_BACKUP_DIRECTORY_NOT_WRITABLE');
    } finally {
      execFileSync('umount', [directory]);
    }
  });
});
