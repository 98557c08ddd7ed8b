import fs from 'node:fs';
import path from 'node:path';
import bytes from 'bytes';
import { BackupError } from '../../util/errors.js';

/**
 * Enough for the safety backup and for reading the result back, in the backup folder; for the journal or the WAL, in the
 * database's. Nothing was written yet.
 *
 * @throws BackupError `ERR_BACKUP_NO_SPACE`
 */
export function ensureRestoreSpace(database: string, directory: string, backupBytes: number): void {
  const liveBytes = sizeOf(database) + sizeOf(`${database}-wal`);
  ensure([
    { folder: directory, bytes: liveBytes + backupBytes },
    // A WAL takes the whole backup; a journal takes what is replaced, and the file may grow.
    { folder: path.dirname(database), bytes: Math.max(backupBytes, liveBytes) },
  ]);
}

/** @throws BackupError `ERR_BACKUP_NO_SPACE` */
export function ensureSpaceFor(folder: string, backupBytes: number): void {
  ensure([{ folder, bytes: backupBytes }]);
}

function ensure(needs: readonly { folder: string; bytes: number }[]): void {
  for (const { folder } of needs) {
    const device = fs.statSync(folder).dev;
    const onIt = needs.filter((need) => fs.statSync(need.folder).dev === device);
    const needed = onIt.reduce((sum, need) => sum + need.bytes, SPARE_BYTES);
    const { bavail, bsize } = fs.statfsSync(folder);
    if (bavail * bsize >= needed) continue;
    const detail = `${bytes(bavail * bsize)} free, ${bytes(needed)} needed`;
    throw new BackupError('ERR_BACKUP_NO_SPACE', `No space left for the restore in "${folder}" (${detail}).`, {
      step: 'space',
      hint: 'Nothing was changed. Free space, or restore to another disk with "to".',
    });
  }
}

const SPARE_BYTES = 256 * 1024;

function sizeOf(file: string): number {
  return fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
