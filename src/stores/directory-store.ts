import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { createNew, flushFolder, flushHandle, renameNoReplace } from '../util/durable-files.js';
import { BackupError, isBackupError, messageOf, systemCode } from '../util/errors.js';
import { ownerLike } from '../util/file-owner.js';
import { isRecord } from '../util/is-record.js';
import { isPath } from '../util/method-options.js';
import { validate } from '../util/validate.js';
import type { Valibot } from '../util/validate.js';
import { copyExists, copyNotFound, ensureKey, storeCancelled, throwIfAborted, withRecipe } from './backup-store.js';
import type { BackupStore, CopySettings, PutControl, StoredObject } from './backup-store.js';
import { copySettingEntries, copySettings } from './copy-settings.js';

/** Unfinished objects. A key never begins a segment like this by chance: keys are names of backups. */
const PARTIAL = /^\.partial-[0-9a-f]{16}$/;
/** A partial this old belongs to nobody that still lives. */
const ABANDONED_MS = 24 * 3_600_000;

/**
 * Copies in another folder: of another disk, or of a network mount. The folder must exist, so that a disk that is not
 * mounted is an error and no empty store; folders below it are made. Files have the mode 0600.
 *
 * @throws BackupError `ERR_BACKUP_OPTIONS`
 */
export function directoryStore(directory: string, options: CopySettings = {}): BackupStore {
  // What is no object would become one by the path alone.
  validate('directoryStore', schemaOf, isRecord(options) ? { ...options, path: directory } : options);
  const root = path.resolve(directory);
  const fileOf = (key: string): string => {
    ensureKey(key);
    return path.join(root, ...key.split('/'));
  };
  const store: BackupStore = {
    name: root,
    settings: copySettings(options),

    async list(prefix, { signal } = {}) {
      throwIfAborted(signal);
      const found: StoredObject[] = [];
      await explained(root, root, () => walk(root, '', prefix, found, signal));
      return found;
    },

    async put(key, body, control = {}) {
      const file = fileOf(key);
      await explained(root, key, async () => {
        await makeFolders(root, key);
        await removeAbandoned(path.dirname(file));
        if (await isThere(file)) throw copyExists(root, key);
        await writeExclusively(file, body, control, () => copyExists(root, key));
      });
    },

    async open(key, { signal } = {}) {
      const file = fileOf(key);
      throwIfAborted(signal);
      return explained(root, key, async () => {
        // This look makes a missing object the error of open(), not of the first read. A link is not an object, and is not listed either.
        await ensureRealFolders(root, key);
        if (!(await fs.promises.lstat(file)).isFile()) throw copyNotFound(root, key);
        return read(root, key, file, signal);
      });
    },

    async remove(key, { signal } = {}) {
      const file = fileOf(key);
      throwIfAborted(signal);
      await explained(root, key, async () => {
        // A disk that is not mounted has not "already removed" it.
        await fs.promises.access(root);
        await ensureRealFolders(root, key);
        await fs.promises.rm(file, { force: true });
        await flushFolder(path.dirname(file)).catch(ifGone);
      });
    },
  };
  return withRecipe(store, { module: __filename, name: 'directoryStore', args: [root] });
}

/**
 * Makes the folders of a key, and flushes each in its parent, also one that was there: whoever made it may have died before
 * that. Root's belong to the owner of the folder that they are in.
 */
async function makeFolders(root: string, key: string): Promise<void> {
  let folder = root;
  for (const segment of key.split('/').slice(0, -1)) {
    const parent = folder;
    folder = path.join(parent, segment);
    const made = await fs.promises.mkdir(folder, { mode: 0o700 }).then(
      () => true,
      (error: unknown) => {
        if (systemCode(error) !== 'EEXIST') throw error;
        return false;
      },
    );
    await ensureRealFolder(folder);
    const owner = made ? await ownerLike(parent) : undefined;
    if (owner) await fs.promises.lchown(folder, owner.uid, owner.gid).catch(() => {});
    await flushFolder(parent);
  }
}

async function ensureRealFolders(root: string, key: string): Promise<void> {
  let folder = root;
  for (const segment of key.split('/').slice(0, -1)) await ensureRealFolder((folder = path.join(folder, segment)));
}

/** Refuses links: whoever can write in the store must not lead somebody with more rights out of it. */
async function ensureRealFolder(folder: string): Promise<void> {
  const stats = await fs.promises.lstat(folder).catch(ifGone);
  if (!stats || stats.isDirectory()) return;
  throw Object.assign(new Error(`"${folder}" is not a folder`), { code: 'ENOTDIR' });
}

function isThere(file: string): Promise<boolean> {
  return fs.promises
    .lstat(file)
    .then(() => true, ifGone)
    .then((there) => there ?? false);
}

