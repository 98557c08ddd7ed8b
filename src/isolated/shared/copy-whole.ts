import fs from 'node:fs';
import { setRights } from '../../util/durable-files.js';
import type { Rights } from '../../util/durable-files.js';
import { Damaged } from '../verify/check-backup.js';
import type { CheckedBackup } from '../verify/check-backup.js';
import { contentHash } from './content-hash.js';

/** Makes a new file that holds every page of the backup. */
export async function copyWhole(backup: CheckedBackup, target: string, rights: Rights = {}): Promise<void> {
  await fs.promises.copyFile(backup.file, target, fs.constants.COPYFILE_EXCL);
  await setRights(target, rights);
  if (contentHash(target, backup.facts) !== backup.contentHash) {
    throw new Damaged(backup.name, ['it could not be read the same way twice']);
  }
}
