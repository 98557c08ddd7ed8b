import type { Backup, BackupService, RestoreReport, ServiceStatus, VerifyReport } from '../index.js';
import type { Rights } from './guard.js';
import { storeName, withoutFolder } from './redact.js';
import type { ServiceView } from './service-view.js';
import { sayVerdict } from './texts/say.js';
import type { Texts } from './texts/index.js';
import { judge } from './verdict.js';

// The answers of the API: the service's own shapes without the paths in them. Dates become ISO texts.

/* eslint-disable @typescript-eslint/explicit-function-return-type -- docs/dashboard.md has the shapes */

export function backupJson(backup: Backup, service: BackupService) {
  const { name, createdAt, sizeBytes, label, sha256, verified, lastVerification, problem, manifest } = backup;
  return {
    name,
    createdAt,
    sizeBytes,
    label,
    sha256,
    verified,
    lastVerification: lastVerification && {
      ...lastVerification,
      problems: lastVerification.problems?.map((problem) => withoutFolder(problem, service)),
    },
    protected: backup.protected,
    copies: backup.copies?.map(({ store, state, at, sizeBytes }) => ({
      store: storeName(store),
      state,
      at,
      sizeBytes,
    })),
    problem,
    pageCount: manifest?.pageCount,
    durationMs: manifest?.durationMs,
  };
}

export function statusJson(status: ServiceStatus, { service }: ServiceView, rights: Rights, texts: Texts, now: number) {
  const { due, latest, lastFailure, database } = status;
  const verdict = judge(status);
  return {
    level: verdict.level,
    kind: verdict.kind,
    sentence: sayVerdict(verdict, texts, now),
    due: {
      due: due.due,
      reason: due.reason,
      ...('ageMs' in due && { ageMs: due.ageMs }),
      ...('dueAt' in due && { dueAt: due.dueAt }),
      ...('retryAt' in due && { retryAt: due.retryAt }),
    },
    latest: latest && backupJson(latest, service),
    backupCount: status.backupCount,
    backupBytes: status.backupBytes,
    freeBytes: status.freeBytes,
    database: { sizeBytes: database.sizeBytes, journalMode: database.journalMode },
    runningSince: status.runningSince,
    inProgress: status.inProgress,
    lastFailure: lastFailure && {
      code: lastFailure.error.code,
      step: lastFailure.error.step,
      at: lastFailure.at,
      retryAt: lastFailure.retryAt,
    },
    lastVerification: status.lastVerification,
    copies: status.copies.map(({ store, copyCount, copyBytes, latest, pending, pendingSince, lastError }) => ({
      store: storeName(store),
      copyCount,
      copyBytes,
      latest: latest?.name,
      pendingCount: pending.length,
      pendingSince,
      lastError: lastError && { code: lastError.code, at: lastError.at, retryAt: lastError.retryAt },
    })),
    rights,
  };
}

export function verifyJson(report: VerifyReport, { service }: ServiceView) {
  const { name, level, ok, problems, assertions, sizeBytes, sha256, durationMs } = report;
  const said = problems.map((problem) => withoutFolder(problem, service));
  return { name, level, ok, problems: said, assertions, sizeBytes, sha256, durationMs };
}

export function restoreJson(report: RestoreReport) {
  const { name, method, safetyBackup, sizeBytes, pageCount, journalMode, sha256, durationMs } = report;
  return { name, method, safetyBackup, sizeBytes, pageCount, journalMode, sha256, durationMs };
}
