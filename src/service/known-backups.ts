import type { Backup } from '../catalog/backup.js';
import { listAgain, readFolder } from '../catalog/list-backups.js';
import type { BackupFolder, FolderLook, Trust } from '../catalog/list-backups.js';
import type { Events } from '../util/events.js';
import type { FolderGate } from '../util/folder-gate.js';
import type { BackupEvents } from './events.js';

/** Up to so many are looked at one by one for each page: that takes some milliseconds. */
const LOOKED_AT_EACH = 100;
/** With more than that, a file that nobody of this process has changed is looked at again after so long, behind the page. */
const LOOK_AGAIN_MS = 5_000;

/** The backups, newest first, and the look at the folder that has found them. */
export interface KnownLook extends FolderLook {
  readonly backups: readonly Backup[];
}

/**
 * The list of backups for pages, which are asked for again and again: read once, and then only what has come or changed. With very
 * many backups a page shows what was known last, and is told when the look behind it has found something else.
 */
export class KnownBackups {
  readonly #folder: BackupFolder;
  readonly #gate: FolderGate;
  readonly #lookAgainMs: number;
  readonly #listeners = new Set<() => void>();
  /** Newest first, and the same by their names. */
  #list: readonly Backup[] = [];
  #known: ReadonlyMap<string, Backup> = new Map();
  /** Counts what was forgotten: a look that began before that must not bring it back. */
  #forgotten = 0;
  #lookedAt = -Infinity;
  #looking = false;

  constructor(
    folder: BackupFolder,
    gate: FolderGate,
    events: Pick<Events<BackupEvents>, 'on'>,
    lookAgainMs = LOOK_AGAIN_MS,
  ) {
    this.#lookAgainMs = lookAgainMs;
    this.#folder = folder;
    this.#gate = gate;
    events.on('created', ({ backup }) => this.#forget(backup.name));
    events.on('protected', ({ name }) => this.#forget(name));
    events.on('verified', ({ name }) => this.#forget(name));
    events.on('deleted', ({ name }) => this.#forget(name));
  }

  /** @throws BackupError as `listBackups()` does */
  async list(): Promise<readonly Backup[]> {
    return (await this.look()).backups;
  }

  /** {@link list}, with what else it has seen in the folder. */
  async look(): Promise<KnownLook> {
    const few = this.#known.size <= LOOKED_AT_EACH;
    const look = await this.#look(few ? 'files' : 'names');
    if (few) this.#lookedAt = performance.now();
    else if (performance.now() - this.#lookedAt > this.#lookAgainMs) void this.#lookBehind();
    return look;
  }

  /**
   * Calls `listener` when a backup is not as it was told before.
   *
   * @returns ends it
   */
  onDifferent(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #lookBehind(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      const { differs } = await this.#look('files');
      this.#lookedAt = performance.now();
      if (differs) for (const listener of this.#listeners) listener();
    } catch {
      // The next page's own look says why the folder cannot be read.
    } finally {
      this.#looking = false;
    }
  }

  async #look(trust: Trust): Promise<KnownLook & { readonly differs: boolean }> {
    const [list, known, forgotten] = [this.#list, this.#known, this.#forgotten];
    const names = await this.#gate.run(readFolder(this.#folder));
    const listed = await this.#gate.run(listAgain(this.#folder, Date.now(), { names, known }, trust));
    const differs = listed.length !== known.size || listed.some((backup) => known.get(backup.name) !== backup);
    // The same list again where nothing is different: what was made of it once need not be made for each page.
    const backups = differs ? listed : list;
    const found = differs ? new Map(listed.map((backup) => [backup.name, backup])) : known;
    // A quick look knows no more than what it began with: it must not undo what a thorough one has found meanwhile.
    const isNews = trust === 'files' || known === this.#known;
    if (isNews && forgotten === this.#forgotten) [this.#list, this.#known] = [backups, found];
    return { backups, names, known: found, differs };
  }

  #forget(name: string): void {
    this.#forgotten += 1;
    const known = new Map(this.#known);
    known.delete(name);
    this.#known = known;
    this.#list = this.#list.filter((backup) => backup.name !== name);
  }
}
