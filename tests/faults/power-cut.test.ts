import fs from 'node:fs';
import path from 'node:path';
import { BackupService, directoryStore } from 'sqlite-autobackup';
import { formatActivity } from '#dist/activity/activity.js';
import { appendLines, readActivities } from '#dist/activity/activity-files.js';
import { runSync } from '#dist/util/file-work.js';
import { NAMING } from '../support/planted-backups';
import { brokenBackups, hashIn, manifestIn } from '../support/power-cut/backup-rules';
import { checkStates, leaveOutFlushes } from '../support/power-cut/check-states';
import type { CheckOptions, Cut } from '../support/power-cut/check-states';
import { ANSWER_MARK, journalOf, readFolder } from '../support/power-cut/journal';
import type { Journal } from '../support/power-cut/journal';
import { trace } from '../support/power-cut/trace';
import { useFaultRecord } from '../support/fault-record';
import { memoryLogger } from '../support/memory-logger';
import { DIST } from '../support/run-node';
import { createState, fillState, stateOf } from '../support/states';
import type { State } from '../support/states';
import { useTempFolder } from '../support/temp-folder';
import { backupNames } from '../support/whole-backups';

// The system calls of a command are recorded. Then every point of them is a power cut, and every state that a file system may
// leave there is laid out and opened: writes that were not flushed are lost or torn, names come and go by three models.

const faults = useFaultRecord();
const folder = useTempFolder();
/** What is kept of many unflushed writes is drawn from it. */
const SEED = Number(process.env['FAULT_SEED'] ?? 1);
/** The long run takes each flush out in both journal modes, and replaces files of both. */
const LONG = process.env['EVERY_CALL'] !== undefined;
/** Of a restore online, a state after the other is laid out for most of half an hour. */
if (LONG) jest.setTimeout(3_600_000);
const work = (...names: string[]): string => folder.file('work', ...names);
const OLD: State = { tag: 'old', rows: 20 };
const NEW: State = { tag: 'new', rows: 45 };

let laidOut: string;
beforeEach(() => {
  fs.mkdirSync(work());
  // Thousands of states are written there: in memory, where there is such a place.
  laidOut = fs.existsSync('/dev/shm') ? fs.mkdtempSync('/dev/shm/power-cut-') : folder.file('cut');
});
afterEach(() => fs.rmSync(laidOut, { recursive: true, force: true }));

/** Records what a child does with a request. */
function recordChild(request: object): Journal {
  const root = readFolder(work());
  const input = JSON.stringify({ database: work('app.db'), directory: work(), timeoutMs: 120_000, ...request });
  const { calls } = trace([process.execPath, path.join(DIST, 'isolated', 'main.js')], { input });
  return journalOf(calls, work(), root);
}

/** Records what an app does in `source`, which has `service`, and the package as `lib`. */
function recordApp(source: string, options = ''): Journal {
  const root = readFolder(work());
  const app = `
    const lib = require(${JSON.stringify(DIST)});
    const quiet = { info() {}, warn() {}, error() {} };
    const service = new lib.BackupService({ database: ${JSON.stringify(work('app.db'))}, logger: quiet, ${options} });
    (async () => { ${source} })().then(
      () => require('node:fs').existsSync(${JSON.stringify(ANSWER_MARK)}),
      (error) => { console.error(error); process.exitCode = 1; },
    );`;
  const { calls } = trace([process.execPath, '-e', app]);
  return journalOf(calls, work(), root);
}

async function backUp(count = 1): Promise<string[]> {
  const service = new BackupService({ database: work('app.db'), logger: memoryLogger() });
  const names: string[] = [];
  while (names.length < count) names.push((await service.createBackup()).name);
  return names;
}

/**
 * What SQLite flushes while it makes a copy is flushed again before the copy gets its name, and the journal of a copy that nobody
 * has yet is needed by none.
 */
const OF_A_JOURNAL = ['fsync ….partial-journal', 'fsync ….partial-journal', 'every fsync ….partial-journal'];
const times = (count: number, text: string): string[] => Array.from({ length: count }, () => text);

const wholeNow = (): Set<string> => new Set(backupNames(work()).map((name) => hashIn(work(), name)));
const isOfBackups = (file: string): boolean => file.startsWith('app_backup_');

