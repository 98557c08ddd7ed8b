import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { removeQuietly } from '../../util/durable-files.js';
import { Damaged } from '../verify/check-backup.js';
import type { CheckedBackup } from '../verify/check-backup.js';
import { contentHash } from '../shared/content-hash.js';

/** Where a new file grows until it is whole: in the folder of its final name. */
export function stagedPath(target: string): string {
  const token = crypto.randomBytes(6).toString('hex');
  return path.join(path.dirname(target), `.${path.basename(target)}.${token}.partial`);
}

/** A copy of the backup that holds every page of it, or nothing. */
export function copyWhole(backup: CheckedBackup, target: string): void {
  fs.copyFileSync(backup.file, target, fs.constants.COPYFILE_EXCL);
  fs.chmodSync(target, 0o600);
  if (contentHash(target, backup.facts) !== backup.contentHash) {
    throw new Damaged(backup.name, ['it could not be read the same way twice']);
  }
}

/** What restores that were killed have left for this target. */
export function stagedFor(target: string): string[] {
  const folder = path.dirname(target);
  const start = `.${path.basename(target)}.`;
  return fs
    .readdirSync(folder)
    .filter((name) => name.startsWith(start) && /^[0-9a-f]{12}\.partial/.test(name.slice(start.length)))
    .map((name) => path.join(folder, name));
}

/** Under the lock of that folder. */
export function sweepStaged(target: string): void {
  stagedFor(target).forEach(removeQuietly);
}
