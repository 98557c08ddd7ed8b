import fs from 'node:fs';
import type { Backup, BackupService, DueCheck } from '../../index.js';
import { ago, count, span } from '../format.js';
import { fail, ok, some, warn } from './check.js';
import type { Check } from './check.js';

const DAY_MS = 86_400_000;
const CLOCK_TOLERANCE_MS = 60_000;
/** A backup that nobody has looked at for so long may have gone bad with its disk. */
const VERIFY_EVERY_MS = 30 * DAY_MS;

/** Times ahead of the clock: then it is wrong now, or was wrong when they were written. */
export function checkClock(
  { database }: Pick<BackupService, 'database'>,
  backups: readonly Backup[],
  now: number,
): Check {
  const future = backups.filter(({ problem }) => problem === 'dated in the future').map(({ name }) => name);
  const mtimeMs = fs.statSync(database, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const ahead = [...future, ...(mtimeMs > now + CLOCK_TOLERANCE_MS ? [database] : [])];
  if (ahead.length === 0) return ok('clock', 'Nothing is dated in the future.');
  return warn(
    'clock',
    `Dated in the future: ${some(ahead)}. The clock says ${new Date(now).toISOString()}.`,
    'Correct the clock. Backups that were taken under a wrong one do not count until their time has come.',
  );
}

export function checkBackups(backups: readonly Backup[]): Check {
  const bad = backups.filter(({ problem }) => problem && problem !== 'dated in the future');
  if (bad.length === 0) return ok('backups', `${count(backups.length, 'backup')}, none of them with a problem.`);
  const detail = bad.find(({ problemDetail }) => problemDetail)?.problemDetail;
  return warn(
    'backups',
    `These do not count: ${some(bad.map(({ name, problem }) => `${name} (${problem})`))}.`,
    detail ?? 'Look at them with "sqlite-autobackup verify NAME"; a damaged one can be deleted, it is never pruned.',
  );
}

/** Reports what SQLite says about the contents of the newest backup, which are those of the database. */
export function checkFindings(due: DueCheck): Check {
  const latest = 'latest' in due ? due.latest : undefined;
  const findings = latest?.findings ?? [];
  if (!latest || findings.length === 0)
    return ok('contents', 'No check has found anything in the contents of the newest backup.');
  return warn(
    'contents',
    `${latest.name} is whole, and SQLite says of its contents: ${some(findings)}.`,
    "The live database is the same: look at these tables. REINDEX mends an index, INSERT INTO t(t) VALUES ('rebuild') a full-text one.",
  );
}

/** When was any backup last checked, and how did it end? */
export function checkVerification(backups: readonly Backup[], now: number): Check {
  if (backups.length === 0) return ok('verification', 'There is no backup to verify.');
  const checks = backups.flatMap(verificationsOf).sort((a, b) => b.at - a.at);
  const advice = 'Run "sqlite-autobackup verify --all", regularly.';
  const [newest] = checks;
  if (!newest) return warn('verification', 'No backup has ever been verified.', advice);
  const failed = backups.filter(({ lastVerification }) => lastVerification?.ok === false);
  if (failed.length > 0) {
    return fail(
      'verification',
      `The latest verification failed: ${some(failed.map(({ name }) => name))}.`,
      'Take a new backup and verify it; keep the bad one only to look for the reason, and check the disk.',
    );
  }
  const message = `Last verified: ${newest.name} (${newest.level}${newest.whenTaken ? ', when it was taken' : ''}), ${ago(now - newest.at)}.`;
  if (now - newest.at <= VERIFY_EVERY_MS) return ok('verification', message);
  return warn('verification', `${message} That is more than ${span(VERIFY_EVERY_MS)}.`, advice);
}

interface Verification {
  readonly name: string;
  readonly level: string;
  readonly at: number;
  readonly whenTaken: boolean;
}

function verificationsOf({ name, manifest, lastVerification }: Backup): Verification[] {
  const found: Verification[] = [];
  // Manifests are files that people can edit.
  const taken = Date.parse(String(manifest?.verifiedAt));
  if (!Number.isNaN(taken)) {
    found.push({ name, level: manifest?.verified ?? '', at: taken, whenTaken: true });
  }
  if (lastVerification) {
    const { level, at } = lastVerification;
    found.push({ name, level, at: Date.parse(at), whenTaken: false });
  }
  return found;
}

/** Says what the next pruning would remove. Changes nothing. */
export async function checkRetention(service: BackupService): Promise<Check> {
  const { kept, removed } = await service.pruneBackups({ dryRun: true });
  const going = removed.length === 0 ? 'nothing goes' : `${some(removed.map(({ name }) => name))} would go`;
  return ok('retention', `Retention keeps ${kept.length}; ${going} (details: sqlite-autobackup prune --dry-run).`);
}
