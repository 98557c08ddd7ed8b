import path from 'node:path';
import { policyRecordName } from '../../catalog/backup-name.js';
import type { BackupFolder } from '../../catalog/list-backups.js';
import { replaceFile } from '../../util/durable-files.js';
import { ownerLike } from '../../util/file-owner.js';
import { readSmallFile } from '../../util/read-small-file.js';
import { partialPath } from '../shared/temp-files.js';

/** Keeps the app's retention policy in the folder, for others who prune there. Only under the lock. */
export async function recordPolicy(folder: BackupFolder, database: string, text: string): Promise<void> {
  const { directory, naming } = folder;
  const file = path.join(directory, policyRecordName(naming));
  if (isRecorded(file, text)) return;
  try {
    const owner = await ownerLike(database, directory);
    await replaceFile(file, text, { owner, partial: partialPath(folder, new Date()) });
  } catch {
    // The backup is made. The next one tries again.
  }
}

function isRecorded(file: string, text: string): boolean {
  try {
    return readSmallFile(file) === text;
  } catch {
    return false;
  }
}
