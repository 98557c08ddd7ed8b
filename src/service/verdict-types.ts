import type { BackupErrorCode } from '../util/errors.js';

// The words in which the data is judged. src/service/verdict.ts judges; verdict-words.ts says it in English.

/** How good an answer is. `unknown`: it could not be looked at, which is never good. */
export type VerdictMark = 'good' | 'unknown' | 'warning' | 'bad';

/** The four questions: what would be lost now, was it tried, is it elsewhere too, and is there room for the next one. */
export type VerdictQuestion = 'recent' | 'proven' | 'elsewhere' | 'room';

/** Why an answer is as it is. A page has its words by this code; {@link sayAnswer} has them in English. */
export type VerdictCode =
  | 'not-asked'
  | 'folder-missing'
  | 'folder-unreadable'
  | 'disabled'
  | 'failed'
  | 'no-backup'
  | 'dated-ahead'
  | 'unusable'
  | 'database-gone'
  | 'database-unusable'
  | 'database-unseen'
  | 'clock'
  | 'due'
  | 'fresh'
  | 'nothing-to-prove'
  | 'verify-failed'
  | 'drill-failed'
  | 'broken-backups'
  | 'unverified'
  | 'never-drilled'
  | 'verify-old'
  | 'drill-old'
  | 'drilled'
  | 'nothing-to-copy'
  | 'only-here'
  | 'only-here-accepted'
  | 'stores-behind'
  | 'stores-shipping'
  | 'stores-current'
  | 'space-unknown'
  | 'full'
  | 'tight'
  | 'enough';

/**
 * The remedy; absent where nothing is to be done. None of them is what has just failed: after a failed backup there
 * is no `'back-up'`.
 */
export type VerdictAction =
  | 'back-up'
  | 'restore'
  | 'look-again'
  | 'fix-clock'
  | 'free-space'
  | 'verify'
  | 'drill'
  | 'show-backups'
  | 'copy-elsewhere';

/** The answer to one of the questions. Which facts it has depends on its code. */
export interface VerdictAnswer {
  readonly question: VerdictQuestion;
  readonly mark: VerdictMark;
  readonly code: VerdictCode;
  readonly action?: VerdictAction | undefined;
  /** The time of the newest backup, of the verification or drill, or of the acceptance; or since when a store waits. */
  readonly at?: Date | undefined;
  /** When the next backup or the next try is due. */
  readonly next?: Date | undefined;
  /** The backup that it is about. */
  readonly name?: string | undefined;
  readonly error?: BackupErrorCode | undefined;
  /** How many backups it is about. */
  readonly count?: number | undefined;
  readonly freeBytes?: number | undefined;
  /** The room that one backup needs. */
  readonly neededBytes?: number | undefined;
  /** Who accepted it. */
  readonly by?: string | undefined;
  readonly stores?: readonly StoreAnswer[] | undefined;
}

/** The state of one store of `copies`. */
export interface StoreAnswer {
  readonly store: string;
  readonly mark: 'good' | 'warning';
  /** Backups that wait for it. */
  readonly pending: number;
  readonly since: Date | undefined;
  /** The newest backup that it has. */
  readonly latest: Date | undefined;
  readonly error: BackupErrorCode | undefined;
}

/** Is the data safe? Four answers, and the worst of them. */
export interface Verdict {
  /** The worst mark of the four. */
  readonly level: VerdictMark;
  /** The first answer that has that mark. */
  readonly worst: VerdictAnswer;
  readonly recent: VerdictAnswer;
  readonly proven: VerdictAnswer;
  readonly elsewhere: VerdictAnswer;
  readonly room: VerdictAnswer;
  /** The four in this order. */
  readonly answers: readonly VerdictAnswer[];
}
