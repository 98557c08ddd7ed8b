// Rows of a backup back into the live database: choose them -> safety backup -> block the writers -> plan -> write -> commit.
import fs from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import type { Backup } from '../../catalog/backup.js';
import { backupNaming } from '../../catalog/backup-name.js';
import { removeFiles } from '../../catalog/delete-backup.js';
import type { BackupFolder } from '../../catalog/list-backups.js';
import { recoveryLabel } from '../../catalog/safety-backup.js';
import type { ChildResult } from '../../child/protocol.js';
import { recoverToJson } from '../../child/rows-protocol.js';
import type { RecoverReport, RecoverRequest } from '../../child/rows-protocol.js';
import { sourceLocked } from '../../util/busy-errors.js';
import { messageOf, systemCode } from '../../util/errors.js';
import { takeBackup } from '../backup/take-backup.js';
import { Deadline } from '../shared/deadline.js';
import { ensureFolder } from '../shared/free-space.js';
import { takeLock } from '../shared/lock.js';
import { beginStep } from '../shared/steps.js';
import { sweep } from '../shared/temp-files.js';
import { watched } from '../shared/watched.js';
import { makeSource } from '../sources/open-source.js';
import { refuseSqld } from '../restore/sqld.js';
import { findAlsoChanged } from './also-changed.js';
import { apply, isBulk } from './apply.js';
import { noTable, whyNotCompared } from './diff.js';
import { callsNothing } from './expression.js';
import { fold } from './names.js';
import { liveState, openPlain, openStates, ScratchSpace } from './open-states.js';
import type { States } from './open-states.js';
import { makePlan } from './plan.js';
import type { Plan } from './plan.js';
import { PrivateCopy } from './private-copy.js';
import { readSchema } from './read-schema.js';
import {
  badWhere,
  cannotWrite,
  conflicting,
  noRowsInto,
  planChanged,
  refused,
  tableMissing,
  tableUnreadable,
} from './recover-errors.js';
import { chooseGone, chooseSelected, selectWhere } from './select-rows.js';
import { writeScript } from './write-script.js';

export async function recover(request: RecoverRequest): Promise<ChildResult> {
  const { database, directory, name } = request;
  const isRehearsal = request.dryRun || request.sql !== undefined;
  if (request.source && !isRehearsal) throw noRowsInto(makeSource(request.source).description);
  if (!isRehearsal) refuseSqld(fs.realpathSync(database));
  const deadline = Deadline.beforeTheParents(request.timeoutMs);
  const folder = { directory, naming: backupNaming(database) };
  const scratch = new ScratchSpace(folder, database, deadline);
  try {
    beginStep('check');
    const older = await openPlain(folder, name, scratch);
    beginStep('pin');
    const live = await liveState(request, folder, scratch, deadline);
    const states = await openStates(older, live, scratch, deadline);
    try {
      chooseRows(states, request);
      const report = isRehearsal ? rehearse(states, request) : await carryOut(states, request, folder, deadline);
      return { kind: 'recovered', report: recoverToJson(report) };
    } finally {
      states.close();
    }
  } finally {
    await scratch.dispose();
  }
}

/** Fills `temp.selected`. The backup does not change, so what `where` chose is chosen once. */
function chooseRows({ db, older }: States, request: RecoverRequest): void {
  const schema = readSchema(db, 'older');
  const table = schema.tables.get(fold(request.table));
  if (!table) {
    const unreadable = schema.unreadable.get(fold(request.table));
    if (unreadable) throw tableUnreadable(unreadable.name, unreadable.reason);
    throw noTable(
      request.table,
      [...schema.tables.values()].map((each) => each.name),
    );
  }
  const why = whyNotCompared({ name: table.name, older: table, newer: undefined });
  if (why !== undefined) throw tableUnreadable(table.name, `it is ${why}`);
  if (request.where === undefined) return;
  beginStep('where');
  const { where, whereMs: withinMs } = request;
  watched({ withinMs, harmless: callsNothing(where), refuse: badWhere }, () => selectWhere(db, older, table, where));
}

/** A plan of the state that the reader sees now. */
function planNow({ db }: States, request: RecoverRequest): Plan {
  beginStep('plan');
  const schemas = { older: readSchema(db, 'older'), newer: readSchema(db, 'main') };
  const table = schemas.older.tables.get(fold(request.table))!;
  const unreadable = schemas.newer.unreadable.get(fold(request.table));
  if (unreadable) throw tableUnreadable(unreadable.name, unreadable.reason);
  const newer = schemas.newer.tables.get(fold(request.table));
  if (!newer && !request.create) throw tableMissing(table.name);
  const choose = request.where === undefined ? chooseGone : chooseSelected;
  try {
    return makePlan({ db, schemas, request, choose: (root) => choose(db, root) });
  } catch (error) {
    // A module, a function or a collation that only the app's own connections have. Damage is another matter.
    if (!systemCode(error).startsWith('SQLITE_ERROR')) throw error;
    throw tableUnreadable(table.name, messageOf(error));
  }
}

