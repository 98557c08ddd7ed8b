import Database from 'better-sqlite3';
import { distrust } from '../shared/distrust.js';
import type { BackupFolder } from '../../catalog/list-backups.js';
import type { AssertionResult } from '../../catalog/manifest.js';
import type { VerifyRequest } from '../../child/protocol.js';
import { refuseFaulty } from './assertion-faults.js';
import { askAssertions } from './assertions.js';
import { checkBackup, Damaged } from './check-backup.js';
import type { CheckedBackup } from './check-backup.js';
import { checkDatabase } from './check-database.js';
import type { CheckResult } from './check-database.js';
import type { Deadline } from '../shared/deadline.js';
import { pastForeignSchema } from '../shared/foreign-schema.js';
import { beginStep } from '../shared/steps.js';
import { copyWhole } from '../shared/copy-whole.js';
import { ensureSpace } from '../shared/free-space.js';
import { makeScratch } from '../shared/temp-files.js';

export interface DrillResult extends CheckResult {
  readonly assertions: readonly AssertionResult[];
}

/** A restore, but into a scratch folder: copied as `restoreTo()` does it, opened as an app would, checked and asked. */
export async function drill(request: VerifyRequest, folder: BackupFolder, deadline: Deadline): Promise<DrillResult> {
  const scratch = await makeScratch(folder, request.database, deadline);
  try {
    beginStep('check');
    const backup = await checkBackup(folder, request.name);
    try {
      const { assertions: asked = [] } = request;
      refuseFaulty(asked, backup.file);
      beginStep('drill');
      ensureSpace('drill', [{ folder: folder.directory, bytes: backup.sizeBytes }]);
      const { file } = scratch;
      await copyWhole(backup, file);
      const checked = openAndCheck(file, backup);
      // Some time stays for telling what was found.
      const assertions = await askAssertions(file, asked, deadline.remainingMs() * 0.8);
      const failed = assertions.filter(({ ok }) => !ok).map(({ sql, error }) => `assertion failed: ${sql} (${error!})`);
      return { ...checked, problems: [...checked.problems, ...failed], assertions };
    } finally {
      await backup.dispose();
    }
  } catch (error) {
    if (error instanceof Damaged)
      return { problems: error.problems, findings: [], uncheckedTables: [], assertions: [] };
    throw error;
  } finally {
    await scratch.dispose();
  }
}

function openAndCheck(file: string, { manifest }: CheckedBackup): CheckResult {
  const db = new Database(file, { fileMustExist: true });
  try {
    distrust(db);
    if (manifest?.journalMode === 'wal') pastForeignSchema(db, () => db.pragma('journal_mode = WAL'));
    return checkDatabase(db, 'full');
  } finally {
    db.close();
  }
}
