import { applyRetention } from '../retention/apply-retention.js';
import { newestFirst } from '../catalog/backup.js';
import { parseBackupName } from '../catalog/backup-name.js';
import type { StoreControl } from '../stores/backup-store.js';
import { asBackupError, removeObject } from './store-calls.js';
import { copyManifestKey } from './copy-name.js';
import type { CopyRecord, ShippedCopy } from './copy-record.js';
import { inParallel, lookAtStore, manifestOf } from './list-copies.js';
import type { CopyGroup } from './list-copies.js';
import type { ShipTarget } from './ship-target.js';
import { asBackup } from './pending.js';
import { shippedCopy, siblingOf } from './ship-one.js';
import type { BackupError } from '../util/errors.js';

export interface Reconciled {
  readonly record: CopyRecord;
  readonly removed: readonly string[];
  readonly kept: number;
  readonly failed: readonly { readonly name: string; readonly error: BackupError }[];
}

/**
 * Compares the record with what the store really has, and then applies the store's retention. Only after a success and
 * under the store's lock. The laws of local retention hold: a listing that fails removes nothing; the newest good copy,
 * protected ones, those with a problem and files of others stay; an empty policy removes nothing.
 */
export async function reconcile(
  target: ShipTarget,
  database: string,
  record: CopyRecord,
  localNames: ReadonlySet<string>,
  locallyProtected: ReadonlySet<string>,
  control: StoreControl,
): Promise<Reconciled> {
  const { store, settings, host } = target;
  const groups = await lookAtStore(store, { ...control, host: host ?? '', database });
  const there = await knownCopies(target, record, groups, control);
  await removeOrphanManifests(target, groups, control);

  const shipped = new Map<string, ShippedCopy>(there);
  for (const [name, copy] of Object.entries(record.shipped)) {
    if (copy.removedAt !== undefined && localNames.has(name) && !there.has(name)) shipped.set(name, copy);
  }
  const now = new Date();
  const removed: string[] = [];
  const failed: { name: string; error: BackupError }[] = [];
  if (settings.retention) {
    const copies = [...there].map(([name, copy]) => ({
      ...asBackup(name, copy, now),
      protected: copy.protected || locallyProtected.has(name),
    }));
    const { remove } = applyRetention(settings.retention, copies.sort(newestFirst), now);
    for (const { name } of remove) {
      const copy = there.get(name)!;
      try {
        // The object first: a manifest without its object is known as ours and goes the next time.
        await removeObject(store, copy.key, control);
        await removeObject(store, copyManifestKey(host, name), control);
        removed.push(name);
        shipped.delete(name);
        if (localNames.has(name)) shipped.set(name, { ...copy, removedAt: new Date().toISOString() });
      } catch (error) {
        failed.push({ name, error: asBackupError(error, store.name) });
      }
    }
  }
  return {
    record: { ...record, shipped: Object.fromEntries(shipped) },
    removed,
    kept: there.size - removed.length,
    failed,
  };
}

/** Whole copies that the store has: as the record knows them, or else by their manifests. */
async function knownCopies(
  { store }: ShipTarget,
  record: CopyRecord,
  groups: readonly CopyGroup[],
  control: StoreControl,
): Promise<Map<string, ShippedCopy>> {
  const found = await inParallel(groups, async (group): Promise<readonly [string, ShippedCopy][]> => {
    // The encodings of one backup have one name; those of databases with another extension were left out.
    const [name] = group.objects.map(({ parsed }) => parsed.name);
    if (!group.manifest || name === undefined) return [];
    const known = record.shipped[name];
    const same = group.objects.find(({ key, sizeBytes }) => key === known?.key && sizeBytes === known.sizeBytes);
    if (known && same && known.removedAt === undefined) return [[name, known]];
    const manifest = await manifestOf(store, group, name, control);
    const object = group.objects.find(({ key }) => manifest && siblingOf(key, manifest.copy.object) === key);
    return manifest && object?.sizeBytes === manifest.copy.sizeBytes ? [[name, shippedCopy(object.key, manifest)]] : [];
  });
  return new Map(found.flat());
}

/** A removal that broke off between the two. No shipping leaves one: there the manifest comes last. */
async function removeOrphanManifests(
  { store, naming }: ShipTarget,
  groups: readonly CopyGroup[],
  control: StoreControl,
): Promise<void> {
  for (const group of groups.filter(({ objects, manifest }) => manifest && objects.length === 0)) {
    const name = group.stem + naming.extension;
    if (!parseBackupName(naming, name)) continue;
    // Another database of the same stem (app.db, app.sqlite) has manifests under the same keys. Those stay.
    const manifest = await manifestOf(store, group, name, control);
    if (manifest) await removeObject(store, group.manifest!.key, control);
  }
}
