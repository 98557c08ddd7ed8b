import type { IncomingMessage } from 'node:http';

// Where in the dashboard a request leads, and where the dashboard is from there. Pure.

/** `path` counts from the dashboard's base and is `''` for the base itself, without a slash. */
export interface Place {
  readonly url: URL;
  readonly path: string;
}

/**
 * Frameworks that mount a handler at a path take that path off `url` and keep it in `originalUrl`: what is missing in the
 * one is where the dashboard is mounted, unless `basePath` says it.
 */
export function locateNode(incoming: IncomingMessage, basePath: string | undefined): Place | 'elsewhere' | 'malformed' {
  const stripped = incoming.url ?? '/';
  const original = (incoming as { originalUrl?: unknown }).originalUrl;
  const full = typeof original === 'string' ? original : stripped;
  if (!full.startsWith('/') || full.includes('\\')) return 'malformed';
  const scheme = 'encrypted' in incoming.socket ? 'https' : 'http';
  const address = `${scheme}://${incoming.headers.host ?? 'localhost'}${full}`;
  if (!URL.canParse(address)) return 'malformed';
  const url = new URL(address);
  const path = locateUrl(url.pathname, basePath ?? mountedAt(pathOf(full), pathOf(stripped)));
  return path === undefined ? 'elsewhere' : { url, path };
}

/** What follows the base, or `undefined` if the address is not below it. Addresses come normalized: without `..`. */
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
