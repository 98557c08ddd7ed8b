import { clearTimeout, setTimeout } from 'node:timers';
import type { Context, MiddlewareHandler } from 'hono';
import { onBehalfOf } from '../util/actor.js';
import { isCrossSite, isKnownHost, readPerson, readRights } from './guard.js';
import type { Right, Rights } from './guard.js';
import { HttpError } from './http-error.js';
import type { ResolvedDashboard } from './options.js';
import type { DashboardEnv, ServiceView } from './service-view.js';

type Handler = MiddlewareHandler<DashboardEnv>;

const SAFE = new Set(['GET', 'HEAD']);

/** Every request passes the first two of these, and all but style, script and icons the third, before anything else looks at it. */
export function middleware(
  options: ResolvedDashboard,
): Readonly<Record<'ownHost' | 'ownSite' | 'authorized', Handler>> {
  const { hosts, logger } = options;

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
    const visitor = await askAuthorize(options, withoutBody(c.req.raw), c.env.context);
    if (!visitor) throw new HttpError('ERR_DASHBOARD_FORBIDDEN');
    c.set('rights', visitor.rights);
    const { person } = visitor;
    await onBehalfOf({ via: 'dashboard', ...(person !== undefined && { person }) }, next);
  };
  return { ownHost, ownSite, authorized };
}

/** The services that this visitor may see: `authorize` is asked for the page of each, as if it had been requested. */
export async function visibleServices(
  c: Context<DashboardEnv>,
  options: ResolvedDashboard,
  views: readonly ServiceView[],
): Promise<ServiceView[]> {
  const { headers, signal, url } = c.req.raw;
  const visible = await Promise.all(
    views.map(async ({ name }) => {
      const page = new Request(new URL(`${c.env.root}${name}/`, url), { headers, signal });
      return (await askAuthorize(options, page, c.env.context))?.rights.view === true;
    }),
  );
  return views.filter((_, i) => visible[i]);
}

/** A decision that takes longer than this is a refusal: the visitor and the connection must not wait for ever. */
const AUTHORIZE_MS = 10_000;

interface Visitor {
  readonly rights: Rights;
  readonly person: string | undefined;
}

async function askAuthorize(
  { authorize, logger }: ResolvedDashboard,
  request: Request,
  context: unknown,
): Promise<Visitor | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no decision after ${AUTHORIZE_MS / 1000} s`)), AUTHORIZE_MS);
  });
  try {
    const answer = await Promise.race([authorize(request, context), late]);
    const rights = readRights(answer);
    return rights && { rights, person: readPerson(answer) };
  } catch (error) {
    logger.error(`authorize() of the dashboard failed: ${error instanceof Error ? error.stack : String(error)}`);
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

export function requireRight(right: Right): Handler {
  return async (c, next) => {
    if (!c.get('rights')[right]) throw new HttpError('ERR_DASHBOARD_FORBIDDEN');
    await next();
  };
}

/** Without its body, which authorize() could otherwise consume. */
function withoutBody({ url, method, headers, signal }: Request): Request {
  return new Request(url, { method, headers, signal });
}
