import type { BackupStore, CopySettings } from '../stores/backup-store.js';
import { lazy } from '../util/lazy.js';
import { checkMethodOptions, checkStore } from '../util/method-options.js';
import type { ListCopiesOptions, RemoteCopy } from './list-copies.js';
import type { PullOptions, PullReport } from './pull.js';
import type { CopyVerifyReport, VerifyCopyOptions } from './verify-copy.js';

/** The code of the copies. The only way in from the rooms above, so that apps without copies do not load it. */
export const offsite = lazy('off-site', () => require('./door.js') as typeof import('./door.js'));

/**
 * Makes a store of copies in another folder: of another disk, or of a network mount. The folder must exist, so that a disk
 * that is not mounted is an error and not an empty store; folders below it are made. Files have the mode 0600.
 *
 * @param path a relative one counts from the working directory at the time of the call
 * @param options what is done with every copy: `host`, `compress`, `encrypt`, `retention`, `retryAfter`
 * @throws BackupError `ERR_BACKUP_OPTIONS`
 * @example
 * new BackupService({ database: 'instance/app.db', copies: [directoryStore('/mnt/nas/backups', { compress: 'gzip' })] })
 */
export function directoryStore(path: string, options?: CopySettings): BackupStore {
  return offsite().directoryStore(path, options);
}

/**
 * Lists the copies in a store, newest first. Copies with a `problem` are among them; files of others are passed over.
 *
 * @throws BackupError `ERR_BACKUP_OPTIONS`, `ERR_BACKUP_CANCELLED`, and what the store answers: `ERR_BACKUP_STORE_FAILED`,
 *   `ERR_BACKUP_STORE_DENIED`, `ERR_BACKUP_STORE_MISSING`
 * @example
 * for (const { name, host, storedBytes } of await listCopies(directoryStore('/mnt/nas/backups'))) console.log(name, host);
 */
export async function listCopies(store: BackupStore, options: ListCopiesOptions = {}): Promise<RemoteCopy[]> {
  checkStore('listCopies', store);
  checkMethodOptions('listCopies', options);
  return offsite().listCopies(store, options);
}

/**
 * Brings a copy back, decrypted, decompressed and verified: also on a machine that has nothing but this package.
 *
 * @throws BackupError `ERR_BACKUP_OPTIONS`, `ERR_BACKUP_COPY_NOT_FOUND`, `ERR_BACKUP_COPY_DAMAGED`,
 *   `ERR_BACKUP_COPY_ENCRYPTED`, `ERR_BACKUP_PULL_TARGET`, `ERR_BACKUP_NO_SPACE`, `ERR_BACKUP_WRITE_FAILED`,
 *   `ERR_BACKUP_CANCELLED`, and what the store answers, as {@link listCopies}
 * @example
 * await pullBackup({ from: directoryStore('/mnt/nas/backups'), to: 'app.db' });
 */
export async function pullBackup(options: PullOptions): Promise<PullReport> {
  checkMethodOptions('pullBackup', options);
  return offsite().pullBackup(options);
}

/**
 * Verifies a copy in a store: its hash where it is, or (`level`) by bringing it back into a temporary folder. Damage is in
 * the report; it rejects only where the copy cannot be looked at.
 *
 * @throws BackupError `ERR_BACKUP_OPTIONS`, `ERR_BACKUP_COPY_NOT_FOUND`, `ERR_BACKUP_COPY_ENCRYPTED`,
 *   `ERR_BACKUP_CANCELLED`, and what the store answers, as {@link listCopies}
 * @example
 * const { ok, problems } = await verifyCopy({ from: directoryStore('/mnt/nas/backups'), level: 'quick' });
 */
export async function verifyCopy(options: VerifyCopyOptions): Promise<CopyVerifyReport> {
  checkMethodOptions('verifyCopy', options);
  return offsite().verifyCopy(options);
}
