import { BackupError } from '../../util/errors.js';
import type { PinnedSource } from './pin.js';
import { progressReporter, send } from '../shared/steps.js';
import { WriteBehind } from './write-behind.js';

/** Large steps: the pin keeps the snapshot whole, so there is nobody to give way to, and small ones only cost time. */
const STEP_BYTES = 8 * 1024 * 1024;

/** Copies the pinned snapshot, page by page, by SQLite's online backup API. */
export async function copyPages({ db, facts }: PinnedSource, partial: string): Promise<void> {
  const totalBytes = facts.pageCount * facts.pageSize;
  const pagesPerStep = Math.max(1, Math.floor(STEP_BYTES / facts.pageSize));
  const report = progressReporter();
  const writeBehind = new WriteBehind(partial);
  const copying = db.backup(partial, {
    progress({ totalPages, remainingPages }) {
      const doneBytes = (totalPages - remainingPages) * facts.pageSize;
      writeBehind.wrote(doneBytes);
      if (totalPages > 0) report(doneBytes, totalBytes);
      return pagesPerStep;
    },
  });
  const { totalPages } = await copying.finally(() => writeBehind.close());
  // better-sqlite3 resolves with 0 pages when it could not read the source at all (docs/facts.md, 3). Pinned, it can't happen;
  // if it does, it is no backup.
  if (totalPages !== facts.pageCount) {
    throw new BackupError('ERR_BACKUP_VERIFY_FAILED', `${totalPages} of ${facts.pageCount} pages were copied.`, {
      step: 'copy',
      hint: 'The copy was thrown away; please report this with the SQLite driver and file system in use.',
    });
  }
  send({ type: 'progress', doneBytes: totalBytes, totalBytes });
}
