import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { BackupService } from 'sqlite-autobackup';
import type { Backup, RestoreReport } from 'sqlite-autobackup';
import { useFaultRecord } from '../support/fault-record';
import { memoryLogger } from '../support/memory-logger';
import { DIST } from '../support/run-node';
import { createState, stateOf } from '../support/states';
import type { State } from '../support/states';
import { useTempFolder } from '../support/temp-folder';
import { filesOf } from '../support/whole-backups';

// Where the file is replaced, the order of our own calls decides what a crash leaves. So the process dies at each of them,
// one after the other: no moment is left to chance.

const faults = useFaultRecord();
const folder = useTempFolder();
const OLD: State = { tag: 'old', rows: 20 };
const NEW: State = { tag: 'new', rows: 60 };
const DYING = path.join(__dirname, 'fixtures', 'dying-restore.js');
const GARBAGE = Buffer.from('no database '.repeat(1000));

interface Scenario {
  /** Puts the live files there, after everything of them is gone. */
  plant(database: string): void;
  /** What must be there when the restore has not come to its end: the old state, or the bytes of an old file. */
  old: State | Buffer | undefined;
  /** Bytes that must exist somewhere in the folder, whatever happened: nothing is ever deleted. */
  kept: Buffer[];
}

const stale = Buffer.from('a WAL of another time '.repeat(100));
const scenarios: Record<string, Scenario> = {
  'a database in WAL mode with another page size': {
    plant: (database) => createState(database, 'wal', NEW, { pageSize: 1024 }).close(),
    old: NEW,
    kept: [],
  },
  'a garbage file with a WAL and a journal beside it': {
    plant(database) {
      fs.writeFileSync(database, GARBAGE);
      fs.writeFileSync(`${database}-wal`, stale);
      fs.writeFileSync(`${database}-journal`, 'a journal of another time');
    },
    old: GARBAGE,
    kept: [GARBAGE, stale],
  },
  'no file, but a WAL left over': {
    plant: (database) => fs.writeFileSync(`${database}-wal`, stale),
    old: undefined,
    kept: [stale],
  },
};

describe.each(Object.entries(scenarios))('replacing %s', (what, { plant, old, kept }) => {
  test('dies before each of its calls, one after the other: the old or the new database is there, nothing old beside the new one, nothing lost', async () => {
    const database = folder.file('app.db');
    createState(database, 'wal', OLD).close();
    const service = new BackupService({ database, logger: memoryLogger() });
    const backup = await service.createBackup();
    const ends = { old: 0, new: 0 };
    const deaths = faults({ law: 7, fault: `kill -9 before each call that replaces ${what}` });
    for (let at = 1; ; at++) {
      plantAnew(database, plant);
      const { died, report } = restoreThatDies(database, backup, at);
      if (died) deaths.injected();
      // Beside the new database nothing old may ever stand, and all of the old is somewhere.
      const isNew = fs.existsSync(database) && isRestored(database, old);
      if (isNew) expect(sideFiles(database).filter((file) => fs.readFileSync(file).equals(stale))).toEqual([]);
      for (const bytes of kept) expect(filesOf(folder.path).some((name) => holds(name, bytes))).toBe(true);
      if (isNew) expect(stateOf(database)).toEqual(OLD);
      else if (old === undefined) expect(fs.existsSync(database)).toBe(false);
      else if (Buffer.isBuffer(old)) expect(fs.readFileSync(database).equals(old)).toBe(true);
      else expect(stateOf(database)).toEqual(old);
      ends[isNew ? 'new' : 'old'] += 1;
      if (!died) {
        expect(report).toMatchObject({ method: 'offline' });
        expect(isNew).toBe(true);
        break;
      }
      // And the next attempt works, and leaves no second name of a live file behind.
      await service.restoreBackup(backup.name);
      expect(stateOf(database)).toEqual(OLD);
      expect(fs.statSync(database).nlink).toBe(1);
      expect(filesOf(folder.path).filter((name) => name.includes('partial'))).toEqual([]);
      clearSafetyBackups(backup);
      deaths.held(isNew ? 'entirely the restored one' : 'entirely the old one');
    }
    expect(ends.old).toBeGreaterThan(5);
    expect(ends.new).toBeGreaterThan(0);
  });
});

function plantAnew(database: string, plant: Scenario['plant']): void {
  for (const name of filesOf(folder.path).filter((each) => each.startsWith('app.db'))) fs.rmSync(folder.file(name));
  plant(database);
}

function restoreThatDies(database: string, { name }: Backup, at: number) {
  const request = { kind: 'restore', database, directory: folder.path, name, verify: 'quick', timeoutMs: 60_000 };
  const { signal, stdout } = spawnSync(process.execPath, ['-r', DYING, path.join(DIST, 'isolated', 'main.js')], {
    input: JSON.stringify(request),
    encoding: 'utf8',
    env: { ...process.env, DIE_AT: String(at) },
  });
  const last = stdout.trim().split('\n').at(-1)!;
  if (signal === 'SIGKILL') return { died: true, report: undefined };
  const { result } = JSON.parse(last) as { result?: { report: RestoreReport } };
  if (!result) throw new Error(last);
  return { died: false, report: result.report };
}

function isRestored(database: string, old: Scenario['old']): boolean {
  if (Buffer.isBuffer(old)) return !fs.readFileSync(database).equals(old);
  const db = new Database(database, { readonly: true });
  const { tag } = db.prepare('SELECT tag FROM state LIMIT 1').get() as State;
  db.close();
  return tag === OLD.tag;
}

function sideFiles(database: string): string[] {
  return ['-wal', '-journal', '-shm'].map((suffix) => database + suffix).filter((file) => fs.existsSync(file));
}

function holds(name: string, bytes: Buffer): boolean {
  return fs.statSync(folder.file(name)).isFile() && fs.readFileSync(folder.file(name)).equals(bytes);
}

/** So that the next one need not wait for a free second. */
function clearSafetyBackups(backup: Backup): void {
  for (const name of filesOf(folder.path).filter((each) => each.startsWith('app_backup_'))) {
    if (!name.startsWith(backup.name.replace(/\.db$/, ''))) fs.rmSync(folder.file(name));
  }
}
