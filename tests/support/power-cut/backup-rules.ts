// What must hold of the backups in a folder, whenever the power went.
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { Manifest } from 'sqlite-autobackup';
import { backupNames } from '../whole-backups';
import type { Cut } from './check-states';

/** The manifest of a backup; `undefined`: there is none; `'torn'`: it cannot be read. */
export function manifestIn(folder: string, name: string): Manifest | 'torn' | undefined {
  const file = path.join(folder, name.replace(/db$/, 'json'));
  if (!fs.existsSync(file)) return undefined;
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8')) as Manifest;
  } catch {
    return 'torn';
  }
}

export function hashIn(folder: string, name: string): string {
  return crypto
    .createHash('sha256')
    .update(fs.readFileSync(path.join(folder, name)))
    .digest('hex');
}

/**
 * Lists each file under a final name that is not one of the `whole` ones, or that its manifest does not describe. A disk that
 * keeps no order of names may lose a manifest that was published a moment before its backup, as long as nothing was answered:
 * the backup is then like one that another program has made.
 */
export function* brokenBackups(
  folder: string,
  whole: ReadonlySet<string>,
  { answered, model }: Cut,
): Generator<string, void> {
  for (const name of backupNames(folder)) {
    const hash = hashIn(folder, name);
    const manifest = manifestIn(folder, name);
    if (!whole.has(hash)) yield 'a final name has lost or torn data';
    if (manifest === undefined) {
      if (answered || model !== 'strict') yield 'a backup has no manifest';
    } else if (manifest === 'torn') yield 'a backup has a torn manifest';
    else if (manifest.sha256 !== hash) yield 'a manifest is not that of its backup';
  }
}
