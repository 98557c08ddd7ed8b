import fs from 'node:fs';
import path from 'node:path';
import { parseBackupName } from '../../catalog/backup-name.js';
import type { BackupFolder } from '../../catalog/list-backups.js';
import { SIDE_FILES } from '../../catalog/side-files.js';
import { BackupError, isBackupError, messageOf, systemCode } from '../../util/errors.js';
import type { CheckedBackup } from '../verify/check-backup.js';
import { exists, flushFile, flushFolder, partialBeside, renameNoReplace } from '../../util/durable-files.js';
import { ownerLike } from '../../util/file-owner.js';
import { copyWhole } from '../shared/copy-whole.js';
import { ensureSpace } from '../shared/free-space.js';
import { beginStep } from '../shared/steps.js';
import { announcePartialBeside, removePartial, sweepBeside } from '../shared/temp-files.js';

/** Restores into a file that does not exist yet: it appears whole, or not at all. */
export async function restoreTo(target: string, backup: CheckedBackup, folder: BackupFolder): Promise<void> {
  beginStep('restore');
  try {
    refuseTarget(target, folder);
  } catch (error) {
    // A link that leads in a circle (ELOOP), say.
    if (isBackupError(error)) throw error;
    const what = `"${target}" cannot be restored to (${messageOf(error)}).`;
    throw refused(what, 'Choose another path; nothing was written.', error);
  }
  await sweepBeside(target);
  ensureSpace('restore', [{ folder: path.dirname(target), bytes: backup.sizeBytes }]);
  const staged = announcePartialBeside(target);
  let isThere = false;
  try {
    await copyWhole(backup, staged, { owner: await ownerLike(path.join(folder.directory, backup.name)) });
    await flushFile(staged);
    isThere = await renameNoReplace(staged, target);
    if (!isThere) throw taken(target, target);
    await flushFolder(path.dirname(target));
  } catch (error) {
    throw notRestoredTo(target, isThere, error);
  } finally {
    await removePartial(staged);
  }
}

/** The longest name that Linux, macOS and Windows allow. */
const MAX_NAME_BYTES = 255;

function refuseTarget(target: string, { directory, naming }: BackupFolder): void {
  // It is written under a longer name first.
  const room = MAX_NAME_BYTES - path.basename(partialBeside('')).length;
  if (Buffer.byteLength(path.basename(target)) > room) {
    throw refused(`The name of "${target}" is too long.`, `Choose one of at most ${room} bytes.`);
  }
  const folder = path.dirname(target);
  const stats = fs.statSync(folder, { throwIfNoEntry: false });
  if (!stats?.isDirectory()) {
    throw refused(`The folder "${folder}" ${stats ? 'is not a folder' : 'does not exist'}.`, 'Create it first.');
  }
  try {
    fs.accessSync(folder, fs.constants.W_OK | fs.constants.X_OK);
  } catch (error) {
    throw refused(`The folder "${folder}" cannot be written (${systemCode(error)}).`, 'Give write permission on it.');
  }
  // SQLite would take a side file that stands there for a part of the new database.
  const existing = ['', ...SIDE_FILES].map((suffix) => target + suffix).find(exists);
  if (existing !== undefined) throw taken(target, existing);
  const suffix = SIDE_FILES.find((each) => target.endsWith(each));
  if (suffix !== undefined) {
    const main = target.slice(0, -suffix.length);
    throw refused(`SQLite would take "${target}" for a part of "${main}".`, 'Choose another name, or another folder.');
  }
  if (folder === directory && parseBackupName(naming, path.basename(target))) {
    throw refused(`"${target}" would be taken for a backup.`, 'Choose another name, or another folder.');
  }
}

function notRestoredTo(target: string, isThere: boolean, error: unknown): unknown {
  // The disk is full: said of the folder in the words that a backup has for it.
  if (isBackupError(error) || /^(ENOSPC|EDQUOT)/.test(systemCode(error))) return error;
  const said = `${systemCode(error)} ${messageOf(error)}`.trim();
  const what = isThere ? `"${target}" was restored, but its folder` : `"${target}"`;
  return new BackupError('ERR_BACKUP_RESTORE_FAILED', `${what} could not be written (${said}).`, {
    step: 'restore',
    hint: isThere
      ? 'It is there, whole, but a power cut may take it away again. Check the disk.'
      : 'It is not there, and the live database was not touched. Check the disk, or choose another one.',
    cause: error,
  });
}

function taken(target: string, existing: string): BackupError {
  return refused(
    `"${target}" cannot be restored to: "${existing}" exists.`,
    'Nothing is ever overwritten: choose another path, or leave "to" out to restore into the live database.',
  );
}

function refused(what: string, hint: string, cause?: unknown): BackupError {
  return new BackupError('ERR_BACKUP_RESTORE_TARGET', what, { step: 'restore', hint, cause });
}
