import type { Activity } from '../activity/activity.js';
import type { Backup } from '../catalog/backup.js';
import type { DueCheck } from '../catalog/due-check.js';
import type { RestoreReport, VerifyReport } from '../child/protocol.js';
import type { CopyStatus } from '../offsite/service-shippers.js';
import type { BackupError } from '../util/errors.js';
import { assertionsFor, privately, problemsFor, storeFor } from './redact.js';
import type { Reader } from './redact.js';
import type { ServiceStatus } from './status.js';
import { verdict } from './verdict.js';
import type { Verdict, VerdictAnswer } from './verdict-types.js';

// How backups, reports, the status and errors look as JSON: of the command line (docs/command-line.md) and of the dashboard's API
// (docs/dashboard.md). A key without a value is `undefined` here: the API leaves it out, the command line prints null.

/* eslint-disable @typescript-eslint/explicit-function-return-type -- the two pages have the shapes */

export function errorView(
  { code, message, hint, step }: Pick<BackupError, 'code' | 'message' | 'hint' | 'step'>,
  reader: Reader,
) {
  return { code, ...privately({ message, hint }, reader), step };
}

export function backupView(backup: Backup, reader: Reader, now: number) {
  const { name, path, createdAt, sizeBytes, label, sha256, verified, lastVerification, problem, manifest } = backup;
  return {
    name,
    ...privately({ path }, reader),
    createdAt,
    ageMs: Math.max(0, now - createdAt.getTime()),
    sizeBytes,
    label,
    sha256,
    verified,
    lastVerification: lastVerification && {
      ...lastVerification,
      ...(lastVerification.problems && { problems: problemsFor(lastVerification.problems, reader) }),
      ...(lastVerification.assertions && { assertions: assertionsFor(lastVerification.assertions, reader) }),
    },
    protected: backup.protected,
    problem,
    findings: backup.findings,
    importedAt: manifest?.importedAt,
    pageCount: manifest?.pageCount,
    durationMs: manifest?.durationMs,
    copies: backup.copies?.map(({ store, state, at, sizeBytes }) => ({
      store: storeFor(store, reader),
      state,
      at,
      sizeBytes,
    })),
  };
}

export function verifyView(report: VerifyReport, reader: Reader) {
  const { name, level, ok, problems, findings, assertions, uncheckedTables } = report;
  const { recorded, sizeBytes, sha256, durationMs } = report;
  return {
    name,
    level,
    ok,
    problems: problemsFor(problems, reader),
    findings,
    ...privately({ uncheckedTables }, reader),
    assertions: assertions && assertionsFor(assertions, reader),
    recorded,
    sizeBytes,
    sha256,
    durationMs,
  };
}

export function restoreView(report: RestoreReport, reader: Reader) {
  const { name, path, method, safetyBackup, movedAside, compared } = report;
  const { sizeBytes, pageCount, journalMode, sha256, durationMs } = report;
  return {
    ...{ name, ...privately({ path }, reader), method, safetyBackup, ...privately({ movedAside }, reader) },
    ...(compared !== undefined && { compared }),
    ...{ sizeBytes, pageCount, journalMode, sha256, durationMs },
  };
}

export function activityView({ at, action, by, ...more }: Activity, reader: Reader) {
  const { name, label, names, of, code, message, ok, level, to, safetyBackup, rows, store } = more;
  const { via, person, user, host, pid } = by;
  return {
    ...{ at, action, by: { via, person, user, host, ...privately({ pid }, reader) } },
    ...{ name, label, names, of, code, ...privately({ message, to }, reader), ok, level, safetyBackup, rows },
    ...{ store: store && storeFor(store, reader), sizeBytes: more.sizeBytes, durationMs: more.durationMs },
  };
}

export function dueView(check: DueCheck) {
  return {
    due: check.due,
    reason: check.reason,
    latest: 'latest' in check ? check.latest?.name : undefined,
    ageMs: 'ageMs' in check ? check.ageMs : undefined,
    dueAt: 'dueAt' in check ? check.dueAt : undefined,
    retryAt: 'retryAt' in check ? check.retryAt : undefined,
  };
}

/** The sentences of a verdict, in the language of whoever reads them. */
export interface VerdictSentences {
  readonly sentence: (judged: Verdict) => string;
  readonly say: (answer: VerdictAnswer) => { readonly say: string; readonly more?: string | undefined };
}

export function statusView(status: ServiceStatus, reader: Reader, now: number, { sentence, say }: VerdictSentences) {
  const { database, directory, due, latest, lastFailure, warnings } = status;
  const judged = verdict(status, now);
  const { level, worst, answers } = judged;
  return {
    level,
    kind: worst.code,
    sentence: sentence(judged),
    answers: answers.map((answer) => ({ ...answerView(answer, reader), ...say(answer) })),
    database: {
      ...privately({ path: database.path }, reader),
      sizeBytes: database.sizeBytes,
      journalMode: database.journalMode,
      error: database.error && errorView(database.error, reader),
      lookedAt: database.lookedAt,
    },
    ...privately({ directory }, reader),
    due: dueView(due),
    latest: latest && backupView(latest, reader, now),
    backupCount: status.backupCount,
    backupBytes: status.backupBytes,
    freeBytes: status.freeBytes,
    neededBytes: status.neededBytes,
    runningSince: status.runningSince,
    inProgress: status.inProgress,
    lastFailure: lastFailure && {
      ...errorView(lastFailure.error, reader),
      at: lastFailure.at,
      retryAt: lastFailure.retryAt,
    },
    lastVerification: status.lastVerification,
    lastDrill: status.lastDrill,
    onlyHere: status.onlyHere,
    copies: status.copies.map((copies) => storeView(copies, reader)),
    ...privately({ warnings }, reader),
  };
}

function answerView(answer: VerdictAnswer, reader: Reader) {
  const { question, mark, code, action, at, next, name, error, count, freeBytes, neededBytes, by } = answer;
  const stores = answer.stores?.map((store) => ({ ...store, store: storeFor(store.store, reader) }));
  return { question, mark, code, action, at, next, name, error, count, freeBytes, neededBytes, by, stores };
}

function storeView(copies: CopyStatus, reader: Reader) {
  const { store, host, copyCount, copyBytes, latest, pending, pendingSince, shippingNow, lastError } = copies;
  return {
    store: storeFor(store, reader),
    ...privately({ host }, reader),
    copyCount,
    copyBytes,
    latest: reader.at === 'machine' ? latest : latest?.name,
    pending,
    pendingCount: pending.length,
    pendingSince,
    shippingNow,
    lastError: lastError && {
      code: lastError.code,
      ...privately({ message: lastError.message }, reader),
      name: lastError.name,
      at: lastError.at,
      failures: lastError.failures,
      retryAt: lastError.retryAt,
    },
  };
}
