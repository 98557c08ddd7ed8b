import fs from 'node:fs';
import path from 'node:path';
import { backupName } from '../../catalog/backup-name.js';
import { SIDE_FILES } from '../../catalog/side-files.js';
import { exists, flushFolder, linkOrCopy, renameNoReplace } from '../../util/durable-files.js';
import type { Undo } from './failures.js';

/** The database itself comes last: without its side files it is not whole. */
const SUFFIXES = [...SIDE_FILES, ''];

/**
 * Gives each old file a second name: `app.db` also is `app.db.replaced-20261124_093000`, `app.db-wal` the same with `-wal`,
 * so that together they are a database again. Then the side files lose their first names: SQLite would take them for a part of
 * the new database.
 *
 * @returns the new names
 */
export async function moveAside(database: string, undo: Undo): Promise<string[]> {
  const old = SUFFIXES.filter((suffix) => exists(database + suffix));
  const aside = freeName(database);
  for (const suffix of old) {
    const [file, second] = [database + suffix, aside + suffix];
    const isLink = await linkOrCopy(file, second);
    undo.push({ what: `"${second}" is a second name of the file`, run: () => putBack(second, file, isLink) });
  }
  await flushFolder(path.dirname(database));
  for (const suffix of SIDE_FILES) fs.rmSync(database + suffix, { force: true });
  await flushFolder(path.dirname(database));
  return old.map((suffix) => aside + suffix);
}

function freeName(database: string): string {
  for (let second = Date.now(); ; second += 1_000) {
    const aside = database + backupName({ prefix: '.replaced-', extension: '' }, new Date(second));
    if (!SUFFIXES.some((suffix) => exists(aside + suffix))) return aside;
  }
}

async function putBack(second: string, file: string, isLink: boolean): Promise<void> {
  if (!exists(file)) await renameNoReplace(second, file);
  else if (!isLink || inodeOf(second) === inodeOf(file)) fs.unlinkSync(second);
  else throw new Error(`another "${file}" was made meanwhile`);
}

/**
 * A restore that was killed before it took anything away has left a second name of the database. It must not stay: whoever
 * opened it would change the live database behind its back. Where side files are gone already, their copies need it.
 */
export function sweepSecondNames(database: string): void {
  if (!hasSecondName(database)) return;
  const inode = inodeOf(database);
  const folder = path.dirname(database);
  const start = `${path.basename(database)}.replaced-`;
  const isAside = (name: string): boolean => name.startsWith(start) && /^\d{8}_\d{6}$/.test(name.slice(start.length));
  for (const name of fs.readdirSync(folder).filter(isAside)) {
    const aside = path.join(folder, name);
    const isAlone = SIDE_FILES.every(
      (suffix) => !exists(aside + suffix) || inodeOf(aside + suffix) === inodeOf(database + suffix),
    );
    if (!isAlone || inodeOf(aside) !== inode) continue;
    for (const suffix of SUFFIXES) fs.rmSync(aside + suffix, { force: true });
  }
}

export function hasSecondName(database: string): boolean {
  const stats = fs.statSync(database, { bigint: true, throwIfNoEntry: false });
  return stats !== undefined && stats.nlink > 1n;
}

/** `undefined`: there is no such file. */
export function inodeOf(file: string): bigint | undefined {
  return fs.statSync(file, { bigint: true, throwIfNoEntry: false })?.ino;
}
