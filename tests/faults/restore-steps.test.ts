import fs from 'node:fs';
import Database from 'better-sqlite3';
import { BackupService } from 'sqlite-autobackup';
import type { Backup } from 'sqlite-autobackup';
import { backupNaming } from '#dist/catalog/backup-name.js';
import { checkBackup } from '#dist/isolated/verify/check-backup.js';
import { Deadline } from '#dist/isolated/shared/deadline.js';
import { LiveDatabase } from '#dist/isolated/restore/live-database.js';
import { restoreOffline } from '#dist/isolated/restore/offline.js';
import { restoreOnline } from '#dist/isolated/restore/online.js';
import { takeBackup } from '#dist/isolated/backup/take-backup.js';
import type { JournalMode } from '../support/databases';
import { rejectionOf } from '../support/errors';
import { memoryLogger } from '../support/memory-logger';
import { createState, fillState, stateOf } from '../support/states';
import { useTempFolder } from '../support/temp-folder';
import { backupNames } from '../support/whole-backups';

// What no test from outside can bring about at will: somebody who writes in the instant between two steps, and a copy that
// claims to be made. So the step itself is run, on real databases, in a process that has no app in it.
jest.mock('#dist/isolated/shared/steps.js', () => ({
  beginStep: () => {},
  send: () => {},
  currentStep: () => 'restore',
  progressReporter: () => () => {},
}));
afterEach(() => jest.restoreAllMocks());

const folder = useTempFolder();
const OLD = { tag: 'old', rows: 40 };
const NEW = { tag: 'new', rows: 90 };

async function prepared(mode: JournalMode) {
  const database = folder.file('app.db');
  const db = createState(database, mode, OLD);
  const { name } = await new BackupService({ database, logger: memoryLogger() }).createBackup();
  fillState(db, NEW);
  const where = { directory: folder.path, naming: backupNaming(database) };
  const backup = await checkBackup(where, name);
  const live = new LiveDatabase(database);
  const deadline = new Deadline(60_000);
  const order = { database, verify: 'quick', label: 'before', protected: true, startedAt: 0 } as const;
  const safeties: Backup[] = [];
  const run = (afterSafety: (count: number) => void = () => {}) =>
    restoreOnline(live, backup, {
      folder: where,
      deadline,
      async takeSafetyBackup() {
        const safety = await takeBackup(order, where, deadline);
        safeties.push(safety);
        afterSafety(safeties.length);
        return safety;
      },
    }).finally(() => live.close());
  return { database, db, backup, live, deadline, run, safeties };
}

