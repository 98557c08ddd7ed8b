// Table of contents of a restore: lock -> check the backup -> to another path | into the live database | in its place.
import fs from 'node:fs';
import path from 'node:path';
import { backupNaming } from '../../catalog/backup-name.js';
import { safetyLabel } from '../../catalog/safety-backup.js';
import type { ChildResult } from '../../child/protocol.js';
import type { RestoreReport, RestoreRequest } from '../../child/protocol.js';
import { BackupError } from '../../util/errors.js';
import { checkBackup } from '../verify/check-backup.js';
import type { CheckedBackup } from '../verify/check-backup.js';
import { Deadline } from '../shared/deadline.js';
import { isSqlite, readHeader } from '../shared/file-header.js';
import { isUnusable, LiveDatabase } from './live-database.js';
import { takeLock } from '../shared/lock.js';
import type { Lock } from '../shared/lock.js';
import { hasSecondName, sweepSecondNames } from './replaced-files.js';
import { beginStep } from '../shared/steps.js';
import { proveReplaced, restoreOffline } from './offline.js';
import { restoreOnline } from './online.js';
import type { RestoreContext } from './online.js';
import { restoreTo } from './to-file.js';
import { ensureFolder, ensureSpace } from '../shared/free-space.js';
import type { SpaceNeed } from '../shared/free-space.js';
import { partialsBeside, sweep, sweepBeside } from '../shared/temp-files.js';
import { takeBackup } from '../backup/take-backup.js';

type Written = Pick<RestoreReport, 'path' | 'method' | 'safetyBackup' | 'movedAside' | 'journalMode'>;

export async function restore(request: RestoreRequest): Promise<ChildResult> {
  const startedAt = performance.now();
  const deadline = Deadline.beforeTheParents(request.timeoutMs);
  const folder = { directory: request.directory, naming: backupNaming(request.database) };

  beginStep('lock');
  ensureFolder(request.directory);
  const lock = await takeLock(folder, request.database, deadline);
  try {
    beginStep('sweep');
    await sweep(folder);

    beginStep('check');
    const backup = await checkBackup(folder, request.name);
    try {
      const takeSafetyBackup: RestoreContext['takeSafetyBackup'] = () =>
        takeBackup(
          {
            database: request.database,
            verify: request.verify,
            label: safetyLabel(request.name),
            safety: true,
            protected: true,
            startedAt: performance.now(),
          },
          folder,
          deadline,
        );
      const written = await write(request, backup, { folder, deadline, takeSafetyBackup });
      const { name, sha256, facts } = backup;
      const durationMs = Math.round(performance.now() - startedAt);
      const sizeBytes = facts.pageCount * facts.pageSize;
      const report = { name, ...written, sizeBytes, pageCount: facts.pageCount, sha256, durationMs };
      return { kind: 'restored', report };
    } finally {
      await backup.dispose();
    }
  } finally {
    lock.release();
  }
}

async function write(request: RestoreRequest, backup: CheckedBackup, context: RestoreContext): Promise<Written> {
  if (request.to !== undefined) {
    await restoreTo(request.to, backup, context.folder);
    return { path: request.to, method: 'copy', movedAside: [], journalMode: 'delete' };
  }
  const database = realPath(request.database);
  if (hasSecondName(database) || partialsBeside(database).length > 0) {
    const lock = await lockDatabaseFolder(database, context);
    await sweepAfterCrash(database);
    lock?.release();
  }
  beginStep('space');
  ensureSpace('restore', spaceNeeds(database, request.directory, backup.sizeBytes));
  const live = openLive(database, context.deadline);
  try {
    if (live && !needsReplacing(live, backup)) {
      const safety = await restoreOnline(live, backup, context);
      const journalMode = live.wal ? 'wal' : 'delete';
      return { path: database, method: 'online', safetyBackup: safety.name, movedAside: [], journalMode };
    }
    return await replace(database, backup, live, context);
  } catch (error) {
    if (!live || !isUnusable(error)) throw error;
    // It opens, but no good copy of it can be made.
    live.close();
    return await replace(database, backup, undefined, context);
  } finally {
    live?.close();
  }
}

