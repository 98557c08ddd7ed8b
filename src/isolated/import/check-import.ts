import fs from 'node:fs';
import Database from 'better-sqlite3';
import { headerProblems, isSqlite, readHeader } from '../../util/database-header.js';
import { flushFile } from '../../util/durable-files.js';
import { messageOf } from '../../util/errors.js';
import { notABackup, sayOtherFile } from '../../util/import-error.js';
import { seal } from '../backup/seal.js';
import { readFacts } from '../shared/database-facts.js';
import type { SourceFacts } from '../shared/database-facts.js';
import { distrust } from '../shared/distrust.js';
import { hashFile } from '../shared/sha256.js';
import { beginStep } from '../shared/steps.js';
import { ensureAlone } from '../shared/temp-files.js';
import { checkDatabase } from '../verify/check-database.js';
import type { CheckResult } from '../verify/check-database.js';
import { lookTwice, meaningOfError } from '../verify/sqlite-answers.js';

/** A file that may become a backup: one whole database in DELETE mode, on the disk. */
export interface CheckedImport extends Pick<CheckResult, 'findings' | 'uncheckedTables'> {
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly facts: SourceFacts;
  /** That of the file as it came. */
  readonly journalMode: 'wal' | 'delete';
}

/**
 * Looks at a file that comes from elsewhere as thoroughly as it can be: nothing is there to compare it with. It is sealed by the way,
 * so that opening it leaves nothing beside it.
 *
 * @param file a private copy
 * @throws BackupError `ERR_BACKUP_IMPORT`
 */
export async function checkImport(file: string, called: string): Promise<CheckedImport> {
  beginStep('import');
  const { size: sizeBytes } = fs.statSync(file);
  if (sizeBytes === 0) throw notABackup(called, ['it is empty']);
  const header = readHeader(file);
  if (!isSqlite(header)) throw notABackup(called, [sayOtherFile(header)]);
  const problems = headerProblems(header, sizeBytes);
  if (problems.length > 0) throw notABackup(called, problems);
  const isWal = header[18] === 2;
  beginStep('seal');
  ensureAlone(file);
  await seal(file);

  beginStep('verify');
  const flushing = flushFile(file);
  const hashing = hashFile(file);
  const looking = look(file, called);
  const [flushed, hash, looked] = await Promise.allSettled([flushing, hashing, looking]);
  // Reading first: where the disk fails, the check may have taken that for damage.
  for (const each of [hash, flushed, looked]) if (each.status === 'rejected') throw each.reason;
  const { facts, checked } = (looked as PromiseFulfilledResult<Awaited<typeof looking>>).value;
  return {
    sha256: (hash as PromiseFulfilledResult<string>).value,
    sizeBytes,
    facts,
    journalMode: isWal ? 'wal' : 'delete',
    findings: [...(isWal ? [WITHOUT_WAL] : []), ...checked.findings],
    uncheckedTables: checked.uncheckedTables,
  };
}

const WITHOUT_WAL = 'the file is of a database in WAL mode: rows that were still in its -wal file are not in it';

async function look(file: string, called: string): Promise<{ facts: SourceFacts; checked: CheckResult }> {
  // First let the other two begin: what follows blocks this thread.
  await new Promise((resolve) => setImmediate(resolve));
  try {
    return lookTwice(() => lookAt(file, called));
  } catch (error) {
    throw meaningOfError(error) === 'damage' ? notABackup(called, [messageOf(error)]) : error;
  }
}

function lookAt(file: string, called: string): { facts: SourceFacts; checked: CheckResult } {
  const db = new Database(file, { readonly: true, fileMustExist: true });
  try {
    distrust(db);
    const checked = checkDatabase(db, 'full');
    if (checked.problems.length > 0) throw notABackup(called, checked.problems);
    const facts = readFacts(db);
    const hasTables = db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table'").get() !== undefined;
    if (!hasTables) throw notABackup(called, ['it holds no table'], 'Going back to it would lose everything.');
    return { facts, checked };
  } finally {
    db.close();
  }
}
