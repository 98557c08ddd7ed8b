import fs from 'node:fs';
import path from 'node:path';
import { childUnfit } from '../child/start-child.js';
import { BESIDE_THIS_FILE } from '../util/absolute-path.js';
import { BackupError, messageOf, systemCode } from '../util/errors.js';
import { files } from '../util/file-work.js';
import type { FileWork } from '../util/file-work.js';
import type { ResolvedOptions } from './options.js';

/**
 * Says what is wrong with the set-up, as far as that can be seen without opening a file; `undefined`: nothing. The database need not
 * exist yet.
 */
export function* findSetUpFault(options: ResolvedOptions): FileWork<BackupError | undefined> {
  if (!options.enabled) return undefined;
  const { database, source, directory } = options;
  const databaseFolder = path.dirname(database);
  const parent = yield* lookAt(databaseFolder);
  if (parent !== 'folder' && !source) {
    return new BackupError('ERR_BACKUP_SOURCE_MISSING', `${notAFolder(databaseFolder, parent)} for the database.`, {
      step: 'options',
      hint: remedy(options, 'Correct the "database" option.'),
    });
  }
  const place = directory === databaseFolder ? parent : yield* lookAt(directory);
  if (place !== 'folder') {
    return new BackupError('ERR_BACKUP_DIRECTORY_MISSING', `${notAFolder(directory, place)} for the backups.`, {
      step: 'options',
      hint: remedy(options, 'Create it, mount its disk, or correct the "directory" option.'),
    });
  }
  try {
    yield* files.access(directory, fs.constants.R_OK | fs.constants.W_OK | fs.constants.X_OK);
  } catch (cause) {
    return new BackupError(
      'ERR_BACKUP_DIRECTORY_NOT_WRITABLE',
      `The backup folder "${directory}" cannot be written (${messageOf(cause)}).`,
      {
        step: 'options',
        hint: 'Give this process write permission on it, or set the "directory" option to a folder that it may write.',
        cause,
      },
    );
  }
  return options.ownSnapshotter ? undefined : childUnfit();
}

function* lookAt(folder: string): FileWork<'folder' | 'file' | 'missing' | 'unknown'> {
  try {
    const stats = yield* files.stat(folder);
    return stats === undefined ? 'missing' : stats.isDirectory() ? 'folder' : 'file';
  } catch (error) {
    return systemCode(error) === 'ENOTDIR' ? 'missing' : 'unknown';
  }
}

function notAFolder(folder: string, found: 'file' | 'missing' | 'unknown'): string {
  if (found === 'missing') return `There is no folder "${folder}"`;
  return found === 'file'
    ? `"${folder}" is a file, not a folder`
    : `"${folder}" cannot be looked at by this process, a folder`;
}

/** A relative path that leads nowhere is most often one that was counted from another working directory. */
function remedy({ relativeTo }: Pick<ResolvedOptions, 'relativeTo'>, otherwise: string): string {
  if (relativeTo === undefined) return otherwise;
  return (
    `The path is relative, and the working directory is "${relativeTo}": start the app in the folder that the path counts ` +
    `from, or make it absolute: ${BESIDE_THIS_FILE}.`
  );
}

/** The error of an attempt, with the remedy for a wrong working directory where that may be the reason. */
export function withWorkingDirectory(error: BackupError, options: Pick<ResolvedOptions, 'relativeTo'>): BackupError {
  const { code, what, step, hint, cause } = error;
  const { relativeTo } = options;
  if (relativeTo === undefined) return error;
  if (code === 'ERR_BACKUP_DIRECTORY_MISSING') {
    return new BackupError(code, what, { step, hint: remedy(options, hint), cause });
  }
  if (code !== 'ERR_BACKUP_SOURCE_MISSING') return error;
  return new BackupError(code, what, { step, hint: `${hint} The working directory is "${relativeTo}".`, cause });
}
