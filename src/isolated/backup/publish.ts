import fs from 'node:fs';
import path from 'node:path';
import { backupName, manifestName } from '../../catalog/backup-name.js';
import type { BackupFolder } from '../../catalog/list-backups.js';
import { formatManifest } from '../../catalog/manifest.js';
import type { Manifest } from '../../catalog/manifest.js';
import { exists, flushFolder, renameNoReplace, writeDurably } from '../../util/durable-files.js';
import { matchOwner } from '../shared/file-owner.js';

/**
 * Gives the verified copy its final name: all of it, or nothing. Its contents are already on the disk (`verify` flushed
 * them). The manifest comes first, so that a backup is never seen without it; the folder is flushed last.
 *
 * The name is that of the snapshot's second; where that one is taken, the next second that is free is waited for.
 *
 * @returns the name
 */
export function publish(
  folder: BackupFolder,
  partial: string,
  createdAt: Date,
  database: string,
  facts: Omit<Manifest, 'formatVersion' | 'name'>,
): string {
  const { directory, naming } = folder;
  fs.chmodSync(partial, 0o600);
  matchOwner(partial, database, { mode: false });
  for (let second = createdAt; ; second = nextSecond()) {
    const name = backupName(naming, second);
    const final = path.join(directory, name);
    // Another program's backup of that second has no manifest, and must not get ours even for a moment.
    if (exists(final)) continue;
    const manifest = path.join(directory, manifestName(naming, name));
    const manifestPartial = `${partial}.json`;
    writeDurably(manifestPartial, formatManifest({ formatVersion: 1, name, ...facts }));
    matchOwner(manifestPartial, database, { mode: false });
    if (!renameNoReplace(manifestPartial, manifest)) continue;
    let published = false;
    try {
      published = renameNoReplace(partial, final);
    } finally {
      if (!published) fs.rmSync(manifest);
    }
    if (!published) continue;
    flushFolder(directory);
    return name;
  }
}

/** Sleeps until the clock's next second begins. */
function nextSecond(): Date {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000 - (Date.now() % 1000));
  return new Date();
}
