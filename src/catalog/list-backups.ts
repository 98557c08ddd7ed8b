import fs from 'node:fs';
import path from 'node:path';
import { BackupError, messageOf, systemCode } from '../util/errors.js';
import { NAME_TOLERANCE_MS, newestFirst, toBackup } from './backup.js';
import type { Backup, BackupFile } from './backup.js';
import { manifestName, parseBackupName } from './backup-name.js';
import type { BackupNaming } from './backup-name.js';
import { parseManifest } from './manifest.js';
import type { Manifest } from './manifest.js';
import { readSmallFile } from '../util/read-small-file.js';

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

/**
 * The newest whole backup, by `readdir` and `stat` alone. Blocks; with 8 backups for some 20 µs. Looks at no more files
 * than it takes to be sure: names sort by time, and a backup is never newer than its name by more than a zone.
 *
 * @throws BackupError `ERR_BACKUP_DIRECTORY_MISSING`, `ERR_BACKUP_LIST_FAILED`: a folder that can't be read never counts
 *   as an empty one.
 */
export function findLatestBackup(folder: BackupFolder, now: number): LatestBackup {
  const candidates = readNames(folder)
    .map((name) => ({ name, time: parseBackupName(folder.naming, name) }))
    .filter((candidate): candidate is { name: string; time: Date } => candidate.time !== undefined)
    .sort((a, b) => b.time.getTime() - a.time.getTime() || (a.name < b.name ? 1 : -1));

  let latest: Backup | undefined;
  const ignored: Backup[] = [];
  for (const { name, time } of candidates) {
    if (latest && time.getTime() + NAME_TOLERANCE_MS < latest.createdAt.getTime()) break;
    const file = readBackupFile(folder, name, time);
    if (!file) continue;
    const backup = toBackup(file, now);
    if (backup.problem) ignored.push(backup);
    else if (!latest || newestFirst(backup, latest) < 0) latest = backup;
  }
  return { latest, ignored };
}

/**
 * All backups, newest first, those with a {@link Backup.problem} among them. Yields after each file.
 *
 * @throws BackupError as {@link findLatestBackup}
 */
export function* listBackups(folder: BackupFolder, now: number): Generator<void, Backup[]> {
  const backups: Backup[] = [];
  for (const name of readNames(folder)) {
    const backup = readBackup(folder, name, now);
    if (!backup) continue;
    backups.push(backup);
    yield;
  }
  return backups.sort(newestFirst);
}

/** The backup of that exact name, or `undefined` if the folder has none or the name is not one of this database's. */
export function readBackup(folder: BackupFolder, name: string, now: number): Backup | undefined {
  const nameTime = parseBackupName(folder.naming, name);
  const file = nameTime && readBackupFile(folder, name, nameTime);
  return file && toBackup(file, now);
}

function readNames({ directory }: BackupFolder): string[] {
  try {
    return fs.readdirSync(directory);
  } catch (error) {
    throw listError(directory, error);
  }
}

function readBackupFile(folder: BackupFolder, name: string, nameTime: Date): BackupFile | undefined {
  const file = path.join(folder.directory, name);
  const stats = lstat(file);
  if (!stats?.isFile() || stats.size === 0) return undefined;
  const manifest = readManifest(folder, name);
  return { name, path: file, nameTime, sizeBytes: stats.size, mtimeMs: stats.mtimeMs, manifest };
}

function lstat(file: string): fs.Stats | undefined {
  try {
    return fs.lstatSync(file, { throwIfNoEntry: false });
  } catch (error) {
    throw listError(file, error);
  }
}

/** Reading a manifest is safe in the app's process: it is not a database. */
function readManifest({ directory, naming }: BackupFolder, name: string): Manifest | 'unreadable' | undefined {
  try {
    return parseManifest(readSmallFile(path.join(directory, manifestName(naming, name))), name) ?? 'unreadable';
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
