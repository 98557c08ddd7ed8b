import { parseBackupName } from './backup-name.js';
import type { BackupNaming } from './backup-name.js';
import type { Backup } from './backup.js';

const START = 'before restoring ';

/** The label of the backup that a restore takes first. */
export function safetyLabel(restored: string): string {
  return START + restored;
}

/** Is it the state that a restore has replaced, and so one that somebody wanted to be rid of? */
export function isSafetyBackup(naming: BackupNaming, { label }: Backup): boolean {
  return label?.startsWith(START) === true && parseBackupName(naming, label.slice(START.length)) !== undefined;
}
