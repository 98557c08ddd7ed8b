import type { Context, Hono } from 'hono';
import { download } from './download.js';
import { requireRight } from './middleware.js';
import { HttpError, toPublicError } from './http-error.js';
import { readFields } from './body.js';
import { isConfirmed } from './confirm.js';
import type { Flash } from './flash-store.js';
import type { Started } from './jobs/jobs.js';
import { logFailure } from './service-view.js';
import type { DashboardEnv, ServiceView } from './service-view.js';
import { activityPage, readActivity } from './views/activity.js';
import { deletePage, restorePage } from './views/danger.js';
import { detailPage } from './views/detail.js';
import { goBackPage } from './views/go-back.js';
import { overviewPage } from './views/overview.js';
import { rulesPage } from './views/rules.js';
import { chooser } from './views/services.js';
import { linkTo, viewOf } from './views/view.js';
import { knownViewer } from './viewer.js';

type C = Context<DashboardEnv>;

/** The pages of one service, and the forms on them: a form's answer is a redirect to the page that says what came of it. */
export function addPages(
  app: Hono<DashboardEnv>,
  base: string,
  serviceView: ServiceView,
  others: (c: C) => Promise<readonly ServiceView[]>,
): void {
  const { operations } = serviceView;
  const one = `${base}/backups/:name`;

  // Both forms work, with and without the slash: links are relative to the requested address.
  for (const path of base === '' ? ['/'] : [base, `${base}/`]) {
    app.get(path, requireRight('view'), async (c) => {
      const view = viewOf(c, serviceView);
      const names = (await others(c)).map(({ name }) => name);
      return c.html(overviewPage(view, serviceView, await serviceView.look(), chooser(view, serviceView, names)));
    });
  }
  app.get(`${base}/activity`, requireRight('view'), async (c) => {
    const view = viewOf(c, serviceView);
    return c.html(activityPage(view, serviceView, await readActivity(serviceView, view)));
  });
  app.get(`${base}/rules`, requireRight('view'), async (c) =>
    c.html(rulesPage(viewOf(c, serviceView), serviceView, await serviceView.service.rules())),
  );
  app.get(`${base}/go-back`, requireRight('view'), async (c) => {
    const backups = await serviceView.service.knownBackups();
    return c.html(goBackPage(viewOf(c, serviceView), serviceView, backups));
  });
  app.get(one, requireRight('view'), async (c) => {
    const seen = await serviceView.service.outlook();
    const backup = seen.backups.find(({ name }) => name === nameOf(c));
    if (!backup) throw new HttpError('ERR_DASHBOARD_NOT_FOUND');
    return c.html(detailPage(viewOf(c, serviceView), serviceView, backup, seen));
  });
  app.get(`${one}/download`, requireRight('download'), (c) => download(serviceView, c, nameOf(c)));
  app.get(`${one}/delete`, requireRight('delete'), async (c) => {
    const backup = await operations.find(nameOf(c));
    if (backup.protected) throw new HttpError('ERR_DASHBOARD_PROTECTED');
    const backups = await serviceView.service.knownBackups();
    return c.html(deletePage(viewOf(c, serviceView), serviceView, backup, backups));
  });
  app.get(`${one}/restore`, requireRight('restore'), async (c) => {
    const backup = await operations.find(nameOf(c));
    const status = await serviceView.status().catch(() => undefined);
    return c.html(restorePage(viewOf(c, serviceView), serviceView, backup, status));
  });

  app.post(`${base}/backups`, requireRight('create'), async (c) => {
    const { label } = await readFields(c.req.raw);
    return beginJob(c, serviceView, () => operations.create(label === undefined ? {} : { label }, knownViewer(c)));
  });
  app.post(`${one}/verify`, requireRight('create'), async (c) => {
    const fields = await readFields(c.req.raw);
    return beginJob(c, serviceView, () => operations.verify(nameOf(c), fields, knownViewer(c)));
  });
  app.post(`${one}/restore`, requireRight('restore'), async (c) => {
    const { confirm } = await readFields(c.req.raw);
    const confirmed = isConfirmed(confirm, nameOf(c));
    return beginJob(c, serviceView, () => operations.restore(nameOf(c), confirmed, knownViewer(c)), '/restore');
  });
  app.post(`${one}/protect`, requireRight('delete'), async (c) => {
    const fields = await readFields(c.req.raw);
    return act(c, serviceView, detail, async (name) => {
      const on = await operations.protect(name, fields);
      return { done: on ? 'protected' : 'unprotected', name };
    });
  });
  app.post(`${one}/delete`, requireRight('delete'), async (c) => {
    await readFields(c.req.raw);
    return act(c, serviceView, overview, async (name) => {
      await operations.delete(name);
      return { done: 'deleted' };
    });
  });
}

export function nameOf(c: C): string {
  return c.req.param('name') ?? '';
}

const overview = (serviceView: ServiceView, c: C): string => viewOf(c, serviceView).home;
const detail = (serviceView: ServiceView, c: C): string => linkTo(viewOf(c, serviceView), nameOf(c));

/** Starts a job and leads to its page, also where it runs already, or another one must be over first. */
export async function beginJob(
  c: C,
  serviceView: ServiceView,
  start: () => Started | Promise<Started>,
  form = '',
): Promise<Response> {
  const { home } = viewOf(c, serviceView);
  let started: Started;
  try {
    started = await start();
  } catch (error) {
    const { code, status } = toPublicError(error);
    if (code === 'ERR_DASHBOARD_CONFIRMATION') {
      return lead(c, serviceView, linkTo(viewOf(c, serviceView), nameOf(c), form), { done: 'confirmation' });
    }
    if (status === 404 || error instanceof HttpError) throw error;
    logFailure(serviceView, error);
    return lead(c, serviceView, home, { done: 'error', code });
  }
  const page = `${home}jobs/${started.job.id}`;
  return started.how === 'busy' ? lead(c, serviceView, page, { done: 'busy' }) : c.redirect(page, 303);
}

/** Does it, and leads to the page that says what came of it. What is not there is a page of its own. */
async function act(
  c: C,
  serviceView: ServiceView,
  where: (serviceView: ServiceView, c: C) => string,
  work: (name: string) => Promise<Flash>,
): Promise<Response> {
  let flash: Flash;
  try {
    flash = await work(nameOf(c));
  } catch (error) {
    const { code, status } = toPublicError(error);
    if (status === 404 || error instanceof HttpError) throw error;
    logFailure(serviceView, error);
    flash = { done: 'error', code };
  }
  return lead(c, serviceView, where(serviceView, c), flash);
}

/** Leads to a page, which shows the message once, to whoever acted. */
export function lead(c: C, { flashes }: ServiceView, where: string, flash: Flash): Response {
  return c.redirect(`${where}?m=${flashes.put(knownViewer(c), flash)}`, 303);
}