/** Of what brings one backup into a folder that has none. */
const oneBackup = (whole: ReadonlySet<string>): Omit<CheckOptions, 'folder'> => ({
  decides: isOfBackups,
  *check(left, cut) {
    yield* brokenBackups(left, whole, cut);
    if (cut.answered && backupNames(left).length === 0) yield 'it was answered, and is gone';
  },
});

/** @param during what was cut, for the table of faults; `law`: the one that it is to break */
function expectNothingLost(
  journal: Journal,
  [law, during]: readonly [law: number, during: string],
  options: Omit<CheckOptions, 'folder'>,
): CheckOptions {
  expect(journal.answered).toBeDefined();
  const all = { ...options, folder: laidOut, seed: SEED };
  const cut = faults({ law, fault: `power cut: ${during}`, seed: SEED });
  const { different, answered, bad, problems } = checkStates(journal, all);
  cut.injected(different);
  if (bad === 0) cut.held('what was answered', answered);
  if (bad === 0) cut.held('the old or the new', different - answered);
  expect(Object.fromEntries(problems)).toEqual({});
  expect(different).toBeGreaterThan(1);
  return all;
}

/** The flushes that nothing misses must be the `redundant` ones, no more and no fewer; otherwise it is the check that is at fault. */
function expectFlushesNeeded(journal: Journal, options: CheckOptions, redundant: readonly string[] = []): void {
  const leftOut = faults({ law: 2, fault: 'a flush taken out of the record: do the checks miss it?', seed: SEED });
  const unmissed: string[] = [];
  for (const { text, missed } of leaveOutFlushes(journal, options)) {
    leftOut.injected();
    const name = text.replace(/\S+(?=\.partial)/, '…');
    if (!missed) unmissed.push(name);
    if (missed) leftOut.held('missed');
    else if (redundant.includes(name)) leftOut.held('not missed, as it is known');
  }
  expect(unmissed.sort()).toEqual([...redundant].sort());
}

describe.each(['wal', 'delete'] as const)('a power cut, on a database in %s mode', (mode) => {
  test('while a backup is taken: every final name is a whole backup, and an answered one stays; each flush is needed', async () => {
    const db = createState(work('app.db'), mode, NEW);
    const [older] = await backUp();
    fillState(db, OLD);
    db.close();
    const before = new Set(backupNames(work()));
    const journal = recordChild({ kind: 'create', ifOlderThanMs: null, verify: 'quick' });
    const whole = wholeNow();
    const created = backupNames(work()).find((name) => !before.has(name))!;

    const options = expectNothingLost(journal, [2, `backing up, ${mode}`], {
      decides: isOfBackups,
      *check(left, cut) {
        yield* brokenBackups(left, whole, cut);
        if (!fs.existsSync(path.join(left, older!))) yield 'an older backup is gone';
        if (cut.answered && !fs.existsSync(path.join(left, created))) yield 'it was answered, and is gone';
      },
    });
    if (mode === 'wal' && !LONG) return;
    // Of the copy and of the folder the last flush is needed.
    const ofTheCopy = mode === 'wal' ? ['fsync ….partial'] : ['fsync ….partial', 'fsync ….partial'];
    expectFlushesNeeded(journal, options, [...OF_A_JOURNAL, ...ofTheCopy, 'fsync the folder']);
  });

  test('while it is restored online: the database is entirely the old or the restored one, and the safety backup is there', async () => {
    const db = createState(work('app.db'), mode, NEW);
    const [name] = await backUp();
    fillState(db, OLD);
    db.close();
    const before = new Set(backupNames(work()));
    const journal = recordChild({ kind: 'restore', name, verify: 'quick' });
    const whole = wholeNow();

    const options = expectNothingLost(journal, [7, `restoring online, ${mode}`], {
      decides: (file) => file.startsWith('app') && !file.endsWith('-shm'),
      *check(left, cut) {
        yield* brokenBackups(left, whole, cut);
        yield* brokenRestore(left, cut, before);
      },
    });
    // Two copies are made: that of the state before, and that which is written over the database.
    const ofTheDatabase = mode === 'wal' ? times(3, 'fsync app.db-wal') : ['fsync app.db-journal'];
    const ofTheCopies = times(mode === 'wal' ? 2 : 3, 'fsync ….partial');
    const ofTheFolder = times(mode === 'wal' ? 6 : 4, 'fsync the folder');
    const redundant = [...OF_A_JOURNAL, ...OF_A_JOURNAL, ...ofTheCopies, ...ofTheDatabase, ...ofTheFolder];
    if (LONG) expectFlushesNeeded(journal, options, redundant);
  });
});

