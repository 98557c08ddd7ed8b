import fs from 'node:fs';
import { BackupError, isBackupError, messageOf, systemCode } from '../../util/errors.js';
import type { BackupErrorCode, BackupStep } from '../../util/errors.js';
import type { ChildRequest } from '../../child/protocol.js';
import { isFull, noSpace } from './free-space.js';
import type { Work } from './free-space.js';

/** Turns what SQLite or the system said into an error of this package: what happened, and what to do. */
export function explain(error: unknown, step: BackupStep, request: ChildRequest): BackupError {
  if (isBackupError(error)) return error;
  const code = systemCode(error);
  const said = messageOf(error);
  const directory = 'directory' in request ? request.directory : '';
  const wrap = (as: BackupErrorCode, what: string, hint: string): BackupError =>
    new BackupError(as, `${what} (${code ? `${code}: ` : ''}${said}).`, { step, hint, cause: error });

  if (isFull(error, directory)) return noSpace(workOf(request), directory, 'copy', said, error);
  if (/^(MODULE_NOT_FOUND|ERR_DLOPEN_FAILED)$/.test(code) || CANNOT_LOAD.test(said)) {
    return wrap('ERR_BACKUP_CHILD_FAILED', 'better-sqlite3 could not be loaded', LOAD_HINT);
  }

  if ('source' in request && ['space', 'pin'].includes(step)) {
    return wrap('ERR_BACKUP_SOURCE_FAILED', 'The database could not be read', 'Look at the cause, then try again.');
  }
  switch (step) {
    case 'lock':
    case 'sweep':
    case 'due':
      if (/^(EACCES|EPERM|EROFS|SQLITE_READONLY|SQLITE_CANTOPEN)/.test(code) && !isWritable(directory)) {
        return wrap(
          'ERR_BACKUP_DIRECTORY_NOT_WRITABLE',
          `The backup folder "${directory}" cannot be written`,
          'Give this process write permission on it, or set the "directory" option to a folder that it may write.',
        );
      }
      return wrap(
        'ERR_BACKUP_LOCK_FAILED',
        `The lock file in "${directory}" cannot be used`,
        'Delete the ".…_backup.lock" file while no backup is running; the folder must be on a disk that supports locks.',
      );
    case 'space':
    case 'pin':
      return explainSource(request.database, code, wrap);
    case 'import':
      return wrap(
        'ERR_BACKUP_IMPORT',
        `"${request.kind === 'import' ? request.called : ''}" could not be read`,
        'Nothing was kept of it. Check that the file is there and may be read.',
      );
    case 'block-writers':
      return wrap(
        'ERR_BACKUP_RESTORE_TARGET',
        `"${request.database}" cannot be written`,
        'Nothing was changed. Give this process write permission on the file and its folder, and check the disk.',
      );
    case 'copy':
      if (/^SQLITE_(CORRUPT|NOTADB|IOERR_READ|IOERR_SHORT_READ|IOERR_CORRUPTFS)/.test(code)) {
        return explainSource(request.database, code, wrap);
      }
      return wrap('ERR_BACKUP_WRITE_FAILED', `Writing the copy in "${directory}" failed`, DISK_HINT);
    case 'verify':
      if (request.kind === 'verify') return wrap('ERR_BACKUP_UNREADABLE', unread(request), UNREAD_HINT);
      return wrap('ERR_BACKUP_VERIFY_FAILED', `The copy in "${directory}" could not be checked`, DISK_HINT);
    case 'check':
    case 'drill':
      return wrap('ERR_BACKUP_UNREADABLE', unread(request), UNREAD_HINT);
    case 'restore':
    case 'compare':
    case 'replace':
      return wrap(
        'ERR_BACKUP_RESTORE_FAILED',
        `The restore failed in step "${step}"`,
        'The old database or the restored one is there, whole; no old file was deleted. Check the disk and try again.',
      );
    case 'diff':
    case 'where':
    case 'plan':
    case 'recover':
    case 'query':
      return wrap(
        'ERR_BACKUP_RECOVER_FAILED',
        'The rows could not be read or written',
        'The database is as it was. Check the disk, and "verify" the backup.',
      );
    default:
      return wrap('ERR_BACKUP_WRITE_FAILED', `Step "${step}" failed in "${directory}"`, DISK_HINT);
  }
}

function workOf(request: ChildRequest): Work {
  return request.kind === 'verify' && request.level === 'drill' ? 'drill' : request.kind;
}

function isWritable(directory: string): boolean {
  try {
    fs.accessSync(directory, fs.constants.W_OK | fs.constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function unread(request: ChildRequest): string {
  return `"${'name' in request ? request.name : request.database}" could not be checked`;
}

const UNREAD_HINT =
  'Nothing is known of it now, and nothing was recorded. Check the disk and the permissions, and try again.';
const CANNOT_LOAD =
  /bindings file|dlopen|NODE_MODULE_VERSION|undefined symbol|not a valid Win32|invalid ELF|v8::|napi_/i;

/** Bun and Deno load add-ons of Node-API only, which better-sqlite3 is from version 13 on. */
const LOAD_HINT =
  process.versions['bun'] !== undefined || process.versions['deno'] !== undefined
    ? 'Bun and Deno need better-sqlite3 13 or newer: install it, for example with "npm install better-sqlite3@13".'
    : 'Run "npm rebuild better-sqlite3" with the Node version that runs the app, and allow its install script.';

const DISK_HINT = 'Check the disk and the permissions of the backup folder. Existing backups were not touched.';

function explainSource(
  database: string,
  code: string,
  wrap: (as: BackupErrorCode, what: string, hint: string) => BackupError,
): BackupError {
  if (code.startsWith('SQLITE_NOTADB')) {
    return wrap(
      'ERR_BACKUP_SOURCE_INVALID',
      `"${database}" is not a SQLite database`,
      'Correct the "database" option. If it was a database once (or is an encrypted one), keep the backups you have.',
    );
  }
  if (code.startsWith('SQLITE_CORRUPT')) {
    return wrap(
      'ERR_BACKUP_SOURCE_CORRUPT',
      `"${database}" is damaged`,
      'Run PRAGMA integrity_check on it and keep the backups you have: they were not touched.',
    );
  }
  return wrap(
    'ERR_BACKUP_SOURCE_UNREADABLE',
    `"${database}" cannot be read`,
    'Give this process read permission on the file and, in WAL mode, write permission on its folder; then check the disk.',
  );
}
