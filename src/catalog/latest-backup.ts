import { hasHiddenManifest, NAME_TOLERANCE_MS, newestFirst, recordedTime } from './backup.js';
import type { Backup } from './backup.js';
import { namesInOrder } from './backup-name.js';
import { isImported } from './imported.js';
import { isStill, nameTime, readFile, readFolder } from './list-backups.js';
import type { BackupFolder, ForeignFiles, FolderLook } from './list-backups.js';
import { pause, runSync } from '../util/file-work.js';
import type { FileWork } from '../util/file-work.js';

export interface LatestBackup {
  /** The newest whole backup, if there is one. */
  readonly latest: Backup | undefined;
  /** Newer files that do not count, with the problem that each has. */
  readonly ignored: readonly Backup[];
}

/**
 * Remembers the recorded times of backups from one look to the next, by name: none is ever newer than that. A file that has taken
 * the place of another may be; then the answer is too old, and the child process, which remembers nothing, puts it right.
 */
export class RecordedTimes {
  #times: ReadonlyMap<string, number> = new Map();

  get(name: string): number | undefined {
    return this.#times.get(name);
  }

  /** Replaces all of them, so that names that have gone are forgotten. */
  keep(times: ReadonlyMap<string, number>): void {
    this.#times = times;
  }
}

/** A name in the hour that was left out where clocks were put forward is read as the next hour; once it was a whole day. */
const LEFT_OUT_MS = 86_400_000;

/** {@link latestBackup}, blocking; with 8 backups for some 20 µs. */
export function findLatestBackup(folder: BackupFolder, now: number): LatestBackup {
  return runSync(latestBackup(folder, now));
}

/**
 * The newest whole backup that was not brought in from elsewhere. Looks at no more files than it takes to be sure: names sort by
 * time, and a backup is never newer than its name by more than a zone.
 *
 * @param look of this folder, if there was one: files that it knows and that have not changed are not read again
 * @param known from one look to the next, so that of many backups made within a day only what has come is read
 * @throws BackupError `ERR_BACKUP_DIRECTORY_MISSING`, `ERR_BACKUP_LIST_FAILED`: a folder that can't be read never counts
 *   as an empty one.
 */
export function* latestBackup(
  folder: BackupFolder,
  now: number,
  look?: FolderLook,
  known = new RecordedTimes(),
): FileWork<LatestBackup> {
  const all = look?.names ?? (yield* readFolder(folder));
  yield* pause();
  const names = namesInOrder(folder.naming, all);

  const record: ForeignFiles = {};
  const times = new Map<string, number>();
  const ignored: Backup[] = [];
  let latest: Backup | undefined;
  let latestMs = -Infinity;
  for (let i = names.length - 1; i >= 0; i--) {
    const name = names[i]!;
    const recordedMs = known.get(name);
    if (recordedMs !== undefined && recordedMs <= latestMs) {
      times.set(name, recordedMs);
      continue;
    }
    const time = yield* nameTime(folder, name);
    if (!time) continue;
    const newestMs = time.getTime() + NAME_TOLERANCE_MS;
    if (newestMs + LEFT_OUT_MS < latestMs) break;
    if (newestMs < latestMs) continue;
    const before = look?.known.get(name);
    const isSame = before && (yield* isStill(folder, before, 'files'));
    const backup = isSame ? before : yield* readFile(folder, name, time, now, record);
    if (!backup) continue;
    // What its manifest would tell is not known.
    if (!hasHiddenManifest(backup)) times.set(name, recordedTime(time, backup.manifest));
    if (isImported(backup)) continue;
    if (backup.problem) ignored.push(backup);
    else if (!latest || newestFirst(backup, latest) < 0) {
      latest = backup;
      latestMs = backup.createdAt.getTime();
    }
  }
  known.keep(times);
  return { latest, ignored };
}