function rehearse(states: States, request: RecoverRequest): RecoverReport {
  const plan = planNow(states, request);
  const alsoChanged = findAlsoChanged(plan);
  if (request.sql !== undefined) {
    if (plan.report.conflictCount > 0) throw conflicting({ ...plan.report, alsoChanged }, request.onConflict);
    writeScript(request.sql, states.db, plan, request);
  }
  return { ...plan.report, dryRun: true, alsoChanged };
}

async function carryOut(
  states: States,
  request: RecoverRequest,
  folder: BackupFolder,
  deadline: Deadline,
): Promise<RecoverReport> {
  const { database } = request;
  // These are looked for before anything is written, while no writer waits for us.
  beginStep('diff');
  const first = planNow(states, request);
  if (first.report.conflictCount > 0) throw conflicting(first.report, request.onConflict);
  if (request.plan !== undefined && request.plan !== first.report.plan) throw planChanged(first.report);
  const alsoChanged = findAlsoChanged(first);
  const { inserted, relinked, overwritten } = first.report;
  const seen = dataVersion(states.db);
  states.db.exec('COMMIT');
  if ([inserted, relinked, overwritten].every((counts) => Object.keys(counts).length === 0))
    return { ...first.report, alsoChanged };

  beginStep('lock');
  ensureFolder(folder.directory);
  const lock = await takeLock(folder, database, deadline);
  const copy = new PrivateCopy(states.older, folder);
  try {
    beginStep('sweep');
    await sweep(folder);
    const order = {
      database,
      verify: request.verify,
      label: recoveryLabel(request.name),
      safety: true as const,
      protected: true,
      startedAt: performance.now(),
    };
    if (isBulk(states.db, first)) copy.begin();
    const safety = await takeBackup(order, folder, deadline);
    try {
      await copy.settled();
      const report = write(states, request, deadline, { first, seen, copy });
      return { ...report, alsoChanged, safetyBackup: safety.name, undo: undoCommand(request, safety) };
    } catch (error) {
      // Nothing was written, so the safety backup holds a state that is still there: it goes again.
      removeFiles(folder, safety);
      throw error;
    }
  } finally {
    await copy.remove();
    lock.release();
  }
}

interface Rehearsed {
  /** The plan that was made before anybody had to wait. */
  readonly first: Plan;
  /** The state that it was made of. */
  readonly seen: unknown;
  readonly copy: PrivateCopy;
}

/** Another one means that another connection has committed (sqlite.org/pragma.html#pragma_data_version). */
function dataVersion(db: Database.Database): unknown {
  return db.pragma('main.data_version', { simple: true });
}

function write(
  states: States,
  request: RecoverRequest,
  deadline: Deadline,
  { first, seen, copy }: Rehearsed,
): RecoverReport {
  const reader = states.db;
  const { database } = request;
  const waitMs = deadline.remainingMs();
  const live = new Database(fs.realpathSync(database), { fileMustExist: true, timeout: waitMs });
  try {
    beginStep('recover');
    // FULL does not flush the folder after the journal was unlinked: a power cut would bring it back, and the rows would be gone
    // again (https://sqlite.org/pragma.html#pragma_synchronous).
    live.pragma('synchronous = EXTRA');
    live.pragma('foreign_keys = ON');
    live.pragma('recursive_triggers = OFF');
    live.exec('BEGIN IMMEDIATE');
    live.pragma('defer_foreign_keys = ON');
    // Nobody else can commit now: the reader sees what is written on.
    reader.exec('BEGIN');
    let plan = first;
    if (dataVersion(reader) !== seen) {
      first.tables.dispose();
      plan = planNow(states, request);
    }
    if (plan.report.conflictCount > 0) throw conflicting(plan.report, request.onConflict);
    if (request.plan !== undefined && request.plan !== plan.report.plan) throw planChanged(plan.report);
    // In rollback-journal mode the commit waits for readers, and this is one. What follows reads the backup alone.
    reader.exec('COMMIT');
    beginStep('recover');
    apply({ live, reader, copy }, plan, request);
    live.exec('COMMIT');
    return plan.report;
  } catch (error) {
    const code = systemCode(error);
    if (code.startsWith('SQLITE_BUSY')) throw sourceLocked(database, `${waitMs / 1000} s`, error);
    if (/^SQLITE_(CONSTRAINT|MISMATCH|TOOBIG)/.test(code)) throw refused(error);
    if (code.startsWith('SQLITE_ERROR')) throw cannotWrite(request.table, error);
    throw error;
  } finally {
    if (live.inTransaction) live.exec('ROLLBACK');
    live.close();
  }
}

function undoCommand({ database, directory }: RecoverRequest, safety: Backup): string {
  const words = ['npx', 'sqlite-autobackup', 'restore', safety.name, '--database', database];
  if (path.dirname(database) !== directory) words.push('--directory', directory);
  return words.map(shellWord).join(' ');
}

/** Quotes a text for a POSIX shell. */
function shellWord(word: string): string {
  return /^[\w./:@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
