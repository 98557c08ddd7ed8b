import path from 'node:path';
import { isPartialName } from '../catalog/backup-name.js';
import { files } from '../util/file-work.js';
import type { FileWork } from '../util/file-work.js';
import type { ResolvedOptions } from './options.js';

/** A backup in the making, as far as its unfinished file tells. */
export interface RunningBackup {
  /** Written so far. */
  readonly doneBytes: number;
  /** The size that the database has now, and so about that of the backup; never less than `doneBytes`. */
  readonly totalBytes: number;
}

/** A file that nobody has written to for so long was left by a process that died. The check at the end takes its time. */
const ABANDONED_MS = 120_000;

/** By `readdir` and `stat` alone, so it may be asked often. @param names of a look at the folder that was just done */
export function* findRunning(
  { database, directory, naming }: ResolvedOptions,
  names?: readonly string[],
): FileWork<RunningBackup | undefined> {
  try {
    for (const name of names ?? (yield* files.readdir(directory))) {
      if (!name.endsWith('.partial') || !isPartialName(naming, name)) continue;
      const stats = yield* files.stat(path.join(directory, name));
      if (!stats || stats.mtimeMs < Date.now() - ABANDONED_MS) continue;
      const doneBytes = stats.size;
      const size = (yield* files.stat(database))?.size ?? 0;
      return { doneBytes, totalBytes: Math.max(doneBytes, size) };
    }
  } catch {
    // A folder that can't be read is the due check's to report.
  }
  return undefined;
}
