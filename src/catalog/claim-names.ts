import path from 'node:path';
import { realPath } from '../util/absolute-path.js';
import { BackupError } from '../util/errors.js';
import type { BackupFolder } from './list-backups.js';

/** Maps the names in a folder to the database of this process that they belong to. */
const owners = new Map<string, string>();

/**
 * Two databases of the same file name (one a tenant) must not share a folder: each would take the other's backups for its
 * own, and be "fresh" without one.
 *
 * @throws BackupError `ERR_BACKUP_OPTIONS`
 */
export function claimNames({ directory, naming, database }: BackupFolder & { readonly database: string }): void {
  const names = path.join(realPath(directory), `${naming.prefix}*${naming.extension}`);
  const owner = owners.get(names);
  // Both are resolved now: what a link leads to may have come, or changed, since the first claim.
  if (owner !== undefined && realPath(owner) !== realPath(database)) {
    throw new BackupError('ERR_BACKUP_OPTIONS', `"${names}" already belongs to "${owner}", not to "${database}".`, {
      step: 'options',
      hint: 'Give each database a backup folder of its own with the "directory" option.',
    });
  }
  owners.set(names, owner ?? database);
}
