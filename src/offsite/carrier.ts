import type { ShipRequest } from '../child/ship-protocol.js';
import type { BackupStore, StoreControl, StoredObject } from '../stores/backup-store.js';
import { encodedBackup } from '../stores/encoded-backup.js';
import { digestObject, once, putDigested } from '../stores/transfer.js';
import type { ObjectDigest } from '../stores/transfer.js';
import type { ShipChild } from './ship-child.js';

/** Takes one backup to one store. */
export interface Carrier {
  /** The store, for what is small: manifests, lists, removals. */
  readonly store: BackupStore;
  /** Puts the copy, and says what was put. Rejects where the backup is not what its manifest records. */
  put(key: string, control: StoreControl): Promise<ObjectDigest>;
  /** Reads an object of the store and says what it is. */
  digest(key: string, control: StoreControl): Promise<ObjectDigest>;
}

/**
 * The child does the work where a recipe lets it make the store. Otherwise (a client, a function for credentials, a store of
 * the app's own) this process does it: a finished backup is not the live database, so it may be read here.
 */
export function carrierFor(store: BackupStore, request: ShipRequest, child: ShipChild): Carrier {
  if (!request.recipe) {
    return {
      store,
      put: (key, control) =>
        putDigested(store, key, encodedBackup(request), { ...control, sizeBytes: request.sizeBytes }),
      digest: (key, control) => digestObject(store, key, control),
    };
  }
  return {
    store: storeInChild(store, child),
    put: (key, control) => child.ask({ type: 'put', key }, control),
    digest: (key, control) => child.ask({ type: 'digest', key }, control),
  };
}

/** The same store, whose calls the child makes. Bodies and contents are texts of at most 1 MB. */
function storeInChild(store: BackupStore, child: ShipChild): BackupStore {
  return {
    name: store.name,
    async list(prefix, control = {}) {
      const objects = await child.ask<readonly StoredObject[]>({ type: 'list', prefix }, control);
      return objects.map((object) => ({ ...object, modifiedAt: new Date(object.modifiedAt) }));
    },
    async put(key, body, control = {}) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of body) chunks.push(chunk);
      await child.ask({ type: 'write', key, text: Buffer.concat(chunks).toString() }, control);
    },
    open: async (key, control = {}) => once(Buffer.from(await child.ask<string>({ type: 'read', key }, control))),
    remove: (key, control = {}) => child.ask({ type: 'remove', key }, control),
    ...(store.sweep && { sweep: (prefix, control = {}) => child.ask({ type: 'sweep', prefix }, control) }),
  };
}
