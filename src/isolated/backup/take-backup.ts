import type { Backup } from '../../catalog/backup.js';
import { readBackup } from '../../catalog/list-backups.js';
import { policyDigest } from '../../catalog/policy-record.js';
import type { BackupFolder } from '../../catalog/list-backups.js';
import type { VerifyLevel } from '../../catalog/manifest.js';
import { BackupError } from '../../util/errors.js';
import { ownerLike } from '../../util/file-owner.js';
import type { Deadline } from '../shared/deadline.js';
import { publish } from './publish.js';
import { shareUnchanged } from './share-unchanged.js';
import { beginStep } from '../shared/steps.js';
import { seal } from './seal.js';
import { ensureAlone } from '../shared/temp-files.js';
import { openSource } from '../sources/open-source.js';
import type { SourceRequest } from '../sources/open-source.js';
import { PartialTarget } from '../sources/partial-target.js';
import { verifySnapshot } from './verify-snapshot.js';

export interface BackupOrder extends SourceRequest {
  readonly verify: VerifyLevel;
  readonly label?: string | undefined;
  readonly safety?: true;
  /** The app's retention policy as JSON. */
  readonly policy?: string | undefined;
  readonly protected: boolean;
  /** A WAL database that nobody has open: nothing is left beside it. */
  readonly idleWal?: boolean;
  /** `performance.now()` */
  readonly startedAt: number;
}

/** space -> pin -> copy -> seal -> verify -> publish. The caller holds the lock. */
export async function takeBackup(order: BackupOrder, folder: BackupFolder, deadline: Deadline): Promise<Backup> {
  beginStep('space');
  const owner = await ownerLike(order.database, folder.directory);
  const target = new PartialTarget(folder, deadline, { owner });
  try {
    const { takenAt, facts } = await openSource(order, order.idleWal).snapshot(target);
    const partial = target.file;

    beginStep('seal');
    ensureAlone(partial);
    await seal(partial);

    beginStep('verify');
    const { sha256, sizeBytes, findings, uncheckedTables } = await verifySnapshot(partial, facts, order.verify);

    beginStep('publish');
    await shareUnchanged(folder, partial, { sha256, sizeBytes });
    const { journalMode, pageSize, pageCount } = facts;
    const name = await publish(folder, partial, takenAt, owner, {
      createdAt: takenAt.toISOString(),
      ...(order.label !== undefined && { label: order.label }),
      ...(order.safety && { kind: 'safety' as const }),
      sizeBytes,
      pageCount,
      pageSize,
      journalMode,
      sha256,
      verified: order.verify,
      ...(findings.length > 0 && { findings }),
      ...(uncheckedTables.length > 0 && { uncheckedTables }),
      verifiedAt: new Date().toISOString(),
      durationMs: Math.round(performance.now() - order.startedAt),
      ...(order.policy !== undefined && { policy: policyDigest(JSON.parse(order.policy)) }),
      protected: order.protected,
    });
    return readPublished(folder, name);
  } catch (error) {
    await target.remove();
    throw error;
  }
}

/** From here on the backup stands, and no error may say that nothing happened. */
export function readPublished(folder: BackupFolder, name: string): Backup {
  let cause: unknown;
  try {
    const backup = readBackup(folder, name, Date.now());
    if (backup) return backup;
  } catch (error) {
    cause = error;
  }
  throw new BackupError('ERR_BACKUP_WRITE_FAILED', `"${name}" was made and verified, but cannot be read back.`, {
    step: 'publish',
    hint: 'If listBackups() has it, it is whole. Look for a program that removes files there, and at the disk.',
    cause,
  });
}
