import fs from 'node:fs';
import type { Backup } from '../../catalog/backup.js';
import { readBackup } from '../../catalog/list-backups.js';
import { policyDigest } from '../../catalog/policy-record.js';
import type { BackupFolder } from '../../catalog/list-backups.js';
import type { VerifyLevel } from '../../catalog/manifest.js';
import { BackupError } from '../../util/errors.js';
import { ownerLike } from '../../util/file-owner.js';
import { copyPages } from './page-copy.js';
import type { SourceFacts } from '../shared/database-facts.js';
import type { Deadline } from '../shared/deadline.js';
import { pinSource } from './pin.js';
import { publish } from './publish.js';
import { shareUnchanged } from './share-unchanged.js';
import { beginStep } from '../shared/steps.js';
import { seal } from './seal.js';
import { ensureSource, ensureSpace } from '../shared/free-space.js';
import { createPartial, ensureAlone, partialPath, removePartial } from '../shared/temp-files.js';
import { verifySnapshot } from './verify-snapshot.js';

export interface BackupOrder {
  readonly database: string;
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
  ensureSource(order.database);
  // A WAL holds a page as often as it was written, and the file may be about to shrink: then only the pin can tell.
  const exact = sizeOf(`${order.database}-wal`) === 0;
  if (exact) ensureSpace('backup', [{ folder: folder.directory, bytes: sizeOf(order.database) }]);

  beginStep('pin');
  const source = pinSource(order.database, deadline, order.idleWal);
  const createdAt = new Date();
  const partial = partialPath(folder, createdAt);
  const owner = await ownerLike(order.database, folder.directory);
  try {
    try {
      if (!exact) ensureSpaceFor(source.facts, folder.directory);
      beginStep('copy');
      await createPartial(partial, owner);
      await copyPages(source, partial);
    } finally {
      source.close();
    }

    beginStep('seal');
    ensureAlone(partial);
    await seal(partial);

    beginStep('verify');
    const { sha256, sizeBytes, findings, uncheckedTables } = await verifySnapshot(partial, source.facts, order.verify);

    beginStep('publish');
    await shareUnchanged(folder, partial, { sha256, sizeBytes });
    const { journalMode, pageSize, pageCount } = source.facts;
    const name = await publish(folder, partial, createdAt, owner, {
      createdAt: createdAt.toISOString(),
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
    await removePartial(partial);
    throw error;
  }
}

/** From here on the backup stands, and no error may say that nothing happened. */
function readPublished(folder: BackupFolder, name: string): Backup {
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

function ensureSpaceFor({ pageCount, pageSize }: SourceFacts, folder: string): void {
  beginStep('space');
  ensureSpace('backup', [{ folder, bytes: pageCount * pageSize }]);
}

function sizeOf(file: string): number {
  return fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
