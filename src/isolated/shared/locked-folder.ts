import { backupNaming } from '../../catalog/backup-name.js';
import type { BackupFolder } from '../../catalog/list-backups.js';
import type { Deadline } from './deadline.js';
import { ensureFolder } from './free-space.js';
import { takeLock } from './lock.js';
import { beginStep } from './steps.js';
import { sweep } from './temp-files.js';

/** Runs `work` on the backup folder of a database, under its lock and after sweeping what earlier attempts have left. */
export async function inLockedFolder<T>(
  { database, directory }: { readonly database: string; readonly directory: string },
  deadline: Deadline,
  work: (folder: BackupFolder) => Promise<T>,
): Promise<T> {
  const folder = { directory, naming: backupNaming(database) };
  beginStep('lock');
  ensureFolder(directory);
  const lock = await takeLock(folder, database, deadline);
  try {
    beginStep('sweep');
    await sweep(folder);
    return await work(folder);
  } finally {
    lock.release();
  }
}
