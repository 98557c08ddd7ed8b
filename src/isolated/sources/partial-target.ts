import type { BackupFolder } from '../../catalog/list-backups.js';
import type { SnapshotTarget } from '../../sources/database-source.js';
import type { Owner } from '../../util/file-owner.js';
import type { Deadline } from '../shared/deadline.js';
import { ensureSpace } from '../shared/free-space.js';
import { beginStep, progressReporter } from '../shared/steps.js';
import { createPartial, partialPath, removePartial } from '../shared/temp-files.js';

interface TargetOptions {
  readonly owner?: Owner | undefined;
  /** Default: an unfinished name in the backup folder. */
  readonly file?: string;
  /** The snapshot is a part of another step, which stays the one that is announced. */
  readonly isPart?: boolean;
}

/** A file in the backup folder that a source writes its snapshot into. It keeps its unfinished name. */
export class PartialTarget implements SnapshotTarget {
  readonly #folder: BackupFolder;
  readonly #deadline: Deadline;
  readonly #owner: Owner | undefined;
  readonly #isPart: boolean;
  readonly progress = progressReporter();
  #file: string | undefined;

  constructor(folder: BackupFolder, deadline: Deadline, { owner, file, isPart = false }: TargetOptions = {}) {
    this.#folder = folder;
    this.#deadline = deadline;
    this.#owner = owner;
    this.#file = file;
    this.#isPart = isPart;
  }

  get file(): string {
    return this.#file!;
  }

  beginStep(step: Parameters<SnapshotTarget['beginStep']>[0]): void {
    if (!this.#isPart) beginStep(step);
  }

  ensureSpace(bytes: number): void {
    ensureSpace('create', [{ folder: this.#folder.directory, bytes }]);
  }

  async createFile(): Promise<string> {
    this.#file ??= partialPath(this.#folder, new Date());
    await createPartial(this.#file, this.#owner);
    return this.#file;
  }

  remainingMs(): number {
    return this.#deadline.remainingMs();
  }

  async remove(): Promise<void> {
    if (this.#file !== undefined) await removePartial(this.#file);
  }
}
