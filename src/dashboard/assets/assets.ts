import crypto from 'node:crypto';
import type { Hono } from 'hono';
import type { DashboardEnv } from '../service-view.js';
import { SCRIPT } from './script.js';
import { STYLE } from './style.js';

const ICON = (colour: string, sign: string): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48"><circle cx="24" cy="24" r="22" fill="${colour}"/>` +
  `<path d="${sign}" fill="none" stroke="#fff" stroke-width="5" stroke-linecap="round"/></svg>`;

const ASSETS: Readonly<Record<string, readonly [type: string, text: string]>> = {
  'style.css': ['text/css', STYLE],
  'script.js': ['text/javascript', SCRIPT],
  'good.svg': ['image/svg+xml', ICON('#15803d', 'M14 25l7 7 14-15')],
  'warning.svg': ['image/svg+xml', ICON('#b45309', 'M24 13v14M24 34v.1')],
  'unknown.svg': ['image/svg+xml', ICON('#475569', 'M16 24h16')],
  'bad.svg': ['image/svg+xml', ICON('#b91c1c', 'M16 16l16 16M32 16L16 32')],
};

/** Style, script and icons: files of their own, so that the page needs nothing inline. */
export function addAssets(app: Hono<DashboardEnv>): void {
  for (const [name, [type, text]] of Object.entries(ASSETS)) {
    const etag = `"${crypto.createHash('sha256').update(text).digest('base64url')}"`;
    const headers = {
      'Content-Type': `${type}; charset=utf-8`,
      ETag: etag,
      // The sign of a lost connection is needed when nobody answers any more.
      'Cache-Control': name === 'unknown.svg' ? 'private, max-age=86400' : 'private, no-cache',
    };
    app.get(`/assets/${name}`, (c) =>
      c.req.header('if-none-match') === etag ? c.body(null, 304, headers) : c.body(text, 200, headers),
    );
  }
}
