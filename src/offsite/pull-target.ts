import fs from 'node:fs';
import path from 'node:path';
import { isDeadPull, isPullName, pullPartial } from '../catalog/pull-files.js';
import { formatManifest, parseManifest } from '../catalog/manifest.js';
import type { Manifest } from '../catalog/manifest.js';
import { databaseFiles } from '../catalog/side-files.js';
import { flushFolder, renameNoReplace, writeNew } from '../util/durable-files.js';
import { BackupError, isBackupError, systemCode } from '../util/errors.js';
import { ownerLike } from '../util/file-owner.js';
import { lackOfRoom } from '../util/free-room.js';
import { WRONG, parseJson } from '../util/json-rules.js';
import { readSmallFile } from '../util/read-small-file.js';
import type { CopyManifest } from './copy-manifest.js';
import { copyManifestKey } from './copy-name.js';
import { writeFailed } from './fetch-copy.js';

/** Refuses an existing file, and side files that SQLite would take for the new one's. */
export async function ensureFree(target: string): Promise<void> {
  for (const file of databaseFiles(target)) if (await isThere(file)) throw targetExists(file);
}

/** Refuses a disk that is too small, before anything is fetched. */
export async function ensureRoom(target: string, sizeBytes: number): Promise<void> {
  const lack = await lackOfRoom(path.dirname(target), sizeBytes);
  if (lack === undefined) return;
  throw new BackupError('ERR_BACKUP_NO_SPACE', `No space left for "${target}" (${lack}).`, {
    step: 'pull',
    hint: 'Nothing was fetched. Free some space, or pull to another disk.',
  });
}

/** Removes what pulls have left that were killed. */
export async function sweepPulls(folder: string): Promise<void> {
  for (const name of await fs.promises.readdir(folder).catch(() => [])) {
    const file = path.join(folder, name);
    const stats = isPullName(name) ? await fs.promises.lstat(file).catch(() => undefined) : undefined;
    if (stats?.isFile() && isDeadPull(name, stats.mtimeMs)) await fs.promises.rm(file, { force: true }).catch(() => {});
  }
}

/**
 * Gives the fetched file its name: all of it, or nothing. It is on the disk already. In a folder the manifest comes first, so
 * that a backup is never seen without it; the folder is flushed last.
 */
export async function publishPulled(partial: string, target: string, copy?: CopyManifest): Promise<void> {
  const folder = path.dirname(target);
  try {
    const manifest = copy && (await placeManifest(folder, copy));
    let placed = false;
    try {
      placed = await renameNoReplace(partial, target);
    } finally {
      if (!placed && manifest !== undefined) await fs.promises.rm(manifest, { force: true });
    }
    if (!placed) throw targetExists(target);
    // A backup that began in this moment may have swept it: until now it was a manifest without its backup.
    if (manifest !== undefined && !(await isThere(manifest))) await placeManifest(folder, copy!);
  } catch (error) {
    throw isBackupError(error) ? error : writeFailed(target, error);
  }
  await flushFolder(folder).catch((cause: unknown) => {
    throw new BackupError('ERR_BACKUP_WRITE_FAILED', `"${target}" is there, but its folder could not be flushed.`, {
      step: 'pull',
      hint: 'It is whole, but a power cut now could lose it. Look at the disk.',
      cause,
    });
  });
}

/** As it stood beside the backup, but protected: the next backup's retention would remove an old one that is wanted back. */
async function placeManifest(folder: string, copy: CopyManifest): Promise<string> {
  const manifest: Manifest & { copy?: unknown } = { ...copy, protected: true };
  delete manifest.copy;
  const file = path.join(folder, copyManifestKey(undefined, copy.name));
  const partial = pullPartial(file);
  try {
    await writeNew(partial, formatManifest(manifest), await ownerLike(folder));
    if (await renameNoReplace(partial, file)) return file;
    // A manifest without its backup: of a deletion or a pull that broke off. That of another program's stays.
    if (!isLeftover(file, copy.name)) throw targetExists(file);
    await fs.promises.rename(partial, file);
    return file;
  } finally {
    await fs.promises.rm(partial, { force: true }).catch(() => {});
  }
}

function isLeftover(file: string, name: string): boolean {
  try {
    const text = readSmallFile(file);
    return parseManifest(text, name) !== undefined || parseJson(text) === WRONG;
  } catch {
    return false;
  }
}

async function isThere(file: string): Promise<boolean> {
  try {
    await fs.promises.lstat(file);
    return true;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error))) return false;
    throw writeFailed(file, error);
  }
}

function targetExists(file: string): BackupError {
  return new BackupError('ERR_BACKUP_PULL_TARGET', `"${file}" exists.`, {
    step: 'pull',
    hint: 'Nothing is overwritten: move it aside, or pull to another path. For a database in use, restore instead.',
  });
}
