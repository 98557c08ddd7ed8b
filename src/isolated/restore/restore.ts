// Table of contents of a restore: lock -> check the backup -> to another path | into the live database | in its place.
import fs from 'node:fs';
import path from 'node:path';
import { backupNaming, lockName } from '../../catalog/backup-name.js';
import type { BackupFolder } from '../../catalog/list-backups.js';
import { safetyLabel } from '../../catalog/safety-backup.js';
import type { ChildResult, RestoreReport, RestoreRequest } from '../../child/protocol.js';
import { breaksOpenConnections, readHeader } from '../../util/database-header.js';
import { takeBackup } from '../backup/take-backup.js';
import { Deadline } from '../shared/deadline.js';
import { ensureSpace } from '../shared/free-space.js';
import type { SpaceNeed } from '../shared/free-space.js';
import { takeLock } from '../shared/lock.js';
import { inLockedFolder } from '../shared/locked-folder.js';
import { beginStep } from '../shared/steps.js';
import { partialsBeside, sweepBeside } from '../shared/temp-files.js';
import { makeSource } from '../sources/open-source.js';
import { checkBackup } from '../verify/check-backup.js';
import type { CheckedBackup } from '../verify/check-backup.js';
import { NoGoodCopy } from './failures.js';
import { restoreIntoSource } from './into-source.js';
import { openLive } from './live-database.js';
import type { LiveDatabase } from './live-database.js';
import { restoreOffline } from './offline.js';
import { restoreOnline } from './online.js';
import type { RestoreContext } from './online.js';
import { realDatabase } from './real-database.js';
import { hasSecondName, sweepSecondNames } from './replaced-files.js';
import { refuseSqld } from './sqld.js';
import { restoreTo } from './to-file.js';
import { reuseEqual } from './safety.js';
import type { SafetyBackup } from './safety.js';
import { ensureDamaged, isUnusable } from './unusable.js';

type Written = Pick<RestoreReport, 'path' | 'method' | 'safetyBackup' | 'movedAside' | 'journalMode' | 'compared'>;

export async function restore(request: RestoreRequest): Promise<ChildResult> {
  const startedAt = performance.now();
  const deadline = Deadline.beforeTheParents(request.timeoutMs);
  return inLockedFolder(request, deadline, async (folder) => {
    beginStep('check');
    const backup = await checkBackup(folder, request.name);
    try {
      const takeSafetyBackup = (): Promise<SafetyBackup> => saveState(request, folder, deadline);
      const written = await write(request, backup, { folder, deadline, takeSafetyBackup });
      const { name, sha256, facts } = backup;
      const durationMs = Math.round(performance.now() - startedAt);
      const sizeBytes = facts.pageCount * facts.pageSize;
      const report = { name, ...written, sizeBytes, pageCount: facts.pageCount, sha256, durationMs };
      return { kind: 'restored', report };
    } finally {
      await backup.dispose();
    }
  });
}

async function saveState(request: RestoreRequest, folder: BackupFolder, deadline: Deadline): Promise<SafetyBackup> {
  const { database, source, verify, name } = request;
  const label = safetyLabel(name);
  const order = {
    database,
    source,
    verify,
    label,
    safety: true,
    protected: true,
    startedAt: performance.now(),
  } as const;
  try {
    return reuseEqual(folder, await takeBackup(order, folder, deadline));
  } catch (error) {
    throw isUnusable(error) ? new NoGoodCopy(error) : error;
  }
}

async function write(request: RestoreRequest, backup: CheckedBackup, context: RestoreContext): Promise<Written> {
  if (request.to !== undefined) {
    await restoreTo(request.to, backup, context.folder);
    return { path: request.to, method: 'copy', movedAside: [], journalMode: 'delete' };
  }
  if (request.source) {
    return restoreIntoSource(makeSource(request.source), backup, context, request.whileWritten === true);
  }
  beginStep('space');
  const database = realDatabase(request.database);
  refuseSqld(database);
  if (hasSecondName(database) || partialsBeside(database).length > 0) {
    await inLockedDatabaseFolder(database, context, () => sweepAfterCrash(database));
  }
  const ensureRoom = (liveBytes: number): void =>
    ensureSpace('restore', spaceNeeds(database, request.directory, backup.sizeBytes, liveBytes));
  // A WAL holds a page as often as it was written: then only SQLite knows how large the database is.
  const exact = sizeOf(`${database}-wal`) === 0;
  if (exact) ensureRoom(sizeOf(database));
  const live = openLive(database, context.deadline);
  try {
    if (!exact) ensureRoom(live?.sizeBytes() ?? sizeOf(database) + sizeOf(`${database}-wal`));
    if (!live || needsReplacing(live, backup)) return await replace(database, backup, live, context);
    const safety = await restoreOnline(live, backup, context);
    const journalMode = live.wal ? 'wal' : 'delete';
    return { path: database, method: 'online', safetyBackup: safety.name, movedAside: [], journalMode };
  } catch (error) {
    if (!(error instanceof NoGoodCopy)) throw error;
    ensureDamaged(database, request.verify, error.cause);
    live?.close();
    return await replace(database, backup, undefined, context);
  } finally {
    live?.close();
  }
}

/**
 * SQLite cannot change the page size of a database in WAL mode, and an open connection keeps the encoding that it has begun
 * with: after a change, each of its statements fails.
 */
function needsReplacing({ db, wal }: LiveDatabase, { file, facts }: CheckedBackup): boolean {
  if (breaksOpenConnections(readHeader(file))) return true;
  if (db.pragma('encoding', { simple: true }) !== facts.encoding) return true;
  return wal && db.pragma('page_size', { simple: true }) !== facts.pageSize;
}

/** For the safety backup and for reading the result back, in the backup folder; for the journal or the WAL, in the database's. */
function spaceNeeds(database: string, directory: string, backupBytes: number, liveBytes: number): SpaceNeed[] {
  return [
    { folder: directory, bytes: liveBytes + backupBytes },
    // A WAL takes the whole backup; a journal takes what is replaced, and the file may grow.
    { folder: path.dirname(database), bytes: Math.max(backupBytes, liveBytes) },
  ];
}

function sizeOf(file: string): number {
  return fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

function replace(
  database: string,
  backup: CheckedBackup,
  live: LiveDatabase | undefined,
  context: RestoreContext,
): Promise<Written> {
  return inLockedDatabaseFolder(database, context, async () => {
    await sweepAfterCrash(database);
    const { safety, movedAside, journalMode } = await restoreOffline(database, backup, live, context);
    return { path: database, method: 'offline', ...(safety && { safetyBackup: safety.name }), movedAside, journalMode };
  });
}

async function sweepAfterCrash(database: string): Promise<void> {
  await sweepBeside(database);
  sweepSecondNames(database);
}

/** Where the database's folder is not that of the backups, two services with two locks could replace it at once. */
async function inLockedDatabaseFolder<T>(
  database: string,
  { folder, deadline }: RestoreContext,
  work: () => Promise<T>,
): Promise<T> {
  const here = { directory: path.dirname(database), naming: backupNaming(database) };
  // This process has the lock of the backup folder, which may have another path: a link, or a second mount.
  const isLocked = isSameFolder(here.directory, folder.directory) && lockName(here.naming) === lockName(folder.naming);
  const lock = isLocked ? undefined : await takeLock(here, database, deadline);
  try {
    return await work();
  } finally {
    lock?.release();
  }
}

function isSameFolder(a: string, b: string): boolean {
  const [one, other] = [fs.statSync(a, { bigint: true }), fs.statSync(b, { bigint: true })];
  return one.dev === other.dev && one.ino === other.ino;
}
