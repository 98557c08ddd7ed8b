import fs from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { systemCode } from '../../util/errors.js';
import type { BackupFolder } from '../../catalog/list-backups.js';
import type { Deadline } from '../shared/deadline.js';
import { takeLock } from '../shared/lock.js';
import { beginStep, send } from '../shared/steps.js';
import { ensureFolder } from '../shared/free-space.js';
import { partialPath, sweep } from '../shared/temp-files.js';
import { OWNER } from '../shared/scratch-owner.js';

export interface Scratch {
  readonly folder: string;
  dispose(): void;
}

/**
 * A folder for a drill, inside the backup folder: the data stays on a disk and under permissions that are meant for it. It
 * is made under the lock, and then lives by a lock of its own, so that backups need not wait for a drill; once its owner is
 * gone, the next attempt sweeps it.
 */
export function makeScratch(folder: BackupFolder, database: string, deadline: Deadline): Scratch {
  beginStep('lock');
  ensureFolder(folder.directory);
  const lock = takeLock(folder, database, deadline);
  try {
    sweep(folder);
    const scratch = partialPath(folder, new Date());
    send({ type: 'partial', path: scratch });
    fs.mkdirSync(scratch, { mode: 0o700 });
    const owner = new Database(path.join(scratch, OWNER));
    owner.exec('BEGIN EXCLUSIVE');
    return {
      folder: scratch,
      dispose() {
        owner.close();
        removeFolder(scratch);
      },
    };
  } finally {
    lock.release();
  }
}

function removeFolder(scratch: string): void {
  try {
    fs.rmSync(scratch, { recursive: true, force: true });
  } catch (error) {
    // Windows, while something has a file of it open: the next attempt sweeps it.
    if (systemCode(error) === '') throw error;
  }
}
