import fs from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { backupNaming } from '../catalog/backup-name.js';
import { readBackup } from '../catalog/list-backups.js';
import type { ChildResult } from '../snapshot/protocol.js';
import type { VerifyRequest } from '../snapshot/snapshotter.js';
import { enter } from './report.js';
import { hashFile } from './sha256.js';
import { checkDatabase } from './check-database.js';
import type { CheckResult } from './check-database.js';

/** Checks a finished backup: its size and hash against its manifest, and its structure by SQLite. */
export async function verifyPublished({ database, directory, name, level }: VerifyRequest): Promise<ChildResult> {
  const startedAt = performance.now();
  enter('verify');
  const file = path.join(directory, name);
  const { manifest } = readBackup({ directory, naming: backupNaming(database) }, name, Date.now()) ?? {};
  const { size: sizeBytes } = fs.statSync(file);
  const sha256 = await hashFile(file);

  const problems: string[] = [];
  if (manifest && manifest.sizeBytes !== sizeBytes) {
    problems.push(`it has ${sizeBytes} bytes, its manifest records ${manifest.sizeBytes}`);
  }
  if (manifest && manifest.sha256 !== sha256) problems.push('its sha256 is not the one in its manifest');
  const checked = check(file, level);
  problems.push(...checked.problems);

  const durationMs = Math.round(performance.now() - startedAt);
  const { uncheckedTables } = checked;
  const ok = problems.length === 0;
  return { kind: 'verified', report: { name, level, ok, problems, uncheckedTables, sizeBytes, sha256, durationMs } };
}

function check(file: string, level: VerifyRequest['level']): CheckResult {
  // Plain copies of a WAL database (the original made such) are in WAL mode: opening one leaves these beside it.
  const sideFiles = ['-wal', '-shm'].map((suffix) => file + suffix).filter((each) => !fs.existsSync(each));
  const db = new Database(file, { readonly: true, fileMustExist: true });
  try {
    return checkDatabase(db, level);
  } finally {
    db.close();
    for (const each of sideFiles) fs.rmSync(each, { force: true });
  }
}
