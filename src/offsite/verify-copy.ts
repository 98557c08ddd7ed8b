import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { VerificationLevel } from '../catalog/manifest.js';
import { isBackupError } from '../util/errors.js';
import { pullPartial } from '../catalog/pull-files.js';
import { TOKEN, isAbandoned, processToken } from '../util/process-token.js';
import type { VerifyReport } from '../child/protocol.js';
import { childProcessSnapshotter } from '../child/child-snapshotter.js';
import type { Snapshotter } from '../child/snapshotter.js';
import type { BackupStore, StoreControl } from '../stores/backup-store.js';
import { chooseCopy, ignoredFor } from './choose-copy.js';
import type { CopySelector, IgnoredCopy } from './choose-copy.js';
import { listCopies } from './list-copies.js';
import { pullBackup } from './pull.js';
import type { Judge } from './pull.js';
import { digestObject } from '../stores/transfer.js';

/** Options of `verifyCopy()`. */
export interface VerifyCopyOptions extends CopySelector, StoreControl {
  readonly from: BackupStore;
  /**
   * `'hash'` (default): the object is read, and its size and sha256 compared with its manifest; needs no identity. The others
   * bring it back into a temporary folder, and check the database itself as `verifyBackup()` does.
   */
  readonly level?: VerificationLevel | undefined;
  /** For `level: 'drill'`, as in the service's options: each one SELECT that returns one truthy value. */
  readonly assertions?: readonly string[] | undefined;
  readonly identities?: readonly string[] | undefined;
  /**
   * Where a copy is brought back to: in a folder of its own, which is removed afterwards.
   *
   * @default the backup folder of a service; otherwise the system's temporary folder
   */
  readonly scratch?: string | undefined;
  /** Default: the child process. */
  readonly snapshotter?: Snapshotter | undefined;
}

/** What the verification of a copy looked at and found. */
export interface CopyVerifyReport {
  readonly name: string;
  readonly host: string | undefined;
  readonly store: string;
  readonly key: string;
  readonly level: VerificationLevel;
  readonly ok: boolean;
  /** What is wrong, in words; empty if `ok`. */
  readonly problems: readonly string[];
  /** With `'latest'`: newer copies that do not count and were passed over. */
  readonly ignored: readonly IgnoredCopy[];
  readonly durationMs: number;
}

const TIMEOUT_MS = 600_000;

/** A folder for a decoded database, which only its owner may read. Those of processes that were killed are removed first. */
async function makeScratch(root: string): Promise<string> {
  for (const name of await fs.promises.readdir(root).catch(() => [])) {
    const [, token] = SCRATCH.exec(name) ?? [];
    if (token === undefined) continue;
    const folder = path.join(root, name);
    const stats = await fs.promises.lstat(folder).catch(() => undefined);
    // In a folder that everybody may write, names prove nothing: only our own are removed.
    if (!stats?.isDirectory() || stats.uid !== (process.geteuid?.() ?? stats.uid)) continue;
    if (isAbandoned(token, stats.mtimeMs)) await fs.promises.rm(folder, { recursive: true, force: true });
  }
  const folder = path.join(root, `autobackup-verify-${processToken()}`);
  await fs.promises.mkdir(folder, { mode: 0o700 });
  return folder;
}

/**
 * A folder for a decoded database in the backup folder: whoever makes or restores a backup there sweeps it, if this process is
 * killed. `undefined` where that folder can't be written.
 */
async function makeSweptScratch(directory: string, name: string): Promise<string | undefined> {
  const scratch = pullPartial(path.join(directory, name));
  try {
    await fs.promises.mkdir(scratch, { mode: 0o700 });
    return scratch;
  } catch {
    return undefined;
  }
}

const SCRATCH = new RegExp(`^autobackup-verify-(${TOKEN})$`);

/**
 * Verifies a copy where it is, or by bringing it back. Rejects only where it cannot be looked at.
 *
 * @param backupFolder where the copy is brought back to, if `scratch` is not given
 */
export async function verifyCopy(
  options: VerifyCopyOptions,
  judge: Judge = (copies) => copies,
  backupFolder?: string,
): Promise<CopyVerifyReport> {
  const startedAt = performance.now();
  const { from: store, level = 'hash', signal } = options;
  const copies = await judge(await listCopies(store, options));
  const copy = chooseCopy(copies, options, store.name);
  const problems = level === 'hash' ? await compare() : await bringBack(level);
  return {
    name: copy.name,
    host: copy.host,
    store: store.name,
    key: copy.key,
    level,
    ok: problems.length === 0,
    problems,
    ignored: ignoredFor(copies, options, copy),
    durationMs: Math.round(performance.now() - startedAt),
  };

  async function compare(): Promise<string[]> {
    const found = await digestObject(store, copy.key, { signal });
    const { sizeBytes, sha256 } = copy.manifest.copy;
    return [
      ...(found.sizeBytes === sizeBytes ? [] : [`it has ${found.sizeBytes} bytes, its manifest records ${sizeBytes}`]),
      ...(found.sha256 === sha256 ? [] : ['its sha256 is not the one in its manifest']),
    ];
  }

  async function bringBack(checked: VerificationLevel): Promise<readonly string[]> {
    const swept =
      options.scratch === undefined && backupFolder !== undefined && (await makeSweptScratch(backupFolder, copy.name));
    const scratch = swept || (await makeScratch(options.scratch ?? os.tmpdir()));
    try {
      const { name, host } = copy;
      const { identities } = options;
      await pullBackup({ from: store, name, host: host ?? '', to: scratch, identities, signal }, judge);
      return (await check(scratch, name, checked)).problems;
    } catch (error) {
      // The copy is damaged: that is the result of the verification, not an error of it.
      if (isBackupError(error, 'ERR_BACKUP_COPY_DAMAGED')) return [error.message];
      throw error;
    } finally {
      await fs.promises.rm(scratch, { recursive: true, force: true });
    }
  }

  async function check(directory: string, name: string, checked: VerificationLevel): Promise<VerifyReport> {
    const snapshotter = options.snapshotter ?? childProcessSnapshotter();
    // No such file: only its name matters, which tells how backups of it are called.
    const database = path.join(directory, name.replace(/_backup_\d{8}_\d{6}/, ''));
    const request = { database, directory, name, level: checked, timeoutMs: TIMEOUT_MS };
    const { assertions = [] } = options;
    return snapshotter.verify({ ...request, ...(checked === 'drill' && { assertions }) }, { signal });
  }
}
