import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import type { Backup } from '../../catalog/backup.js';
import type { BackupFolder } from '../../catalog/list-backups.js';
import { BackupError, messageOf, systemCode } from '../../util/errors.js';
import { removeFiles } from '../../catalog/delete-backup.js';
import type { CheckedBackup } from '../verify/check-backup.js';
import { contentHash } from '../shared/content-hash.js';
import { copyPages } from '../backup/page-copy.js';
import type { Deadline } from '../shared/deadline.js';
import { exists, flushFile } from '../../util/durable-files.js';
import type { LiveDatabase } from './live-database.js';
import { beginStep, send } from '../shared/steps.js';
import { createPartial, partialPath, removePartial } from '../shared/temp-files.js';

export interface RestoreContext {
  readonly folder: BackupFolder;
  readonly deadline: Deadline;
  /** Takes the protected backup of the present state. */
  readonly takeSafetyBackup: () => Promise<Backup>;
}

/** A writer that is faster than us once is bad luck; three times in a row something else is wrong. */
const MAX_DIFFERENT = 3;
/** How long writers are kept waiting for a reader that is in the way (rollback-journal mode), before they get their turn. */
const HELD_AT_MOST_MS = 5_000;
const BETWEEN_TRIES_MS = 20;
const BREATH_MS = 200;

/**
 * Into the live database, while others have it open, in one transaction of SQLite: hold the writers -> safety backup ->
 * copy -> compare. No commit is lost without a trace: what came before the copy is in the safety backup, for while it is
 * taken nobody writes, and should somebody slip in between the two, nothing is copied and both are done again.
 */
export async function restoreOnline(
  live: LiveDatabase,
  backup: CheckedBackup,
  context: RestoreContext,
): Promise<Backup> {
  let first: Backup | undefined;
  for (let different = 0; ;) {
    beginStep('block-writers');
    await live.waitUntilFree(context.deadline);
    live.holdWriters(context.deadline);
    const mark = live.mark();
    let safety: Backup;
    try {
      safety = await context.takeSafetyBackup();
    } catch (error) {
      live.release();
      throw error;
    }
    let copied: boolean;
    try {
      copied = await copyIfUnchanged(live, backup, mark, context.deadline);
    } catch (error) {
      if (systemCode(error) === 'ERR_BACKUP_RESTORE_BUSY') removeFiles(context.folder, safety);
      throw withSafety(error, first ?? safety);
    }
    if (!copied) {
      // It is of a state that was not replaced.
      removeFiles(context.folder, safety);
      await sleep(BREATH_MS);
      continue;
    }
    // If all is done again, since somebody wrote on top before it was compared, the state before is still in the first one.
    first ??= safety;
    try {
      if (await isEqual(live, backup, context.folder)) {
        await settle(live);
        return first;
      }
    } catch (error) {
      throw withSafety(error, first);
    }
    if (++different === MAX_DIFFERENT) throw isDifferent(live.path, first);
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
      // better-sqlite3 resolves as if all were done (FACTS 3).
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
    if (!seen.locked && systemCode(error).startsWith('SQLITE_BUSY')) return 'busy';
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

const COMPARED = ['pageCount', 'pageSize', 'userVersion', 'applicationId', 'schemaDigest'] as const;

/** In WAL mode a commit may still be in memory only, and the next writer would have to bring all of it into the file. */
async function settle(live: LiveDatabase): Promise<void> {
  if (!live.wal) return;
  const wal = `${live.path}-wal`;
  if (exists(wal)) await flushFile(wal);
  try {
    live.db.pragma('wal_checkpoint(PASSIVE)');
    // And does not stay as large as the database, unless a reader still needs it.
    live.db.pragma('busy_timeout = 0');
    live.db.pragma('wal_checkpoint(TRUNCATE)');
  } catch {
    // It is safe in the WAL; the next checkpoint takes it over.
  }
}

/** What failed after the safety backup was taken names it. */
function withSafety(error: unknown, safety: Backup): unknown {
  if (error instanceof BackupError && error.code.startsWith('ERR_BACKUP_RESTORE_')) return error;
  const said = `${systemCode(error)} ${messageOf(error)}`.trim();
  const full = /^(SQLITE_FULL|ENOSPC|EDQUOT|ERR_BACKUP_NO_SPACE)/.test(said);
  const code = full ? 'ERR_BACKUP_NO_SPACE' : 'ERR_BACKUP_RESTORE_FAILED';
  return new BackupError(code, `The restore failed (${said}).`, {
    step: 'restore',
    hint:
      'The database is entirely as it was, or entirely restored. ' +
      `The state before is in "${safety.name}", which is protected. Check the disk and its space, then restore again.`,
    cause: error,
  });
}

function isDifferent(database: string, safety: Backup): BackupError {
  return new BackupError('ERR_BACKUP_RESTORE_FAILED', `"${database}" was not equal to the backup after the restore.`, {
    step: 'compare',
    hint: `Somebody writes to it all the time, or the disk fails. The state before is in "${safety.name}", which is protected.`,
  });
}
