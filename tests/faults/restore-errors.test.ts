import fs from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { BackupService } from 'sqlite-autobackup';
import { compileFailingCalls, EACCES, EBUSY, EIO, ENOMEM, ENOSPC, runChild } from '../support/failing-calls';
import type { ChildAnswer, Fault } from '../support/failing-calls';
import { useFaultRecord } from '../support/fault-record';
import { memoryLogger } from '../support/memory-logger';
import { randomNumbers } from '../support/random';
import { createState } from '../support/states';
import type { State } from '../support/states';
import { useTempFolder } from '../support/temp-folder';
import { backupNames, contentsOf, filesOf } from '../support/whole-backups';

// Real errors of the system, one in each restore. Linux only: the library is loaded by its linker.
const onLinux = process.platform === 'linux' ? describe : describe.skip;

const faults = useFaultRecord();
const folder = useTempFolder();
const OLD: State = { tag: 'old', rows: 12 };
const NEW: State = { tag: 'new', rows: 30 };
const GARBAGE = Buffer.from('no database '.repeat(1000));

/** FAULT_ROUNDS=1000 lets each kind of call on each file fail, at its first, its last and a random occurrence. */
const ROUNDS = Number(process.env['FAULT_ROUNDS'] ?? 12);
const SEED = Number(process.env['FAULT_SEED'] ?? Date.now() % 1_000_000);
const random = randomNumbers(SEED);

interface Scenario {
  readonly method: 'online' | 'offline';
  /** Makes the backup of the state OLD. */
  then: { mode: 'wal' | 'delete'; pageSize?: number; encoding?: string };
  /** What the live file is before. */
  readonly was: 'NEW' | 'garbage';
  /** Puts it there. */
  now(database: string): void;
}

const scenarios: Record<string, Scenario> = {
  'into a database in WAL mode': {
    method: 'online',
    was: 'NEW',
    then: { mode: 'wal' },
    now: (database) => createState(database, 'wal', NEW).close(),
  },
  'into a database in rollback-journal mode': {
    method: 'online',
    was: 'NEW',
    then: { mode: 'delete' },
    now: (database) => createState(database, 'delete', NEW).close(),
  },
  'in the place of a database in WAL mode with another page size': {
    method: 'offline',
    was: 'NEW',
    then: { mode: 'wal', pageSize: 1024 },
    now: (database) => createState(database, 'wal', NEW).close(),
  },
  'in the place of a database in rollback-journal mode with another encoding': {
    method: 'offline',
    was: 'NEW',
    then: { mode: 'delete', encoding: 'UTF-16le' },
    now: (database) => createState(database, 'delete', NEW).close(),
  },
  'in the place of garbage with side files': {
    method: 'offline',
    was: 'garbage',
    then: { mode: 'wal' },
    now(database) {
      fs.writeFileSync(database, GARBAGE);
      fs.writeFileSync(`${database}-wal`, 'an old WAL');
      fs.writeFileSync(`${database}-journal`, 'an old journal');
    },
  },
};

