import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { backupName, manifestName } from '../../catalog/backup-name.js';
import type { BackupFolder } from '../../catalog/list-backups.js';
import { formatManifest } from '../../catalog/manifest.js';
import type { Manifest } from '../../catalog/manifest.js';
import { exists, flushFolder, removeQuietly, renameNoReplace, writeNew } from '../../util/durable-files.js';
import { BackupError, messageOf } from '../../util/errors.js';
import type { Owner } from '../../util/file-owner.js';
import { partialPath } from '../shared/temp-files.js';

/**
 * Gives the verified copy its final name: all of it, or nothing. Its contents are already on the disk (`verify` flushed
 * them). The manifest comes first, so that a backup is never seen without it; the folder is flushed last.
 *
 * The name is that of the snapshot's second; where that one is taken, the next second that is free is waited for.
 *
 * @param later the second to try where one is taken
 * @returns the name
 */
export async function publish(
  folder: BackupFolder,
  partial: string,
  createdAt: Date,
  owner: Owner | undefined,
  facts: Omit<Manifest, 'formatVersion' | 'name' | 'mtimeMs'>,
  later: (second: Date) => Date | Promise<Date> = nextSecond,
): Promise<string> {
  const { directory, naming } = folder;
  // By the clock of the disk, or of its server, which may be years behind.
  const { mtimeMs } = fs.statSync(partial);
  for (let second = createdAt; ; second = await later(second)) {
    const name = backupName(naming, second);
    const final = path.join(directory, name);
    // Another program's backup of that second has no manifest, and must not get ours even for a moment.
    if (exists(final)) continue;
    const manifest = path.join(directory, manifestName(naming, name));
    const manifestPartial = partialPath(folder, second);
    try {
      await writeNew(manifestPartial, formatManifest({ formatVersion: 1, name, ...facts, mtimeMs }), owner);
      if (!(await renameNoReplace(manifestPartial, manifest))) continue;
    } finally {
      await removeQuietly(manifestPartial);
    }
    let published = false;
    try {
      published = await renameNoReplace(partial, final);
    } finally {
      if (!published) await removeQuietly(manifest);
    }
    if (!published) continue;
    await flushOrTakeBack(directory, final, manifest);
    return name;
  }
}

/**
 * Without the flush, a power cut could lose the name. Then it is not a backup, and must not look like one.
 *
 * @throws the error of the flush; a BackupError `ERR_BACKUP_WRITE_FAILED` if the backup stands nevertheless
 */
async function flushOrTakeBack(directory: string, final: string, manifest: string): Promise<void> {
  try {
    await flushFolder(directory);
  } catch (cause) {
    await removeQuietly(final);
    if (!exists(final)) {
      await removeQuietly(manifest);
      throw cause;
    }
    throw new BackupError(
      'ERR_BACKUP_WRITE_FAILED',
      `"${final}" is made, whole and verified, but its name could not be brought to the disk (${messageOf(cause)}).`,
      {
        step: 'publish',
        hint: 'A power cut may lose it. Check the disk; the backup could not be removed again.',
        cause,
      },
    );
  }
}

/** Waits until the clock's next second begins. */
async function nextSecond(): Promise<Date> {
  await sleep(1000 - (Date.now() % 1000));
  return new Date();
}
