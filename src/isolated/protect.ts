import fs from 'node:fs';
import path from 'node:path';
import { hasHiddenManifest } from '../catalog/backup.js';
import { backupNaming, manifestName, parseBackupName } from '../catalog/backup-name.js';
import { readBackup } from '../catalog/list-backups.js';
import type { BackupFolder } from '../catalog/list-backups.js';
import type { Manifest } from '../catalog/manifest.js';
import { BackupError, messageOf } from '../util/errors.js';
import type { ChildResult } from '../child/protocol.js';
import type { ProtectRequest } from '../child/protocol.js';
import { Damaged } from './verify/check-backup.js';
import { Deadline } from './shared/deadline.js';
import { isSqlite, readHeader } from '../util/database-header.js';
import { takeLock } from './shared/lock.js';
import { beginStep } from './shared/steps.js';
import { rewriteManifest } from './shared/rewrite-manifest.js';
import { hashFile } from './shared/sha256.js';
import { ensureFolder } from './shared/free-space.js';

/** Another program's backup gets a manifest, so that its protection can be kept somewhere. */
export async function protect(request: ProtectRequest): Promise<ChildResult> {
  const folder = { directory: request.directory, naming: backupNaming(request.database) };
  beginStep('lock');
  ensureFolder(request.directory);
  const lock = await takeLock(folder, request.database, new Deadline(request.timeoutMs));
  try {
    beginStep('record');
    const backup = readBackup(folder, request.name, Date.now());
    if (!backup) throw notFound(request);
    if (hasHiddenManifest(backup)) {
      const file = manifestName(folder.naming, request.name);
      throw new BackupError('ERR_BACKUP_MANIFEST_FAILED', `"${file}" cannot be read, or is not a manifest.`, {
        step: 'record',
        hint:
          backup.problemDetail ??
          'Mend it or its permissions. Until then retention and deleteBackup() treat the backup as protected.',
      });
    }
    if (backup.protected === request.protected) return { kind: 'protected' };
    const manifest = backup.manifest ?? (await describe(folder, request.name));
    await rewriteManifest(folder, request.database, { ...manifest, protected: request.protected });
    // Retention takes no lock: it moves a backup aside and then reads the manifest. What is still there now has been seen as
    // it is protected here, or will be.
    ensureStillThere(folder, request);
    return { kind: 'protected' };
  } finally {
    lock.release();
  }
}

function ensureStillThere(folder: BackupFolder, request: ProtectRequest): void {
  let found: unknown;
  try {
    found = readBackup(folder, request.name, Date.now());
  } catch (cause) {
    throw new BackupError(
      'ERR_BACKUP_MANIFEST_FAILED',
      `The manifest of "${request.name}" was rewritten, but the backup cannot be looked at (${messageOf(cause)}).`,
      { step: 'record', hint: 'It is protected as asked, if it is still there. Check the disk.', cause },
    );
  }
  if (!found) throw notFound(request);
}

function notFound({ name, directory }: ProtectRequest): BackupError {
  return new BackupError('ERR_BACKUP_NOT_FOUND', `There is no backup "${name}" in "${directory}".`, {
    step: 'record',
    hint: 'It was deleted meanwhile; listBackups() has the names.',
  });
}

/** Describes a file without opening it as a database, which may write beside it. */
async function describe(folder: BackupFolder, name: string): Promise<Manifest> {
  const startedAt = performance.now();
  const file = path.join(folder.directory, name);
  const header = readHeader(file);
  if (!isSqlite(header)) throw new Damaged(name, ['it is not a SQLite database']);
  const { size: sizeBytes } = fs.statSync(file);
  const pageSize = header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16);
  return {
    formatVersion: 1,
    name,
    // The name is the only record of its time, so the manifest repeats it and the age stays the same.
    createdAt: parseBackupName(folder.naming, name)!.toISOString(),
    sizeBytes,
    pageCount: Math.floor(sizeBytes / pageSize),
    pageSize,
    journalMode: header[18] === 2 ? 'wal' : 'delete',
    sha256: await hashFile(file),
    durationMs: Math.round(performance.now() - startedAt),
    protected: false,
  };
}
