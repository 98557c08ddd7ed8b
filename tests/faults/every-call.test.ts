import fs from 'node:fs';
import path from 'node:path';
import { BackupService, directoryStore } from 'sqlite-autobackup';
import type { Manifest } from 'sqlite-autobackup';
import { isRecordPartialName } from '#dist/catalog/backup-name.js';
import { FAULTS, faultsAt, perform, wrongAfter } from '../support/every-call';
import type { Operation } from '../support/every-call';
import { compileFailingCalls } from '../support/failing-calls';
import { useFaultRecord } from '../support/fault-record';
import { memoryLogger } from '../support/memory-logger';
import { NAMING } from '../support/planted-backups';
import { manifestIn } from '../support/power-cut/backup-rules';
import { randomNumbers } from '../support/random';
import { createState, fillState, stateOf } from '../support/states';
import type { State } from '../support/states';
import { useTempFolder } from '../support/temp-folder';
import { backupNames, filesOf } from '../support/whole-backups';

// Each fault at each call of the system that an operation makes, or at some of them: whatever it is, backups are whole, the database
// is in one state, what was answered is done, and the next backup succeeds. Linux only: the library is loaded by its linker.
const onLinux = process.platform === 'linux' ? test : test.skip;

const faults = useFaultRecord();
const folder = useTempFolder();
/**
 * How many calls of each operation each fault is put on. The long run: EVERY_CALL=1000, which is all of them. By default it is one,
 * and a third of the faults, others for each operation.
 */
const POINTS = Number(process.env['EVERY_CALL'] ?? 0);
const SEED = Number(process.env['FAULT_SEED'] ?? 1);
const OLD: State = { tag: 'old', rows: 20 };
const NEW: State = { tag: 'new', rows: 45 };

let library: string;
beforeAll(() => (library = compileFailingCalls()));
afterAll(() => fs.rmSync(path.dirname(library), { recursive: true }));

type Made = readonly [first: string, second: string, newest: string];
interface Case {
  readonly law: number;
  readonly mode: 'wal' | 'delete';
  /** Of the backups; default: that of the live database. */
  readonly pageSize?: number;
  readonly does: (made: Made) => object | string;
  readonly stays: (made: Made) => string[];
  /** Default: it stays the old one. */
  readonly live?: readonly State[];
  readonly isDone: (work: string, made: Made) => boolean;
  /** Before it, in the template. `shipping` has a store. */
  readonly prepare?: (made: Made, service: BackupService, shipping: BackupService) => Promise<void>;
}

const all = (made: Made): string[] => [...made];
const isNew = (work: string): boolean => stateOf(path.join(work, 'app.db')).tag === 'new';
const manifestOf = (work: string, name: string): Manifest => manifestIn(work, name) as Manifest;
const restore = ([first]: Made): object => ({ kind: 'restore', name: first });
const restoring = { law: 7, does: restore, stays: all, live: [OLD, NEW], isDone: isNew };

const CASES: Record<string, Case> = {
  'taking a backup': {
    law: 2,
    mode: 'wal',
    does: () => ({ kind: 'create', ifOlderThanMs: null }),
    stays: all,
    isDone: (work) => backupNames(work).length === 4,
  },
  'protecting a backup': {
    law: 2,
    mode: 'delete',
    does: ([first]) => ({ kind: 'protect', name: first, protected: true }),
    stays: all,
    isDone: (work, [first]) => manifestOf(work, first).protected,
  },
  'recording a verification': {
    law: 10,
    mode: 'wal',
    does: ([first]) => ({ kind: 'verify', name: first, level: 'full' }),
    stays: all,
    // It answers also where it could not be recorded, and says so.
    isDone: () => true,
  },
  'restoring online, wal': { ...restoring, mode: 'wal' },
  'restoring online, delete': { ...restoring, mode: 'delete' },
  'restoring offline': { ...restoring, mode: 'wal', pageSize: 1024 },
  'recovering rows': {
    law: 7,
    mode: 'wal',
    does: ([first]) => `await service.recoverRows(${JSON.stringify(first)}, { table: 'state', removed: true });`,
    stays: all,
    live: [OLD, { tag: 'old', rows: 12 }],
    isDone: (work) => stateOf(path.join(work, 'app.db')).rows === OLD.rows,
  },
  'deleting a backup': {
    law: 6,
    mode: 'wal',
    does: ([first]) => `await service.deleteBackup(${JSON.stringify(first)});`,
    stays: ([, second, newest]) => [second, newest],
    isDone: (work) => backupNames(work).length === 2,
  },
  'pruning backups': {
    law: 6,
    mode: 'wal',
    prepare: ([, second], service) => service.protectBackup(second),
    // What could not be removed is in its report.
    does: () => 'const { failed } = await service.pruneBackups(); if (failed.length > 0) throw failed[0].error;',
    stays: ([, second, newest]) => [second, newest],
    // A backup that could not be looked at is kept, and the report says why: what must stay is all that is asked.
    isDone: () => true,
  },
  'shipping to a folder': {
    law: 2,
    mode: 'wal',
    does: () => 'const [report] = await shipping.shipPending(); if (report.errors.length > 0) throw report.errors[0];',
    stays: all,
    isDone: (work, made) => made.every((name) => fs.existsSync(path.join(work, 'store', 'till', name))),
  },
  'pulling a copy': {
    law: 2,
    mode: 'wal',
    async prepare([first], service, shipping) {
      await shipping.shipPending();
      await service.deleteBackup(first);
    },
    does: ([first]) => `await shipping.pullBackup(${JSON.stringify(first)});`,
    stays: ([, second, newest]) => [second, newest],
    isDone: (work, [first]) => backupNames(work).includes(first),
  },
};

