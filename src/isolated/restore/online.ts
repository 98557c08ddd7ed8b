import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import type { Backup } from '../../catalog/backup.js';
import type { BackupFolder } from '../../catalog/list-backups.js';
import { BackupError } from '../../util/errors.js';
import type { CheckedBackup } from '../verify/check-backup.js';
import { contentHash } from '../shared/content-hash.js';
import { copyPages } from '../backup/page-copy.js';
import type { Deadline } from '../shared/deadline.js';
import { exists, flushFile, flushFolder } from '../../util/durable-files.js';
import { oldOrRestored, restoredBut, stateBefore, takeBack, unchanged } from './failures.js';
import { takeBackSafety } from './safety.js';
import type { SafetyBackup } from './safety.js';
import { isBusy } from './live-database.js';
import type { LiveDatabase } from './live-database.js';
import { beginStep, send } from '../shared/steps.js';
import { createPartial, partialPath, removePartial } from '../shared/temp-files.js';

export interface RestoreContext {
  readonly folder: BackupFolder;
  readonly deadline: Deadline;
  /** Takes the protected backup of the present state. Throws `NoGoodCopy` if the copy is damaged. */
  readonly takeSafetyBackup: () => Promise<SafetyBackup>;
}

/** A writer that is faster than us once is bad luck; three times in a row something else is wrong. */
const MAX_DIFFERENT = 3;
/** How long writers are kept waiting for a reader that is in the way (rollback-journal mode), before they get their turn. */
const HELD_AT_MOST_MS = 5_000;
const BETWEEN_TRIES_MS = 20;
const BREATH_MS = 200;

/**
 * Writes the backup into the live database in one transaction of SQLite, while others have it open: hold the writers -> safety
 * backup -> copy -> compare. No commit is lost without a trace: what came before the copy is in the safety backup, since nobody
 * writes while it is taken, and if somebody slips in between the two, nothing is copied and both are done again.
 *
 * @returns the backup of the state before
 */
export async function restoreOnline(
  live: LiveDatabase,
  backup: CheckedBackup,
  context: RestoreContext,
): Promise<Backup> {
  let first: Backup | undefined;
  for (let tries = 1; ; tries++) {
    try {
      const safety = await saveAndCopy(live, backup, context);
      // If all is done again, since somebody wrote on top before it was compared, the state before is still in the first one.
      first ??= safety;
    } catch (error) {
      throw first ? isDifferent(live.path, first, error) : error;
    }
    try {
      if (await isEqual(live, backup, context.folder)) {
        await settle(live);
        return first;
      }
    } catch (error) {
      throw restoredBut(error, live.path, { safety: first });
    }
    if (tries === MAX_DIFFERENT) throw isDifferent(live.path, first);
  }
}

/** Takes the safety backup and copies, until nobody else has written between the two. */
async function saveAndCopy(live: LiveDatabase, backup: CheckedBackup, context: RestoreContext): Promise<Backup> {
  for (;;) {
    beginStep('block-writers');
    await live.waitUntilFree(context.deadline);
    live.holdWriters(context.deadline);
    const mark = live.mark();
    const safety = await context.takeSafetyBackup();
    const undo = [takeBackSafety(context.folder, safety)];
    try {
      if (await copyIfUnchanged(live, backup, mark, context.deadline)) return safety;
    } catch (error) {
      if (!(error instanceof BrokenCopy)) throw unchanged(error, await takeBack(undo));
      if (!live.isUnchangedSince(mark)) throw oldOrRestored(error.cause, safety);
      throw unchanged(error.cause, await takeBack(undo));
    }
    await takeBack(undo);
    await sleep(BREATH_MS);
  }
}

