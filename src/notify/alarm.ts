/** Everything that somebody is told of. The first line has conditions, which begin and end; the second has moments. */
export const ALARM_KINDS = [
  ...(['failed', 'overdue', 'database', 'verification-failed', 'unverified', 'copies-behind', 'disk-low'] as const),
  ...(['copy-damaged', 'removed-before-copied', 'restored'] as const),
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

/** One line for people. */
export function titleOf({ state, kind, database, host }: Notification): string {
  const what = state === 'recovered' ? `Recovered: ${kind}` : kind[0]!.toUpperCase() + kind.slice(1);
  return `${what.replaceAll('-', ' ')}: backups of ${database} on ${host}`;
}
