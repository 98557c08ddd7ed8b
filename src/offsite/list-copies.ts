import type { VerifyLevel } from '../catalog/manifest.js';
import { isFromTheFuture, recordedTime } from '../catalog/backup.js';
import { backupNaming, parseBackupName } from '../catalog/backup-name.js';
import type { BackupStore, StoreControl, StoredObject } from '../stores/backup-store.js';
import { throwIfAborted } from '../stores/backup-store.js';
import { isBackupError } from '../util/errors.js';
import type { BackupError } from '../util/errors.js';
import { asBackupError, listObjects } from './store-calls.js';
import { parseCopyManifest } from './copy-manifest.js';
import type { CopyManifest } from './copy-manifest.js';
import { parseKey } from './copy-name.js';
import type { ParsedKey } from './copy-name.js';
import { siblingOf } from './ship-one.js';
import { readText } from '../stores/transfer.js';

/** A copy in a store. */
export interface RemoteCopy {
  /** The name of the backup: `app_backup_20261124_093000.db`. */
  readonly name: string;
  readonly host: string | undefined;
  readonly store: string;
  readonly key: string;
  readonly createdAt: Date;
  /** The size of the object as it is stored. */
  readonly storedBytes: number;
  /** The size of the backup; `undefined` without a manifest. */
  readonly sizeBytes?: number;
  readonly sha256?: string;
  readonly label?: string;
  readonly verified?: VerifyLevel;
  readonly shippedAt?: Date;
  readonly compress?: 'gzip' | 'zstd';
  /** The age recipients that its manifest names; absent: not encrypted. */
  readonly recipients?: readonly string[];
  readonly protected: boolean;
  readonly manifest?: CopyManifest;
  /** Why it counts as no copy and is neither pulled nor pruned. */
  readonly problem?: CopyProblem;
}

/** The reason why a listed copy does not count as one. */
export type CopyProblem =
  /** Its shipping broke off, or is under way. */
  | 'no manifest'
  | 'unreadable manifest'
  /** Its size is not the one its manifest records. */
  | 'damaged'
  /** It was taken more than a minute ahead of this clock, if its manifest and its name are right. */
  | 'dated in the future'
  /** The store encrypts its copies, and this is a plain one: anybody who can write there could have made it. */
  | 'not encrypted'
  /** This machine's own record says that it shipped something else under this name. */
  | 'not the copy that was shipped';

/** The options of `listCopies()`. */
export interface ListCopiesOptions extends StoreControl {
  /** Lists the copies of this host only; `''`: only those without a host. Default: all hosts. */
  readonly host?: string | undefined;
  /** Only those of a database of this file name: `'app.db'`. Default: of all databases. */
  readonly database?: string | undefined;
}

/** The copies in a store, newest first, those with a problem among them; files of others are passed over. */
export async function listCopies(store: BackupStore, options: ListCopiesOptions = {}): Promise<RemoteCopy[]> {
  const groups = (await lookAtStore(store, options)).filter(({ objects }) => objects.length > 0);
  let read = 0;
  const failures: BackupError[] = [];
  const found = await inParallel(groups, async (group) => {
    const text = await manifestText(store, group, options);
    if (!isBackupError(text) || text.code === 'ERR_BACKUP_COPY_DAMAGED') read++;
    // An object that cannot be read is an entry with a problem. If none can be read, the store has failed.
    else if (failures.push(text) >= AT_ONCE && read === 0) throw text;
    return group.objects.map((object) => toCopy(store, group, object, text));
  });
  if (failures[0] && read === 0) throw failures[0];
  return found.flat().sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime() || (a.key < b.key ? 1 : -1));
}

/** The objects that a store has under a backup's name. Anybody may have put a second object there. */
export interface CopyGroup {
  readonly stem: string;
  readonly host: string | undefined;
  readonly objects: readonly KeyedObject[];
  readonly manifest: StoredObject | undefined;
}

export interface KeyedObject extends StoredObject {
  readonly parsed: ParsedKey;
}

