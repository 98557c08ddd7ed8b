import { listObjects } from '../../offsite/store-calls.js';
import { isBackupError, messageOf } from '../../util/errors.js';
import type { Backup, BackupCopy, BackupService, BackupStore } from '../../index.js';
import { ago, count } from '../format.js';
import { failWith, ok, warn } from './check.js';
import type { Check } from './check.js';

/** The longest that a store may take to answer a listing. */
const ANSWER_MS = 15_000;

/** For each store: whether it answers, and which backups it lacks, with the reason of the last failure. */
export async function checkCopies(
  service: BackupService,
  backups: readonly Backup[],
  now: number,
  signal: AbortSignal,
): Promise<Check[]> {
  if (service.copies.length === 0) {
    return [
      warn(
        'copies',
        'Every backup is on this computer only: if it breaks or is stolen, they are gone with it.',
        'Set "copies" in the configuration: another disk or object storage (docs/off-site.md).',
      ),
    ];
  }
  return Promise.all(service.copies.map((store) => checkStore(store, backups, now, signal)));
}

async function checkStore(
  store: BackupStore,
  backups: readonly Backup[],
  now: number,
  signal: AbortSignal,
): Promise<Check> {
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
    // There is no such key; the question is whether the store answers.
    await listObjects(store, 'autobackup-doctor', { signal: limit });
  } catch (error) {
    const known = isBackupError(error) && error.code !== 'ERR_BACKUP_CANCELLED';
    return failWith(
      'copies',
      known
        ? error
        : {
            what: `"${store.name}" does not answer (${messageOf(error)}).`,
            hint: 'Look at the network.',
          },
    );
  }
  const copyOf = (backup: Backup): BackupCopy | undefined => backup.copies?.find((copy) => copy.store === store.name);
  const pending = backups.filter((backup) => copyOf(backup)?.state === 'pending');
  const copied = backups.filter((backup) => copyOf(backup)?.state === 'copied').length;
  if (pending.length === 0)
    return ok('copies', `${store.name} answers, and has ${copied} of ${count(backups.length, 'backup')}.`);
  const error = pending.map((backup) => copyOf(backup)?.error).find((text) => text !== undefined);
  const oldest = ago(now - pending.at(-1)!.createdAt.getTime());
  return warn(
    'copies',
    `${store.name} lacks ${count(pending.length, 'backup')}, the oldest taken ${oldest}.${error === undefined ? '' : ` ${error}`}`,
    'The app copies them in the background; or now: sqlite-autobackup ship',
  );
}
