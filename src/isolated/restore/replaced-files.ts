import fs from 'node:fs';
import path from 'node:path';
import { backupName } from '../../catalog/backup-name.js';
import { SIDE_FILES } from '../../catalog/side-files.js';
import { exists, flushFolder, linkOrCopy } from '../../util/durable-files.js';

/** The database itself last: a database without what stands beside it is not whole. */
const SUFFIXES = [...SIDE_FILES, ''];

/**
 * Gives each old file a second name: `app.db` also is `app.db.replaced-20261124_093000`, `app.db-wal` the same with `-wal`,
 * so that together they are a database again. Nothing is taken away yet.
 *
 * @returns the new names
 */
export async function linkAside(database: string): Promise<string[]> {
  const old = SUFFIXES.filter((suffix) => exists(database + suffix));
  for (let second = Date.now(); ; second += 1_000) {
    const aside = database + backupName({ prefix: '.replaced-', extension: '' }, new Date(second));
    if (SUFFIXES.some((suffix) => exists(aside + suffix))) continue;
    for (const suffix of old) await linkOrCopy(database + suffix, aside + suffix);
    await flushFolder(path.dirname(database));
    return old.map((suffix) => aside + suffix);
  }
}

/**
 * A restore that was killed before it took anything away has left a second name of the database. It must not stay: whoever
 * opened it would change the live database behind its back. Where side files went already, their copies need it.
 */
export function sweepSecondNames(database: string): void {
  if (!hasSecondName(database)) return;
  const { ino } = fs.statSync(database, { bigint: true });
  const folder = path.dirname(database);
  const start = `${path.basename(database)}.replaced-`;
  const isAside = (name: string): boolean => name.startsWith(start) && /^\d{8}_\d{6}$/.test(name.slice(start.length));
  for (const name of fs.readdirSync(folder).filter(isAside)) {
    const aside = path.join(folder, name);
    const alone = SIDE_FILES.every(
      (suffix) => !exists(aside + suffix) || (exists(database + suffix) && sameFile(aside + suffix, database + suffix)),
    );
    if (!alone || fs.statSync(aside, { bigint: true }).ino !== ino) continue;
    for (const suffix of SUFFIXES) fs.rmSync(aside + suffix, { force: true });
  }
}

export function hasSecondName(database: string): boolean {
  const stats = fs.statSync(database, { bigint: true, throwIfNoEntry: false });
  return stats !== undefined && stats.nlink > 1n;
}

function sameFile(a: string, b: string): boolean {
  return fs.statSync(a, { bigint: true }).ino === fs.statSync(b, { bigint: true }).ino;
}

/** What stood beside the old database must be gone before a new one is there: SQLite would take it for a part of that. */
export async function removeSideFiles(database: string): Promise<void> {
  for (const suffix of SIDE_FILES) fs.rmSync(database + suffix, { force: true });
  await flushFolder(path.dirname(database));
}
