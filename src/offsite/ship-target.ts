import type { BackupFolder } from '../catalog/list-backups.js';
import type { BackupError } from '../util/errors.js';
import type { FileWork } from '../util/file-work.js';
import { parseDuration } from '../util/duration.js';
import type { BackupStore, CopySettings } from '../stores/backup-store.js';
import { hostOf } from './copy-name.js';
import { copyId, readRecord, recordFile } from './copy-record.js';
import type { CopyRecord } from './copy-record.js';

/** One store, seen from one database's backup folder. */
export interface ShipTarget extends BackupFolder {
  readonly store: BackupStore;
  readonly settings: CopySettings;
  readonly host: string | undefined;
  readonly recordFile: string;
  readonly lockFile: string;
  readonly retryAfterMs: number;
}

export function shipTarget(folder: BackupFolder, store: BackupStore): ShipTarget {
  const { directory, naming } = folder;
  const settings = store.settings ?? {};
  const host = hostOf(settings);
  const id = copyId(store.name, host);
  return {
    directory,
    naming,
    store,
    settings,
    host,
    recordFile: recordFile(folder, id, 'json'),
    lockFile: recordFile(folder, id, 'lock'),
    retryAfterMs: parseDuration(settings.retryAfter ?? '1m')!,
  };
}

/** @throws BackupError `ERR_BACKUP_RECORD_FAILED` */
export function* recordOf({ store, host, recordFile: file }: ShipTarget): FileWork<CopyRecord> {
  return yield* readRecord(file, host === undefined ? store.name : `${store.name} (${host})`);
}

/** Why the record cannot be used, if so. Then nothing is shipped: it would be overwritten as empty. */
export function* recordError(target: ShipTarget): FileWork<BackupError | undefined> {
  try {
    yield* recordOf(target);
    return undefined;
  } catch (error) {
    return error as BackupError;
  }
}

/** The record for people, and for what may wait. One that cannot be used knows of no copy, and says why. */
export function* recordView(target: ShipTarget): FileWork<CopyRecord> {
  const error = yield* recordError(target);
  if (!error) return yield* recordOf(target);
  const now = new Date().toISOString();
  const failure = { code: error.code, message: error.message, at: now, failures: 1, retryAt: now };
  return { formatVersion: 1, store: target.store.name, shipped: {}, failure };
}
