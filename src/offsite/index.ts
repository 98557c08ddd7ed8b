// What the package's root has of copies, each loaded with its first call: requiring the package stays cheap.
import type { BackupStore, CopySettings } from '../stores/backup-store.js';
import type * as directory from '../stores/directory-store.js';
import type * as list from './list-copies.js';
import type * as pull from './pull.js';
import type * as verify from './verify-copy.js';

/**
 * Copies in another folder: of another disk, or of a network mount. The folder must exist, so that a disk that is not
 * mounted is an error and no empty store; folders below it are made. Files have the mode 0600.
 *
 * @throws BackupError `ERR_BACKUP_OPTIONS`
 */
export function directoryStore(path: string, options?: CopySettings): BackupStore {
  return (require('../stores/directory-store.js') as typeof directory).directoryStore(path, options);
}

/** The copies in a store, newest first, those with a problem among them; files of others are passed over. */
export async function listCopies(store: BackupStore, options?: list.ListCopiesOptions): Promise<list.RemoteCopy[]> {
  return (require('./list-copies.js') as typeof list).listCopies(store, options);
}

/**
 * Brings a copy back, decrypted, decompressed and proven: also on a machine that has nothing but this package. `to` is a
 * file that does not exist yet, or a folder.
 *
 * @example await pullBackup({ from: s3Store({ bucket: 'backups' }), to: 'app.db' })
 */
export async function pullBackup(options: pull.PullOptions): Promise<pull.PullReport> {
  return (require('./pull.js') as typeof pull).pullBackup(options);
}

/** Proves a copy in a store: its hash where it is, or (`level`) by bringing it back. */
export async function verifyCopy(options: verify.VerifyCopyOptions): Promise<verify.CopyVerifyReport> {
  return (require('./verify-copy.js') as typeof verify).verifyCopy(options);
}
