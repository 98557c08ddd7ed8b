import { AsyncLocalStorage } from 'node:async_hooks';
import fs from 'node:fs';
import path from 'node:path';
import type { Backup } from '../catalog/backup.js';
import { recordName } from '../catalog/backup-name.js';
import type { VerifyReport } from '../child/protocol.js';
import type { SnapshotControl } from '../util/control.js';
import { createNew, removeQuietly } from '../util/durable-files.js';
import { isBackupError, messageOf, systemCode } from '../util/errors.js';
import type { FolderGate } from '../util/folder-gate.js';
import type { Logger } from '../util/logger.js';
import { readDrill } from './folder-records.js';
import type { DrillRecord } from './folder-records.js';
import type { ResolvedOptions } from './options.js';

interface Parts {
  readonly options: ResolvedOptions;
  readonly gate: FolderGate;
  readonly log: Logger;
}

type Verify = (name: string, control: SnapshotControl & { level: 'drill' | 'full' }) => Promise<VerifyReport>;

/**
 * Is the proof older than `verifyEvery`: the last check of the newest backup, or the last drill of any? Each backup is checked when it
 * is taken, so that without the second question none would ever be drilled. Pure.
 */
function isProofOld(latest: Backup, drill: DrillRecord | undefined, everyMs: number, now: number): boolean {
  const verifiedAt = latest.lastVerification?.at ?? latest.manifest?.verifiedAt;
  const isOld = (at: number): boolean => now - at >= everyMs;
  return verifiedAt === undefined || isOld(Date.parse(verifiedAt)) || !drill || isOld(drill.at.getTime());
}

/**
 * Drills the newest backup again where its proof is older than `verifyEvery`: behind the call or the look that finds it so, in a
 * child process, one at a time on this machine. An app that nobody uses does nothing.
 */
export class ProofKeeper {
  /** Set by the service, whose parts know nothing of its actions. */
  verify: Verify | undefined;
  readonly #parts: Parts;
  readonly #inOwnContext = AsyncLocalStorage.snapshot();
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  /** By the clock that nobody sets. */
  #notBefore = -Infinity;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Somebody has just looked at the newest backup. Returns at once. */
  wake(latest: Backup): void {
    const { verifyEveryMs: everyMs, retryAfterMs } = this.#parts.options;
    if (everyMs === undefined || !this.verify || this.#running || this.#stop.signal.aborted) return;
    if (performance.now() < this.#notBefore) return;
    this.#notBefore = performance.now() + Math.min(everyMs, retryAfterMs);
    this.#running = this.#inOwnContext(() => this.#keep(latest, everyMs, this.verify!)).finally(
      () => (this.#running = undefined),
    );
  }

  /** Resolves when no verification runs; never rejects. */
  async whenIdle(): Promise<void> {
    await this.#running;
  }

  /** For an app that is about to end: a running verification is cancelled, and none is begun any more. */
  stop(): void {
    this.#stop.abort();
  }

  async #keep(latest: Backup, everyMs: number, verify: Verify): Promise<void> {
    const { options, gate, log } = this.#parts;
    try {
      const isOld = async (): Promise<boolean> =>
        isProofOld(latest, await gate.run(readDrill(options)), everyMs, Date.now());
      if (!(await isOld())) return;
      await this.#claimed(async () => {
        // Another process may have done it while this one was on its way.
        if (!(await isOld())) return;
        const { signal } = this.#stop;
        await verify(latest.name, { level: 'drill', signal }).catch(async (error: unknown) => {
          // Without room for a scratch copy, the file itself can still be checked.
          if (!isBackupError(error, 'ERR_BACKUP_NO_SPACE')) throw error;
          await verify(latest.name, { level: 'full', signal });
        });
      });
    } catch (error) {
      if (!isBackupError(error, 'ERR_BACKUP_CANCELLED')) {
        log.warn(`The verification that "verifyEvery" asks for could not be made: ${messageOf(error)}`);
      }
    }
  }

  /** Does the work, unless another process is at it: a file in the folder says so, for as long as a verification may take. */
  async #claimed(work: () => Promise<void>): Promise<void> {
    const { directory, naming, timeoutMs } = this.#parts.options;
    const claim = path.join(directory, recordName(naming, 'verifying'));
    try {
      await (await createNew(claim)).close();
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error;
      const { mtimeMs } = await fs.promises.lstat(claim);
      // Its process was killed. Whoever comes next finds the name free.
      if (Math.abs(Date.now() - mtimeMs) > 2 * timeoutMs) await removeQuietly(claim);
      return;
    }
    try {
      await work();
    } finally {
      await removeQuietly(claim);
    }
  }
}
