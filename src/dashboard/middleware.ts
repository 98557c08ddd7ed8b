import type { MiddlewareHandler } from 'hono';
import { isCrossSite, isKnownHost, readRights } from './guard.js';
import type { Right } from './guard.js';
import { HttpError } from './http-error.js';
import type { ResolvedDashboard } from './options.js';
import type { DashboardEnv } from './service-view.js';

type Handler = MiddlewareHandler<DashboardEnv>;

const SAFE = new Set(['GET', 'HEAD']);

/** The doors that every request passes, in this order, before anything else looks at it. */
export function middleware(options: ResolvedDashboard): Handler[] {
  const { hosts, authorize, logger } = options;

  const ownHost: Handler = async (c, next) => {
    if (isKnownHost(c.req.raw.headers.get('host'), hosts)) return next();
    logger.warn('The dashboard refused a request for a host name that the option "hosts" does not list.');
    throw new HttpError('ERR_DASHBOARD_HOST');
  };
  const ownSite: Handler = async (c, next) => {
    if (SAFE.has(c.req.method) || !isCrossSite(c.req.raw, hosts)) return next();
    throw new HttpError('ERR_DASHBOARD_CROSS_SITE');
  };
  const authorized: Handler = async (c, next) => {
    let decision: unknown;
    try {
      decision = await authorize(withoutBody(c.req.raw), c.env.context);
    } catch (error) {
      logger.error(`authorize() of the dashboard failed: ${error instanceof Error ? error.stack : String(error)}`);
    }
    const rights = readRights(decision);
    if (!rights) throw new HttpError('ERR_DASHBOARD_FORBIDDEN');
    c.set('rights', rights);
    await next();
  };
  return [ownHost, ownSite, authorized];
}

export function requireRight(right: Right): Handler {
  return async (c, next) => {
    if (!c.get('rights')[right]) throw new HttpError('ERR_DASHBOARD_FORBIDDEN');
    await next();
  };
}

/** The body is the dashboard's: whoever decides who may come in must not be able to use it up. */
function withoutBody({ url, method, headers, signal }: Request): Request {
  return new Request(url, { method, headers, signal });
}
