import fs from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { distrust } from '../shared/distrust.js';
import { readBackup } from '../../catalog/list-backups.js';
import type { BackupFolder } from '../../catalog/list-backups.js';
import { exists } from '../../util/durable-files.js';
import { BackupError, messageOf } from '../../util/errors.js';
import { DiskFull, isFull } from '../shared/free-space.js';
import { isIdleWal } from '../backup/idle-wal.js';
import { pinSource } from '../backup/pin.js';
import { seal, sealWithSideFiles } from '../backup/seal.js';
import type { Deadline } from '../shared/deadline.js';
import { makeScratch } from '../shared/temp-files.js';
import type { Scratch } from '../shared/temp-files.js';
import { needsStaging } from '../verify/check-backup.js';
import { meaningOfError } from '../verify/sqlite-answers.js';
import { makeSource } from '../sources/open-source.js';
import type { SourceRequest } from '../sources/open-source.js';
import { PartialTarget } from '../sources/partial-target.js';
import { convertEncoding } from './convert-encoding.js';

/** A finished backup as a file that can be read without writing beside it, and without changing it. */
export interface PlainBackup {
  readonly name: string;
  readonly file: string;
  /** Is the file a copy of our own? */
  readonly private: boolean;
}

/** A folder for copies of backups, made when the first is needed. */
export class ScratchSpace {
  readonly #make: () => Promise<Scratch>;
  #scratch: Scratch | undefined;
  #files = 0;

  constructor(folder: BackupFolder, database: string, deadline: Deadline) {
    this.#make = () => makeScratch(folder, database, deadline);
  }

  async newFile(): Promise<string> {
    this.#scratch ??= await this.#make();
    return path.join(path.dirname(this.#scratch.file), `copy-${this.#files++}.db`);
  }

  async dispose(): Promise<void> {
    await this.#scratch?.dispose();
  }
}

/** @throws BackupError `ERR_BACKUP_NOT_FOUND`, `ERR_BACKUP_DAMAGED` */
export async function openPlain(folder: BackupFolder, name: string, scratch: ScratchSpace): Promise<PlainBackup> {
  const backup = readBackup(folder, name, Date.now());
  if (!backup) {
    throw new BackupError('ERR_BACKUP_NOT_FOUND', `There is no backup "${name}" in "${folder.directory}".`, {
      step: 'check',
      hint: 'It was deleted meanwhile; listBackups() has the names.',
    });
  }
  try {
    if (!needsStaging(backup.path)) return { name, file: backup.path, private: false };
    const copy = await scratch.newFile();
    for (const suffix of ['', ...(backup.manifest ? [] : ['-wal', '-journal'])]) {
      if (exists(backup.path + suffix)) fs.copyFileSync(backup.path + suffix, copy + suffix);
    }
    await sealWithSideFiles(copy);
    return { name, file: copy, private: true };
  } catch (error) {
    throw unreadable(name, folder.directory, error);
  }
}

/**
 * The live state: a file that is pinned, or a snapshot of a source that is none.
 *
 * @returns what `openStates()` takes
 */
export async function liveState(
  { database, source }: SourceRequest,
  folder: BackupFolder,
  scratch: ScratchSpace,
  deadline: Deadline,
): Promise<string | PlainBackup> {
  if (!source) return database;
  const file = await scratch.newFile();
  const live = makeSource(source);
  await live.snapshot(new PartialTarget(folder, deadline, { file }));
  await seal(file);
  return { name: live.description, file, private: true };
}

/** A connection that can only read: `main` is the newer state, pinned, and `older` the backup. */
export interface States {
  readonly db: Database.Database;
  readonly older: PlainBackup;
  close(): void;
}

/** @param newer the live database's path, or another backup */
export async function openStates(
  older: PlainBackup,
  newer: string | PlainBackup,
  scratch: ScratchSpace,
  deadline: Deadline,
): Promise<States> {
  const { db, close } =
    typeof newer === 'string' ? pinSource(newer, deadline, isIdleWal(newer)) : closable(openBackup(newer));
  try {
    const encoding = String(db.pragma('encoding', { simple: true }));
    const attached = await withEncoding(older, encoding, scratch);
    // On a connection that can only read, an attached file can only be read too (sqlite.org/lang_attach.html).
    db.prepare('ATTACH ? AS older').run(attached.file);
    for (const side of ['main', 'older']) db.pragma(`${side}.cache_size = -8000`);
    db.pragma('temp.cache_size = -16000');
    // Keeps SQLite from building an index of a whole table for a handful of rows.
    db.pragma('automatic_index = OFF');
    return { db, older: attached, close };
  } catch (error) {
    close();
    throw error;
  }
}

function closable(db: Database.Database): Pick<States, 'db' | 'close'> {
  return { db, close: () => void db.close() };
}

export function openBackup({ name, file }: PlainBackup): Database.Database {
  try {
    const db = new Database(file, { readonly: true, fileMustExist: true });
    distrust(db);
    db.exec('BEGIN');
    return db;
  } catch (error) {
    throw unreadable(name, path.dirname(file), error);
  }
}

/** SQLite attaches databases of one text encoding only. */
async function withEncoding(backup: PlainBackup, encoding: string, scratch: ScratchSpace): Promise<PlainBackup> {
  const db = openBackup(backup);
  try {
    if (db.pragma('encoding', { simple: true }) === encoding) return backup;
    const file = await scratch.newFile();
    convertEncoding(db, file, encoding);
    return { name: backup.name, file, private: true };
  } catch (error) {
    throw unreadable(backup.name, path.dirname(backup.file), error);
  } finally {
    db.close();
  }
}

/** Only damage is said to be damage: a disk that is full or fails, a lock or a missing permission says nothing about the backup. */
function unreadable(name: string, directory: string, error: unknown): unknown {
  if (error instanceof BackupError) return error;
  // It is told for what was asked, which is not known here.
  if (isFull(error, directory)) return new DiskFull(error);
  const why = `(${messageOf(error)})`;
  if (meaningOfError(error) !== 'damage') {
    return new BackupError('ERR_BACKUP_UNREADABLE', `"${name}" could not be read ${why}.`, {
      step: 'check',
      hint: 'Nothing is known of it now, and nothing was changed. Check the disk and the permissions, and try again.',
      cause: error,
    });
  }
  return new BackupError('ERR_BACKUP_DAMAGED', `"${name}" cannot be read ${why}.`, {
    step: 'check',
    hint: 'Nothing was changed. Use another backup: verifyBackup() tells which of them are good.',
    cause: error,
  });
}
