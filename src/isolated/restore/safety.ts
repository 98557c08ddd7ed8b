import type { Backup } from '../../catalog/backup.js';
import { removeFiles } from '../../catalog/delete-backup.js';
import { listBackups } from '../../catalog/list-backups.js';
import type { BackupFolder } from '../../catalog/list-backups.js';
import type { Manifest } from '../../catalog/manifest.js';
import { isSafetyBackup } from '../../catalog/safety-backup.js';
import { runSync } from '../../util/file-work.js';
import { contentHash } from '../shared/content-hash.js';
import type { Undo } from './failures.js';

/** The backup of the state before a restore. */
export interface SafetyBackup extends Backup {
  /** It was there before, and so stays whatever happens. */
  readonly isReused?: true;
}

/**
 * Where an earlier safety backup holds the same state, that one is used and the new one goes again: a restore that fails each
 * time would pile up protected files otherwise. Only under the lock.
 */
export function reuseEqual(folder: BackupFolder, made: Backup): SafetyBackup {
  const earlier = runSync(listBackups(folder, Date.now())).filter((backup) => isLikelyEqual(backup, made));
  if (earlier.length === 0) return made;
  const contents = contentOf(made);
  const equal = earlier.find((backup) => contentOf(backup) === contents);
  if (!equal) return made;
  removeFiles(folder, made);
  return { ...equal, isReused: true };
}

function isLikelyEqual(backup: Backup, { name, manifest }: Backup): boolean {
  if (backup.name === name || backup.problem !== undefined || !backup.protected || !isSafetyBackup(backup))
    return false;
  const compared: readonly (keyof Manifest)[] = ['pageCount', 'pageSize', 'sizeBytes', 'journalMode'];
  return compared.every((fact) => backup.manifest?.[fact] === manifest?.[fact]);
}

function contentOf({ path, manifest }: Backup): string {
  return contentHash(path, manifest!);
}

/** A safety backup of a state that was not replaced goes again. */
export function takeBackSafety(folder: BackupFolder, safety: SafetyBackup): Undo[number] {
  return {
    what: `the safety backup "${safety.name}" is still there`,
    run: () => {
      if (!safety.isReused) removeFiles(folder, safety);
    },
  };
}
