import { preferTaken } from '../service/imported.js';
import type { Backup, BackupErrorCode } from '../index.js';
import type { Rights } from './guard.js';

// What to do about an error: pure, so that a banner, a job's page and the API give the same advice.

/** The sentence that is shown, by its key in `texts.advice`. */
export type AdviceKind =
  | 'databaseGone'
  | 'databaseDamaged'
  | 'databaseRights'
  | 'folderAway'
  | 'folderRights'
  | 'diskFull'
  | 'wrongClock'
  | 'busy'
  | 'inUse'
  | 'copyDiffers'
  | 'otherBackup'
  | 'isProtected'
  | 'gone'
  | 'switchedOff'
  | 'stopping'
  | 'cancelled'
  | 'planAgain'
  | 'conflict'
  | 'rowsRefused'
  | 'storeAway'
  | 'storeRights'
  | 'askHelp';

/** The one button beside it; `undefined`: there is nothing that this page could do. */
export type AdviceAction = 'go-back' | 'look-again' | 'make-room' | 'see-backups' | undefined;

export interface Advice {
  readonly kind: AdviceKind;
  readonly action: AdviceAction;
}

const KINDS: Partial<Record<BackupErrorCode, AdviceKind>> = {
  ERR_BACKUP_SOURCE_MISSING: 'databaseGone',
  ERR_BACKUP_SOURCE_INVALID: 'databaseDamaged',
  ERR_BACKUP_SOURCE_CORRUPT: 'databaseDamaged',
  ERR_BACKUP_SOURCE_UNREADABLE: 'databaseRights',
  ERR_BACKUP_SOURCE_LOCKED: 'busy',
  ERR_BACKUP_DIRECTORY_MISSING: 'folderAway',
  ERR_BACKUP_LIST_FAILED: 'folderAway',
  ERR_BACKUP_UNREADABLE: 'folderAway',
  ERR_BACKUP_DIRECTORY_NOT_WRITABLE: 'folderRights',
  ERR_BACKUP_WRITE_FAILED: 'folderRights',
  ERR_BACKUP_LOCK_FAILED: 'folderRights',
  ERR_BACKUP_MANIFEST_FAILED: 'folderRights',
  ERR_BACKUP_RECORD_FAILED: 'folderRights',
  ERR_BACKUP_DELETE_FAILED: 'folderRights',
  ERR_BACKUP_RESTORE_TARGET: 'folderRights',
  ERR_BACKUP_NO_SPACE: 'diskFull',
  ERR_BACKUP_LOCK_TIMEOUT: 'busy',
  ERR_BACKUP_TIMEOUT: 'busy',
  ERR_BACKUP_BACKING_OFF: 'busy',
  ERR_BACKUP_RESTORE_BUSY: 'busy',
  ERR_BACKUP_RESTORE_IN_USE: 'inUse',
  ERR_BACKUP_VERIFY_FAILED: 'copyDiffers',
  ERR_BACKUP_DAMAGED: 'otherBackup',
  ERR_BACKUP_COPY_DAMAGED: 'otherBackup',
  ERR_BACKUP_NOT_FOUND: 'gone',
  ERR_BACKUP_INVALID_NAME: 'gone',
  ERR_BACKUP_COPY_NOT_FOUND: 'gone',
  ERR_BACKUP_PROTECTED: 'isProtected',
  ERR_BACKUP_DISABLED: 'switchedOff',
  ERR_BACKUP_SHUTTING_DOWN: 'stopping',
  ERR_BACKUP_CANCELLED: 'cancelled',
  ERR_BACKUP_RECOVER_PLAN: 'planAgain',
  ERR_BACKUP_RECOVER_CONFLICT: 'conflict',
  ERR_BACKUP_RECOVER_WHERE: 'rowsRefused',
  ERR_BACKUP_RECOVER_TABLE: 'rowsRefused',
  ERR_BACKUP_RECOVER_COLUMN: 'rowsRefused',
  ERR_BACKUP_RECOVER_CONSTRAINT: 'rowsRefused',
  ERR_BACKUP_STORE_FAILED: 'storeAway',
  ERR_BACKUP_STORE_MISSING: 'storeAway',
  ERR_BACKUP_STORE_DENIED: 'storeRights',
  ERR_BACKUP_STORE_FULL: 'storeRights',
};

const ACTIONS: Readonly<Record<AdviceKind, AdviceAction>> = {
  databaseGone: 'go-back',
  databaseDamaged: 'go-back',
  databaseRights: 'look-again',
  folderAway: 'look-again',
  folderRights: 'look-again',
  diskFull: 'make-room',
  wrongClock: 'look-again',
  busy: 'look-again',
  inUse: 'look-again',
  copyDiffers: 'look-again',
  otherBackup: 'see-backups',
  isProtected: undefined,
  gone: 'see-backups',
  switchedOff: undefined,
  stopping: 'look-again',
  cancelled: undefined,
  planAgain: undefined,
  conflict: undefined,
  rowsRefused: undefined,
  storeAway: 'look-again',
  storeRights: 'look-again',
  askHelp: undefined,
};

/**
 * What to do about an error, with the one button that can help. It is never "Back up now", which is what failed: `go-back` leads
 * to the restore of {@link newestGood}, `make-room` to the list, the oldest first, `look-again` loads the page anew, and
 * `see-backups` leads to the list. The sentence is `texts.advice[kind]`; `permitted()` says whether this reader may press the button.
 *
 * @param code a code of the core, or `'CLOCK'`: whole backups are dated ahead, so this computer's clock is or was wrong
 * @example
 * const { kind, action } = adviceFor(status.lastFailure.error.code);
 */
export function adviceFor(code: string): Advice {
  const kind = code === 'CLOCK' ? 'wrongClock' : (KINDS[code as BackupErrorCode] ?? 'askHelp');
  return { kind, action: ACTIONS[kind] };
}

/** May a reader with these rights press this button? */
export function permitted(action: AdviceAction, rights: Rights): boolean {
  if (action === 'go-back') return rights.restore;
  if (action === 'make-room') return rights.delete;
  return action !== undefined;
}

/**
 * The backup to go back to: the newest that nothing speaks against and that was not brought in from elsewhere, else the newest that is only dated ahead. `backups` are newest
 * first.
 */
export function newestGood(backups: readonly Backup[]): Backup | undefined {
  return (
    preferTaken(backups.filter(isGood)) ??
    backups.find((backup) => backup.problem === 'dated in the future' && !isBroken(backup))
  );
}

/** Does nothing speak against going back to it? */
export function isGood(backup: Backup): boolean {
  return backup.problem === undefined && !isBroken(backup);
}

function isBroken({ problem, lastVerification }: Backup): boolean {
  return problem === 'damaged' || problem === 'failed verification' || lastVerification?.ok === false;
}

/** Why somebody should think twice before these backups are deleted. `backups` are newest first. */
export function lossOf(names: readonly string[], backups: readonly Backup[]): 'only-good' | 'newest' | undefined {
  const newest = newestGood(backups);
  if (!newest || !names.includes(newest.name)) return undefined;
  return backups.filter(isGood).every(({ name }) => names.includes(name)) ? 'only-good' : 'newest';
}
