import type { VerifyLevel } from '../catalog/manifest.js';
import { isFromTheFuture, recordedTime } from '../catalog/backup.js';
import { backupNaming, parseBackupName } from '../catalog/backup-name.js';
import type { BackupStore, StoreControl, StoredObject } from '../stores/backup-store.js';
import { listObjects } from './store-calls.js';
import { parseCopyManifest } from './copy-manifest.js';
import type { CopyManifest } from './copy-manifest.js';
import { parseKey } from './copy-name.js';
import type { ParsedKey } from './copy-name.js';
import { siblingOf } from './ship-one.js';
import { readText } from '../stores/transfer.js';

/** One copy in a store. */
export interface RemoteCopy {
  /** Of the backup: `app_backup_20261124_093000.db`. */
  readonly name: string;
  readonly host: string | undefined;
  readonly store: string;
  readonly key: string;
  readonly createdAt: Date;
  /** Of the object, as it is stored. */
  readonly storedBytes: number;
  /** Of the backup; `undefined` without a manifest. */
  readonly sizeBytes?: number;
  readonly sha256?: string;
  readonly label?: string;
  readonly verified?: VerifyLevel;
  readonly shippedAt?: Date;
  readonly compress?: 'gzip' | 'zstd';
  /** The age recipients; absent: not encrypted. */
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
  /** Its time is more than a minute ahead of this machine's clock. */
  | 'dated in the future'
  /** Its size is not the one its manifest records. */
  | 'damaged';

/** Which copies `listCopies()` lists. */
export interface ListCopiesOptions extends StoreControl {
  /** Only those of this host; `''`: only those without a host. Default: of all hosts. */
  readonly host?: string | undefined;
  /** Only those of a database of this file name: `'app.db'`. Default: of all databases. */
  readonly database?: string | undefined;
}

/** The copies in a store, newest first, those with a problem among them; files of others are passed over. */
export async function listCopies(store: BackupStore, options: ListCopiesOptions = {}): Promise<RemoteCopy[]> {
  const { groups } = await lookAtStore(store, options);
  const withObjects = groups.filter(({ object }) => object);
  const copies = await inParallel(withObjects, async (group) =>
    toCopy(store, group, await manifestOf(store, group, group.object!.parsed.name, options)),
  );
  return copies.sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime() || (a.key < b.key ? 1 : -1));
}

/** What stands in a store under one backup's name. */
export interface CopyGroup {
  readonly stem: string;
  readonly host: string | undefined;
  readonly object: (StoredObject & { readonly parsed: ParsedKey }) | undefined;
  readonly manifest: StoredObject | undefined;
}

/** One listing, put in order. */
export async function lookAtStore(
  store: BackupStore,
  { host, database, signal }: ListCopiesOptions,
): Promise<{ groups: CopyGroup[] }> {
  const naming = database === undefined ? undefined : backupNaming(database);
  const prefix = host === undefined || host === '' ? '' : `${host}/`;
  const groups = new Map<string, { -readonly [K in keyof CopyGroup]: CopyGroup[K] }>();
  const start = prefix + (host !== undefined && naming ? naming.prefix : '');
  for (const object of await listObjects(store, start, { signal })) {
    const parsed = parseKey(object.key);
    if (!parsed || (host !== undefined && (parsed.host ?? '') !== host)) continue;
    if (naming && parsed.prefix !== naming.prefix) continue;
    if (naming && parsed.kind === 'object' && !parseBackupName(naming, parsed.name)) continue;
    const id = `${parsed.host ?? ''}/${parsed.stem}`;
    const group = groups.get(id) ?? { stem: parsed.stem, host: parsed.host, object: undefined, manifest: undefined };
    groups.set(id, group);
    if (parsed.kind === 'manifest') group.manifest = object;
    else group.object = { ...object, parsed };
  }
  return { groups: [...groups.values()] };
}

/** The manifest of the backup `name` in a group, `'unreadable'`, or `undefined` where it has none. */
export async function manifestOf(
  store: BackupStore,
  { manifest }: CopyGroup,
  name: string,
  { signal }: StoreControl,
): Promise<CopyManifest | 'unreadable' | undefined> {
  if (!manifest) return undefined;
  return parseCopyManifest(await readText(store, manifest.key, { signal }), name) ?? 'unreadable';
}

function toCopy(store: BackupStore, group: CopyGroup, found: CopyManifest | 'unreadable' | undefined): RemoteCopy {
  const { key, sizeBytes, parsed, modifiedAt } = group.object!;
  const manifest = found === 'unreadable' ? undefined : found;
  const nameTime = timeOf(parsed);
  const recorded = nameTime ? new Date(recordedTime(nameTime, manifest)) : undefined;
  const createdAt = recorded ?? (manifest ? new Date(manifest.createdAt) : modifiedAt);
  const problem =
    problemOf(group, found) ?? (isFromTheFuture(createdAt, Date.now()) ? 'dated in the future' : undefined);
  return {
    name: parsed.name,
    host: group.host,
    store: store.name,
    key,
    createdAt,
    storedBytes: sizeBytes,
    ...((manifest ? manifest.copy.compress : parsed.compress) && {
      compress: manifest?.copy.compress ?? parsed.compress!,
    }),
    ...(manifest?.copy.recipients && { recipients: manifest.copy.recipients }),
    ...(!manifest && parsed.encrypted && { recipients: [] }),
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

function problemOf(group: CopyGroup, manifest: CopyManifest | 'unreadable' | undefined): CopyProblem | undefined {
  if (manifest === undefined) return 'no manifest';
  if (manifest === 'unreadable') return 'unreadable manifest';
  const { key, sizeBytes } = group.object!;
  // The manifest of another object of the same stem (app.db, app.sqlite) says nothing about this one.
  if (siblingOf(key, manifest.copy.object) !== key) return 'no manifest';
  return manifest.copy.sizeBytes === sizeBytes ? undefined : 'damaged';
}

/** The local time in the name, where nothing better is known. */
function timeOf({ prefix, name, stem }: ParsedKey): Date | undefined {
  return parseBackupName({ prefix, extension: name.slice(stem.length) }, name);
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
