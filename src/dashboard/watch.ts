import type { BackupEvents, BackupProgress, BackupService } from '../index.js';
import type { Job, JobKind } from './jobs/job.js';
import type { Operations } from './operations.js';
import { clearTimeout, setTimeout } from '../util/timers.js';

/** A message to a live page. */
export type WatchEvent =
  | {
      readonly type: 'progress';
      /** `undefined`: another process makes it, and only its size is known. */
      readonly step: BackupProgress['step'] | undefined;
      readonly doneBytes: number;
      readonly totalBytes: number;
      /** Of a job of this dashboard: `'backup'`, or what writes to the database. */
      readonly kind?: JobKind;
    }
  /** A job of this dashboard has begun, gone on or ended. */
  | {
      readonly type: 'job';
      readonly id: string;
      readonly kind: JobKind;
      readonly state: Job['state'];
      readonly phase: number;
      readonly doneBytes: number;
      readonly totalBytes: number;
    }
  /** No backup is being made. */
  | { readonly type: 'idle' }
  /** Backups have come, gone or changed: what is shown is out of date. */
  | { readonly type: 'changed' };

export interface ActivityFeed {
  /** What is shown is out of date, for a reason that no event of the service tells. */
  changed(): void;
  /** @returns ends it */
  subscribe(listener: (event: WatchEvent) => void): () => void;
}

/** After each of these, a page shows something else. */
const SHOWN = [
  'created',
  'failed',
  'pruned',
  'deleted',
  'protected',
  'restored',
  'copied',
  'copy-failed',
  'copies-pruned',
] as const satisfies readonly (keyof BackupEvents)[];

const IDLE_MS = 1_000;
const BUSY_MS = 200;
/** Progress of this process's own backup arrives faster than anybody can read. */
const OWN_MS = 50;

/**
 * Watches one service for all live pages together, and only while there are some: the backup of this process by its own
 * progress, those of others by the growing file in the folder.
 */
export function activityFeed(service: BackupService, operations: Operations): ActivityFeed {
  const listeners = new Set<(event: WatchEvent) => void>();
  let stop: (() => void) | undefined;

  const tell = (event: WatchEvent): void => {
    for (const listener of listeners) listener(event);
  };

  function start(): () => void {
    let timer: NodeJS.Timeout;
    let wasRunning = false;
    let lookedAt = 0;
    let looking = false;
    let ended = false;
    let names: string | undefined;
    const look = async (): Promise<void> => {
      clearTimeout(timer);
      if (looking) return;
      looking = true;
      lookedAt = performance.now();
      const running = await runningNow(service, operations);
      // Of another process, a backup may begin and end between two looks.
      const before = names;
      names = running ? names : ((await service.backupNames())?.join() ?? before);
      looking = false;
      if (ended) return;
      if (running) tell(running);
      else if (wasRunning || (before !== undefined && names !== before)) tell({ type: 'changed' });
      if (!running) tell({ type: 'idle' });
      wasRunning = running !== undefined;
      timer = setTimeout(() => void look(), running ? BUSY_MS : IDLE_MS);
    };
    timer = setTimeout(() => void look(), 0);
    const changed = (): void => tell({ type: 'changed' });
    let toldAt = 0;
    const follow = (job: Job, what: 'state' | 'progress'): void => {
      if (performance.now() - lookedAt > OWN_MS) void look();
      if (what === 'progress' && performance.now() - toldAt < OWN_MS) return;
      toldAt = performance.now();
      const { id, kind, state, phase, progress } = job;
      tell({ type: 'job', id, kind, state, phase, doneBytes: progress.doneBytes, totalBytes: progress.totalBytes });
      if (state !== 'running' || progress.step === 'start') changed();
    };
    const ends = [operations.jobs.onChange(follow), ...SHOWN.map((event) => service.on(event, changed))];
    return () => {
      ended = true;
      clearTimeout(timer);
      for (const end of ends) end();
    };
  }

  return {
    changed: () => tell({ type: 'changed' }),
    subscribe(listener) {
      listeners.add(listener);
      stop ??= start();
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        stop?.();
        stop = undefined;
      };
    },
  };
}

/** The feed of a page that shows several services: only that something has changed, since each has its own progress. */
export function together(feeds: readonly ActivityFeed[]): Pick<ActivityFeed, 'subscribe'> {
  return {
    subscribe(listener) {
      const ends = feeds.map((feed) => feed.subscribe((event) => event.type === 'changed' && listener(event)));
      return () => {
        for (const end of ends) end();
      };
    },
  };
}

async function runningNow(service: BackupService, { running }: Operations): Promise<WatchEvent | undefined> {
  if (running && (running.progress.totalBytes > 0 || running.kind !== 'backup')) {
    return { type: 'progress', kind: running.kind, ...running.progress };
  }
  const found = await service.findRunningBackup();
  if (found) return { type: 'progress', step: running?.progress.step, ...found };
  return running && { type: 'progress', kind: running.kind, ...running.progress };
}
