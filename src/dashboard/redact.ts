import type { BackupService } from '../index.js';

/** What SQLite and the system say may name files with their folder, which is nobody's business on the web. */
export function withoutFolder(text: string, { directory }: Pick<BackupService, 'directory'>): string {
  return text.replaceAll(`${directory}/`, '').replaceAll(`${directory}\\`, '').replaceAll(directory, '');
}
