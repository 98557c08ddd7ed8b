import os from 'node:os';
import type { BackupFolder } from '../catalog/list-backups.js';
import { currentAsker } from '../util/actor.js';
import { systemCode } from '../util/errors.js';
import { runSync } from '../util/file-work.js';
import type { FolderGate } from '../util/folder-gate.js';
import type { Logger } from '../util/logger.js';
import { messages } from '../util/messages.js';
import { formatActivity } from './activity.js';
import type { Activity, ActivityBy } from './activity.js';
import { appendLines, readActivities } from './activity-files.js';

/** A failure of the same kind, again and again, is recorded as often as this. */
const SAME_FAILURE_MS = 3_600_000;

export type ActivityFields = Omit<Activity, 'at' | 'by'>;

/** Writes what was done into the folder's record. It never harms what it records: a failed write is a line in the log. */
export class ActivityRecorder {
  readonly #folder: BackupFolder & { readonly database: string };
  readonly #gate: FolderGate;
  readonly #log: Logger;
  readonly #failures = new Map<string, { readonly code: ActivityFields['code']; readonly at: number }>();
  #waiting = '';
  #writing: Promise<void> = Promise.resolve();
  #failed = false;

  constructor(folder: BackupFolder & { readonly database: string }, gate: FolderGate, log: Logger) {
    this.#folder = folder;
    this.#gate = gate;
    this.#log = log;
  }

  /** Returns at once; {@link settled} tells when it is on the disk. */
  record(fields: ActivityFields, at = new Date()): void {
    if (this.#isRepeated(fields, at.getTime())) return;
    this.#waiting += formatActivity({ at, ...fields, by: { ...currentAsker(), ...thisProcess() } });
    this.#writing = this.#writing.then(() => this.#write());
  }

  /** Resolves when everything is written that was recorded until now. Never rejects. */
  settled(): Promise<void> {
    return this.#writing;
  }

  /** The same for calls that block by contract. */
  settleSync(): void {
    const lines = this.#take();
    if (lines === '') return;
    try {
      runSync(appendLines(this.#folder, lines, new Date()));
      this.#failed = false;
    } catch (error) {
      this.#tell(error);
    }
  }

  async read({ limit = 100, before }: { limit?: number | undefined; before?: Date | undefined }): Promise<Activity[]> {
    await this.settled();
    return this.#gate.run(readActivities(this.#folder, limit, before?.getTime()));
  }

  async #write(): Promise<void> {
    const lines = this.#take();
    if (lines === '') return;
    try {
      await this.#gate.run(appendLines(this.#folder, lines, new Date()));
      this.#failed = false;
    } catch (error) {
      this.#tell(error);
    }
  }

  #take(): string {
    const lines = this.#waiting;
    this.#waiting = '';
    return lines;
  }

  /** Once, until it works again. Where the folder itself is gone, whoever tried something there has been told. */
  #tell(error: unknown): void {
    const cause = (error as { cause?: unknown }).cause ?? error;
    if (this.#failed || systemCode(cause) === 'ENOENT') return;
    this.#failed = true;
    this.#log.warn(messages.activityFailed(cause));
  }

  #isRepeated({ action, of, code, store }: ActivityFields, now: number): boolean {
    // It works again, so its next failure is to be reported anew.
    if (action === 'created') this.#failures.delete(failureOf('backup', undefined));
    if (action === 'copied') this.#failures.delete(failureOf('copy', store));
    if (action !== 'failed') return false;
    const last = this.#failures.get(failureOf(of, store));
    const repeated = last !== undefined && last.code === code && Math.abs(now - last.at) < SAME_FAILURE_MS;
    if (!repeated) this.#failures.set(failureOf(of, store), { code, at: now });
    return repeated;
  }
}

function failureOf(of: ActivityFields['of'], store: string | undefined): string {
  return `${of} ${store}`;
}

function thisProcess(): Pick<ActivityBy, 'user' | 'host' | 'pid'> {
  const user = userName();
  return { ...(user !== undefined && { user }), host: os.hostname(), pid: process.pid };
}

/** A container has no name for its user's number. */
function userName(): string | undefined {
  try {
    return os.userInfo().username;
  } catch {
    return process.getuid === undefined ? undefined : String(process.getuid());
  }
}
