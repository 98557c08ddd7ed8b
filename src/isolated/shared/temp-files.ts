import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { backupName, isPartialName, manifestName, parseBackupName, partialName } from '../../catalog/backup-name.js';
import type { BackupFolder } from '../../catalog/list-backups.js';
import { parseManifest } from '../../catalog/manifest.js';
import { removeQuietly } from '../../util/durable-files.js';
import { readSmallFile } from '../../util/read-small-file.js';
import { isOwned } from './scratch-owner.js';

/** Where a backup grows until it is whole. */
export function partialPath({ directory, naming }: BackupFolder, createdAt: Date): string {
  const token = crypto.randomBytes(6).toString('hex');
  return path.join(directory, partialName(naming, backupName(naming, createdAt), token));
}

/** The partial and all that SQLite and `publish` put beside it. */
export function removePartial(partial: string): void {
  for (const suffix of ['', '-journal', '-wal', '-shm', '.json']) removeQuietly(partial + suffix);
}

/**
 * Removes what attempts that died have left: partials, and manifests whose backup was never published. Only under the
 * lock: then no other owner of a partial is alive, but for the scratch folders of drills, which have a lock of their own.
 */
export function sweep({ directory, naming }: BackupFolder): void {
  const names = fs.readdirSync(directory);
  const present = new Set(names);
  for (const name of names) {
    if (isOrphanManifest(name)) removeQuietly(path.join(directory, name));
    if (isPartialName(naming, name) && !isOwned(path.join(directory, name))) removeQuietly(path.join(directory, name));
  }

  function isOrphanManifest(name: string): boolean {
    if (!name.endsWith('.json')) return false;
    const backup = name.slice(0, -'.json'.length) + naming.extension;
    if (present.has(backup) || !parseBackupName(naming, backup) || manifestName(naming, backup) !== name) return false;
    // Another database of the same stem (app.db, app.sqlite) has manifests of the same name: only ours go.
    try {
      return parseManifest(readSmallFile(path.join(directory, name)), backup) !== undefined;
    } catch {
      return false;
    }
  }
}
