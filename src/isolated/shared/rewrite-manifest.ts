import path from 'node:path';
import { manifestName, parseBackupName } from '../../catalog/backup-name.js';
import type { BackupFolder } from '../../catalog/list-backups.js';
import { formatManifest } from '../../catalog/manifest.js';
import type { Manifest } from '../../catalog/manifest.js';
import { BackupError, messageOf } from '../../util/errors.js';
import { flushFolder, replaceFile } from '../../util/durable-files.js';
import { ownerLike } from '../../util/file-owner.js';
import { partialPath } from './temp-files.js';

/**
 * All or nothing, and under the lock only. What a later version has put into it stays.
 *
 * @throws BackupError `ERR_BACKUP_MANIFEST_FAILED`
 */
export async function rewriteManifest(folder: BackupFolder, database: string, manifest: Manifest): Promise<void> {
  const { directory, naming } = folder;
  const file = path.join(directory, manifestName(naming, manifest.name));
  const partial = partialPath(folder, parseBackupName(naming, manifest.name)!);
  try {
    await replaceFile(file, formatManifest(manifest), { owner: await ownerLike(database, directory), partial });
  } catch (cause) {
    throw new BackupError('ERR_BACKUP_MANIFEST_FAILED', `"${file}" could not be rewritten (${messageOf(cause)}).`, {
      step: 'record',
      hint: 'Nothing was changed. Give this process write permission on the backup folder, and check its space.',
      cause,
    });
  }
  try {
    await flushFolder(directory);
  } catch (cause) {
    throw new BackupError(
      'ERR_BACKUP_MANIFEST_FAILED',
      `"${file}" was rewritten, but not flushed (${messageOf(cause)}).`,
      {
        step: 'record',
        hint: 'It holds what was asked for, and a power cut may bring the old one back. Check the disk, then call again.',
        cause,
      },
    );
  }
}
