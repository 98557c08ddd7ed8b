import type { Context, Hono } from 'hono';
import { download } from './download.js';
import { requireRight } from './middleware.js';
import { HttpError, toPublicError } from './http-error.js';
import { readFields } from './body.js';
import type { DashboardEnv, ServiceView } from './service-view.js';
import { activityPage, readActivity } from './views/activity.js';
import { deletePage, detailPage, restorePage } from './views/detail.js';
import { flashQuery } from './views/flash.js';
import type { Flash } from './views/flash.js';
import { overviewPage } from './views/overview.js';
import { chooser } from './views/services.js';
import { linkTo, viewOf } from './views/view.js';

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
  app.get(one, requireRight('view'), async (c) =>
    c.html(detailPage(viewOf(c, serviceView), serviceView, await operations.find(nameOf(c)))),
  );
  app.get(`${one}/download`, requireRight('download'), (c) => download(serviceView, c, nameOf(c)));
  app.get(`${one}/delete`, requireRight('delete'), async (c) =>
    c.html(deletePage(viewOf(c, serviceView), serviceView, await operations.find(nameOf(c)))),
  );
  app.get(`${one}/restore`, requireRight('restore'), async (c) =>
    c.html(restorePage(viewOf(c, serviceView), serviceView, await operations.find(nameOf(c)))),
  );

  app.post(`${base}/backups`, requireRight('create'), async (c) => {
    await readFields(c.req.raw);
    return act(c, serviceView, overview, async () => {
      const { name } = await operations.create({});
      return { done: 'created', name };
    });
  });
  app.post(`${one}/verify`, requireRight('create'), async (c) => {
    const fields = await readFields(c.req.raw);
    return act(c, serviceView, detail, async (name) => {
      const { ok } = await operations.verify(name, fields);
      return { done: ok ? 'verified' : 'unsound', name };
    });
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
  app.post(`${one}/restore`, requireRight('restore'), async (c) => {
    const { confirm } = await readFields(c.req.raw);
    const typed = typeof confirm === 'string' ? confirm.trim() : confirm;
    const back =
      typed === nameOf(c) ? overview : (other: ServiceView, c: C) => linkTo(viewOf(c, other), nameOf(c), '/restore');
    return act(c, serviceView, back, async (name) => {
      const { method, safetyBackup, durationMs } = await operations.restore(name, typed);
      return { done: 'restored', name, method, safety: safetyBackup, ms: Math.round(durationMs) };
    });
  });
}

export function nameOf(c: C): string {
  return c.req.param('name') ?? '';
}

const overview = (serviceView: ServiceView, c: C): string => viewOf(c, serviceView).home;
const detail = (serviceView: ServiceView, c: C): string => linkTo(viewOf(c, serviceView), nameOf(c));

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
    if (status === 404) throw error;
    if (error instanceof HttpError && code !== 'ERR_DASHBOARD_CONFIRMATION') throw error;
    if (!(error instanceof HttpError)) logFailure(serviceView, error);
    flash = code === 'ERR_DASHBOARD_CONFIRMATION' ? { done: 'confirmation' } : { done: 'error', code };
  }
  return c.redirect(where(serviceView, c) + flashQuery(flash), 303);
}

export function logFailure({ logger }: Pick<ServiceView, 'logger'>, error: unknown): void {
  logger.error(`The dashboard could not do what was asked: ${error instanceof Error ? error.stack : String(error)}`);
}
