import fs from 'node:fs';
import path from 'node:path';
import { absolutePath } from '../../util/absolute-path.js';
import { BackupError } from '../../util/errors.js';

/** As many as Linux follows. */
const MAX_LINKS = 40;

/**
 * The path of the file that is meant, whether it exists or not: SQLite keeps the side files of a database with the file
 * itself, not with a link to it (https://sqlite.org/howtocorrupt.html, 2.5). A link whose target is lost stays a link.
 *
 * @throws BackupError `ERR_BACKUP_RESTORE_TARGET` if the folder of the file is missing
 */
export function realDatabase(database: string): string {
  let file = database;
  for (let links = 0; links < MAX_LINKS; links++) {
    file = path.join(realFolder(path.dirname(file)), path.basename(file));
    if (!fs.lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink()) return file;
    file = absolutePath(fs.readlinkSync(file), path.dirname(file));
  }
  throw refused(
    `"${database}" is a link that leads back to itself.`,
    'Mend the link, or correct the "database" option.',
  );
}

function realFolder(folder: string): string {
  if (!fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    throw refused(`There is no folder "${folder}".`, 'Create it, mount its disk, or correct the "database" option.');
  }
  return fs.realpathSync(folder);
}

/**
 * A file that is mounted by itself (into a container, say) can be written to, but neither renamed nor replaced.
 *
 * @throws BackupError `ERR_BACKUP_RESTORE_TARGET`
 */
export function refuseMountPoint(database: string): void {
  if (!mountPoints().includes(database)) return;
  throw refused(
    `"${database}" has to be replaced as a file, and it is mounted by itself.`,
    'Mount its folder instead, or restore to another file with "to", and put that in its place where the mounted file is.',
  );
}

/** On Linux, also those on the disk of their folder. Elsewhere the rename fails, and everything is taken back. */
function mountPoints(): string[] {
  if (process.platform !== 'linux') return [];
  const lines = fs.readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  // The fifth field, with blanks and the like as octal numbers: proc_pid_mountinfo(5).
  const unescape = (text: string): string =>
    text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
  return lines.map((line) => unescape(line.split(' ')[4] ?? ''));
}

function refused(what: string, hint: string): BackupError {
  return new BackupError('ERR_BACKUP_RESTORE_TARGET', what, { step: 'space', hint: `Nothing was changed. ${hint}` });
}
