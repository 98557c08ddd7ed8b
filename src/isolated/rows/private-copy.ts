import fs from 'node:fs';
import type { BackupFolder } from '../../catalog/list-backups.js';
import { partialPath, removePartial } from '../shared/temp-files.js';
import type { PlainBackup } from './open-states.js';

/**
 * A copy of the backup, made when it is needed. A connection that may write opens what is attached to it for writing too, and a
 * backup is never opened so. The caller holds the lock of the folder.
 */
export class PrivateCopy {
  readonly #older: PlainBackup;
  readonly #folder: BackupFolder;
  #file: string | undefined;
  #copying: Promise<unknown> | undefined;

  constructor(older: PlainBackup, folder: BackupFolder) {
    this.#older = older;
    this.#folder = folder;
  }

  /** Begins to copy beside what the caller does next, so that no writer has to wait for it later. */
  begin(): void {
    if (this.#older.private) return;
    this.#copying = fs.promises.copyFile(this.#older.file, this.#newFile(), fs.constants.COPYFILE_FICLONE);
    // It is told to who waits for it.
    this.#copying.catch(() => {});
  }

  /** Resolves when what was begun is done. */
  async settled(): Promise<void> {
    await this.#copying;
  }

  /** The copy's path; after `settled()`. One that was not begun is made now. */
  get path(): string {
    if (this.#older.private) return this.#older.file;
    if (this.#file === undefined) fs.copyFileSync(this.#older.file, this.#newFile(), fs.constants.COPYFILE_FICLONE);
    return this.#file!;
  }

  async remove(): Promise<void> {
    await this.#copying?.catch(() => {});
    if (this.#file !== undefined) await removePartial(this.#file);
  }

  #newFile(): string {
    return (this.#file = partialPath(this.#folder, new Date()));
  }
}
