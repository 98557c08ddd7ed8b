import type { IncomingMessage } from 'node:http';

// Where in the dashboard a request leads, and where the dashboard is from there. Pure.

/** `path` counts from the dashboard's base and is `''` for the base itself, without a slash. */
export interface Route {
  readonly url: URL;
  readonly path: string;
}

/** `.` and `..`, as URL reads them. No browser and no client sends them: each resolves them itself. */
const DOT_SEGMENT = /\/(?:\.|%2e){1,2}(?:\/|$)/i;

/**
 * Frameworks that mount a handler at a path take that path off `url` and keep it in `originalUrl`: what is missing in the
 * one is where the dashboard is mounted, unless `basePath` says it.
 */
export function locateNode(incoming: IncomingMessage, basePath: string | undefined): Route | 'elsewhere' | 'malformed' {
  const stripped = incoming.url ?? '/';
  const original = (incoming as { originalUrl?: unknown }).originalUrl;
  const full = typeof original === 'string' ? original : stripped;
  if (!full.startsWith('/') || full.includes('\\')) return 'malformed';
  // Resolved, it would lead past a guard that the app has put before a path: routers take paths as they are written.
  if (DOT_SEGMENT.test(pathOf(full))) return 'elsewhere';
  const scheme = 'encrypted' in incoming.socket ? 'https' : 'http';
  const host = incoming.headers.host ?? (incoming.headers[':authority'] as string | undefined) ?? 'localhost';
  const address = `${scheme}://${host}${full}`;
  if (!URL.canParse(address)) return 'malformed';
  const url = new URL(address);
  const path = locateUrl(url.pathname, basePath ?? mountedAt(pathOf(full), pathOf(stripped)));
  return path === undefined ? 'elsewhere' : { url, path };
}

/** The path below the base, or `undefined` if the address is not below it. Addresses are normalized: they have no `..`. */
export function locateUrl(pathname: string, basePath = ''): string | undefined {
  if (basePath === '') return pathname;
  if (pathname === basePath) return '';
  return pathname.startsWith(`${basePath}/`) ? pathname.slice(basePath.length) : undefined;
}

/** From the address of a request to the base, for relative links. */
export function rootOf(path: string, fullPath: string): string {
  if (path === '') return `./${fullPath.slice(fullPath.lastIndexOf('/') + 1)}/`;
  const depth = path.split('/').length - 2;
  return depth === 0 ? './' : '../'.repeat(depth);
}

function mountedAt(full: string, stripped: string): string {
  if (full.endsWith(stripped)) return full.slice(0, full.length - stripped.length);
  // "/backups" is handed on as "/".
  return stripped === '/' ? full : '';
}

function pathOf(url: string): string {
  return url.split('?', 1)[0]!;
}