// eslint-disable-next-line @typescript-eslint/explicit-function-return-type -- the type is what valibot infers
function schemaOf(v: Valibot) {
  return v.strictObject({
    path: v.custom<string>(isPath, 'the path of a folder, no address'),
    ...copySettingEntries(v),
  });
}

async function walk(
  root: string,
  inside: string,
  prefix: string,
  found: StoredObject[],
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const entry of await fs.promises.readdir(path.join(root, inside), { withFileTypes: true })) {
    throwIfAborted(signal);
    const key = inside === '' ? entry.name : `${inside}/${entry.name}`;
    if (entry.isDirectory()) {
      if (key.startsWith(prefix) || prefix.startsWith(`${key}/`)) await walk(root, key, prefix, found, signal);
    } else if (entry.isFile() && key.startsWith(prefix) && !PARTIAL.test(entry.name)) {
      const stats = await fs.promises.stat(path.join(root, key)).catch(ifGone);
      if (stats) found.push({ key, sizeBytes: stats.size, modifiedAt: stats.mtime });
    }
  }
}

/** The object may be removed between two calls: then it counts as not there. */
function ifGone(error: unknown): undefined {
  if (systemCode(error) !== 'ENOENT') throw error;
}

/** Writes under a name that is not listed, flushes, and then gives it its own name, which must be free. */
async function writeExclusively(
  file: string,
  body: AsyncIterable<Uint8Array>,
  { signal }: PutControl,
  exists: () => BackupError,
): Promise<void> {
  const partial = path.join(path.dirname(file), `.partial-${crypto.randomBytes(8).toString('hex')}`);
  try {
    const handle = await createNew(partial, await ownerLike(path.dirname(file)));
    try {
      for await (const chunk of body) {
        throwIfAborted(signal);
        await handle.writeFile(chunk);
      }
      throwIfAborted(signal);
      await flushHandle(handle);
    } finally {
      await handle.close();
    }
    if (!(await renameNoReplace(partial, file))) throw exists();
    await flushFolder(path.dirname(file));
  } finally {
    await fs.promises.rm(partial, { force: true });
  }
}

async function removeAbandoned(folder: string): Promise<void> {
  for (const name of await fs.promises.readdir(folder)) {
    if (!PARTIAL.test(name)) continue;
    const file = path.join(folder, name);
    const stats = await fs.promises.stat(file).catch(ifGone);
    if (stats && Date.now() - stats.mtimeMs > ABANDONED_MS) await fs.promises.rm(file, { force: true });
  }
}

async function* read(
  root: string,
  key: string,
  file: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void> {
  let handle: fs.promises.FileHandle | undefined;
  try {
    // Windows has no O_NOFOLLOW: there it is undefined, and counts as 0.
    handle = await fs.promises.open(file, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW);
    for (;;) {
      throwIfAborted(signal);
      // A buffer of its own each time: whoever reads may keep it.
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } catch (error) {
    throw explain(root, key, error);
  } finally {
    await handle?.close();
  }
}

const CHUNK_BYTES = 256 * 1024;

async function explained<T>(root: string, key: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw explain(root, key, error);
  }
}

function explain(root: string, key: string, cause: unknown): BackupError {
  if (isBackupError(cause)) return cause;
  if ((cause as Error | null)?.name === 'AbortError') return storeCancelled(cause);
  const code = systemCode(cause);
  const rootMissing = !fs.statSync(root, { throwIfNoEntry: false })?.isDirectory();
  if (rootMissing) {
    return new BackupError('ERR_BACKUP_STORE_MISSING', `The folder "${root}" of the store is not there.`, {
      step: 'store',
      hint: 'Mount its disk or create it: the store makes no folder of its own, so that copies never land on the wrong disk.',
      cause,
    });
  }
  if (code === 'ENOENT') return copyNotFound(root, key, cause);
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new BackupError('ERR_BACKUP_STORE_DENIED', `"${root}": ${messageOf(cause)}.`, {
      step: 'store',
      hint: 'Give this process read and write permission on the folder, and check that its disk is not mounted read-only.',
      cause,
    });
  }
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new BackupError('ERR_BACKUP_STORE_FULL', `The disk of "${root}" is full (${messageOf(cause)}).`, {
      step: 'store',
      hint: 'Free some room there, or set "retention" for the store, such as keep({ last: 20 }).',
      cause,
    });
  }
  return new BackupError('ERR_BACKUP_STORE_FAILED', `"${key}" in "${root}": ${messageOf(cause)}.`, {
    step: 'store',
    hint: 'Look at the disk or the network mount of the folder.',
    cause,
  });
}
