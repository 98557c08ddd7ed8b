import type { Backup } from '../../catalog/backup.js';
import { BackupError, isBackupError, messageOf, systemCode } from '../../util/errors.js';
import type { BackupErrorCode } from '../../util/errors.js';

/** The steps that have to be undone if a restore fails, oldest first. */
export type Undo = { readonly what: string; run: () => Promise<void> | void }[];

/** Takes back all that it can, newest first, and returns what stays, in words. */
export async function takeBack(undo: Undo): Promise<string[]> {
  const left: string[] = [];
  for (const { what, run } of undo.reverse()) {
    try {
      await run();
    } catch (error) {
      left.push(`${what} (${messageOf(error)})`);
    }
  }
  return left;
}

/** The safety backup could not be made, since the copy of the live database is damaged. */
export class NoGoodCopy extends Error {
  constructor(override readonly cause: unknown) {
    super(messageOf(cause));
  }
}

/** The error of a restore that has changed nothing, but for what is `left` because it could not be taken back. */
export function unchanged(error: unknown, left: readonly string[]): unknown {
  if (left.length === 0 && (isBackupError(error) || error instanceof NoGoodCopy)) return error;
  const hint =
    left.length === 0
      ? 'Nothing was changed.'
      : `The database is as it was, but not everything could be taken back: ${left.join('; ')}.`;
  return failure(error, 'The restore failed', `${hint} ${THEN}`);
}

/** The error of a copy of which SQLite does not tell whether it was committed. */
export function oldOrRestored(error: unknown, safety: Backup): BackupError {
  const hint = `The database is entirely as it was, or entirely restored. ${stateBefore({ safety })} ${THEN}`;
  return failure(error, 'The restore failed', hint);
}

export interface StateBefore {
  readonly safety?: Backup | undefined;
  readonly movedAside?: readonly string[];
}

/** The error of what comes after the restored database is in its place. */
export function restoredBut(error: unknown, database: string, before: StateBefore): BackupError {
  const hint = `Until that succeeds, a power cut may bring the old one back. ${stateBefore(before)} ${THEN}`;
  return failure(error, `"${database}" was restored, but flushing or checking it failed`, hint, 'compare');
}

const THEN = 'Check the disk and its space, then restore again.';

export function stateBefore({ safety, movedAside = [] }: StateBefore): string {
  const told: string[] = [];
  if (safety) told.push(`The state before is in "${safety.name}", which is protected.`);
  if (movedAside.length > 0) told.push(`The old files are now ${movedAside.map((file) => `"${file}"`).join(', ')}.`);
  return told.join(' ') || 'There was no database before.';
}

function failure(error: unknown, what: string, hint: string, step: 'restore' | 'compare' = 'restore'): BackupError {
  const code = systemCode(error);
  const text = isBackupError(error) ? error.message.replace(` ${error.hint}`, '') : messageOf(error);
  const said = code === '' || isBackupError(error) || text.startsWith(code) ? text : `${code}: ${text}`;
  const isFull = /^(SQLITE_FULL|ENOSPC|EDQUOT|ERR_BACKUP_NO_SPACE)/.test(code);
  const as: BackupErrorCode = isFull ? 'ERR_BACKUP_NO_SPACE' : 'ERR_BACKUP_RESTORE_FAILED';
  return new BackupError(as, `${what} (${said}).`, { step, hint, cause: error });
}
