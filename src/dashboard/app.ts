import { Hono } from 'hono';
import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { secureHeaders } from 'hono/secure-headers';
import { addApi } from './api.js';
import { addCare } from './care.js';
import { addAssets } from './assets/assets.js';
import { NO_RIGHTS } from './guard.js';
import { middleware, requireRight, visibleServices } from './middleware.js';
import { HttpError, toPublicError } from './http-error.js';
import type { ResolvedDashboard } from './options.js';
import { addJobs } from './jobs/routes.js';
import { addPages } from './pages.js';
import { addQuery } from './rows/query.js';
import { addRows } from './rows/routes.js';
import { addUpload } from './upload/routes.js';
import { addSeveral } from './several.js';
import { addStores } from './stores.js';
import { logFailure, serviceView } from './service-view.js';
import type { DashboardEnv } from './service-view.js';
import { forPage } from '../util/printable.js';
import { textsFor } from './texts/index.js';
import { errorPage, errorText, loggedOutPage } from './views/error.js';
import { eventStream } from './live.js';
import { together } from './watch.js';
import { servicesPage } from './views/services.js';
import { viewOf } from './views/view.js';

export type DashboardApp = Hono<DashboardEnv>;

const SELF = ["'self'"];

/** Table of contents: headers -> middleware -> style and script -> pages and API of each service -> errors. */
export function buildApp(options: ResolvedDashboard): DashboardApp {
  const app: DashboardApp = new Hono<DashboardEnv>({
    getPath: (_request, given) => given?.env?.path || '/',
    strict: true,
  });

  app.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        scriptSrc: SELF,
        styleSrc: SELF,
        imgSrc: SELF,
        connectSrc: SELF,
        formAction: SELF,
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
      },
      xFrameOptions: 'DENY',
      referrerPolicy: 'no-referrer',
      // For a whole host name: its owner's to decide.
      strictTransportSecurity: false,
    }),
  );
  app.use(async (c, next) => {
    c.set('texts', textsFor(options.locale, c.req.header('accept-language') ?? null));
    c.set('rights', NO_RIGHTS);
    // Each page goes through here before it is an answer: an answer's text, read again, is decoded and made anew.
    const { html } = c;
    // What the templates make is typed as a text, and is an object.
    const shown = (page: string): string => forPage(''.concat(page));
    c.html = ((page: string | Promise<string>, ...how: [ContentfulStatusCode?]) =>
      html(page instanceof Promise ? page.then(shown) : shown(page), ...how)) as typeof c.html;
    await next();
    // Style and script say so themselves: their names in a cache tell nobody anything.
    if (!c.res.headers.get('cache-control')?.includes('private')) c.res.headers.set('Cache-Control', 'no-store');
  });
  const { ownHost, ownSite, authorized } = middleware(options);
  app.use(ownHost, ownSite);
  // They tell nothing of anybody's backups, and the page that says "You are logged out" has them too.
  addAssets(app);
  app.use(authorized);
  const views = [...options.services].map(([name, service]) => serviceView(name, service, options));
  for (const view of views) {
    const base = view.name === '' ? '' : `/${view.name}`;
    addApi(app, base, view);
    addJobs(app, base, view);
    addRows(app, base, view);
    addQuery(app, base, view);
    addUpload(app, base, view);
    addCare(app, base, view);
    addSeveral(app, base, view);
    addStores(app, base, view);
    addPages(app, base, view, async (c) => (views.length < 2 ? [] : visibleServices(c, options, views)));
  }
  if (!options.single) {
    app.get('/', requireRight('view'), async (c) => {
      const visible = await visibleServices(c, options, views);
      const looks = await Promise.all(visible.map(async (view) => ({ service: view, look: await view.look() })));
      return c.html(servicesPage(viewOf(c), looks));
    });
    app.get('/api/events', requireRight('view'), async (c) => {
      const watch = together((await visibleServices(c, options, views)).map((view) => view.watch));
      return eventStream(c, watch);
    });
    app.get('/api/services', requireRight('view'), async (c) =>
      c.json((await visibleServices(c, options, views)).map(({ name }) => name)),
    );
  }

  app.notFound((c) => answerError(c, new HttpError('ERR_DASHBOARD_NOT_FOUND'), options));
  app.onError((error, c) => {
    if (!(error instanceof HttpError)) logFailure(options, error);
    return answerError(c, error, options);
  });
  return app;
}

function answerError(
  c: Context<DashboardEnv>,
  error: unknown,
  { loginUrl }: ResolvedDashboard,
): Response | Promise<Response> {
  const known = toPublicError(error);
  const status = known.status as 400;
  c.header('Cache-Control', 'no-store');
  const isApi = /^(\/[^/]+)?\/api(\/|$)/.test(c.env.path);
  // Nobody at all, as against somebody who may do other things.
  const loggedOut = known.code === 'ERR_DASHBOARD_FORBIDDEN' && c.get('rights') === NO_RIGHTS;
  if (!isApi && loggedOut) return c.html(loggedOutPage(viewOf(c), loginAddress(loginUrl, c.req.raw)), status);
  if (!isApi) return c.html(errorPage(viewOf(c), known), status);
  return c.json({ error: { code: known.code, message: errorText(known, c.get('texts')) } }, status);
}

/** Back to the page that was asked for; what a form has sent is lost, so then to the page that it was on, which is the browser's to know. */
function loginAddress(loginUrl: string | undefined, { url, method }: Request): string | undefined {
  const { pathname, search } = new URL(url);
  const back = method === 'GET' ? pathname + search : '';
  return loginUrl?.replaceAll('{url}', encodeURIComponent(back));
}
