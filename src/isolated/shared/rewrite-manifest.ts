import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { manifestName, partialName } from '../../catalog/backup-name.js';
import type { BackupFolder } from '../../catalog/list-backups.js';
import { formatManifest } from '../../catalog/manifest.js';
import type { Manifest } from '../../catalog/manifest.js';
import { BackupError, messageOf } from '../../util/errors.js';
import { flushFolder, removeQuietly, writeDurably } from '../../util/durable-files.js';
import { matchOwner } from './file-owner.js';

/**
 * All or nothing, and under the lock only. What a later version has put into it stays.
 *
 * @throws BackupError `ERR_BACKUP_MANIFEST_FAILED`
 */
export function rewriteManifest({ directory, naming }: BackupFolder, database: string, manifest: Manifest): void {
  const file = path.join(directory, manifestName(naming, manifest.name));
  const token = crypto.randomBytes(6).toString('hex');
  const partial = path.join(directory, `${partialName(naming, manifest.name, token)}.json`);
  try {
    writeDurably(partial, formatManifest(manifest));
    matchOwner(partial, database, { mode: false });
    fs.renameSync(partial, file);
    flushFolder(directory);
  } catch (cause) {
    removeQuietly(partial);
    throw new BackupError('ERR_BACKUP_MANIFEST_FAILED', `"${file}" could not be rewritten (${messageOf(cause)}).`, {
      step: 'record',
      hint: 'Nothing was changed. Give this process write permission on the backup folder, and check its space.',
      cause,
    });
  }
}
