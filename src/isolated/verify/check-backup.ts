import fs from 'node:fs';
import Database from 'better-sqlite3';
import { distrust } from '../shared/distrust.js';
import type { Backup } from '../../catalog/backup.js';
import { readBackup } from '../../catalog/list-backups.js';
import type { BackupFolder } from '../../catalog/list-backups.js';
import type { Manifest, VerifyLevel } from '../../catalog/manifest.js';
import { BackupError, messageOf } from '../../util/errors.js';
import { checkDatabase } from './check-database.js';
import { lookTwice, meaningOfError } from './sqlite-answers.js';
import { contentHash } from '../shared/content-hash.js';
import { exists } from '../../util/durable-files.js';
import { readFacts } from '../shared/database-facts.js';
import type { SourceFacts } from '../shared/database-facts.js';
import { headerProblems, readHeader } from '../../util/database-header.js';
import { sealWithSideFiles } from '../backup/seal.js';
import { hashFile } from '../shared/sha256.js';
import { partialPath, removePartial } from '../shared/temp-files.js';

/** A backup that may be restored. */
export interface CheckedBackup {
  readonly name: string;
  /** The file to read: the backup itself, or a private copy of it. One file in DELETE mode, with nothing beside it. */
  readonly file: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly facts: SourceFacts;
  readonly contentHash: string;
  readonly manifest: Manifest | undefined;
  /** Removes the private copy, if there is one. */
  dispose(): Promise<void>;
}

/** @throws BackupError `ERR_BACKUP_DAMAGED` */
export async function checkBackup(folder: BackupFolder, name: string): Promise<CheckedBackup> {
  const backup = readBackup(folder, name, Date.now());
  if (!backup) {
    throw new BackupError('ERR_BACKUP_NOT_FOUND', `There is no backup "${name}" in "${folder.directory}".`, {
      step: 'check',
      hint: 'It was deleted meanwhile; listBackups() has the names.',
    });
  }
  const { manifest } = backup;
  const { sizeBytes, sha256, problems } = await compareWithManifest(backup.path, manifest);
  if (problems.length > 0) throw new Damaged(name, problems);

  let staged: string | undefined;
  const dispose = async (): Promise<void> => {
    if (staged !== undefined) await removePartial(staged);
  };
  try {
    if (needsStaging(backup.path)) staged = await stage(folder, backup.path, manifest !== undefined);
    const file = staged ?? backup.path;
    // Without a hash to compare with, SQLite's word is all there is: then in full.
    const level = manifest ? 'quick' : 'full';
    const facts = lookTwice(() => checkStructure(file, name, level));
    return { name, file, sizeBytes, sha256, facts, contentHash: contentHash(file, facts), manifest, dispose };
  } catch (error) {
    await dispose();
    throw meaningOfError(error) === 'damage' ? new Damaged(name, [messageOf(error)], error) : error;
  }
}

/** Size, sha256 and header, and what is wrong with them. Without a manifest the header alone says how large it must be. */
export async function compareWithManifest(
  file: string,
  manifest: Manifest | undefined,
): Promise<{ sizeBytes: number; sha256: string; problems: string[] }> {
  const { size: sizeBytes } = fs.statSync(file);
  const sha256 = await hashFile(file);
  const problems: string[] = [];
  if (manifest && manifest.sizeBytes !== sizeBytes) {
    problems.push(`it has ${sizeBytes} bytes, its manifest records ${manifest.sizeBytes}`);
  }
  if (manifest && manifest.sha256 !== sha256) problems.push('its sha256 is not the one in its manifest');
  // Beside a plain copy, a WAL holds the rest of it.
  if (manifest || !exists(`${file}-wal`)) problems.push(...headerProblems(readHeader(file), sizeBytes));
  return { sizeBytes, sha256, problems };
}

/**
 * Plain copies of a WAL database (the original made such) are in WAL mode: reading one writes beside it. And SQLite takes
 * whatever `-wal` or `-journal` it finds beside a file for a part of it.
 */
export function needsStaging(file: string): boolean {
  const header = readHeader(file);
  return header[18] === 2 || header[19] === 2 || SIDE_FILES.some((suffix) => exists(file + suffix));
}

const SIDE_FILES = ['-wal', '-journal'];

/** A copy in DELETE mode. What stands beside a backup with a manifest is none of it: the hash is of the file alone. */
async function stage(folder: BackupFolder, file: string, fileAlone: boolean): Promise<string> {
  const partial = partialPath(folder, new Date());
  try {
    for (const suffix of ['', ...(fileAlone ? [] : SIDE_FILES)]) {
      if (exists(file + suffix)) fs.copyFileSync(file + suffix, partial + suffix, fs.constants.COPYFILE_EXCL);
    }
    await sealWithSideFiles(partial);
    return partial;
  } catch (error) {
    await removePartial(partial);
    throw error;
  }
}

/** Is the file of another program no whole database? Looks at its header, its size, and what quick_check says. */
export async function findsDamage(folder: BackupFolder, { name, path: file }: Backup): Promise<boolean> {
  let staged: string | undefined;
  try {
    const { size } = fs.statSync(file);
    if (!exists(`${file}-wal`) && headerProblems(readHeader(file), size).length > 0) return true;
    if (needsStaging(file)) staged = await stage(folder, file, false);
    lookTwice(() => checkStructure(staged ?? file, name, 'quick'));
    return false;
  } catch (error) {
    if (error instanceof Damaged || meaningOfError(error) === 'damage') return true;
    throw error;
  } finally {
    if (staged !== undefined) await removePartial(staged);
  }
}

function checkStructure(file: string, name: string, level: VerifyLevel): SourceFacts {
  const db = new Database(file, { readonly: true, fileMustExist: true });
  try {
    distrust(db);
    const { problems } = checkDatabase(db, level);
    if (problems.length > 0) throw new Damaged(name, problems);
    return readFacts(db);
  } finally {
    db.close();
  }
}

/** The same error for the user, with its findings one by one for a drill's report. */
export class Damaged extends BackupError {
  constructor(
    name: string,
    readonly problems: readonly string[],
    cause?: unknown,
  ) {
    super('ERR_BACKUP_DAMAGED', `"${name}" is damaged: ${problems.join('; ')}.`, {
      step: 'check',
      hint: 'Nothing was changed. Restore another backup: verifyBackup() tells which of them are good.',
      cause,
    });
  }
}
