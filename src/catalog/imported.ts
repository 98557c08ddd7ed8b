import { isFromTheFuture } from './backup.js';
import type { Backup } from './backup.js';
import { parseBackupName } from './backup-name.js';

/**
 * Was this file brought in from elsewhere? How old its data is, only a name or a person says. So it is never the newest backup that
 * makes another one unnecessary; it is there to go back to.
 */
export function isImported({ manifest }: Pick<Backup, 'manifest'>): boolean {
  return manifest?.importedAt !== undefined;
}

/** The first of these, newest first, that this package took itself; else the first of all. */
export function preferTaken<T extends Pick<Backup, 'manifest'>>(backups: readonly T[]): T | undefined {
  return backups.find((backup) => !isImported(backup)) ?? backups[0];
}

/**
 * When the data of a file is from, by the name that it has: `app_backup_20261124_093000.db`, also of another database, and also as a
 * browser writes it that has downloaded it twice (`… (1).db`). `undefined`: the name does not say.
 */
export function timeInName(fileName: string): Date | undefined {
  const stamp = /_backup_(\d{8}_\d{6})(?!\d)/.exec(fileName)?.[1];
  return stamp === undefined ? undefined : parseBackupName({ prefix: '', extension: '' }, stamp);
}

/** Can a backup be from then? Pure. */
export function canBeFrom(moment: Date, now: number): boolean {
  const time = moment.getTime();
  return time >= OLDEST && !isFromTheFuture(moment, now);
}

/** Before this there was no SQLite 3. */
const OLDEST = Date.UTC(2004, 0);
