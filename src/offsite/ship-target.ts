import type { BackupFolder } from '../catalog/list-backups.js';
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

export function recordOf(target: ShipTarget): CopyRecord {
  const { store, host, recordFile: file } = target;
  return readRecord(file, host === undefined ? store.name : `${store.name} (${host})`);
}
