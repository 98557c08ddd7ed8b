import type { Stats } from 'node:fs';
import path from 'node:path';
import { BackupError, messageOf, systemCode } from '../util/errors.js';
import { files, pause, runSync, slicesOf } from '../util/file-work.js';
import type { FileWork } from '../util/file-work.js';
import { newestFirst, toBackup } from './backup.js';
import type { Backup, FoundManifest } from './backup.js';
import { isKnownBad, readForeignRecord } from './foreign-record.js';
import type { ForeignRecord } from './foreign-record.js';
import { manifestName, namesInOrder, parseBackupName, parseBackupNameOfAnyCase, withOwnCase } from './backup-name.js';
import type { BackupNaming } from './backup-name.js';
import { parseManifest } from './manifest.js';

/** A folder and the names that count in it. */
export interface BackupFolder {
  readonly directory: string;
  readonly naming: BackupNaming;
  /** Names of backups whose modification times are known to be wrong. */
  readonly wrongMtimes?: ReadonlySet<string>;
}

/** What a look at a folder a moment ago has found, for others that it saves a look of their own. */
export interface FolderLook {
  /** Of all files in it. */
  readonly names: readonly string[];
  /** As {@link listAgain} has returned them. */
  readonly known: ReadonlyMap<string, Backup>;
}

/**
 * All backups, newest first, those with a {@link Backup.problem} among them.
 *
 * @throws BackupError as {@link readFolder}
 */
export function* listBackups(folder: BackupFolder, now: number): FileWork<Backup[]> {
  const backups: Backup[] = [];
  const record: ForeignFiles = {};
  const names = yield* readFolder(folder);
  yield* pause();
  for (const name of namesInOrder(folder.naming, names).reverse()) {
    const time = yield* nameTime(folder, name);
    const backup = time && (yield* readFile(folder, name, time, now, record));
    if (backup) backups.push(backup);
  }
  return backups.sort(newestFirst);
}

/** `'names'`: a backup that is still there is as it was; `'files'`: it is if neither its file nor its manifest has changed. */
export type Trust = 'names' | 'files';

/**
 * Lists again what was listed before, and reads anew only what has changed: a thousand manifests take most of a second.
 *
 * @param look `names`: of the files that are there now; `known`: as this function has returned them before
 */
export function* listAgain(
  folder: BackupFolder,
  now: number,
  { names, known }: FolderLook,
  trust: Trust,
): FileWork<Backup[]> {
  const backups: Backup[] = [];
  const record: ForeignFiles = {};
  yield* pause();
  for (const slice of slicesOf(namesInOrder(folder.naming, names).reverse())) {
    yield* pause();
    for (const name of slice) {
      const before = known.get(name);
      if (before && (yield* isStill(folder, before, trust))) {
        backups.push(before);
        continue;
      }
      const time = yield* nameTime(folder, name);
      if (!time) continue;
      // Before it is read: what changes meanwhile is then seen the next time.
      const manifest = yield* lstat(path.join(folder.directory, manifestName(folder.naming, name)));
      const backup = yield* readFile(folder, name, time, now, record);
      if (!backup) continue;
      if (manifest) manifests.set(backup, manifest);
      backups.push(backup);
    }
  }
  return backups.sort(newestFirst);
}

/** The manifest that each backup of {@link listAgain} had. Of one without it, a record of the folder tells more. */
const manifests = new WeakMap<Backup, Stats>();

/** Is a listed backup still as it was? By size, times and inode. What was dated in the future is always looked at again. */
export function* isStill({ directory, naming }: BackupFolder, backup: Backup, trust: Trust): FileWork<boolean> {
  if (backup.problem === 'dated in the future') return false;
  if (trust === 'names') return true;
  const known = manifests.get(backup);
  if (!known) return false;
  const stats = yield* lstat(backup.path);
  const manifest = yield* lstat(path.join(directory, manifestName(naming, backup.name)));
  return isSameFile(stats, identities.get(backup)) && isSameFile(manifest, known);
}

function isSameFile(a: Partial<Stats> | undefined, b: Partial<Stats> | undefined): boolean {
  return a !== undefined && b !== undefined && COMPARED.every((key) => a[key] === b[key]);
}

const COMPARED = ['dev', 'ino', 'size', 'mtimeMs', 'ctimeMs'] as const;

/** The backup of that exact name, or `undefined` if the folder has none or the name is not one of this database's. */
export function* backupNamed(folder: BackupFolder, name: string, now: number): FileWork<Backup | undefined> {
  const time = yield* nameTime(folder, name);
  return time && (yield* readFile(folder, name, time, now, {}));
}

/** {@link backupNamed}, blocking. */
export function readBackup(folder: BackupFolder, name: string, now: number): Backup | undefined {
  return runSync(backupNamed(folder, name, now));
}

