/** Everything that somebody is told of. The first line has conditions, which begin and end; the second has moments. */
export const ALARM_KINDS = [
  ...(['failed', 'overdue', 'database', 'verification-failed', 'unverified', 'copies-behind', 'disk-low'] as const),
  ...(['copy-damaged', 'removed-before-copied', 'restored', 'test'] as const),
] as const;

/** What an {@link Alarm} is about; docs/alerts.md has the rule of each. */
export type AlarmKind = (typeof ALARM_KINDS)[number];

/** Something that somebody should know. */
export interface Alarm {
  readonly kind: AlarmKind;
  /** The store or the backup, where there may be several. */
  readonly about?: string | undefined;
  readonly level: 'info' | 'warning' | 'critical';
  /** Full sentences. They may name paths, never a secret. */
  readonly text: string;
}

/** The alarm alone, of something that has more. `about` is absent where there is none: so it is written, and sent. */
export function alarmOf({ kind, about, level, text }: Alarm): Alarm {
  return { kind, level, text, ...(about !== undefined && { about }) };
}

/** An {@link Alarm} on its way: it has begun, it is over (`recovered`, told once), or it was only a moment. */
export interface Notification extends Alarm {
  readonly state: 'begun' | 'recovered' | 'moment';
  /** The same for every attempt to deliver it. */
  readonly id: string;
  readonly at: Date;
  /** The file name of the database. */
  readonly database: string;
  readonly host: string;
}

const TITLES: Readonly<Record<AlarmKind, string>> = {
  failed: 'A backup failed',
  overdue: 'A backup is overdue',
  database: 'The database or the backups cannot be read',
  'verification-failed': 'A backup is bad',
  unverified: 'The backups are unverified',
  'copies-behind': 'Copies are behind',
  'disk-low': 'The disk is nearly full',
  'copy-damaged': 'A copy is bad',
  'removed-before-copied': 'A backup was removed before it was copied',
  restored: 'A backup was restored',
  test: 'Test',
};

/** A message in one line. */
export function titleOf({ state, kind, database, host }: Notification): string {
  return `${state === 'recovered' ? 'Over: ' : ''}${TITLES[kind]}: ${database} on ${host}`;
}
