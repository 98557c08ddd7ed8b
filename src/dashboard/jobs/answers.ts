import type { Context } from 'hono';
import type { Flash } from '../flash-store.js';
import type { Rights } from '../guard.js';
import { HttpError } from '../http-error.js';
import { backupView, restoreView, verifyView } from '../../service/json-view.js';
import { recoveryOnTheWeb, storeName } from '../../service/redact.js';
import { copyJson, readerWith } from '../json.js';
import { rowsToJson } from '../rows/json.js';
import type { DashboardEnv, ServiceView } from '../service-view.js';
import { reasonFor } from '../texts/index.js';
import type { Texts } from '../texts/index.js';
import { linkTo } from '../views/view.js';
import type { View } from '../views/view.js';
import { RIGHT_OF } from './job.js';
import type { Job, JobKind, Outcome, SeveralReport } from './job.js';
import type { Started } from './jobs.js';

// What the answers say of a job, by the rights of whoever asks.

/** The kinds of jobs whose page has nothing to tell when they have ended. */
const RETURNS: ReadonlySet<JobKind> = new Set<JobKind>(['backup', 'verify', 'several', 'pull', 'upload']);

/** Where a job leads when it has ended, and what is said there. A job whose own page has its report leads nowhere. */
export function flashOf(job: Job, view: View): { readonly returnTo: string | undefined; readonly flash: Flash } {
  const { kind, name, back } = job;
  const below = back === 'restore' && view.rights.restore ? '/restore' : '';
  const isOfOne = (kind === 'verify' || kind === 'pull' || kind === 'upload') && name !== undefined;
  const home = isOfOne ? linkTo(view, name, below) : view.home;
  return {
    returnTo: comesBack(job) ? home : undefined,
    flash: said(job),
  };
}

function comesBack({ kind, state }: Job): boolean {
  // Why a file was refused takes more than a line: its page says it.
  return RETURNS.has(kind) && state !== 'running' && !(kind === 'upload' && state === 'failed');
}

function said({ state, outcome, name, code }: Job): Flash {
  if (state === 'cancelled') return { done: 'cancelled' };
  if (state === 'failed') return { done: 'error', code };
  if (outcome?.kind === 'verify') return { done: outcome.report.ok ? 'verified' : 'unsound', name };
  if (outcome?.kind === 'pull') return { done: 'pulled', name };
  if (outcome?.kind === 'upload') return { done: outcome.report.alreadyThere ? 'uploadedBefore' : 'uploaded', name };
  if (outcome?.kind === 'several') return saidOfSeveral(outcome.report);
  return { done: 'created', name };
}

function saidOfSeveral({ action, done, failed }: SeveralReport): Flash {
  const [first] = failed;
  const kind = { delete: 'deletedSome', protect: 'protectedSome', unprotect: 'unprotectedSome' } as const;
  return { done: first ? 'failedSome' : kind[action], count: done.length, failed: failed.length, code: first?.code };
}

/* eslint-disable @typescript-eslint/explicit-function-return-type -- docs/dashboard.md has the shape */

export function jobJson(job: Job, serviceView: ServiceView, rights: Rights, texts: Texts) {
  const { id, kind, name, state, startedAt, endedAt, progress, outcome, code } = job;
  return {
    id,
    kind,
    name,
    state,
    startedAt,
    endedAt,
    ...(state === 'running' && progress),
    ...(outcome && { result: outcomeJson(outcome, serviceView, rights) }),
    ...(code !== undefined && { error: { code, message: reasonFor(code, texts), ...saidFor(job, rights) } }),
  };
}

/** What an error says of a file or a question, to those who may send one. */
export function saidFor({ kind, said }: Pick<Job, 'kind' | 'said'>, rights: Rights): { readonly said?: string } {
  return said !== undefined && rights[RIGHT_OF[kind]] ? { said } : {};
}

export function outcomeJson(outcome: Outcome, { service }: ServiceView, rights: Rights) {
  const reader = readerWith(rights, service);
  switch (outcome.kind) {
    case 'backup':
      return backupView(outcome.backup, reader, Date.now());
    case 'verify':
      return verifyView(outcome.report, reader);
    case 'restore':
      return restoreView(outcome.report, reader);
    case 'several':
      return outcome.report;
    case 'copies':
      return outcome.copies.map(copyJson);
    case 'pull': {
      const { name, createdAt, sizeBytes, sha256, durationMs, store } = outcome.report;
      return { name, createdAt, sizeBytes, sha256, durationMs, store: storeName(store) };
    }
    case 'upload': {
      const { backup, alreadyThere, durationMs } = outcome.report;
      return { backup: backupView(backup, reader, Date.now()), alreadyThere, durationMs };
    }
    case 'query':
      return rights.browse ? rowsToJson(outcome.result) : undefined;
    case 'diff':
      // Names of tables and numbers of rows tell of the contents too.
      return rights.browse ? rowsToJson(outcome.diff) : undefined;
    case 'plan':
    case 'recover':
      return rights.recover ? rowsToJson(recoveryOnTheWeb(outcome.report, rights.browse)) : undefined;
  }
}

/**
 * The answer of the API to an order: 202 with the job and its address; with `?wait=1` what the job comes to, when it is there.
 *
 * @param status of the answer with the result
 */
export async function answerStarted(
  c: Context<DashboardEnv>,
  serviceView: ServiceView,
  { job, how }: Started,
  status: 200 | 201 = 200,
): Promise<Response> {
  const base = serviceView.name === '' ? c.env.root : `${c.env.root}${serviceView.name}/`;
  c.header('Location', `${base}api/jobs/${job.id}`);
  if (how === 'busy') throw new HttpError('ERR_DASHBOARD_BUSY');
  if (c.req.query('wait') !== '1') return c.json(jobJson(job, serviceView, c.get('rights'), c.get('texts')), 202);
  const outcome = await serviceView.operations.jobs.outcome(job.id);
  c.header('Location', undefined);
  return c.json(outcomeJson(outcome, serviceView, c.get('rights')), status);
}