onLinux(`one failing call of the system in a restore (seed ${SEED})`, () => {
  let library: string;
  beforeAll(() => (library = compileFailingCalls()));
  afterAll(() => fs.rmSync(path.dirname(library), { recursive: true }));

  /** The files of a scenario, and a way to start over with them as often as needed. */
  async function prepared({ then, now }: Scenario) {
    const live = folder.file('live');
    const directory = folder.file('backups');
    const database = path.join(live, 'app.db');
    for (const each of [live, directory]) fs.mkdirSync(each);
    createState(database, then.mode, OLD, then).close();
    const { name } = await new BackupService({ database, directory, logger: memoryLogger() }).createBackup();
    for (const file of fs.readdirSync(live)) fs.rmSync(path.join(live, file));
    now(database);
    fs.cpSync(folder.path, `${folder.path}-template`, { recursive: true });
    const before = { live: contentsOf(live), backups: contentsOf(directory), wal: isWal(database) };
    return {
      database,
      live,
      directory,
      before,
      restore(fault?: Fault): ChildAnswer {
        for (const each of [live, directory]) {
          fs.rmSync(each, { recursive: true });
          fs.cpSync(path.join(`${folder.path}-template`, path.basename(each)), each, { recursive: true });
        }
        return runChild(library, folder.path, { kind: 'restore', database, directory, name }, fault);
      },
    };
  }
  afterEach(() => fs.rmSync(`${folder.path}-template`, { recursive: true, force: true }));

  test.each(Object.entries(scenarios))(
    '%s: it is entirely the old or entirely the restored one, and the error says which',
    async (what, scenario) => {
      const all = await prepared(scenario);
      const { restore } = all;
      const { report, error, calls } = restore();
      expect({ error, method: report?.method }).toEqual({ error: undefined, method: scenario.method });
      const ends = { old: 0, restored: 0 };
      const failing = faults({
        law: 7,
        fault: `EIO or ENOSPC from a call of the system: a restore ${what}`,
        seed: SEED,
      });
      for (const fault of chosen(faultsIn(calls))) {
        failing.injected();
        const answer = restore(fault);
        const told = JSON.stringify({ fault, error: answer.error ?? answer.report?.method });
        const end = check(all, scenario, answer, fault);
        expect({ told, ...end }).toEqual({ told, wrong: [], restored: expect.any(Boolean) });
        failing.held(answer.error?.code ?? 'restored');
        ends[end.restored ? 'restored' : 'old'] += 1;
      }
      expect(ends.old + ends.restored).toBeGreaterThan(0);
    },
  );

  /** What is not as it should be after a restore in which a call failed. */
  function check(
    { database, live, directory, before }: Awaited<ReturnType<typeof prepared>>,
    { method, was }: Scenario,
    { report, error }: ChildAnswer,
    fault: Fault,
  ): { restored: boolean; wrong: string[] } {
    const wrong: string[] = [];
    const says = error ? `${error.what} ${error.hint}` : '';
    // SQLite clears away what is beside a file of which it can make nothing, so the files come first.
    const liveNow = JSON.stringify(contentsOf(live));
    const isGarbage = fs.readFileSync(database).equals(GARBAGE);
    const state = isGarbage ? 'garbage' : stateIn(database);
    const restored = state === JSON.stringify(OLD);
    const isOld = was === 'garbage' ? isGarbage : state === JSON.stringify(NEW);
    if (!restored && !isOld) wrong.push(`it is neither: ${state}`);
    if (report && (!restored || report.method !== method)) wrong.push(`it reports success, by ${report.method}`);
    // A call that fails while something is taken back can leave it; then it must be said.
    const files = [...filesOf(live), ...filesOf(directory)].filter(
      (name) => !(name.includes('.partial') && fault.call === 'unlink') && !/-(wal|shm)$/.test(name),
    );
    const known = [...Object.keys(before.live), ...Object.keys(before.backups)];
    const extra = files.filter((name) => !known.includes(name) && !name.endsWith('.json'));
    if (!restored) {
      if (extra.some((name) => !says.includes(name))) wrong.push(`left without a word: ${extra.join(', ')}`);
      if (/was restored/.test(says)) wrong.push('it says that it was restored');
      if (isWal(database) !== before.wal && !says.includes('WAL')) wrong.push('the journal mode is another one');
      if (isGarbage && extra.length === 0 && liveNow !== JSON.stringify(before.live)) wrong.push('other files');
    } else {
      if (error && !/was restored|entirely/.test(says)) wrong.push('it does not say that it may have been restored');
      if (/[Nn]othing was changed|was not changed/.test(says)) wrong.push('it says that nothing was changed');
      const safeties = backupNames(directory).filter((name) => !known.includes(name));
      if (
        method === 'online' &&
        !safeties.some((name) => stateIn(path.join(directory, name)) === JSON.stringify(NEW))
      ) {
        wrong.push('the state before is in no safety backup');
      }
      if (error && extra.some((name) => !says.includes(name.replace(/(-journal|-wal|-shm)$/, '')))) {
        wrong.push(`it does not name ${extra.join(', ')}`);
      }
    }
    if (fs.statSync(database).nlink !== 1 && !says.includes('second name')) wrong.push('it has a second name');
    return { restored, wrong };
  }

  test('the safety backup cannot be read or written: an error, and the live database is never taken for damaged', async () => {
    const { restore, database, before, live, directory } = await prepared(scenarios['into a database in WAL mode']!);
    const bytes = fs.readFileSync(database);
    const partial = path.join(directory, '.app_backup_*.partial');
    // Its copy, its seal, its check and its hash read it; the reading back of the result comes later.
    for (const call of ['read', 'write', 'sync']) {
      for (const errno of [EIO, ENOMEM, EACCES, EBUSY, ...(call === 'read' ? [] : [ENOSPC])]) {
        const { report, error } = restore({ call, file: partial, at: 1, errno });
        if (report) expect(report.method).toBe('online');
        else expect(error!.code).toMatch(/WRITE_FAILED|VERIFY_FAILED|NO_SPACE|RESTORE_FAILED|UNREADABLE/);
        if (!error) continue;
        expect(fs.readFileSync(database).equals(bytes)).toBe(true);
        expect({ live: filesOf(live), backups: contentsOf(directory) }).toEqual({
          live: Object.keys(before.live).sort(),
          backups: before.backups,
        });
      }
    }
  });

  test('each read of the copy that becomes the safety backup fails: the live database is never replaced for it', async () => {
    const { restore, database, directory } = await prepared(scenarios['into a database in WAL mode']!);
    const bytes = fs.readFileSync(database);
    const file = path.join(directory, '.app_backup_????????_??????.????????????.partial');
    const kinds = faultsIn(restore().calls).filter(
      ({ call, file: each }) => call === 'read' && each.includes('.partial'),
    );
    const last = Math.max(...kinds.map(({ at }) => at));
    expect(last).toBeGreaterThan(20);
    const at = (part: number) => 1 + Math.floor((part * (last - 1)) / 15);
    for (const each of new Set(Array.from({ length: 16 }, (_, part) => at(part)))) {
      const { report, error } = restore({ call: 'read', file, at: each, errno: EIO });
      expect({ at: each, method: report?.method ?? 'online' }).toEqual({ at: each, method: 'online' });
      if (error && error.step !== 'compare') expect(fs.readFileSync(database).equals(bytes)).toBe(true);
    }
  });

  test('in rollback-journal mode the folder of the database is flushed after the journal is gone', async () => {
    const { restore, live } = await prepared(scenarios['into a database in rollback-journal mode']!);
    const { calls, report } = restore();
    expect(report?.method).toBe('online');
    const removed = calls.lastIndexOf(`unlink ${live}/app.db-journal`);
    expect(removed).toBeGreaterThan(0);
    expect(calls.lastIndexOf(`sync ${live}`)).toBeGreaterThan(removed);
  });
});

