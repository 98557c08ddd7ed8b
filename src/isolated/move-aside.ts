import fs from 'node:fs';
import path from 'node:path';
import { backupName } from '../catalog/backup-name.js';
import { exists, flushFolder, keepUnderAnotherName } from './durable.js';

/** The database itself last: a database without what stands beside it is not whole. */
const SUFFIXES = ['-journal', '-wal', '-shm', ''];

/**
 * Gives each old file a second name: `app.db` also is `app.db.replaced-20261124_093000`, `app.db-wal` the same with `-wal`,
 * so that together they are a database again. Nothing is taken away yet.
 *
 * @returns the new names
 */
export function keepAside(database: string): string[] {
  const old = SUFFIXES.filter((suffix) => exists(database + suffix));
  for (let second = Date.now(); ; second += 1_000) {
    const aside = database + backupName({ prefix: '.replaced-', extension: '' }, new Date(second));
    if (SUFFIXES.some((suffix) => exists(aside + suffix))) continue;
    for (const suffix of old) keepUnderAnotherName(database + suffix, aside + suffix);
    flushFolder(path.dirname(database));
    return old.map((suffix) => aside + suffix);
  }
}

/** What stood beside the old database must be gone before a new one is there: SQLite would take it for a part of that. */
export function removeSideFiles(database: string): void {
  for (const suffix of SUFFIXES.slice(0, 3)) fs.rmSync(database + suffix, { force: true });
  flushFolder(path.dirname(database));
}
