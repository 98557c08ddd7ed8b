import fs from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { distrust } from '../shared/distrust.js';
import { backupNaming } from '../../catalog/backup-name.js';
import { readBackup } from '../../catalog/list-backups.js';
import { SIDE_FILES } from '../../catalog/side-files.js';
import type { VerificationRecord } from '../../catalog/manifest.js';
import type { ChildResult } from '../../child/protocol.js';
import type { VerifyRequest } from '../../child/protocol.js';
import { refuseFaulty } from './assertion-faults.js';
import { compareWithManifest } from './check-backup.js';
import { checkDatabase } from './check-database.js';
import type { CheckResult } from './check-database.js';
import { Deadline } from '../shared/deadline.js';
import { drill } from './drill.js';
import type { DrillResult } from './drill.js';
import { recordVerification } from './record-result.js';
import { beginStep } from '../shared/steps.js';

/** Checks a finished backup as far as its level says, and keeps the result in its manifest. */
export async function verifyBackup(request: VerifyRequest): Promise<ChildResult> {
  const startedAt = performance.now();
  const { database, directory, name, level } = request;
  const deadline = Deadline.beforeTheParents(request.timeoutMs);
  const folder = { directory, naming: backupNaming(database) };
  beginStep('verify');
  refuseFaulty(request.assertions ?? []);
  const file = path.join(directory, name);
  const { manifest } = readBackup(folder, name, Date.now()) ?? {};
  const { sizeBytes, sha256, problems } = await compareWithManifest(file, manifest);
  if (!manifest && level === 'hash') problems.push('it has no manifest, so there is no hash to compare with');
  const { assertions, ...checked }: Checked =
    level === 'drill' ? await drill(request, folder, deadline) : check(file, level);
  for (const problem of checked.problems) if (!problems.includes(problem)) problems.push(problem);

  const ok = problems.length === 0;
  const record: VerificationRecord = {
    level,
    ok,
    at: new Date().toISOString(),
    ...(!ok && { problems }),
    ...(checked.findings.length > 0 && { findings: checked.findings }),
    ...(assertions && { assertions }),
  };
  const recorded = await recordVerification(folder, database, name, record, deadline);
  const durationMs = Math.round(performance.now() - startedAt);
  const { findings, uncheckedTables } = checked;
  const found = { name, level, ok, problems, findings, uncheckedTables, ...(assertions && { assertions }) };
  return { kind: 'verified', report: { ...found, recorded, sizeBytes, sha256, durationMs } };
}

type Checked = CheckResult & Partial<Pick<DrillResult, 'assertions'>>;

function check(file: string, level: 'hash' | 'quick' | 'full'): CheckResult {
  if (level === 'hash') return { problems: [], findings: [], uncheckedTables: [] };
  // Plain copies of a WAL database (the original made such) are in WAL mode: opening one leaves these beside it.
  const sideFiles = SIDE_FILES.map((suffix) => file + suffix).filter((each) => !fs.existsSync(each));
  const db = new Database(file, { readonly: true, fileMustExist: true });
  try {
    distrust(db);
    return checkDatabase(db, level);
  } finally {
    db.close();
    for (const each of sideFiles) fs.rmSync(each, { force: true });
  }
}