/** For the safety backup and for reading the result back, in the backup folder; for the journal or the WAL, in the database's. */
function spaceNeeds(database: string, directory: string, backupBytes: number): SpaceNeed[] {
  const liveBytes = sizeOf(database) + sizeOf(`${database}-wal`);
  return [
    { folder: directory, bytes: liveBytes + backupBytes },
    // A WAL takes the whole backup; a journal takes what is replaced, and the file may grow.
    { folder: path.dirname(database), bytes: Math.max(backupBytes, liveBytes) },
  ];
}

function sizeOf(file: string): number {
  return fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

async function replace(
  database: string,
  backup: CheckedBackup,
  live: LiveDatabase | undefined,
  context: RestoreContext,
): Promise<Written> {
  const lock = await lockDatabaseFolder(database, context);
  try {
    await sweepAfterCrash(database);
    const { safety, movedAside, journalMode } = await restoreOffline(database, backup, live, context);
    live?.close();
    beginStep('compare');
    proveReplaced(database, backup);
    const names = safety && { safetyBackup: safety.name };
    return { path: database, method: 'offline', ...names, movedAside, journalMode };
  } finally {
    lock?.release();
  }
}

async function sweepAfterCrash(database: string): Promise<void> {
  await sweepBeside(database);
  sweepSecondNames(database);
}

/** Where the database's folder is not that of the backups, two services with two locks could replace it at once. */
async function lockDatabaseFolder(database: string, { folder, deadline }: RestoreContext): Promise<Lock | undefined> {
  const here = { directory: path.dirname(database), naming: backupNaming(database) };
  const same = here.directory === folder.directory && here.naming.prefix === folder.naming.prefix;
  return same ? undefined : takeLock(here, database, deadline);
}

/** SQLite keeps what stands beside a database with the file itself, not with a link to it. */
function realPath(database: string): string {
  const folder = fs.statSync(path.dirname(database), { throwIfNoEntry: false });
  if (!folder?.isDirectory()) {
    throw new BackupError('ERR_BACKUP_RESTORE_TARGET', `There is no folder "${path.dirname(database)}".`, {
      step: 'space',
      hint: 'Create it, mount its disk, or correct the "database" option.',
    });
  }
  return fs.existsSync(database)
    ? fs.realpathSync(database)
    : path.join(fs.realpathSync(path.dirname(database)), path.basename(database));
}

/** `undefined`: there is no file, or none that SQLite can use. */
function openLive(database: string, deadline: Deadline): LiveDatabase | undefined {
  beginStep('block-writers');
  fs.accessSync(path.dirname(database), fs.constants.W_OK | fs.constants.X_OK);
  const stats = fs.statSync(database, { throwIfNoEntry: false });
  if (!stats) return undefined;
  if (!stats.isFile()) {
    throw new BackupError('ERR_BACKUP_SOURCE_INVALID', `"${database}" is not a regular file.`, {
      step: 'block-writers',
      hint: 'Correct the "database" option; nothing was changed.',
    });
  }
  // SQLite opens what it may not write for reading only, and says so late.
  fs.accessSync(database, fs.constants.R_OK | fs.constants.W_OK);
  // Without SQLite's opening it: that would clear away what stands beside a file of which it can make nothing.
  if (!isSqlite(readHeader(database))) return undefined;
  const live = new LiveDatabase(database);
  try {
    live.holdWriters(deadline);
    live.release();
    return live;
  } catch (error) {
    live.close();
    if (isUnusable(error)) return undefined;
    throw error;
  }
}

/** SQLite can't change the page size of a database in WAL mode. */
function needsReplacing(live: LiveDatabase, backup: CheckedBackup): boolean {
  return live.wal && live.db.pragma('page_size', { simple: true }) !== backup.facts.pageSize;
}
