import fs from 'node:fs';
import Database from 'better-sqlite3';
import type { VerifyLevel } from '../../catalog/manifest.js';
import type { SnapshotFacts } from '../../sources/database-source.js';
import { headerProblems, readHeader } from '../../util/database-header.js';
import { flushFile } from '../../util/durable-files.js';
import { BackupError } from '../../util/errors.js';
import { checkDatabase } from '../verify/check-database.js';
import type { CheckResult } from '../verify/check-database.js';
import { readFacts } from '../shared/database-facts.js';
import { hashFile } from '../shared/sha256.js';
import { distrust } from '../shared/distrust.js';
import { useSmallCache } from '../shared/small-cache.js';

/**
 * Compares the sealed copy with its pinned source and has SQLite check it, while another thread hashes it and the system
 * writes it to the disk. Returns what the manifest records.
 *
 * @throws BackupError `ERR_BACKUP_VERIFY_FAILED`, `ERR_BACKUP_SOURCE_CORRUPT`
 */
export async function verifySnapshot(
  partial: string,
  source: SnapshotFacts,
  level: VerifyLevel,
): Promise<Pick<CheckResult, 'findings' | 'uncheckedTables'> & { sha256: string; sizeBytes: number }> {
  const { size: sizeBytes } = fs.statSync(partial);
  if (sizeBytes !== source.pageCount * source.pageSize) throw differs(['size']);
  const problems = headerProblems(readHeader(partial), sizeBytes);
  if (problems.length > 0) throw sourceCorrupt(problems);
  const hashing = hashFile(partial);
  // The contents do not change any more, so writing them out can begin while they are being checked.
  const flushing = flushFile(partial);
  const [hash, flushed, checked] = await Promise.allSettled([hashing, flushing, compare(partial, source, level)]);
  // Reading first: where the disk fails, the check may have taken that for damage.
  if (hash.status === 'rejected') throw hash.reason;
  if (flushed.status === 'rejected') throw flushed.reason;
  if (checked.status === 'rejected') throw checked.reason;
  return { ...checked.value, sha256: hash.value, sizeBytes };
}

async function compare(partial: string, source: SnapshotFacts, level: VerifyLevel): Promise<CheckResult> {
  // First let the other two begin: what follows blocks this thread.
  await new Promise((resolve) => setImmediate(resolve));
  const db = new Database(partial, { readonly: true, fileMustExist: true });
  try {
    distrust(db);
    // integrity_check looks rows up in every index, again and again: it needs the large one.
    if (level === 'quick') useSmallCache(db);
    const result = checkDatabase(db, level);
    if (result.problems.length > 0) throw sourceCorrupt(result.problems);
    const copied = readFacts(db);
    // The page size follows from the number of pages and the size of the file, which is compared above.
    const compared = ['pageCount', 'userVersion', 'applicationId', 'schemaDigest'] as const;
    const differing = compared.filter((fact) => source[fact] !== undefined && copied[fact] !== source[fact]);
    if (differing.length > 0) throw differs(differing);
    return result;
  } finally {
    db.close();
  }
}

function sourceCorrupt(found: readonly string[]): BackupError {
  return new BackupError('ERR_BACKUP_SOURCE_CORRUPT', `The snapshot is damaged: ${found.join('; ')}.`, {
    step: 'verify',
    hint:
      'Pages are copied as they are, so the live database is damaged, or the disk is. Run PRAGMA integrity_check on the ' +
      'database and keep the backups you have: they were not touched.',
  });
}

function differs(facts: readonly string[]): BackupError {
  return new BackupError('ERR_BACKUP_VERIFY_FAILED', `The copy differs from its source in ${facts.join(', ')}.`, {
    step: 'verify',
    hint: 'It was thrown away. Try again; if it happens twice, check the disk of the backup folder.',
  });
}