onLinux.each(Object.entries(CASES))(`%s: a fault at one of its calls (seed ${SEED})`, async (name, each) => {
  const template = folder.file('template');
  const work = folder.file('work');
  const operation = await prepared(name, each, template, work);
  const anew = (): void => {
    fs.rmSync(work, { recursive: true, force: true });
    fs.cpSync(template, work, { recursive: true });
  };
  anew();
  const { end, calls } = perform(operation, work, library);
  expect({ end, wrong: [...wrongAfter(operation, work, end)] }).toEqual({ end: 'succeeded', wrong: [] });

  const random = randomNumbers(SEED);
  const turn = Object.keys(CASES).indexOf(name);
  const kinds = POINTS > 0 ? FAULTS : FAULTS.filter((_, at) => (at + turn) % 3 === 0);
  for (const kind of kinds) {
    const tried = faults({ law: each.law, fault: `${kind.name}: ${name}`, seed: SEED });
    for (const fault of faultsAt(kind, calls, Math.max(1, POINTS), random)) {
      anew();
      tried.injected();
      const told = perform(operation, work, library, fault).end;
      const wrong = [...wrongAfter(operation, work, told)];
      const next = perform({ does: { kind: 'create', ifOlderThanMs: null } }, work, library).end;
      // The unfinished text of a record is swept when it is old.
      const left = filesOf(work).filter((file) => file.includes('.partial') && !isRecordPartialName(NAMING, file));
      expect({ fault, told, wrong, next, left }).toEqual({ fault, told, wrong: [], next: 'succeeded', left: [] });
      tried.held(told);
    }
  }
});

async function prepared(name: string, each: Case, template: string, work: string): Promise<Operation> {
  fs.mkdirSync(path.join(template, 'store'), { recursive: true });
  const database = path.join(template, 'app.db');
  const isRecovery = name === 'recovering rows';
  const { pageSize = 4096 } = each;
  const db = createState(database, each.mode, isRecovery ? OLD : NEW, { pageSize });
  const copies = [directoryStore(path.join(template, 'store'), { host: 'till' })];
  // One with a store would still ship in the background while the folder is copied: a lock and half a copy with it.
  const service = new BackupService({ database, logger: memoryLogger() });
  const shipping = new BackupService({ database, logger: memoryLogger(), copies });
  const made: string[] = [];
  while (made.length < 3) made.push((await service.createBackup()).name);
  if (isRecovery) db.exec('DELETE FROM state WHERE id > 12');
  else if (pageSize === 4096) fillState(db, OLD);
  db.close();
  if (pageSize !== 4096) {
    for (const file of filesOf(template).filter((found) => found.startsWith('app.db')))
      fs.rmSync(path.join(template, file));
    createState(database, each.mode, OLD).close();
  }
  const names = made as unknown as Made;
  await each.prepare?.(names, service, shipping);
  return {
    name,
    law: each.law,
    does: each.does(names),
    live: each.live ?? [OLD],
    stays: each.stays(names),
    isDone: () => each.isDone(work, names),
  };
}