test('a power cut while a lost database is restored: there is none, or the whole one', async () => {
  createState(work('app.db'), 'wal', NEW).close();
  const [name] = await backUp();
  fs.rmSync(work('app.db'));
  const journal = recordChild({ kind: 'restore', name, verify: 'quick' });
  const whole = wholeNow();
  const options = expectNothingLost(journal, [7, 'restoring a lost database'], {
    decides: (file) => file.startsWith('app') && !file.endsWith('-shm'),
    *check(left, cut) {
      yield* brokenBackups(left, whole, cut);
      const there = fs.existsSync(path.join(left, 'app.db'));
      if (there && tagIn(path.join(left, 'app.db')) !== 'new') yield 'the database is not the restored one';
      if (cut.answered && !there) yield 'it was answered, and the database is gone';
    },
  });
  // The last flush of the folder covers all that came and went in it before.
  const redundant = [...OF_A_JOURNAL, ...times(2, 'fsync ….partial'), ...times(3, 'fsync the folder')];
  if (LONG) expectFlushesNeeded(journal, options, redundant);
});

test.each(LONG ? (['wal', 'delete'] as const) : (['wal'] as const))(
  'a power cut while the file is replaced, of a database in %s mode with another page size: entirely the old or the restored one',
  async (mode) => {
    createState(work('app.db'), mode, NEW, { pageSize: 1024 }).close();
    const [name] = await backUp();
    fs.rmSync(work('app.db'));
    createState(work('app.db'), mode, OLD).close();
    const before = new Set(backupNames(work()));
    const journal = recordChild({ kind: 'restore', name, verify: 'quick' });
    const whole = wholeNow();
    expectNothingLost(journal, [7, `restoring offline, ${mode}`], {
      decides: (file) => file.startsWith('app') && !file.endsWith('-shm'),
      *check(left, cut) {
        yield* brokenBackups(left, whole, cut);
        yield* brokenRestore(left, cut, before);
      },
    });
  },
);

test.each(['wal', 'delete'] as const)(
  'a power cut while rows are recovered, on a database in %s mode: all of them are back, or none',
  async (mode) => {
    const db = createState(work('app.db'), mode, NEW);
    const [name] = await backUp();
    db.exec('DELETE FROM state WHERE id <= 20');
    db.close();
    const journal = recordApp(`await service.recoverRows(${JSON.stringify(name)}, { table: 'state', removed: true });`);
    const whole = wholeNow();
    const options = expectNothingLost(journal, [7, `recovering rows, ${mode}`], {
      decides: (file) => file.startsWith('app') && !file.endsWith('-shm'),
      *check(left, cut) {
        yield* brokenBackups(left, whole, cut);
        const rows = rowsIn(path.join(left, 'app.db'));
        if (rows !== NEW.rows - 20 && rows !== NEW.rows) yield `the database has ${rows} rows`;
        if (cut.answered && rows !== NEW.rows) yield 'it was answered, and the rows are gone again';
      },
    });
    // In WAL mode the checkpoint flushes again what the commit has; a journal is flushed once more with its header.
    const ofTheDatabase = mode === 'wal' ? times(3, 'fsync app.db-wal') : ['fsync app.db-journal'];
    const ofTheCopy = times(mode === 'wal' ? 1 : 2, 'fsync ….partial');
    const ofTheFolder = times(mode === 'wal' ? 4 : 2, 'fsync the folder');
    const redundant = [...OF_A_JOURNAL, ...ofTheCopy, ...ofTheDatabase, ...ofTheFolder];
    if (LONG) expectFlushesNeeded(journal, options, redundant);
  },
);

