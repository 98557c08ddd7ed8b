import path from 'node:path';
import type { BackupService } from '../index.js';

/** Messages of SQLite and the system may name folders, which must not appear on the web. */
export function withoutFolder(text: string, { directory }: Pick<BackupService, 'directory'>): string {
  return text.replaceAll(`${directory}/`, '').replaceAll(`${directory}\\`, '').replaceAll(directory, '');
}

/** The folder's own name, without its parents. A bucket is named in full. */
export function storeName(store: string): string {
  return path.isAbsolute(store) ? path.basename(store) : store;
}
