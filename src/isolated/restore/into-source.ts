import type { RestoreReport } from '../../child/protocol.js';
import type { DatabaseSource } from '../../sources/database-source.js';
import { contentHash } from '../shared/content-hash.js';
import { beginStep, progressReporter } from '../shared/steps.js';
import { PartialTarget } from '../sources/partial-target.js';
import type { CheckedBackup } from '../verify/check-backup.js';
import { NoGoodCopy } from './failures.js';
import type { RestoreContext } from './online.js';
import { takeBackSafety } from './safety.js';
import type { SafetyBackup } from './safety.js';

type Written = Pick<RestoreReport, 'path' | 'method' | 'safetyBackup' | 'movedAside' | 'journalMode' | 'compared'>;

/** Puts a backup back into a source that is no file; how, the source knows. */
export async function restoreIntoSource(
  source: DatabaseSource,
  backup: CheckedBackup,
  context: RestoreContext,
  whileWritten: boolean,
): Promise<Written> {
  const { folder, deadline } = context;
  let safety: SafetyBackup | undefined;
  const { method, journalMode, compared } = await source.restore(backup, {
    beginStep,
    progress: progressReporter(),
    whileWritten,
    remainingMs: () => deadline.remainingMs(),
    async saveState() {
      try {
        return (safety = await context.takeSafetyBackup());
      } catch (error) {
        throw error instanceof NoGoodCopy ? error.cause : error;
      }
    },
    async discardState() {
      if (safety) await takeBackSafety(folder, safety).run();
      safety = undefined;
    },
    isEqual: () => isEqual(source, backup, context),
  });
  return {
    path: source.description,
    method,
    ...(safety && { safetyBackup: safety.name }),
    movedAside: [],
    journalMode,
    ...(compared === false && { compared }),
  };
}

/** Reads the source back, page by page. */
async function isEqual(source: DatabaseSource, backup: CheckedBackup, context: RestoreContext): Promise<boolean> {
  const target = new PartialTarget(context.folder, context.deadline, { isPart: true });
  try {
    const { facts } = await source.snapshot(target);
    const { pageSize, pageCount } = backup.facts;
    if (facts.pageSize !== pageSize || facts.pageCount !== pageCount) return false;
    return contentHash(target.file, facts) === backup.contentHash;
  } finally {
    await target.remove();
  }
}
