import type { Backup } from '../catalog/backup.js';
import { BackupError } from '../util/errors.js';
import { copyExists } from '../stores/backup-store.js';
import type { CopySettings, StoreControl, StoredObject } from '../stores/backup-store.js';
import { listObjects, removeObject } from './store-calls.js';
import { parseCopyManifest } from './copy-manifest.js';
import type { CopyManifest } from './copy-manifest.js';
import { copyKey, copyManifestKey, copyStem, parseKey } from './copy-name.js';
import type { ShippedCopy } from './copy-record.js';
import type { Carrier } from './carrier.js';
import type { ObjectDigest } from '../stores/transfer.js';
import { once, putWatched, readText, same } from '../stores/transfer.js';

export interface Shipment {
  readonly carrier: Carrier;
  readonly settings: CopySettings;
  readonly host: string | undefined;
  readonly backup: Backup;
  /** An earlier put of this very object died on this machine, so what stands there without a manifest is ours. */
  readonly oursToReplace: boolean;
  /** Called when nothing stands in the way and the put begins. */
  readonly beforePut: () => Promise<void>;
}

/**
 * Ships a backup to a store: the object, read back; then its manifest, read back. A copy counts with its manifest, so that
 * a crash at any moment leaves a copy that counts and is right, or one that does not count.
 */
export async function shipOne(shipment: Shipment, control: StoreControl): Promise<ShippedCopy> {
  const { carrier, settings, host, backup } = shipment;
  const { store } = carrier;
  const key = copyKey(host, backup.name, settings);
  const manifestKey = copyManifestKey(host, backup.name);

  const adopted = await clearTheWay(shipment, control);
  if (adopted) return adopted;

  await shipment.beforePut();
  const encoded = await carrier.put(key, control);
  const found = await carrier.digest(key, control);
  if (!same(found, encoded)) {
    await removeObject(store, key, control);
    throw readBackDiffers(store.name, key, encoded, found);
  }
  const manifest = manifestOf(shipment, key, encoded);
  const text = Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`);
  await putWatched(store, manifestKey, once(text), { ...control, sizeBytes: text.byteLength });
  if ((await readText(store, manifestKey, control)) !== text.toString('utf8')) {
    await removeObject(store, manifestKey, control);
    throw readBackDiffers(store.name, manifestKey);
  }
  return shippedCopy(key, manifest);
}

/** Looks at what stands under the names of this copy. Returns the copy, if it is there already and right. */
async function clearTheWay(shipment: Shipment, control: StoreControl): Promise<ShippedCopy | undefined> {
  const { carrier, host, backup } = shipment;
  const { store } = carrier;
  const stem = copyStem(host, backup.name);
  const found = (await listObjects(store, `${stem}.`, control)).filter(({ key }) => {
    const parsed = parseKey(key);
    return parsed?.kind === 'manifest' || parsed?.name === backup.name;
  });
  const manifestKey = copyManifestKey(host, backup.name);
  const objects = found.filter(({ key }) => key !== manifestKey);
  if (!found.some(({ key }) => key === manifestKey)) {
    for (const object of objects) await removeLeftover(shipment, object, control);
    return undefined;
  }

  const text = await readText(store, manifestKey, control);
  const manifest = parseCopyManifest(text, backup.name);
  if (!manifest && isRecord(text)) throw notOurs(store.name, manifestKey);
  const object = manifest && objects.find(({ key }) => key === siblingOf(manifestKey, manifest.copy.object));
  if (manifest && object) {
    // It may be the only copy that another machine of the same name has: it is left alone.
    if (manifest.sha256 !== backup.sha256) throw copyExists(store.name, object.key);
    const { sizeBytes, sha256 } = manifest.copy;
    if (same(await carrier.digest(object.key, control), { sizeBytes, sha256 }))
      return shippedCopy(object.key, manifest);
  }
  // A copy of this backup that is damaged, or a manifest whose object is gone. We hold the good one. The object goes first:
  // what a crash in between leaves is then still known as ours.
  for (const { key } of objects) await removeObject(store, key, control);
  await removeObject(store, manifestKey, control);
  return undefined;
}

/** An object without a manifest: a shipping that died, or one under way elsewhere that is about to put its manifest. */
async function removeLeftover(shipment: Shipment, object: StoredObject, control: StoreControl): Promise<void> {
  const ageMs = Date.now() - object.modifiedAt.getTime();
  if (!shipment.oursToReplace && ageMs < UNDER_WAY_MS) {
    throw new BackupError(
      'ERR_BACKUP_COPY_EXISTS',
      `"${object.key}" is in "${shipment.carrier.store.name}" without its manifest, and is not an hour old.`,
      {
        step: 'ship',
        hint: 'Another machine seems to be shipping it under the same name: give each a "host" of its own. It is tried again.',
      },
    );
  }
  await removeObject(shipment.carrier.store, object.key, control);
}

const UNDER_WAY_MS = 3_600_000;

/** Is it JSON that somebody wrote on purpose, and no manifest that has rotted? */
function isRecord(text: string): boolean {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' && value !== null;
  } catch {
    return false;
  }
}

/** The manifest of a backup, where the store is a backup folder; of another database's copy; of a later version. */
function notOurs(store: string, key: string): BackupError {
  return new BackupError('ERR_BACKUP_COPY_EXISTS', `"${key}" is in "${store}", and is no manifest of this copy.`, {
    step: 'ship',
    hint:
      'Nothing was touched. Give the store a folder or prefix in which nothing else is: no folder of backups, and not the ' +
      'copies of another database.',
  });
}

function manifestOf({ backup, settings, host }: Shipment, key: string, encoded: ObjectDigest): CopyManifest {
  return {
    ...backup.manifest!,
    copy: {
      object: key.slice(key.lastIndexOf('/') + 1),
      ...(host !== undefined && { host }),
      sizeBytes: encoded.sizeBytes,
      sha256: encoded.sha256,
      ...(settings.compress && { compress: settings.compress }),
      ...(settings.encrypt && { recipients: settings.encrypt.recipients }),
      shippedAt: new Date().toISOString(),
    },
  };
}

export function shippedCopy(key: string, manifest: CopyManifest): ShippedCopy {
  const { createdAt, verified, copy } = manifest;
  return {
    key,
    createdAt,
    shippedAt: copy.shippedAt,
    sizeBytes: copy.sizeBytes,
    sha256: copy.sha256,
    ...(verified && { verified }),
    protected: manifest.protected,
  };
}

/** Another file in the folder of `key`. */
export function siblingOf(key: string, file: string): string {
  return key.slice(0, key.lastIndexOf('/') + 1) + file;
}

function readBackDiffers(store: string, key: string, put?: ObjectDigest, found?: ObjectDigest): BackupError {
  const sizes = put && found ? ` (${put.sizeBytes} bytes were put, ${found.sizeBytes} came back)` : '';
  return new BackupError('ERR_BACKUP_COPY_DAMAGED', `"${key}" in "${store}" is not what was put there${sizes}.`, {
    step: 'ship',
    hint: 'It was removed and is shipped again. If it happens twice, look at the store, its disk or the proxy before it.',
  });
}
