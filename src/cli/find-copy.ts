import path from 'node:path';
import { chooseCopy } from '../offsite/choose-copy.js';
import { hostOf } from '../offsite/copy-name.js';
import { listCopies, pullBackup } from '../index.js';
import type { Backup, BackupService, SnapshotControl } from '../index.js';
import type { Context } from './context.js';
import { openStore, readIdentities, readMoment } from './store-option.js';
import type { StoreFlags } from './store-option.js';
import { usageError } from './usage-error.js';

export interface FoundCopy {
  /** As the backup that it becomes. */
  readonly asBackup: Backup;
  /** Brings it into the backup folder, unless it is there. */
  fetch(control: SnapshotControl): Promise<void>;
}

export function wantsCopy({ from, before, host, identity }: StoreFlags): boolean {
  if (from !== undefined) return true;
  if (before === undefined && host === undefined && identity === undefined) return false;
  throw usageError('--before, --host and --identity are for copies in a store.', 'Say which store with --from.');
}

/** A copy that is to be restored. It is fetched only when the person has said yes. */
export async function findCopy(
  context: Context,
  service: BackupService,
  name: string,
  flags: StoreFlags,
): Promise<FoundCopy> {
  const store = await openStore(context, flags.from);
  const identities = readIdentities(flags.identity);
  const database = path.basename(service.database);
  const hosts = flags.host ?? (service.copies.includes(store) ? (hostOf(store.settings ?? {}) ?? '') : undefined);
  const wish = { name, before: readMoment(flags.before), host: hosts, database };
  const copy = chooseCopy(await listCopies(store, { host: hosts, database, signal: context.signal }), wish, store.name);
  const { sizeBytes, label } = copy.manifest;
  return {
    asBackup: {
      name: copy.name,
      path: path.join(service.directory, copy.name),
      createdAt: copy.createdAt,
      sizeBytes,
      protected: copy.protected,
      ...(label !== undefined && { label }),
    },
    async fetch({ signal, onProgress }) {
      const here = (await service.listBackups()).find((backup) => backup.name === copy.name);
      if (here && !here.problem && here.sha256 === copy.manifest.sha256) return;
      const progress = onProgress && {
        onProgress: (done: { doneBytes: number; totalBytes: number }) => onProgress({ step: 'pull', ...done }),
      };
      const host = copy.host ?? '';
      await pullBackup({
        from: store,
        name: copy.name,
        host,
        database,
        identities,
        signal,
        to: service.directory,
        ...progress,
      });
    },
  };
}
