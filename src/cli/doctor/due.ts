import type { Backup, DueCheck } from '../../index.js';
import { ago, localTime, span } from '../format.js';
import { ok, warn } from './check.js';
import type { Check } from './check.js';

export interface DueInput {
  readonly due: DueCheck;
  /** Newest first, those with a problem among them. */
  readonly backups: readonly Backup[];
  /** `undefined`: it is not known here. */
  readonly intervalMs: number | undefined;
  readonly now: number;
}

/** Why a backup is due or not, with names and ages. Pure. */
export function explainDue({ due, backups, intervalMs, now }: DueInput): Check {
  const latest = 'latest' in due ? due.latest : undefined;
  const why = [...(latest ? [age(latest, now)] : []), ...passedOver(backups, latest)];
  const interval = intervalMs === undefined ? 'as old as the interval' : `${span(intervalMs)} old`;
  switch (due.reason) {
    case 'disabled':
      return warn('due', 'Backups are switched off: none is taken.', 'Take "enabled: false" or BACKUP_ENABLED away.');
    case 'none':
      return warn(
        'due',
        ['A backup is due: there is no whole backup yet.', ...why].join(' '),
        'The next protected call takes one; or take it now: sqlite-autobackup create',
      );
    case 'too-old':
      return warn(
        'due',
        [`A backup is due: the newest one is ${interval} or older.`, ...why].join(' '),
        'The next protected call takes one; or take it now: sqlite-autobackup create',
      );
    case 'fresh': {
      const when = `${localTime(due.dueAt)} (in ${span(due.dueAt.getTime() - now)})`;
      return ok('due', [`No backup is due before ${when}, when the newest one is ${interval}.`, ...why].join(' '));
    }
    case 'backing-off':
      return warn(
        'due',
        ['A backup is due, but the last attempt failed.', ...why].join(' '),
        `It is tried again ${localTime(due.retryAt)}.`,
      );
  }
}

/** Its age, and where that comes from if not from its name. */
function age({ name, createdAt, manifest }: Backup, now: number): string {
  const recorded = manifest && Date.parse(manifest.createdAt);
  const touched =
    recorded !== undefined && recorded - createdAt.getTime() > 60_000
      ? `, though it was taken ${ago(now - recorded)}: its modification time is older, and the older time counts`
      : '';
  return `${name} is ${span(now - createdAt.getTime())} old (${localTime(createdAt)})${touched}.`;
}

function passedOver(backups: readonly Backup[], latest: Backup | undefined): string[] {
  return backups
    .filter(({ problem, createdAt }) => problem && (!latest || createdAt > latest.createdAt))
    .slice(0, 3)
    .map(({ name, problem }) => `${name} does not count: ${problem}.`);
}
