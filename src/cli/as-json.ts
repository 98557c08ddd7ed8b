import type { Backup, BackupError, DueCheck } from '../index.js';

/** A backup as --json shows it: always the same keys, `null` for what is not there. */
export function backupJson(backup: Backup, now: number): object {
  const { name, path, createdAt, sizeBytes, label, sha256, verified, problem } = backup;
  return {
    name,
    path,
    createdAt: createdAt.toISOString(),
    ageMs: Math.max(0, now - createdAt.getTime()),
    sizeBytes,
    label: label ?? null,
    sha256: sha256 ?? null,
    verified: verified ?? null,
    lastVerification: backup.lastVerification ?? null,
    protected: backup.protected,
    problem: problem ?? null,
    copies: (backup.copies ?? []).map(({ store, state, at }) => ({ store, state, at: at?.toISOString() ?? null })),
  };
}

/** An error as --json shows it. */
export function errorJson({
  code,
  message,
  hint,
  step,
}: Pick<BackupError, 'code' | 'message' | 'hint' | 'step'>): object {
  return { code, message, hint, step };
}

export function dueJson(check: DueCheck): object {
  return {
    due: check.due,
    reason: check.reason,
    latest: ('latest' in check ? check.latest?.name : undefined) ?? null,
    ageMs: 'ageMs' in check ? check.ageMs : null,
    dueAt: 'dueAt' in check ? check.dueAt.toISOString() : null,
  };
}
