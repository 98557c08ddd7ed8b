import path from 'node:path';
import { exists } from '../../util/durable-files.js';
import { BackupError } from '../../util/errors.js';

/**
 * Refuses to write, a restore or single rows, into the data file of libSQL's server, `…/dbs/NAMESPACE/data` with its replication log beside it: the server
 * and its replicas would go on from a log that knows nothing of the restore.
 *
 * @throws BackupError `ERR_BACKUP_SOURCE_UNSUPPORTED`
 */
export function refuseSqld(database: string): void {
  if (path.basename(database) !== 'data') return;
  const folder = path.dirname(database);
  if (!SQLD_FILES.some((name) => exists(path.join(folder, name)))) return;
  throw new BackupError('ERR_BACKUP_SOURCE_UNSUPPORTED', `"${database}" belongs to sqld, and was not changed.`, {
    step: 'restore',
    hint:
      'Its replication log would not know of the restore. Restore to a new file ("to"), load that into a new namespace or a ' +
      'server with an empty folder, and point the app there.',
  });
}

const SQLD_FILES = ['wallog', '.sentinel'];
