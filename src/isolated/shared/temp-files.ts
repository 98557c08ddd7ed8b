// Everything that is not whole yet, or only for the work that is going on. Each has a random name that ends in `.partial`, is
// made where nothing was, and is told to the parent, which removes it if it has to kill this process. What is left behind
// nevertheless is swept by the next attempt.
import fs from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import {
  backupName,
  isPartialName,
  isRecordPartialName,
  parseBackupName,
  partialName,
} from '../../catalog/backup-name.js';
import type { BackupNaming } from '../../catalog/backup-name.js';
import type { BackupFolder } from '../../catalog/list-backups.js';
import { parseManifest } from '../../catalog/manifest.js';
import { isDeadPull, isPullName } from '../../catalog/pull-files.js';
import { databaseFiles, SIDE_FILES } from '../../catalog/side-files.js';
import { createNew, exists, partialBeside, randomToken, removeQuietly } from '../../util/durable-files.js';
import { BackupError, systemCode } from '../../util/errors.js';
import type { Owner } from '../../util/file-owner.js';
import { readSmallFile } from '../../util/read-small-file.js';
import type { Deadline } from './deadline.js';
import { ensureFolder } from './free-space.js';
import { takeLock } from './lock.js';
import { beginStep, send } from './steps.js';

/**
 * A name in the backup folder for a file that belongs to the backup taken at `createdAt`. The parent is told of it before
 * anything is made under it.
 */
export function partialPath({ directory, naming }: BackupFolder, createdAt: Date): string {
  const partial = path.join(directory, partialName(naming, backupName(naming, createdAt), randomToken()));
  send({ type: 'partial', path: partial });
  return partial;
}

/** Makes an empty file in which a database grows. */
export async function createPartial(partial: string, owner?: Owner): Promise<void> {
  await (await createNew(partial, owner)).close();
}

/** The name of a file that is about to be made beside `target`, whose name it gets when it is whole. */
export function announcePartialBeside(target: string): string {
  const partial = partialBeside(target);
  send({ type: 'partial', path: partial });
  return partial;
}

/**
 * Refuses a copy beside which somebody has put a file: SQLite would take it for a part of the copy.
 *
 * @throws BackupError `ERR_BACKUP_WRITE_FAILED`
 */
export function ensureAlone(partial: string): void {
  const strange = SIDE_FILES.map((suffix) => partial + suffix).find(exists);
  if (strange === undefined) return;
  throw new BackupError('ERR_BACKUP_WRITE_FAILED', `Somebody has put "${strange}" beside the unfinished copy.`, {
    step: 'seal',
    hint: 'The copy was thrown away. Look who else writes in the backup folder, or use a folder of your own ("directory").',
  });
}

/** Removes an unfinished database and what SQLite has put beside it. */
export async function removePartial(partial: string): Promise<void> {
  for (const file of databaseFiles(partial)) await removeQuietly(file);
}

/** The files that restores which were killed have left for this target. */
export function partialsBeside(target: string): string[] {
  const folder = path.dirname(target);
  const start = `.${path.basename(target)}.`;
  return fs
    .readdirSync(folder)
    .filter((name) => name.startsWith(start) && /^[0-9a-f]{12}\.partial/.test(name.slice(start.length)))
    .map((name) => path.join(folder, name));
}

/** Removes them. The caller holds the lock of that folder. */
export async function sweepBeside(target: string): Promise<void> {
  for (const file of partialsBeside(target)) await removeQuietly(file);
}

/**
 * Removes what attempts that died have left: unfinished files, manifests whose backup was never published, and the empty
 * files by which a disk without hard links takes a name. Only under the lock: then nobody else who owns such a file is alive,
 * except for drills, whose folders have a lock of their own.
 */
export async function sweep({ directory, naming }: BackupFolder): Promise<void> {
  const names = fs.readdirSync(directory);
  const present = new Set(names);
  for (const name of names) {
    const file = path.join(directory, name);
    if (isPartialName(naming, name)) await sweepPartial(file);
    else if (isPullName(name)) await sweepPull(name, file);
    else if (isRecordPartialName(naming, name)) await sweepOld(file);
    else if (isOrphanManifest(directory, naming, name, present) || isPlaceholder(naming, name, file)) {
      await removeQuietly(file);
    }
  }
}

/** A pull takes no lock: its file, or the folder in which a copy is checked, says whose it is. */
async function sweepPull(name: string, file: string): Promise<void> {
  const stats = fs.lstatSync(file, { throwIfNoEntry: false });
  if (!stats || !isDeadPull(name, stats.mtimeMs)) return;
  if (stats.isFile()) await removeQuietly(file);
  else if (stats.isDirectory()) await removeScratch(file);
}

