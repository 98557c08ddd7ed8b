import type { Stats } from 'node:fs';
import path from 'node:path';
import { BackupError, messageOf, systemCode } from '../util/errors.js';
import { files, runSync } from '../util/file-work.js';
import type { FileWork } from '../util/file-work.js';
import { NAME_TOLERANCE_MS, newestFirst, toBackup } from './backup.js';
import type { Backup, BackupFile } from './backup.js';
import { manifestName, parseBackupName } from './backup-name.js';
import type { BackupNaming } from './backup-name.js';
import { parseManifest } from './manifest.js';
import type { Manifest } from './manifest.js';

/** A folder and the names that count in it. */
export interface BackupFolder {
  readonly directory: string;
  readonly naming: BackupNaming;
}

export interface LatestBackup {
  /** The newest whole backup, if there is one. */
  readonly latest: Backup | undefined;
  /** Newer files that do not count, with the problem that each has. */
  readonly ignored: readonly Backup[];
}

/** {@link latestBackup}, blocking; with 8 backups for some 20 µs. */
export function findLatestBackup(folder: BackupFolder, now: number): LatestBackup {
  return runSync(latestBackup(folder, now));
}

/**
 * The newest whole backup. Looks at no more files than it takes to be sure: names sort by time, and a backup is never newer
 * than its name by more than a zone.
 *
 * @throws BackupError `ERR_BACKUP_DIRECTORY_MISSING`, `ERR_BACKUP_LIST_FAILED`: a folder that can't be read never counts
 *   as an empty one.
 */
export function* latestBackup(folder: BackupFolder, now: number): FileWork<LatestBackup> {
  const candidates = (yield* readNames(folder))
    .map((name) => ({ name, time: parseBackupName(folder.naming, name) }))
    .filter((candidate): candidate is { name: string; time: Date } => candidate.time !== undefined)
    .sort((a, b) => b.time.getTime() - a.time.getTime() || (a.name < b.name ? 1 : -1));

  let latest: Backup | undefined;
  const ignored: Backup[] = [];
  for (const { name, time } of candidates) {
    if (latest && time.getTime() + NAME_TOLERANCE_MS < latest.createdAt.getTime()) break;
    const file = yield* readBackupFile(folder, name, time);
    if (!file) continue;
    const backup = toBackup(file, now);
    if (backup.problem) ignored.push(backup);
    else if (!latest || newestFirst(backup, latest) < 0) latest = backup;
  }
  return { latest, ignored };
}

/**
 * All backups, newest first, those with a {@link Backup.problem} among them.
 *
 * @throws BackupError as {@link findLatestBackup}
 */
export function* listBackups(folder: BackupFolder, now: number): FileWork<Backup[]> {
  const backups: Backup[] = [];
  for (const name of yield* readNames(folder)) {
    const backup = yield* backupNamed(folder, name, now);
    if (backup) backups.push(backup);
  }
  return backups.sort(newestFirst);
}

/** The backup of that exact name, or `undefined` if the folder has none or the name is not one of this database's. */
export function* backupNamed(folder: BackupFolder, name: string, now: number): FileWork<Backup | undefined> {
  const nameTime = parseBackupName(folder.naming, name);
  const file = nameTime && (yield* readBackupFile(folder, name, nameTime));
  return file && toBackup(file, now);
}

/** {@link backupNamed}, blocking. */
export function readBackup(folder: BackupFolder, name: string, now: number): Backup | undefined {
  return runSync(backupNamed(folder, name, now));
}

function* readNames({ directory }: BackupFolder): FileWork<string[]> {
  try {
    return yield* files.readdir(directory);
  } catch (error) {
    throw listError(directory, error);
  }
}

function* readBackupFile(folder: BackupFolder, name: string, nameTime: Date): FileWork<BackupFile | undefined> {
  const file = path.join(folder.directory, name);
  const stats = yield* lstat(file);
  if (!stats?.isFile() || stats.size === 0) return undefined;
  const manifest = yield* readManifest(folder, name);
  return { name, path: file, nameTime, sizeBytes: stats.size, mtimeMs: stats.mtimeMs, manifest };
}

function* lstat(file: string): FileWork<Stats | undefined> {
  try {
    return yield* files.lstat(file);
  } catch (error) {
    throw listError(file, error);
  }
}

/** Reading a manifest is safe in the app's process: it is not a database. */
function* readManifest(
  { directory, naming }: BackupFolder,
  name: string,
): FileWork<Manifest | 'unreadable' | undefined> {
  try {
    const text = yield* files.readSmall(path.join(directory, manifestName(naming, name)));
    return parseManifest(text, name) ?? 'unreadable';
  } catch (error) {
    return systemCode(error) === 'ENOENT' ? undefined : 'unreadable';
  }
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
