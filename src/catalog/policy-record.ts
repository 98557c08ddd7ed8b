import crypto from 'node:crypto';
import path from 'node:path';
import { files } from '../util/file-work.js';
import type { FileWork } from '../util/file-work.js';
import { backupName, partialName, policyRecordName } from './backup-name.js';
import type { BackupFolder } from './list-backups.js';

// The retention policy that an app was given stands in its backup folder, so that others who prune there do not apply one of
// their own. What the policy means is known in `retention/`; here it is a JSON text, which crosses to the child process too.

/** A short hash of a policy, which the manifest of each backup of its owner has. Pure. */
export function policyDigest(policy: unknown): string {
  return crypto.createHash('sha256').update(JSON.stringify(policy)).digest('hex').slice(0, 16);
}

/**
 * Writes the app's policy into its folder, with the time, if another one or none stands there. After a crash the old record
 * or the new one is there.
 *
 * @param policy JSON, without a time
 * @param nameOf the name under which the record is written first; default: one that the next attempt sweeps after a crash
 * @returns is it there now? A folder that cannot be written is no failure of what else is being done
 */
export function* keepPolicyRecord(
  { directory, naming }: BackupFolder,
  database: string,
  policy: string,
  nameOf: (createdAt: Date) => string = (createdAt) =>
    path.join(directory, partialName(naming, backupName(naming, createdAt), crypto.randomBytes(6).toString('hex'))),
): FileWork<boolean> {
  const file = path.join(directory, policyRecordName(naming));
  const given = JSON.parse(policy) as object;
  try {
    if (isRecorded(yield* files.readSmall(file), given)) return true;
  } catch {
    // There is none, or what is there is no record: then it is replaced.
  }
  const now = new Date();
  try {
    const text = `${JSON.stringify({ ...given, at: now.toISOString() }, null, 2)}\n`;
    yield* files.replace(file, text, nameOf(now), [database, directory]);
    return true;
  } catch {
    return false;
  }
}

function isRecorded(text: string, given: object): boolean {
  const { at, ...recorded } = JSON.parse(text) as { at?: unknown };
  return typeof at === 'string' && JSON.stringify(recorded) === JSON.stringify(given);
}