/** Removes such a file only when it is old: others make it without a lock, and are done with it in a moment. */
async function sweepOld(file: string): Promise<void> {
  const stats = fs.lstatSync(file, { throwIfNoEntry: false });
  if (stats && Date.now() - stats.mtimeMs > PLACEHOLDER_AFTER_MS) await removeQuietly(file);
}

async function sweepPartial(file: string): Promise<void> {
  if (!isFolder(file)) await removeQuietly(file);
  else if (!isOwned(file)) await removeScratch(file);
}

function isOrphanManifest(directory: string, naming: BackupNaming, name: string, present: Set<string>): boolean {
  const backup = backupOf(naming, name);
  if (backup === undefined || present.has(backup)) return false;
  // Another database of the same stem (app.db, app.sqlite) has manifests of the same name: only ours go.
  try {
    return parseManifest(readSmallFile(path.join(directory, name)), backup) !== undefined;
  } catch {
    return false;
  }
}

/** The backup that a file of this name is the manifest of. */
function backupOf(naming: BackupNaming, name: string): string | undefined {
  if (!name.endsWith('.json')) return undefined;
  const backup = name.slice(0, -'.json'.length) + naming.extension;
  return parseBackupName(naming, backup) ? backup : undefined;
}

/** Another program may have made its backup's file a moment ago and be about to fill it. */
const PLACEHOLDER_AFTER_MS = 60_000;

function isPlaceholder(naming: BackupNaming, name: string, file: string): boolean {
  if (!parseBackupName(naming, name) && backupOf(naming, name) === undefined) return false;
  const stats = fs.lstatSync(file, { throwIfNoEntry: false });
  return stats?.isFile() === true && stats.size === 0 && Date.now() - stats.mtimeMs > PLACEHOLDER_AFTER_MS;
}

/** A folder in which a drill works. */
export interface Scratch {
  /** The database that the drill makes in it. */
  readonly file: string;
  dispose(): Promise<void>;
}

/**
 * Makes a folder for a drill inside the backup folder, so that the data stays on a disk and under permissions that are meant
 * for it. It is made under the lock, and then has a lock of its own, so that backups need not wait for a drill. Once its
 * owner is gone, the next attempt sweeps it.
 */
export async function makeScratch(folder: BackupFolder, database: string, deadline: Deadline): Promise<Scratch> {
  beginStep('lock');
  ensureFolder(folder.directory);
  const lock = await takeLock(folder, database, deadline);
  try {
    await sweep(folder);
    const scratch = partialPath(folder, new Date());
    // mkdir fails if anything has that name already.
    fs.mkdirSync(scratch, { mode: 0o700 });
    const owner = new Database(path.join(scratch, OWNER));
    owner.exec('BEGIN EXCLUSIVE');
    return {
      file: path.join(scratch, path.basename(database)),
      async dispose() {
        owner.close();
        await removeScratch(scratch);
      },
    };
  } finally {
    lock.release();
  }
}

/** The file in a scratch folder that its owner keeps locked as long as it lives. */
const OWNER = 'owner.lock';

function isFolder(file: string): boolean {
  return fs.lstatSync(file, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** Is a drill going on in this folder? The system drops the lock of an owner that died. */
function isOwned(scratch: string): boolean {
  const file = path.join(scratch, OWNER);
  if (!fs.lstatSync(file, { throwIfNoEntry: false })?.isFile()) return false;
  const db = new Database(file, { timeout: 0 });
  try {
    db.exec('BEGIN EXCLUSIVE');
    return false;
  } catch (error) {
    return systemCode(error).startsWith('SQLITE_BUSY');
  } finally {
    db.close();
  }
}

/** The files in the folder, then the folder. A link that somebody has put in its place is not followed. */
async function removeScratch(scratch: string): Promise<void> {
  let descriptor: number | undefined;
  try {
    if (process.platform !== 'win32') descriptor = fs.openSync(scratch, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    // By the descriptor, where the system has such a path: the name may lead elsewhere a moment later.
    const inside = `/proc/self/fd/${descriptor}`;
    const folder = fs.existsSync(inside) ? inside : scratch;
    for (const name of fs.readdirSync(folder)) {
      const each = path.join(folder, name);
      if (isFolder(each)) await removeScratch(each);
      else await removeQuietly(each);
    }
    await fs.promises.rmdir(scratch);
  } catch {
    // The next attempt sweeps a file that cannot be removed now (on Windows, while something has it open).
  } finally {
    if (descriptor !== undefined) fs.closeSync(descriptor);
  }
}

const { O_RDONLY } = fs.constants;
// Windows has neither flag.
const { O_DIRECTORY = 0, O_NOFOLLOW = 0 } = fs.constants as { O_DIRECTORY?: number; O_NOFOLLOW?: number };