describe.each<JournalMode>(['wal', 'delete'])('in %s mode', (mode) => {
  test('whoever writes after the safety backup and before the copy: nothing is copied, and both are done again', async () => {
    const { database, db, backup, live, deadline, run, safeties } = await prepared(mode);
    const safety = await run((count) => {
      if (count > 1) return;
      live.release();
      fillState(db, { tag: 'slipped in', rows: 7 });
      live.holdWriters(deadline);
    });
    db.close();
    expect(stateOf(database)).toEqual(OLD);
    expect(safeties).toHaveLength(2);
    expect(safety).toEqual(safeties[1]);
    expect(stateOf(safety.path)).toEqual({ tag: 'slipped in', rows: 7 });
    // The first one is of a state that was not replaced.
    expect(backupNames(folder.path)).toEqual([backup.name, safety.name]);
  });

  test('a copy that claims to be made and is not: done again, and the first safety backup is the one that is told', async () => {
    const { database, db, run, safeties } = await prepared(mode);
    pretendToCopy(1);
    const safety = await run();
    db.close();
    expect(stateOf(database)).toEqual(OLD);
    expect(safeties).toHaveLength(2);
    expect(safety).toEqual(safeties[0]);
    expect(stateOf(safety.path)).toEqual(NEW);
  });

  test('three such copies: an error that names where the state before is, and no success', async () => {
    const { database, db, run, safeties } = await prepared(mode);
    pretendToCopy(3);
    const error = await rejectionOf(run());
    db.close();
    expect(error).toMatchObject({ code: 'ERR_BACKUP_RESTORE_FAILED', step: 'compare' });
    expect(error.hint).toContain(safeties[0]!.name);
    expect(stateOf(database)).toEqual(NEW);
    expect(fs.readdirSync(folder.path).filter((name) => name.includes('partial'))).toEqual([]);
  });

  test('whether anybody has committed since a mark is known, and not what could not be read', async () => {
    const { db, database, live, deadline } = await prepared(mode);
    live.holdWriters(deadline);
    const mark = live.mark();
    expect(live.isUnchangedSince(mark)).toBe(true);
    db.exec('BEGIN IMMEDIATE; DELETE FROM state; ROLLBACK');
    expect(live.isUnchangedSince(mark)).toBe(true);
    db.exec('DELETE FROM state WHERE id = (SELECT min(id) FROM state)');
    expect(live.isUnchangedSince(mark)).toBe(false);
    db.close();
    expect(live.isUnchangedSince(mark)).toBe(false);
    live.close();
    expect(live.isUnchangedSince(mark)).toBe(false);
    expect(stateOf(database).rows).toBe(NEW.rows - 1);
  });

  test('one row that is another, with the same schema and page count, is not equal', async () => {
    const { db, run } = await prepared(mode);
    const original = Database.prototype.backup;
    jest.spyOn(Database.prototype, 'backup').mockImplementation(async function (this: Database.Database, ...args) {
      const result = await original.apply(this, args);
      // Right after the copy, before it is compared.
      if (args[0].endsWith('app.db')) {
        db.exec('UPDATE state SET bytes = zeroblob(3000) WHERE id = (SELECT min(id) FROM state)');
      }
      return result;
    });
    expect(await rejectionOf(run())).toMatchObject({ code: 'ERR_BACKUP_RESTORE_FAILED', step: 'compare' });
    db.close();
  });
});

test('a reader that comes after the safety backup, in rollback-journal mode: it is waited for, and nothing is done twice', async () => {
  const { database, db, run, safeties } = await prepared('delete');
  const safety = await run(() => {
    db.exec('BEGIN');
    db.prepare('SELECT count(*) FROM state').get();
    setTimeout(() => db.exec('COMMIT'), 500);
  });
  db.close();
  expect(safeties).toEqual([safety]);
  expect(stateOf(database)).toEqual(OLD);
  expect(stateOf(safety.path)).toEqual(NEW);
});

test('where the list of processes tells nothing, a lock does: refused, with mode and backups as they were', async () => {
  // Another connection of this process: /proc is asked for other processes only.
  const { database, db, backup, live, deadline } = await prepared('wal');
  const where = { directory: folder.path, naming: backupNaming(database) };
  const takeSafetyBackup = () =>
    takeBackup({ database, verify: 'quick', protected: true, startedAt: 0 }, where, deadline);
  live.holdWriters(deadline);
  live.release();
  const refused = restoreOffline(database, backup, live, { folder: where, deadline, takeSafetyBackup });
  expect(await rejectionOf(refused)).toMatchObject({ code: 'ERR_BACKUP_RESTORE_IN_USE' });
  live.close();
  expect(backupNames(folder.path)).toEqual([backup.name]);
  expect(fs.readdirSync(folder.path).filter((name) => /partial|replaced/.test(name))).toEqual([]);
  expect(db.pragma('journal_mode', { simple: true })).toBe('wal');
  db.close();
  expect(stateOf(database)).toEqual(NEW);
});

/** better-sqlite3's false success (docs/facts.md, 3), so often: it resolves, and nothing was copied. */
function pretendToCopy(times: number) {
  const original = Database.prototype.backup;
  let left = times;
  jest.spyOn(Database.prototype, 'backup').mockImplementation(async function (this: Database.Database, ...args) {
    if (!args[0].endsWith('app.db') || left === 0) return original.apply(this, args);
    left -= 1;
    args[1]?.progress({ totalPages: 1, remainingPages: 1 });
    return { totalPages: 1, remainingPages: 0 };
  });
}
