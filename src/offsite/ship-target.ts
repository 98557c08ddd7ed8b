import type { BackupFolder } from '../catalog/list-backups.js';
import { parseDuration } from '../util/duration.js';
import type { BackupStore, CopySettings } from '../stores/backup-store.js';
import { hostOf } from './copy-name.js';
import { copyId, readRecord, recordFile } from './copy-record.js';
import type { CopyRecord } from './copy-record.js';

/** One store, seen from one database's backup folder. */
export interface LanePlace extends BackupFolder {
  readonly store: BackupStore;
  readonly settings: CopySettings;
  readonly host: string | undefined;
  readonly recordFile: string;
  readonly lockFile: string;
  readonly retryAfterMs: number;
}

export function lanePlace(folder: BackupFolder, store: BackupStore): LanePlace {
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

export function recordOf(place: LanePlace): CopyRecord {
  const { store, host, recordFile: file } = place;
  return readRecord(file, host === undefined ? store.name : `${store.name} (${host})`);
}
