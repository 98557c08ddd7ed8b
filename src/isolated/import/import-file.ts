import fs from 'node:fs';
import path from 'node:path';
import { backupName, backupNaming } from '../../catalog/backup-name.js';
import { listBackups } from '../../catalog/list-backups.js';
import type { BackupFolder } from '../../catalog/list-backups.js';
import type { Backup } from '../../catalog/backup.js';
import { pullPartial } from '../../catalog/pull-files.js';
import { backupToWire } from '../../child/protocol.js';
import type { ChildResult, ImportRequest } from '../../child/protocol.js';
import { exists } from '../../util/durable-files.js';
import { notABackup } from '../../util/import-error.js';
import { runSync } from '../../util/file-work.js';
import { ownerLike } from '../../util/file-owner.js';
import { publish } from '../backup/publish.js';
import { sealWithSideFiles } from '../backup/seal.js';
import { readPublished } from '../backup/take-backup.js';
import { Deadline } from '../shared/deadline.js';
import { ensureFolder, ensureSpace } from '../shared/free-space.js';
import { inLockedFolder } from '../shared/locked-folder.js';
import { hashFile } from '../shared/sha256.js';
import { beginStep, send } from '../shared/steps.js';
import { removePartial } from '../shared/temp-files.js';
import { checkImport } from './check-import.js';
import type { CheckedImport } from './check-import.js';

/**
 * Makes a backup of a file that comes from elsewhere: copy -> check -> publish. Only the last takes the lock: a check may take
 * minutes, and backups need not wait for it. The partial has a name that nobody sweeps while this process, or its parent, lives.
 */
export async function importFile(request: ImportRequest): Promise<ChildResult> {
  const startedAt = performance.now();
  const deadline = new Deadline(request.timeoutMs);
  const folder: BackupFolder = { directory: request.directory, naming: backupNaming(request.database) };
  const takenAt = new Date(request.takenAt);
  ensureFolder(folder.directory);
  const partial = request.move ? request.file : await copyIn(request, folder, takenAt);
  try {
    const checked = await checkImport(partial, request.called);
    const { backup, alreadyThere } = await inLockedFolder(request, deadline, async () => {
      const same = await findSame(folder, takenAt, checked);
      if (same) return { backup: same, alreadyThere: true };
      const name = await publishImport(request, folder, partial, takenAt, checked, startedAt);
      return { backup: readPublished(folder, name), alreadyThere: false };
    });
    const durationMs = Math.round(performance.now() - startedAt);
    return { kind: 'imported', backup: backupToWire(backup), alreadyThere, durationMs };
  } finally {
    await removePartial(partial);
  }
}

/**
 * A copy of the file in the backup folder, with what stands beside it: the newest rows of a database in WAL mode are there.
 *
 * @throws BackupError `ERR_BACKUP_IMPORT`, `ERR_BACKUP_NO_SPACE`
 */
async function copyIn({ file, called, database }: ImportRequest, folder: BackupFolder, takenAt: Date): Promise<string> {
  beginStep('import');
  const parts = ['', '-wal', '-journal'].filter((suffix) => suffix === '' || exists(file + suffix));
  const before = parts.map((suffix) => identity(file + suffix));
  refuseUnfit(file, called, database);
  ensureSpace('import', [
    { folder: folder.directory, bytes: parts.reduce((sum, suffix) => sum + fs.statSync(file + suffix).size, 0) },
  ]);
  const partial = pullPartial(path.join(folder.directory, backupName(folder.naming, takenAt)));
  send({ type: 'partial', path: partial });
  try {
    beginStep('copy');
    const owner = await ownerLike(database, folder.directory);
    for (const suffix of parts) {
      await fs.promises.copyFile(file + suffix, partial + suffix, fs.constants.COPYFILE_EXCL);
      await fs.promises.chmod(partial + suffix, 0o600);
      if (owner) await fs.promises.chown(partial + suffix, owner.uid, owner.gid);
    }
    if (parts.some((suffix, i) => identity(file + suffix) !== before[i])) {
      throw notABackup(called, ['it was written while it was copied'], 'End the program that uses it, then try again.');
    }
    if (parts.length > 1) await sealWithSideFiles(partial);
    return partial;
  } catch (error) {
    await removePartial(partial);
    throw error;
  }
}

function identity(file: string): string {
  const stats = fs.statSync(file, { bigint: true, throwIfNoEntry: false });
  return stats ? [stats.dev, stats.ino, stats.size, stats.mtimeNs].join() : '';
}

/** Nothing but a file is opened, and not the live database: that is what `createBackup()` is for. */
function refuseUnfit(file: string, called: string, database: string): void {
  const stats = fs.statSync(file, { bigint: true, throwIfNoEntry: false });
  const live = fs.statSync(database, { bigint: true, throwIfNoEntry: false });
  if (!stats) throw notABackup(called, ['it is not there'], 'Correct the path.');
  if (!stats.isFile()) throw notABackup(called, ['it is not a regular file'], 'Give the path of a file.');
  if (live && live.ino === stats.ino && live.dev === stats.dev) {
    throw notABackup(called, ['it is the live database'], 'Take a backup of it instead: createBackup().');
  }
}

/** The backup that this file was downloaded from, if it is still there and whole. */
async function findSame(folder: BackupFolder, takenAt: Date, { sha256 }: CheckedImport): Promise<Backup | undefined> {
  const alike = runSync(listBackups(folder, Date.now())).filter(
    (backup) =>
      backup.sha256 === sha256 &&
      !backup.problem &&
      Math.abs(Date.parse(backup.manifest!.createdAt) - takenAt.getTime()) < 1_000,
  );
  for (const backup of alike) if ((await hashFile(backup.path)) === sha256) return backup;
  return undefined;
}

async function publishImport(
  { database, label }: ImportRequest,
  folder: BackupFolder,
  partial: string,
  takenAt: Date,
  { sha256, sizeBytes, facts, journalMode, findings, uncheckedTables }: CheckedImport,
  startedAt: number,
): Promise<string> {
  beginStep('publish');
  const now = new Date().toISOString();
  const found = findings.length > 0 && { findings };
  return publish(
    folder,
    partial,
    takenAt,
    await ownerLike(database, folder.directory),
    {
      createdAt: takenAt.toISOString(),
      ...(label !== undefined && { label }),
      ...{ sizeBytes, pageCount: facts.pageCount, pageSize: facts.pageSize, journalMode, sha256 },
      // It was compared with nothing, so it is not `verified`, as a backup that was taken here is.
      lastVerification: { level: 'full', ok: true, at: now, ...found },
      ...found,
      ...(uncheckedTables.length > 0 && { uncheckedTables }),
      importedAt: now,
      durationMs: Math.round(performance.now() - startedAt),
      protected: true,
    },
    (second) => new Date(second.getTime() + 1_000),
  );
}
