import crypto from 'node:crypto';
import { isBackupError } from '../../index.js';
import type { SnapshotControl } from '../../index.js';
import { HttpError, toPublicError } from '../http-error.js';
import type { Job, Outcome } from './job.js';
import { admit, begun, ended, progressed } from './register.js';
import type { Entry, Order } from './register.js';

/** The work of the dashboard that takes its time, for one service. Nothing of it depends on a connection. */
export interface Jobs {
  /** Newest first, those that have ended included as long as they are remembered. */
  readonly list: readonly Job[];
  find(id: string): Job | undefined;
  /** Starts it, or joins the same work; `busy`: another job must be over first, and nothing was started. */
  start(order: Order, work: (control: SnapshotControl) => Promise<Outcome>): Started;
  /** Resolves with what the job comes to, or rejects with its error. A job of which nobody waits for that rejects nothing. */
  outcome(id: string): Promise<Outcome>;
  /** Asks the job to end. It has ended when its state says so. */
  cancel(id: string): void;
  /** `true` once, for the browser that asked for the job, after it has ended: the one look that leads back to where it was. */
  claimReturn(id: string, viewer: string | undefined): boolean;
  /** @returns ends it */
  onChange(listener: (job: Job, what: 'state' | 'progress') => void): () => void;
}

/** Errors that are about what somebody has sent, and say more of it than a code can. */
function saidBy(error: unknown): string | undefined {
  const isAboutSent = isBackupError(error, 'ERR_BACKUP_IMPORT') || isBackupError(error, 'ERR_BACKUP_QUERY');
  return isAboutSent ? error.what : undefined;
}

export interface Started {
  readonly job: Job;
  readonly how: 'started' | 'joined' | 'busy';
}

interface Running {
  readonly controller: AbortController;
  readonly outcome: Promise<Outcome>;
}

/** @param onFailure is told each error that is not a cancelling */
export function createJobs(onFailure: (error: unknown) => void): Jobs {
  let jobs: Entry[] = [];
  const work = new Map<string, Running>();
  const returned = new Set<string>();
  const listeners = new Set<(job: Job, what: 'state' | 'progress') => void>();

  const find = (id: string): Entry | undefined => jobs.find((job) => job.id === id);
  const tell = (id: string, what: 'state' | 'progress'): void => {
    const job = find(id);
    if (job) for (const listener of listeners) listener(job, what);
  };
  const end = (id: string, how: Parameters<typeof ended>[2]): void => {
    jobs = ended(jobs, id, how, new Date());
    for (const known of [...work.keys(), ...returned]) {
      if (find(known)) continue;
      work.delete(known);
      returned.delete(known);
    }
    tell(id, 'state');
  };

  async function run(id: string, controller: AbortController, task: () => Promise<Outcome>): Promise<Outcome> {
    try {
      const outcome = await task();
      end(id, { outcome });
      return outcome;
    } catch (error) {
      const { code } = toPublicError(error);
      const cancelled = controller.signal.aborted && code === 'ERR_BACKUP_CANCELLED';
      if (!cancelled) onFailure(error);
      end(id, { code, cancelled, said: saidBy(error) });
      throw error;
    }
  }

  return {
    get list() {
      return jobs;
    },
    find,
    start(order, task) {
      const admission = admit(jobs, order);
      if (admission.how === 'full') throw new HttpError('ERR_DASHBOARD_TOO_MANY');
      if (admission.how !== 'start') {
        return { job: admission.job, how: admission.how === 'join' ? 'joined' : 'busy' };
      }
      const id = crypto.randomUUID();
      const controller = new AbortController();
      jobs = begun(jobs, id, order, new Date());
      const onProgress: SnapshotControl['onProgress'] = (now) => {
        const before = find(id)?.progress.step;
        jobs = progressed(jobs, id, now);
        tell(id, before === now.step ? 'progress' : 'state');
      };
      const outcome = run(id, controller, () => task({ signal: controller.signal, onProgress }));
      // Nobody may be waiting for it.
      outcome.catch(() => {});
      work.set(id, { controller, outcome });
      tell(id, 'state');
      return { job: find(id)!, how: 'started' };
    },
    async outcome(id) {
      const running = work.get(id);
      if (!running) throw new HttpError('ERR_DASHBOARD_NOT_FOUND');
      return running.outcome;
    },
    cancel: (id) => work.get(id)?.controller.abort(),
    claimReturn(id, viewer) {
      const job = find(id);
      if (!job || viewer === undefined || job.owner !== viewer || job.state === 'running' || returned.has(id))
        return false;
      returned.add(id);
      return true;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