/** The names alone, in order: one look at the folder, at none of its files. */
export function* backupNames(folder: BackupFolder): FileWork<string[]> {
  const names = yield* readFolder(folder);
  yield* pause();
  const found: string[] = [];
  for (const slice of slicesOf(namesInOrder(folder.naming, names))) {
    yield* pause();
    for (const name of slice) if (yield* nameTime(folder, name)) found.push(name);
  }
  return found;
}

/**
 * The names of all files in it.
 *
 * @throws BackupError `ERR_BACKUP_DIRECTORY_MISSING`, `ERR_BACKUP_LIST_FAILED`: a folder that can't be read never counts
 *   as an empty one.
 */
export function* readFolder({ directory }: BackupFolder): FileWork<string[]> {
  try {
    return yield* files.readdir(directory);
  } catch (error) {
    throw listError(directory, error);
  }
}

/** The time in a name, which may differ in case where the file system takes both names for one file. */
export function* nameTime({ directory, naming }: BackupFolder, name: string): FileWork<Date | undefined> {
  const exact = parseBackupName(naming, name);
  if (exact) return exact;
  const time = parseBackupNameOfAnyCase(naming, name);
  if (!time) return undefined;
  const own = yield* lstat(path.join(directory, withOwnCase(naming, name)));
  const stats = own && (yield* lstat(path.join(directory, name)));
  return stats && stats.ino === own.ino && stats.dev === own.dev ? time : undefined;
}

/** The file that each listed backup was, by device and inode. */
const identities = new WeakMap<Backup, Pick<Stats, 'dev' | 'ino' | 'size' | 'mtimeMs' | 'ctimeMs'>>();

/** Is this still the file that was listed? Where inodes change with every look (some network disks), by size and time. */
export function isListedFile(backup: Backup, stats: Stats): boolean {
  const listed = identities.get(backup);
  if (!listed) return true;
  const { dev, ino, size, mtimeMs } = listed;
  return (stats.dev === dev && stats.ino === ino) || (stats.size === size && stats.mtimeMs === mtimeMs);
}

/** The record of files without a manifest. A listing reads it once, and only if there is such a file. */
export interface ForeignFiles {
  bad?: ForeignRecord;
}

/** The backup of that name and the time in it, or `undefined` if that is no file, or an empty one. */
export function* readFile(
  folder: BackupFolder,
  name: string,
  time: Date,
  now: number,
  record: ForeignFiles,
): FileWork<Backup | undefined> {
  const file = path.join(folder.directory, name);
  const stats = yield* lstat(file);
  if (!stats?.isFile() || stats.size === 0) return undefined;
  const { size: sizeBytes, mtimeMs } = stats;
  const manifest = yield* readManifest(folder, name);
  if (!manifest) record.bad ??= yield* readForeignRecord(folder);
  const backup = toBackup(
    {
      ...{ name, path: file, nameTime: time, sizeBytes, mtimeMs, manifest },
      mtimeIsWrong: folder.wrongMtimes?.has(name) === true,
      isKnownBad: !manifest && isKnownBad(record.bad!, name, { sizeBytes, mtimeMs }),
      problemDetail: manifest === 'forbidden' ? yield* whoMayNotRead(folder, name) : undefined,
    },
    now,
  );
  identities.set(backup, stats);
  return backup;
}

function* lstat(file: string): FileWork<Stats | undefined> {
  try {
    return yield* files.lstat(file);
  } catch (error) {
    throw listError(file, error);
  }
}

/** Reading a manifest is safe in the app's process: it is not a database. */
export function* readManifest({ directory, naming }: BackupFolder, name: string): FileWork<FoundManifest> {
  try {
    const text = yield* files.readSmall(path.join(directory, manifestName(naming, name)));
    return parseManifest(text, name) ?? 'unreadable';
  } catch (error) {
    if (/^(EACCES|EPERM)$/.test(systemCode(error))) return 'forbidden';
    return systemCode(error) === 'ENOENT' ? undefined : 'unreadable';
  }
}

function* whoMayNotRead({ directory, naming }: BackupFolder, name: string): FileWork<string> {
  const file = path.join(directory, manifestName(naming, name));
  const stats = yield* lstat(file);
  const rights = stats ? ` belongs to the user ${stats.uid} (mode ${(stats.mode & 0o777).toString(8)})` : '';
  return (
    `"${file}"${rights}, and this process, user ${process.geteuid?.()}, may not read it. Give it to the owner of the database ` +
    '(chown), as the other manifests are, or run this as a user who may read it.'
  );
}

function listError(place: string, cause: unknown): BackupError {
  const code = systemCode(cause);
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new BackupError(
      'ERR_BACKUP_DIRECTORY_MISSING',
      `The backup folder "${place}" ${code === 'ENOENT' ? 'does not exist' : 'is not a folder'}.`,
      { step: 'list', hint: 'Create it, mount its disk, or correct the "directory" option.', cause },
    );
  }
  return new BackupError('ERR_BACKUP_LIST_FAILED', `"${place}" could not be read (${messageOf(cause)}).`, {
    step: 'list',
    hint: 'Give this process read and search permission on the backup folder.',
    cause,
  });
}