/** Each kind of call on each kind of file, at its first, its last and a random occurrence. */
function faultsIn(calls: readonly string[]): Fault[] {
  const counts = new Map<string, number>();
  for (const line of calls) {
    const kind = line.replace(/[0-9a-f]{12}(?=\.partial)/g, '????????????').replace(/\d{8}_\d{6}/g, '????????_??????');
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts].flatMap(([kind, count]) => {
    const [call, file] = [kind.slice(0, kind.indexOf(' ')), kind.slice(kind.indexOf(' ') + 1)];
    const times = new Set([1, count, 1 + Math.floor(random() * count)]);
    return [...times].map((at) => ({ call, file, at, errno: call === 'write' && random() < 0.5 ? ENOSPC : EIO }));
  });
}

function chosen(faults: readonly Fault[]): Fault[] {
  return faults
    .map((fault) => ({ fault, order: random() }))
    .sort((a, b) => a.order - b.order)
    .slice(0, ROUNDS)
    .map(({ fault }) => fault);
}

/** The one state that a database is in, or why it is in none. */
function stateIn(file: string): string {
  const db = new Database(file, { fileMustExist: true, timeout: 60_000 });
  try {
    if (db.pragma('integrity_check', { simple: true }) !== 'ok') return 'damaged';
    return JSON.stringify(db.prepare('SELECT tag, count(*) AS rows FROM state').get());
  } catch (error) {
    return String(error);
  } finally {
    db.close();
  }
}

function isWal(file: string): boolean {
  return fs.readFileSync(file)[18] === 2;
}
