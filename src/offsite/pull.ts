import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { formatManifest } from '../catalog/manifest.js';
import type { Manifest } from '../catalog/manifest.js';
import { SIDE_FILES } from '../catalog/side-files.js';
import { flushFolder, renameNoReplace } from '../util/durable-files.js';
import { BackupError, isBackupError, messageOf, systemCode } from '../util/errors.js';
import type { BackupStore, StoreControl } from '../stores/backup-store.js';
import { throwIfAborted } from '../stores/backup-store.js';
import { callSafely } from '../util/call-safely.js';
import { asBackupError } from './store-calls.js';
import { chooseCopy } from './choose-copy.js';
import { decode } from '../stores/codec.js';
import type { CopyManifest } from './copy-manifest.js';
import { copyManifestKey } from './copy-name.js';
import { listCopies } from './list-copies.js';
import type { RemoteCopy } from './list-copies.js';
import { StallTimer } from '../stores/transfer.js';

/** Options of `pullBackup()`. */
export interface PullOptions extends StoreControl {
  readonly from: BackupStore;
  /** A backup's name, or `'latest'` (default). */
  readonly name?: string | undefined;
  /** With `'latest'`: the newest one that was taken before this moment. */
  readonly before?: Date | undefined;
  /** Whose copies. Needed only where the store has those of several hosts. */
  readonly host?: string | undefined;
  /** The file name of the database, `'app.db'`. Needed only where the store has copies of several databases. */
  readonly database?: string | undefined;
  /** The file to write, which must not exist; or a folder, in which it gets its own name and its manifest beside it. */
  readonly to: string;
  /** age identities (`'AGE-SECRET-KEY-1…'`), for copies that are encrypted. */
  readonly identities?: readonly string[] | undefined;
  /** Called as the bytes arrive. A function that throws is passed over. */
  readonly onProgress?: ((progress: PullProgress) => void) | undefined;
}

/** How far a pull is. */
export interface PullProgress {
  /** Of the object, as it is stored. */
  readonly doneBytes: number;
  readonly totalBytes: number;
}

/** What a pull brought back, and where it is. */
export interface PullReport {
  readonly name: string;
  readonly host: string | undefined;
  readonly store: string;
  readonly key: string;
  /** What was written. */
  readonly path: string;
  readonly createdAt: Date;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly durationMs: number;
}

/** Brings a copy back: decrypted, decompressed, its size and hash those of the backup that was taken. */
export async function pullBackup(options: PullOptions): Promise<PullReport> {
  const startedAt = performance.now();
  throwIfAborted(options.signal);
  const { from: store, to } = options;
  const intoFolder = fs.statSync(to, { throwIfNoEntry: false })?.isDirectory() ?? false;
  if (!intoFolder) ensureFree(path.resolve(to));
  const copies = await listCopies(store, options);
  const copy = chooseCopy(copies, options, store.name);
  const target = path.resolve(intoFolder ? path.join(to, copy.name) : to);
  ensureFree(target);
  const { sizeBytes, sha256 } = copy.manifest;
  await fetchInto(store, copy, target, options);
  if (intoFolder) await writeManifest(path.dirname(target), copy);
  return {
    name: copy.name,
    host: copy.host,
    store: store.name,
    key: copy.key,
    path: target,
    createdAt: copy.createdAt,
    sizeBytes,
    sha256,
    durationMs: Math.round(performance.now() - startedAt),
  };
}

type WholeCopy = RemoteCopy & { readonly manifest: CopyManifest };

async function fetchInto(
  store: BackupStore,
  copy: WholeCopy,
  target: string,
  { identities = [], signal, onProgress }: PullOptions,
): Promise<void> {
  const partial = `${target}.${crypto.randomBytes(6).toString('hex')}.partial`;
  const watch = new StallTimer(signal);
  const { manifest } = copy;
  const hash = crypto.createHash('sha256');
  let stored = 0;
  let bytes = 0;
  async function* received(): AsyncGenerator<Uint8Array, void> {
    try {
      for await (const chunk of await store.open(copy.key, { signal: watch.signal })) {
        watch.moved();
        stored += chunk.byteLength;
        callSafely(() => onProgress?.({ doneBytes: stored, totalBytes: copy.storedBytes }));
        yield chunk;
      }
    } catch (error) {
      // Told apart from what goes wrong where it is written.
      throw asBackupError(error, store.name);
    }
  }
  const tally = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.byteLength;
      hash.update(chunk);
      // An object that unpacks to more than it should must not fill the disk.
      if (bytes > manifest.sizeBytes)
        done(new Error(`it holds more than the ${manifest.sizeBytes} bytes of the backup`));
      else done(null, chunk);
    },
  });
  try {
    const { compress, recipients } = copy;
    const decoded = decode(received(), { compress, recipients }, identities, copy.key);
    // Opened before anything can fail: a stream that is given up while it opens its file leaves it behind.
    const file = await fs.promises.open(partial, 'wx', 0o600);
    try {
      const write = async (source: AsyncIterable<Buffer>): Promise<void> => {
        for await (const chunk of source) await file.appendFile(chunk);
      };
      await pipeline(decoded, tally, write, { signal: watch.signal });
      const found = hash.digest('hex');
      if (bytes !== manifest.sizeBytes || found !== manifest.sha256) {
        throw new Error(`it holds ${bytes} bytes with the sha256 ${found.slice(0, 12)}…, not those of the backup`);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    if (!(await renameNoReplace(partial, target))) throw targetExists(target);
    await flushFolder(path.dirname(target));
  } catch (error) {
    throw explain(error, copy, target, signal);
  } finally {
    watch.close();
    fs.rmSync(partial, { force: true });
  }
}

/** Refused before anything is fetched: an existing file, and side files that SQLite would take for the new one's. */
function ensureFree(target: string): void {
  for (const suffix of ['', ...SIDE_FILES]) {
    if (!fs.lstatSync(target + suffix, { throwIfNoEntry: false })) continue;
    throw targetExists(target + suffix);
  }
}

function targetExists(file: string): BackupError {
  return new BackupError('ERR_BACKUP_PULL_TARGET', `"${file}" exists.`, {
    step: 'pull',
    hint: 'Nothing is overwritten: move it aside, or pull to another path. For a database in use, restore instead.',
  });
}

/** As it stood beside the backup, so that a folder that was pulled into is a backup folder. */
async function writeManifest(folder: string, copy: WholeCopy): Promise<void> {
  const manifest: { copy?: unknown } = { ...copy.manifest };
  delete manifest.copy;
  const file = path.join(folder, copyManifestKey(undefined, copy.name));
  await fs.promises
    .writeFile(file, formatManifest(manifest as Manifest), { flag: 'wx', mode: 0o600 })
    .catch((error: unknown) => {
      if (systemCode(error) !== 'EEXIST') throw error;
    });
}

function explain(error: unknown, copy: RemoteCopy, target: string, signal: AbortSignal | undefined): unknown {
  throwIfAborted(signal);
  if (isBackupError(error)) return error;
  const code = systemCode(error);
  if (/^E[A-Z]+$/.test(code)) {
    return new BackupError('ERR_BACKUP_WRITE_FAILED', `"${target}" could not be written (${messageOf(error)}).`, {
      step: 'pull',
      hint: 'Check that its folder exists, may be written and has room for the database.',
      cause: error,
    });
  }
  return new BackupError('ERR_BACKUP_COPY_DAMAGED', `"${copy.key}" is damaged (${messageOf(error)}).`, {
    step: 'pull',
    hint: 'Nothing was written. Pull an older copy, or one from another store.',
    cause: error,
  });
}
