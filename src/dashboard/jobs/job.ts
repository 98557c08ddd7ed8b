import type {
  Backup,
  BackupProgress,
  DatabaseDiff,
  ImportReport,
  PullReport,
  QueryResult,
  RecoverReport,
  RemoteCopy,
  RestoreReport,
  VerifyReport,
} from '../../index.js';
import type { RowsOrder } from '../rows/choice.js';
import type { Right } from '../guard.js';

/** What takes longer than an answer may: each is a job with a page of its own. */
export type JobKind =
  'backup' | 'verify' | 'restore' | 'diff' | 'plan' | 'recover' | 'several' | 'copies' | 'pull' | 'upload' | 'query';

/** What a job has come to, for its page and for the API. */
export type Outcome =
  | { readonly kind: 'backup'; readonly backup: Backup }
  | { readonly kind: 'verify'; readonly report: VerifyReport }
  | { readonly kind: 'restore'; readonly report: RestoreReport }
  /** With the rows of one table where one was asked for. */
  /** With `skip`, the rows of a table begin after so many. */
  | { readonly kind: 'diff'; readonly diff: DatabaseDiff; readonly skip: number }
  | { readonly kind: 'plan' | 'recover'; readonly report: RecoverReport }
  | { readonly kind: 'several'; readonly report: SeveralReport }
  /** What a store has. */
  | { readonly kind: 'copies'; readonly store: number; readonly copies: readonly RemoteCopy[] }
  | { readonly kind: 'pull'; readonly report: PullReport }
  | { readonly kind: 'upload'; readonly report: ImportReport }
  | { readonly kind: 'query'; readonly result: QueryResult };

/** What can be done with several backups at once. */
export const SEVERAL = ['delete', 'protect', 'unprotect'] as const;
export type SeveralAction = (typeof SEVERAL)[number];

/** One that fails stops none of the others. */
export interface SeveralReport {
  readonly action: SeveralAction;
  readonly done: readonly string[];
  readonly failed: readonly { readonly name: string; readonly code: string }[];
}

/** A piece of work that goes on whoever looks at it, until it ends or is cancelled. */
export interface Job {
  /** Nobody can guess it. */
  readonly id: string;
  readonly kind: JobKind;
  /** The backup that it is about; a new backup has its name only at the end. */
  readonly name: string | undefined;
  /** The page of the backup that it was asked for on, where that is not its first one. */
  readonly back: 'restore' | undefined;
  /** The browser that asked for it. */
  readonly owner: string | undefined;
  /** Of the rows that are to come back. */
  readonly rows: RowsOrder | undefined;
  /** The question to a backup. */
  readonly sql: string | undefined;
  readonly startedAt: Date;
  readonly endedAt: Date | undefined;
  readonly state: 'running' | 'done' | 'failed' | 'cancelled';
  readonly progress: BackupProgress;
  /** The number of the phase that it has reached: see phases.ts. */
  readonly phase: number;
  readonly outcome: Outcome | undefined;
  /** Of an error. */
  readonly code: string | undefined;
  /** What an error says of what its reader has sent: a file, a question. It names no folder. */
  readonly said: string | undefined;
}

/** Who may start and cancel a job of this kind, and look at it without the right `view`. */
export const RIGHT_OF: Readonly<Record<JobKind, Right>> = {
  backup: 'create',
  verify: 'create',
  restore: 'restore',
  diff: 'browse',
  plan: 'recover',
  recover: 'recover',
  several: 'delete',
  copies: 'create',
  pull: 'create',
  upload: 'restore',
  query: 'browse',
};

/** Jobs that write to the live database: one at a time. */
const WRITERS: ReadonlySet<JobKind> = new Set<JobKind>(['restore', 'recover']);

export function isWriter({ kind }: Pick<Job, 'kind'>): boolean {
  return WRITERS.has(kind);
}
