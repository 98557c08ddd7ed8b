import type { Backup } from './backup.js';

/** The label of the backup that a restore takes first. It is for people: `isSafetyBackup()` does not read it. */
export function safetyLabel(restored: string): string {
  return `before restoring ${restored}`;
}

/** The same for rows that are recovered. */
export function recoveryLabel(from: string): string {
  return `before recovering rows from ${from}`;
}

/** Is it the state that a restore has replaced, and so one that somebody wanted to be rid of? */
export function isSafetyBackup({ manifest }: Backup): boolean {
  return manifest?.kind === 'safety';
}
