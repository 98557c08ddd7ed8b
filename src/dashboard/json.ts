import type { Activity, Backup, BackupService, RestoreReport, ServiceStatus, VerifyReport } from '../index.js';
import type { Rights } from './guard.js';
import { sayAssertions, sayProblems, storeName } from './redact.js';
import type { ServiceView } from './service-view.js';
import { sayAnswer, sayVerdict } from './texts/say.js';
import type { Texts } from './texts/index.js';
import { verdict } from '../service/verdict.js';

// The answers of the API: the service's own shapes without the paths in them. Dates become ISO texts.

/* eslint-disable @typescript-eslint/explicit-function-return-type -- docs/dashboard.md has the shapes */

export function backupJson(backup: Backup, service: BackupService, rights: Rights) {
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
      problems: lastVerification.problems && sayProblems(lastVerification.problems, service, rights),
      assertions: lastVerification.assertions && sayAssertions(lastVerification.assertions, rights),
    },
    protected: backup.protected,
    copies: backup.copies?.map(({ store, state, at, sizeBytes }) => ({
      store: storeName(store),
      state,
      at,
      sizeBytes,
    })),
    problem,
    findings: backup.findings,
    pageCount: manifest?.pageCount,
    durationMs: manifest?.durationMs,
  };
}

export function statusJson(status: ServiceStatus, { service }: ServiceView, rights: Rights, texts: Texts, now: number) {
  const { due, latest, lastFailure, database } = status;
  const judged = verdict(status, now);
  return {
    level: judged.level,
    kind: judged.worst.code,
    sentence: sayVerdict(judged, texts, now),
    answers: judged.answers.map((answer) => ({
      ...answer,
      stores: answer.stores?.map((store) => ({ ...store, store: storeName(store.store) })),
      ...sayAnswer(answer, texts, now),
    })),
    due: {
      due: due.due,
      reason: due.reason,
      ...('ageMs' in due && { ageMs: due.ageMs }),
      ...('dueAt' in due && { dueAt: due.dueAt }),
      ...('retryAt' in due && { retryAt: due.retryAt }),
    },
    latest: latest && backupJson(latest, service, rights),
    backupCount: status.backupCount,
    backupBytes: status.backupBytes,
    freeBytes: status.freeBytes,
    neededBytes: status.neededBytes,
    lastDrill: status.lastDrill,
    onlyHere: status.onlyHere,
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

export function verifyJson(report: VerifyReport, { service }: ServiceView, rights: Rights) {
  const { name, level, ok, findings, sizeBytes, sha256, durationMs } = report;
  const problems = sayProblems(report.problems, service, rights);
  const assertions = report.assertions && sayAssertions(report.assertions, rights);
  return { name, level, ok, problems, findings, assertions, sizeBytes, sha256, durationMs };
}

/** Neither messages nor paths: they name folders. */
export function activityJson({ at, action, by, ...more }: Activity) {
  const { name, label, names, of, code, ok, level, safetyBackup, rows, store, sizeBytes, durationMs } = more;
  return {
    ...{ at, action, by: { via: by.via, person: by.person, user: by.user, host: by.host } },
    ...{ name, label, names, of, code, ok, level, safetyBackup, rows, store: store && storeName(store) },
    ...{ sizeBytes, durationMs },
  };
}

export function restoreJson(report: RestoreReport) {
  const { name, method, safetyBackup, sizeBytes, pageCount, journalMode, sha256, durationMs } = report;
  return { name, method, safetyBackup, sizeBytes, pageCount, journalMode, sha256, durationMs };
}
