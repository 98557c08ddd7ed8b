import crypto from 'node:crypto';
import type { Context } from 'hono';
import type { Look } from './flash-store.js';
import type { DashboardEnv } from './service-view.js';

const COOKIE = 'autobackup_viewer';

/** A page that renews itself says so, since that is no new view, and whether it shows a message. */
const RENEW_HEADER = 'x-autobackup-renew';

/**
 * Which browser asks: a random number in a cookie of the dashboard's own. It gives no rights; it only tells whose action a message
 * is about. `undefined` before the first action, or where cookies are off.
 */
export function viewerOf(c: Context<DashboardEnv>): string | undefined {
  return new RegExp(`(?:^|;\\s*)${COOKIE}=([\\w-]{16,64})(?:;|$)`).exec(c.req.header('cookie') ?? '')?.[1];
}

/** The same for whoever acts, who gets a number now if there was none. */
export function knownViewer(c: Context<DashboardEnv>): string {
  const known = viewerOf(c);
  if (known !== undefined) return known;
  const viewer = crypto.randomBytes(18).toString('base64url');
  const secure = new URL(c.req.url).protocol === 'https:' ? '; Secure' : '';
  c.header('Set-Cookie', `${COOKIE}=${viewer}; Path=/; HttpOnly; SameSite=Strict${secure}`);
  return viewer;
}

export function lookOf(c: Context<DashboardEnv>): Look {
  const renewing = c.req.header(RENEW_HEADER);
  // Nobody sees the answer to HEAD.
  if (renewing === undefined) return c.req.raw.method === 'HEAD' ? 'other' : 'new';
  return renewing === 'shown' ? 'same' : 'other';
}