/** `false`: somebody else has written since `mark`, or a reader stays in the way; then nothing was copied. */
async function copyIfUnchanged(
  live: LiveDatabase,
  backup: CheckedBackup,
  mark: string,
  deadline: Deadline,
): Promise<boolean> {
  const until = performance.now() + HELD_AT_MOST_MS;
  for (;;) {
    // The copy needs the lock for a connection of its own, which must not find ours in its way.
    live.release();
    const result = await copyInto(live, backup, mark);
    if (result !== 'busy') return result === 'copied';
    beginStep('block-writers');
    live.holdWriters(deadline);
    if (live.mark() !== mark || performance.now() > until) {
      live.release();
      return false;
    }
    await sleep(BETWEEN_TRIES_MS);
  }
}

const CHANGED = new Error('changed');

/** The copy failed when it had begun. */
class BrokenCopy extends Error {
  constructor(override readonly cause: unknown) {
    super('the copy broke off');
  }
}

async function copyInto(
  live: LiveDatabase,
  { file, facts }: CheckedBackup,
  mark: string,
): Promise<'copied' | 'changed' | 'busy'> {
  const source = new Database(file, { readonly: true, fileMustExist: true });
  const totalBytes = facts.pageCount * facts.pageSize;
  const pagesPerStep = Math.max(1, Math.floor(STEP_BYTES / facts.pageSize));
  const seen = { locked: false };
  try {
    await source.backup(live.path, {
      // First called when the database is locked and nothing is copied yet; not at all if it could not be locked: then
      // better-sqlite3 resolves as if all were done (docs/facts.md, 3).
      progress({ totalPages, remainingPages }) {
        if (!seen.locked) {
          if (live.mark() !== mark) throw CHANGED;
          seen.locked = true;
          beginStep('restore');
        }
        send({ type: 'progress', doneBytes: (totalPages - remainingPages) * facts.pageSize, totalBytes });
        return pagesPerStep;
      },
    });
    return seen.locked ? 'copied' : 'busy';
  } catch (error) {
    if (error === CHANGED) return 'changed';
    if (seen.locked) throw new BrokenCopy(error);
    if (isBusy(error)) return 'busy';
    throw error;
  } finally {
    source.close();
  }
}

const STEP_BYTES = 8 * 1024 * 1024;

/** Reads the live database back, page by page, through SQLite. */
async function isEqual(live: LiveDatabase, backup: CheckedBackup, folder: BackupFolder): Promise<boolean> {
  // At once: until this transaction begins, somebody may write on top of what was restored.
  const facts = live.pin();
  const partial = partialPath(folder, new Date());
  try {
    beginStep('compare');
    if (COMPARED.some((fact) => facts[fact] !== backup.facts[fact])) return false;
    await createPartial(partial);
    await copyPages({ db: live.db, facts, close: () => {} }, partial);
    return contentHash(partial, facts) === backup.contentHash;
  } finally {
    live.release();
    await removePartial(partial);
  }
}

const COMPARED = ['pageCount', 'pageSize', 'encoding', 'userVersion', 'applicationId', 'schemaDigest'] as const;

/**
 * Brings the restored state to the disk. SQLite's commit in rollback-journal mode is the removal of the journal, which counts
 * after a power cut only when its folder is flushed, and SQLite does not do that (https://sqlite.org/pragma.html#pragma_synchronous,
 * EXTRA). In WAL mode a commit may still be in memory only, and the next writer would have to bring all of it into the file.
 */
async function settle(live: LiveDatabase): Promise<void> {
  const wal = `${live.path}-wal`;
  if (live.wal && exists(wal)) await flushFile(wal);
  await flushFolder(path.dirname(live.path));
  if (!live.wal) return;
  try {
    live.db.pragma('wal_checkpoint(PASSIVE)');
    // And does not stay as large as the database, unless a reader still needs it.
    live.db.pragma('busy_timeout = 0');
    live.db.pragma('wal_checkpoint(TRUNCATE)');
  } catch {
    // It is safe in the WAL; the next checkpoint takes it over.
  }
}

function isDifferent(database: string, safety: Backup, cause?: unknown): BackupError {
  return new BackupError('ERR_BACKUP_RESTORE_FAILED', `"${database}" was not equal to the backup after the restore.`, {
    step: 'compare',
    hint: `Somebody writes to it all the time, or the disk fails. ${stateBefore({ safety })}`,
    cause,
  });
}