test('a power cut while a backup is protected: a protection that was answered stays', async () => {
  createState(work('app.db'), 'wal', OLD).close();
  const [name] = await backUp();
  const journal = recordChild({ kind: 'protect', name, protected: true });
  const whole = wholeNow();
  const options = expectNothingLost(journal, [2, 'protecting a backup'], {
    decides: isOfBackups,
    *check(left, cut) {
      yield* brokenBackups(left, whole, cut);
      if (cut.answered && !isProtected(left, name!)) yield 'it was answered, and is not protected';
    },
  });
  expectFlushesNeeded(journal, options);
});

test('a power cut while a verification is recorded: the manifest is the old or the new one', async () => {
  createState(work('app.db'), 'wal', OLD).close();
  const [name] = await backUp();
  const journal = recordChild({ kind: 'verify', name, level: 'hash' });
  const whole = wholeNow();
  const options = expectNothingLost(journal, [2, 'recording a verification'], {
    decides: isOfBackups,
    *check(left, cut) {
      yield* brokenBackups(left, whole, cut);
      const manifest = manifestIn(left, name!);
      const recorded = typeof manifest === 'object' && manifest.lastVerification !== undefined;
      if (cut.answered && !recorded) yield 'it was answered, and is not recorded';
    },
  });
  expectFlushesNeeded(journal, options);
});

test.each([
  ['deleting backups', (names: string[]) => `await service.deleteBackup(${JSON.stringify(names[0])});`, 3, []],
  // No backup depends on the record of the policy; and the last flush of the folder covers all that was removed.
  ['pruning backups', () => 'await service.pruneBackups();', 1, ['….partial', 'the folder', 'the folder']],
])(
  'a power cut while %s: what was answered as removed does not come back, the rest stays whole',
  async (what, source, left, redundant) => {
    createState(work('app.db'), 'delete', OLD).close();
    const names = await backUp(4);
    const whole = wholeNow();
    const journal = recordApp(source(names), 'retention: lib.keep({ last: 1 })');
    const options = expectNothingLost(journal, [6, what], {
      decides: isOfBackups,
      *check(folderLeft, cut) {
        yield* brokenBackups(folderLeft, whole, cut);
        if (!fs.existsSync(path.join(folderLeft, names.at(-1)!))) yield 'the newest backup is gone';
        if (cut.answered && backupNames(folderLeft).length > left)
          yield 'it was answered, and a removed backup is there';
      },
    });
    expectFlushesNeeded(
      journal,
      options,
      redundant.map((file) => `fsync ${file}`),
    );
  },
);

test('a power cut while a backup is shipped to a folder: a copy under a final name is whole, and one that is on record stays', async () => {
  createState(work('app.db'), 'wal', OLD).close();
  const [name] = await backUp();
  fs.mkdirSync(work('store'));
  const store = `lib.directoryStore(${JSON.stringify(work('store'))}, { host: 'till' })`;
  const journal = recordApp(
    'const [report] = await service.shipPending(); if (report.errors.length > 0) throw report.errors[0];',
    `copies: [${store}]`,
  );
  const shipped = filesBelow(work('store'));
  const options = expectNothingLost(journal, [2, 'shipping to a folder'], {
    *check(left, cut) {
      const there = filesBelow(path.join(left, 'store'));
      for (const [file, bytes] of there) if (!shipped.get(file)?.equals(bytes)) yield 'a copy has lost or torn data';
      const complete = there.size === shipped.size;
      const onRecord = isOnRecord(left, name!);
      if (onRecord === undefined) yield 'the record of the copies is torn';
      if (onRecord && !complete) yield 'a copy is on record, and is gone';
      if (cut.answered && !complete) yield 'it was answered, and the copy is gone';
    },
  });
  // Object and manifest are two puts, each of which flushes the folders: the last one covers what the first did.
  expectFlushesNeeded(journal, options, ['fsync the folder store', 'fsync the folder store', 'fsync the folder till']);
});

