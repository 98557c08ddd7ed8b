import type { Context, Hono } from 'hono';
import { sqlFromJson } from '../../util/sql-value.js';
import type { SqlJson } from '../../util/sql-value.js';
import { readFields } from '../body.js';
import type { Fields } from '../body.js';
import { HttpError } from '../http-error.js';
import { answerStarted } from '../jobs/answers.js';
import type { Job } from '../jobs/job.js';
import type { Started } from '../jobs/jobs.js';
import { requireRight } from '../middleware.js';
import { beginJob, nameOf } from '../pages.js';
import type { DashboardEnv, ServiceView } from '../service-view.js';
import { knownViewer } from '../viewer.js';
import { decisionsOf, identityOf, whereOf } from './choice.js';
import type { Chosen, RowsOrder } from './choice.js';

type C = Context<DashboardEnv>;

/** What has changed since a backup, and rows that come back: the forms, and the same in the API. */
export function addRows(app: Hono<DashboardEnv>, base: string, serviceView: ServiceView): void {
  const { operations } = serviceView;
  const one = `${base}/backups/:name`;
  const api = `${base}/api/backups/:name`;

  app.post(`${one}/changes`, requireRight('browse'), async (c) => {
    const fields = await readFields(c.req.raw);
    return beginJob(c, serviceView, () => operations.diff(nameOf(c), fields, knownViewer(c)));
  });
  app.post(`${one}/recover`, requireRight('recover'), async (c) => {
    const fields = await readFields(c.req.raw);
    return beginJob(c, serviceView, () => {
      const job = jobOf(c, serviceView, fields);
      if (fields['do'] !== undefined) {
        if (job.kind !== 'plan' || job.outcome?.kind !== 'plan') throw new HttpError('ERR_DASHBOARD_BODY');
        return operations.recover(nameOf(c), job.rows!, job.outcome.report.plan, knownViewer(c));
      }
      const rows = job.rows ?? chosenIn(c, job, fields);
      return operations.plan(nameOf(c), { ...rows, ...decisionsOf(fields) }, knownViewer(c));
    });
  });

  app.post(`${api}/diff`, requireRight('browse'), async (c) =>
    answerStarted(c, serviceView, await operations.diff(nameOf(c), await readFields(c.req.raw))),
  );
  app.post(`${api}/recover`, requireRight('recover'), async (c) => {
    const fields = await readFields(c.req.raw);
    const { dryRun = false, plan } = fields;
    if (typeof dryRun !== 'boolean' || (plan !== undefined && typeof plan !== 'string')) {
      throw new HttpError('ERR_DASHBOARD_BODY');
    }
    const rows = rowsOf(fields);
    const start = (): Promise<Started> =>
      dryRun ? operations.plan(nameOf(c), rows) : operations.recover(nameOf(c), rows, plan);
    return answerStarted(c, serviceView, await start());
  });
}

/** The job that a form goes on from: of the same backup, and not one that others can't see. */
function jobOf(c: C, { operations }: ServiceView, { job: id }: Fields): Job {
  const job = typeof id === 'string' ? operations.jobs.find(id) : undefined;
  if (!job || job.name !== nameOf(c)) throw new HttpError('ERR_DASHBOARD_NOT_FOUND');
  return job;
}

/** The rows that were ticked among those that a comparison has shown; or all that have gone from its table. */
function chosenIn(c: C, { outcome }: Job, fields: Fields): RowsOrder {
  // They are known from a page that needs this right.
  if (!c.get('rights').browse) throw new HttpError('ERR_DASHBOARD_FORBIDDEN');
  const [table] = outcome?.kind === 'diff' ? outcome.diff.tables : [];
  if (!table?.rows) throw new HttpError('ERR_DASHBOARD_BODY');
  if (fields['all'] !== undefined) return { table: table.name };
  const chosen = Object.keys(fields).flatMap((key): Chosen[] => {
    const number = /^row(\d{1,4})$/.exec(key)?.[1];
    const row = number === undefined ? undefined : table.rows![Number(number)];
    const identity = row && identityOf(table, row);
    return identity ? [identity] : [];
  });
  if (chosen.length === 0) throw new HttpError('ERR_DASHBOARD_NOTHING_CHOSEN');
  return { table: table.name, where: whereOf(chosen) };
}

/** `{ table, rows: [{ id: 42 }] }` or `{ table, removed: true }` */
function rowsOf(fields: Fields): RowsOrder {
  const { table, rows, removed = false } = fields;
  if (typeof table !== 'string' || typeof removed !== 'boolean' || Array.isArray(rows) === removed) {
    throw new HttpError('ERR_DASHBOARD_BODY');
  }
  const where = removed ? {} : { where: whereOf((rows as unknown[]).map(valuesOf)) };
  return { table, ...where, ...decisionsOf(fields) };
}

function valuesOf(row: unknown): Chosen {
  if (typeof row !== 'object' || row === null) throw new HttpError('ERR_DASHBOARD_BODY');
  return Object.fromEntries(
    Object.entries(row).map(([column, value]) => {
      if (!isSqlJson(value)) throw new HttpError('ERR_DASHBOARD_BODY');
      return [column, sqlFromJson(value)];
    }),
  );
}

function isSqlJson(value: unknown): value is SqlJson {
  if (value === null || typeof value === 'string' || typeof value === 'number') return true;
  if (typeof value !== 'object') return false;
  const { integer, real, blob } = value as Record<string, unknown>;
  if (integer !== undefined) return typeof integer === 'string' && /^-?\d{1,19}$/.test(integer);
  return typeof (real ?? blob) === 'string';
}
