import type { Context, Hono } from 'hono';
import { csvOf } from '../../util/csv.js';
import { readFields } from '../body.js';
import type { Fields } from '../body.js';
import { HttpError } from '../http-error.js';
import { answerStarted } from '../jobs/answers.js';
import type { Started } from '../jobs/jobs.js';
import { requireRight } from '../middleware.js';
import { beginJob, nameOf } from '../pages.js';
import type { DashboardEnv, ServiceView } from '../service-view.js';
import { queryPage } from '../views/query.js';
import { viewOf } from '../views/view.js';
import { knownViewer } from '../viewer.js';

/** How much of an answer is kept for its page and the CSV, by rows and bytes. */
const KEPT = { rows: 1_000, bytes: 2_000_000 } as const;
const MAX_SQL = 8_000;

/** A question to a backup. It may take its time, so it is a job, whose page has the answer. */
export function addQuery(app: Hono<DashboardEnv>, base: string, serviceView: ServiceView): void {
  const { service, operations } = serviceView;
  const one = `${base}/backups/:name/query`;

  const ask = async (name: string, { sql }: Fields, owner?: string): Promise<Started> => {
    if (typeof sql !== 'string' || sql.trim() === '' || sql.length > MAX_SQL) throw new HttpError('ERR_DASHBOARD_BODY');
    await operations.find(name);
    const order = { kind: 'query', key: JSON.stringify([name, sql]), name, owner, sql } as const;
    return operations.jobs.start(order, async (control) => ({
      kind: 'query',
      result: await service.queryBackup(name, sql, { ...KEPT, ...control }),
    }));
  };

  app.get(one, requireRight('browse'), async (c) =>
    c.html(queryPage(viewOf(c, serviceView), serviceView, await operations.find(nameOf(c)))),
  );
  app.post(one, requireRight('browse'), async (c) => {
    const fields = await readFields(c.req.raw);
    return beginJob(c, serviceView, () => ask(nameOf(c), fields, knownViewer(c)));
  });
  app.post(`${base}/api/backups/:name/query`, requireRight('browse'), async (c) =>
    answerStarted(c, serviceView, await ask(nameOf(c), await readFields(c.req.raw))),
  );
  app.get(`${base}/jobs/:id/rows.csv`, requireRight('browse'), (c) => csv(c, serviceView));
}

/** What the page of the job shows, whole. */
function csv(c: Context<DashboardEnv>, { operations }: ServiceView): Response {
  const { outcome, name = '' } = operations.jobs.find(c.req.param('id') ?? '') ?? {};
  if (outcome?.kind !== 'query') throw new HttpError('ERR_DASHBOARD_NOT_FOUND');
  const file = `${name.replace(/\.[^.]*$/, '').replace(/[^\w.-]/g, '_')}.csv`;
  return c.body(`${csvOf(outcome.result)}\r\n`, 200, {
    'Content-Type': 'text/csv; charset=utf-8',
    'Content-Disposition': `attachment; filename="${file}"`,
  });
}
