import fs from 'node:fs';
import Database from 'better-sqlite3';
import { BackupService } from 'sqlite-autobackup';
import type { JournalMode } from '../support/databases';
import { memoryLogger } from '../support/memory-logger';
import { patience } from '../support/patience';
import { isolatedChildOf, cpuMs, noIsolatedChild, sleep, until, useScripts } from '../support/processes';
import { createState, fillState, stateOf } from '../support/states';
import type { State } from '../support/states';
import { useTempFolder } from '../support/temp-folder';
import { backupNames, contentsOf, failureOf, filesOf } from '../support/whole-backups';

const start = useScripts();
const folder = useTempFolder();
const OLD: State = { tag: 'old', rows: 40 };
const NEW: State = { tag: 'new', rows: 90 };

async function prepared(mode: JournalMode) {
  const database = folder.file('app.db');
  const directory = folder.file('backups');
  fs.mkdirSync(directory);
  const db = createState(database, mode, OLD);
  const patient = new BackupService({ database, directory, logger: memoryLogger() });
  const backup = await patient.createBackup();
  fillState(db, NEW);
  db.close();
  const app = start('state-app.js', ['better-sqlite3', database]);
  expect(await app.next()).toEqual([NEW]);
  const hasty = new BackupService({ database, directory, logger: memoryLogger(), timeout: patience(4_000) });
  await noIsolatedChild();
  return { database, directory, patient, hasty, backup, app };
}

describe.each<[JournalMode, string, 'lock' | 'read']>([
  ['wal', 'writes', 'lock'],
  ['delete', 'writes', 'lock'],
  ['delete', 'reads', 'read'],
])('a database in %s mode of which another process %s in a long transaction', (mode, _what, hold) => {
  test('is not restored: ERR_BACKUP_RESTORE_BUSY, nothing changed, no safety backup; it waits without spinning', async () => {
    const { database, directory, hasty, backup, app } = await prepared(mode);
    expect(await app.ask(hold)).toBe('done');
    const before = [contentsOf(directory), fs.readFileSync(database)];
    let waiting = false;
    const attempt = failureOf(
      () => hasty.restoreBackup(backup.name, { onProgress: ({ step }) => (waiting ||= step === 'block-writers') }),
      'ERR_BACKUP_RESTORE_BUSY',
      database,
    );
    let used = 0;
    let waited = 0;
    if (process.platform === 'linux') {
      await until(() => waiting);
      const child = isolatedChildOf(process.pid)!;
      const since = performance.now();
      const before = cpuMs(child)!;
      for (let now: number | undefined; (now = cpuMs(child)) !== undefined; await sleep(20)) {
        used = now - before;
        waited = performance.now() - since;
      }
    }
    expect((await attempt).step).toBe('block-writers');
    // Of processor time, which another process's load does not lengthen. A loop would use all of the time.
    expect(used).toBeLessThan(100 + waited / 4);
    expect([contentsOf(directory), fs.readFileSync(database)]).toEqual(before);
    expect(await app.ask('end')).toBe('done');
    expect(await app.ask('state')).toEqual([NEW]);
  });

  test('is restored as soon as that ends', async () => {
    const { patient, backup, app } = await prepared(mode);
    await app.ask(hold);
    let waiting = false;
    const attempt = patient.restoreBackup(backup.name, {
      onProgress: ({ step }) => (waiting ||= step === 'block-writers'),
    });
    await until(() => waiting);
    await sleep(500);
    expect(await app.ask('state')).toEqual([NEW]);
    expect(await app.ask('end')).toBe('done');
    expect(await attempt).toMatchObject({ method: 'online' });
    expect(await app.ask('state')).toEqual([OLD]);
  });
});

test('in WAL mode a reader in a long transaction is in nobody’s way, and goes on seeing what it saw', async () => {
  const { database, patient, backup, app } = await prepared('wal');
  await app.ask('read');
  expect(await patient.restoreBackup(backup.name)).toMatchObject({ method: 'online' });
  expect(await app.ask('state')).toEqual([NEW]);
  await app.ask('end');
  expect(await app.ask('state')).toEqual([OLD]);
  expect(stateOf(database)).toEqual(OLD);
});

test('a database that another process keeps exclusively locked is refused too', async () => {
  const { database, directory, hasty, backup, app } = await prepared('wal');
  await app.ask('close');
  const holder = start('hold-lock.js', [database, 'wal']);
  expect(await holder.next()).toBe('locked');
  const before = contentsOf(directory);
  await failureOf(() => hasty.restoreBackup(backup.name), 'ERR_BACKUP_RESTORE_BUSY', database);
  expect(contentsOf(directory)).toEqual(before);
});

describe.each<JournalMode>(['wal', 'delete'])('under a writer that never pauses, in %s mode', (mode) => {
  test('every commit it was promised is in the safety backup, or on top of what was restored', async () => {
    const database = folder.file('app.db');
    const directory = folder.file('backups');
    fs.mkdirSync(directory);
    const db = new Database(database);
    db.pragma(`journal_mode = ${mode}`);
    db.exec('CREATE TABLE numbers (n INTEGER PRIMARY KEY, bytes BLOB)');
    db.exec(
      'WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 500) INSERT INTO numbers SELECT -i, randomblob(8000) FROM c',
    );
    db.close();
    const service = new BackupService({ database, directory, logger: memoryLogger() });
    const backup = await service.createBackup();
    const writer = start('number-writer.js', [database]);
    await writer.next();

    const missing: number[] = [];
    for (let round = 0; round < 5; round++) {
      const known = backupNames(directory);
      await service.restoreBackup(backup.name);
      // One more commit has surely come after the restore.
      const { promised, errors } = await writer.ask<{ promised: number; errors: string[] }>('report');
      expect(errors).toEqual([]);
      const live = numbersIn(database);
      // Nearly always one; where the writer was faster than the comparison, all was done again.
      const safeties = backupNames(directory).filter((name) => !known.includes(name));
      const saved = safeties.flatMap((name) => [...numbersIn(`${directory}/${name}`)]);
      const lastSaved = saved.reduce((last, n) => Math.max(last, n), 0);
      for (let n = lastSaved + 1; n <= promised; n++) if (!live.has(n)) missing.push(n);
      // Nothing of before the safety backup came back.
      expect([...live].filter((n) => n <= lastSaved)).toEqual([]);
    }
    expect(missing).toEqual([]);
    await writer.ask('stop');
  });
});

function numbersIn(file: string): Set<number> {
  const db = new Database(file, { readonly: true, timeout: 60_000 });
  try {
    expect(db.pragma('quick_check', { simple: true })).toBe('ok');
    return new Set(db.prepare('SELECT n FROM numbers WHERE n > 0').pluck().all() as number[]);
  } finally {
    db.close();
  }
}

test('where the backups are in another folder, the file is replaced under a second lock beside it', async () => {
  const { database, directory, patient, backup, app } = await prepared('wal');
  await app.ask('close');
  app.kill();
  await app.ended;
  for (const suffix of ['', '-wal', '-shm']) fs.rmSync(database + suffix, { force: true });
  expect(await patient.restoreBackup(backup.name)).toMatchObject({ method: 'offline' });
  expect(stateOf(database)).toEqual(OLD);
  expect(filesOf(directory).filter((name) => name.includes('partial'))).toEqual([]);
});