test('a power cut while a copy is pulled: the backup is whole with its manifest, or not there', async () => {
  createState(work('app.db'), 'wal', OLD).close();
  const [name] = await backUp();
  const store = directoryStore(work('store'), { host: 'till' });
  fs.mkdirSync(work('store'));
  const service = new BackupService({ database: work('app.db'), copies: [store], logger: memoryLogger() });
  await service.shipPending();
  const whole = wholeNow();
  await service.deleteBackup(name!);
  const from = `lib.directoryStore(${JSON.stringify(work('store'))}, { host: 'till' })`;
  const journal = recordApp(`await service.pullBackup(${JSON.stringify(name)});`, `copies: [${from}]`);
  const options = expectNothingLost(journal, [2, 'pulling a copy'], oneBackup(whole));
  expectFlushesNeeded(journal, options);
});

test('a power cut while a file is imported: the backup is whole with its manifest, or not there', async () => {
  createState(work('app.db'), 'wal', OLD).close();
  createState(work('found.db'), 'delete', NEW).close();
  const takenAt = new Date(Date.now() - 3_600_000).toISOString();
  const file = { file: work('found.db'), move: false, called: 'found.db', takenAt };
  const journal = recordChild({ kind: 'import', ...file });
  const whole = wholeNow();
  expect(whole.size).toBe(1);
  const options = expectNothingLost(journal, [2, 'importing a file'], oneBackup(whole));
  expectFlushesNeeded(journal, options);
});

test('a power cut while activities are recorded: nothing is read that was not written, and the next line is', async () => {
  createState(work('app.db'), 'wal', OLD).close();
  await backUp();
  const journal = recordApp(`
    const { name } = await service.createBackup();
    await service.deleteBackup(name);
    await service.whenIdle();`);
  const place = (directory: string) => ({ directory, naming: NAMING, database: path.join(directory, 'app.db') });
  const read = (directory: string): string[] =>
    runSync(readActivities(place(directory), 100)).map((activity) => JSON.stringify(activity));
  const written = new Set(read(work()));
  expect(written.size).toBe(3);
  const next = formatActivity({ at: new Date(), action: 'deleted', name: 'next.db', by: { via: 'app' } });
  expectNothingLost(journal, [10, 'recording activities, which nothing flushes'], {
    decides: (file) => file.endsWith('.activity.jsonl'),
    *check(left) {
      const found = read(left);
      if (found.some((activity) => !written.has(activity))) yield 'an activity is read that was not written';
      runSync(appendLines(place(left), next, new Date()));
      if (read(left).length !== found.length + 1) yield 'the next activity cannot be read';
    },
  });
});

function isProtected(left: string, name: string): boolean {
  const manifest = manifestIn(left, name);
  return typeof manifest === 'object' && manifest.protected;
}

/** What is wrong after a restore of the state NEW over OLD; `before`: the backups that there were. */
function* brokenRestore(left: string, { answered }: Cut, before: ReadonlySet<string>): Generator<string, void> {
  const state = tagIn(path.join(left, 'app.db'));
  if (state !== 'old' && state !== 'new') yield `the database is ${state}`;
  if (answered && state !== 'new') yield 'it was answered, and the database is the old one';
  const safety = backupNames(left).filter((backup) => !before.has(backup));
  if (state === 'new' && !safety.some((backup) => isProtected(left, backup)))
    yield 'there is no protected safety backup';
}

/** `'old'`, `'new'`, or what is wrong with it. Opening it recovers what stands beside it, as the app would. */
function tagIn(database: string): string {
  try {
    return stateOf(database).tag;
  } catch (error) {
    return String(error);
  }
}

function rowsIn(database: string): number | string {
  try {
    return stateOf(database).rows;
  } catch (error) {
    return String(error);
  }
}

/** The finished objects of a folder store. */
function filesBelow(store: string): Map<string, Buffer> {
  if (!fs.existsSync(store)) return new Map();
  const files = fs
    .readdirSync(store, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map((entry) => path.join(entry.parentPath, entry.name));
  return new Map(files.map((file) => [path.relative(store, file), fs.readFileSync(file)]));
}

/** `undefined`: a record cannot be read. */
function isOnRecord(left: string, name: string): boolean | undefined {
  const records = fs.readdirSync(left).filter((file) => /^\.app_backup\.copies-.*\.json$/.test(file));
  const texts = records.map((file) => fs.readFileSync(path.join(left, file), 'utf8'));
  try {
    return texts.some((text) => name in (JSON.parse(text) as { shipped: object }).shipped);
  } catch {
    return undefined;
  }
}
