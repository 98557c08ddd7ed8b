import type { Context, Hono, MiddlewareHandler } from 'hono';
import { HttpError } from '../http-error.js';
import { readFields } from '../body.js';
import { requireRight } from '../middleware.js';
import type { DashboardEnv, ServiceView } from '../service-view.js';
import { viewerOf } from '../viewer.js';
import { jobPage } from '../views/job.js';
import { viewOf } from '../views/view.js';
import { flashOf, jobJson } from './answers.js';
import { RIGHT_OF } from './job.js';
import type { Job } from './job.js';

type C = Context<DashboardEnv>;

/** The pages and the API of jobs. `authorize` is asked at each look, as for every request. */
export function addJobs(app: Hono<DashboardEnv>, base: string, serviceView: ServiceView): void {
  const { jobs } = serviceView.operations;
  const job = (c: C): Job => jobs.find(c.req.param('id') ?? '')!;

  /** @param looking whoever may see the page sees that a job runs; its own right is needed to end it */
  const mayUse = (looking: boolean): MiddlewareHandler<DashboardEnv> => {
    return async (c, next) => {
      const rights = c.get('rights');
      const found = jobs.find(c.req.param('id') ?? '');
      const general = looking && rights.view;
      // Only those who may see some job learn that there is none of this number.
      if (!found && !general && !Object.values(RIGHT_OF).some((right) => rights[right])) {
        throw new HttpError('ERR_DASHBOARD_FORBIDDEN');
      }
      if (!found) throw new HttpError('ERR_DASHBOARD_NOT_FOUND');
      if (!general && !rights[RIGHT_OF[found.kind]]) throw new HttpError('ERR_DASHBOARD_FORBIDDEN');
      await next();
    };
  };

  app.get(`${base}/jobs/:id`, mayUse(true), async (c) => {
    const found = job(c);
    const view = viewOf(c, serviceView);
    const viewer = viewerOf(c);
    const { returnTo, flash } = flashOf(found, view);
    if (
      returnTo !== undefined &&
      c.get('rights').view &&
      c.req.raw.method === 'GET' &&
      jobs.claimReturn(found.id, viewer)
    ) {
      return c.redirect(`${returnTo}?m=${serviceView.flashes.put(viewer!, flash)}`, 303);
    }
    const backups = c.get('rights').view ? await serviceView.service.listBackups().catch(() => []) : [];
    return c.html(jobPage(view, serviceView, found, backups));
  });
  app.post(`${base}/jobs/:id/cancel`, mayUse(false), async (c) => {
    const { id } = job(c);
    await readFields(c.req.raw);
    jobs.cancel(id);
    return c.redirect(`${viewOf(c, serviceView).home}jobs/${id}`, 303);
  });

  const say = (c: C, found: Job): object => jobJson(found, serviceView, c.get('rights'), c.get('texts'));
  app.get(`${base}/api/jobs`, requireRight('view'), (c) => c.json(jobs.list.map((each) => say(c, each))));
  app.get(`${base}/api/jobs/:id`, mayUse(true), (c) => c.json(say(c, job(c))));
  app.delete(`${base}/api/jobs/:id`, mayUse(false), (c) => {
    jobs.cancel(job(c).id);
    return c.json(say(c, job(c)), 202);
  });
}