/** Lists a store and groups its objects by backup. */
export async function lookAtStore(
  store: BackupStore,
  { host, database, signal }: ListCopiesOptions,
): Promise<CopyGroup[]> {
  const naming = database === undefined ? undefined : backupNaming(database);
  const prefix = host === undefined || host === '' ? '' : `${host}/`;
  const groups = new Map<string, CopyGroup & { objects: KeyedObject[]; manifest: StoredObject | undefined }>();
  const start = prefix + (host !== undefined && naming ? naming.prefix : '');
  for (const object of await listObjects(store, start, { signal })) {
    const parsed = parseKey(object.key);
    if (!parsed || (host !== undefined && (parsed.host ?? '') !== host)) continue;
    if (naming && parsed.prefix !== naming.prefix) continue;
    if (naming && parsed.kind === 'object' && !parseBackupName(naming, parsed.name)) continue;
    const id = `${parsed.host ?? ''}/${parsed.stem}`;
    const group = groups.get(id) ?? { stem: parsed.stem, host: parsed.host, objects: [], manifest: undefined };
    groups.set(id, group);
    if (parsed.kind === 'manifest') group.manifest = object;
    else group.objects.push({ ...object, parsed });
  }
  return [...groups.values()];
}

/** The text of a group's manifest, `undefined` where it has none, or why it cannot be read. */
async function manifestText(
  store: BackupStore,
  { manifest }: CopyGroup,
  { signal }: StoreControl,
): Promise<string | undefined | BackupError> {
  if (!manifest) return undefined;
  try {
    return await readText(store, manifest.key, { signal });
  } catch (error) {
    throwIfAborted(signal);
    // Removed since it was listed.
    return isBackupError(error, 'ERR_BACKUP_COPY_NOT_FOUND') ? undefined : asBackupError(error, store.name);
  }
}

/** The manifest of the backup `name` in a group, or `undefined` where it has none, or none that can be read. */
export async function manifestOf(
  store: BackupStore,
  group: CopyGroup,
  name: string,
  control: StoreControl,
): Promise<CopyManifest | undefined> {
  const text = await manifestText(store, group, control);
  return typeof text === 'string' ? parseCopyManifest(text, name) : undefined;
}

function toCopy(
  store: BackupStore,
  { host }: CopyGroup,
  object: KeyedObject,
  text: string | undefined | BackupError,
): RemoteCopy {
  const { key, sizeBytes, parsed } = object;
  const manifest = typeof text === 'string' ? parseCopyManifest(text, parsed.name) : undefined;
  const createdAt = timeOf(object, manifest);
  const recipients = manifest?.copy.recipients ?? [];
  const problem = problemOf(object, text, manifest, createdAt, store.settings?.encrypt !== undefined);
  return {
    name: parsed.name,
    host,
    store: store.name,
    key,
    createdAt,
    storedBytes: sizeBytes,
    ...(parsed.compress && { compress: parsed.compress }),
    ...(parsed.encrypted && { recipients }),
    ...(manifest && {
      sizeBytes: manifest.sizeBytes,
      sha256: manifest.sha256,
      shippedAt: new Date(manifest.copy.shippedAt),
      manifest,
    }),
    ...(manifest?.label !== undefined && { label: manifest.label }),
    ...(manifest?.verified && { verified: manifest.verified }),
    protected: manifest?.protected ?? false,
    ...(problem && { problem }),
  };
}

function problemOf(
  { key, sizeBytes, parsed }: KeyedObject,
  text: string | undefined | BackupError,
  manifest: CopyManifest | undefined,
  createdAt: Date,
  mustBeEncrypted: boolean,
): CopyProblem | undefined {
  if (mustBeEncrypted && !parsed.encrypted) return 'not encrypted';
  if (text === undefined) return 'no manifest';
  if (!manifest) return 'unreadable manifest';
  const { copy } = manifest;
  // The manifest of another object of the same stem (app.db, app.sqlite) says nothing about this one.
  if (siblingOf(key, copy.object) !== key) return 'no manifest';
  if (copy.compress !== parsed.compress || (copy.recipients !== undefined) !== parsed.encrypted) {
    return 'unreadable manifest';
  }
  if (copy.sizeBytes !== sizeBytes) return 'damaged';
  return isFromTheFuture(createdAt, Date.now()) ? 'dated in the future' : undefined;
}

/** When it was taken, or put into the store where even its name does not tell. */
function timeOf({ parsed, modifiedAt }: KeyedObject, manifest: CopyManifest | undefined): Date {
  const { prefix, name, stem } = parsed;
  const named = parseBackupName({ prefix, extension: name.slice(stem.length) }, name);
  if (named) return new Date(recordedTime(named, manifest));
  return manifest ? new Date(manifest.createdAt) : modifiedAt;
}

const AT_ONCE = 8;

/** Some at the same time, results in order; the first failure ends it. */
export async function inParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  let failed = false;
  const worker = async (): Promise<void> => {
    while (next < items.length && !failed) {
      const index = next++;
      try {
        results[index] = await work(items[index]!);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker));
  return results;
}
