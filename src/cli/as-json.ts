import { sayAnswer, sayVerdict } from '../index.js';
import type { Activity, Backup, BackupError, DueCheck, RestoreReport, ServiceStatus, VerifyReport } from '../index.js';
import {
  activityView,
  backupView,
  dueView,
  errorView,
  restoreView,
  statusView,
  verifyView,
} from '../service/json-view.js';
import { AT_THE_MACHINE } from '../service/redact.js';

// The documents of --json: they always have the same keys, with null for a missing value and [] for an empty list.

export function backupJson(backup: Backup, now: number): object {
  const view = backupView(backup, AT_THE_MACHINE, now);
  return withNulls({ ...view, findings: view.findings ?? [], copies: view.copies ?? [] });
}

export function errorJson(error: Pick<BackupError, 'code' | 'message' | 'hint' | 'step'>): object {
  return errorView(error, AT_THE_MACHINE);
}

export function dueJson(check: DueCheck): object {
  return withNulls(dueView(check));
}

export function verifyJson(report: VerifyReport): object {
  const view = verifyView(report, AT_THE_MACHINE);
  return { ...view, assertions: view.assertions ?? [], error: null };
}

export function restoreJson(report: RestoreReport): object {
  return withNulls(restoreView(report, AT_THE_MACHINE));
}

export function activityJson(activity: Activity): object {
  return withNulls({ ...activityView(activity, AT_THE_MACHINE), names: activity.names ?? [] });
}

export function statusJson(status: ServiceStatus, now: number): object {
  const view = statusView(status, AT_THE_MACHINE, now, {
    sentence: (judged) => sayVerdict(judged, now),
    say: (answer) => ({ say: sayAnswer(answer, now) }),
  });
  return withNulls({ ...view, latest: status.latest && backupJson(status.latest, now) });
}

function withNulls(view: object): object {
  return mapValues(view) as object;
}

function mapValues(value: unknown): unknown {
  if (value === undefined) return null;
  if (Array.isArray(value)) return value.map(mapValues);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, mapValues(each)]));
}
