import type { BackupProgress } from '../../index.js';
import { isWriter } from './job.js';
import type { Job, JobKind, Outcome } from './job.js';
import type { RowsOrder } from '../rows/choice.js';
import { furthest } from './phases.js';

// The list of jobs, newest first. Pure and bounded: each change is a new list.

/** What somebody asks for. */
export interface Order {
  readonly kind: JobKind;
  readonly name?: string | undefined;
  readonly owner?: string | undefined;
  readonly back?: 'restore' | undefined;
  readonly rows?: RowsOrder | undefined;
  readonly sql?: string | undefined;
  /** Orders of the same kind and key are the same work: whoever comes second joins the first. */
  readonly key: string;
}

export interface Entry extends Job {
  readonly key: string;
}

/** Each is a child process, and reads a whole database. */
export const MAX_RUNNING = 6;
/** Files that arrive, at a time. */
export const MAX_UPLOADS = 2;
/** Ended jobs that can still be looked at. */
export const MAX_ENDED = 30;

export type Admission =
  | { readonly how: 'start' }
  /** The same work runs already, or (`busy`) another one that must be over first. */
  | { readonly how: 'join' | 'busy'; readonly job: Entry }
  | { readonly how: 'full' };

/** May this be started beside what runs? */
export function admit(jobs: readonly Entry[], order: Pick<Order, 'kind' | 'key'>): Admission {
  const running = jobs.filter(({ state }) => state === 'running');
  const writer = isWriter(order) && running.find(isWriter);
  if (writer) return { how: 'busy', job: writer };
  const same = running.find(({ kind, key }) => kind === order.kind && key === order.key);
  if (same) return { how: 'join', job: same };
  const uploads = running.filter(({ kind }) => kind === 'upload').length;
  if (order.kind === 'upload' && uploads >= MAX_UPLOADS) return { how: 'full' };
  return running.length >= MAX_RUNNING ? { how: 'full' } : { how: 'start' };
}

export function begun(jobs: readonly Entry[], id: string, order: Order, now: Date): Entry[] {
  const entry: Entry = {
    id,
    kind: order.kind,
    key: order.key,
    name: order.name,
    owner: order.owner,
    back: order.back,
    rows: order.rows,
    sql: order.sql,
    startedAt: now,
    endedAt: undefined,
    state: 'running',
    progress: { step: 'start', doneBytes: 0, totalBytes: 0 },
    phase: 0,
    outcome: undefined,
    code: undefined,
    said: undefined,
  };
  return [entry, ...jobs];
}

export function progressed(jobs: readonly Entry[], id: string, progress: BackupProgress): Entry[] {
  return jobs.map((job) =>
    job.id === id && job.state === 'running'
      ? { ...job, progress, phase: furthest(job.kind, progress.step, job.phase) }
      : job,
  );
}

/** How a job ended. */
export type End =
  | { readonly outcome: Outcome }
  | { readonly code: string; readonly cancelled: boolean; readonly said?: string | undefined };

/** Ends a job, and forgets the oldest of those that have ended. */
export function ended(jobs: readonly Entry[], id: string, end: End, now: Date): Entry[] {
  const all = jobs.map((job): Entry => {
    if (job.id !== id || job.state !== 'running') return job;
    return 'outcome' in end
      ? { ...job, state: 'done', outcome: end.outcome, name: nameOf(end.outcome, job), endedAt: now }
      : { ...job, state: end.cancelled ? 'cancelled' : 'failed', code: end.code, said: end.said, endedAt: now };
  });
  const kept = new Set(
    all
      .filter(({ state }) => state !== 'running')
      .toSorted((a, b) => b.endedAt!.getTime() - a.endedAt!.getTime())
      .slice(0, MAX_ENDED),
  );
  return all.filter((job) => job.state === 'running' || kept.has(job));
}

function nameOf(outcome: Outcome, { name }: Job): string | undefined {
  if (outcome.kind === 'backup') return outcome.backup.name;
  if (outcome.kind === 'upload') return outcome.report.backup.name;
  return outcome.kind === 'pull' ? outcome.report.name : name;
}
