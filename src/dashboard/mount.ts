import type { IncomingMessage, ServerResponse } from 'node:http';
import { lazy } from '../util/lazy.js';
import { buildApp } from './app.js';
import { locateNode, locateUrl, rootOf } from './locate.js';
import { bodyOf } from './node-body.js';
import { messageOf } from '../util/errors.js';
import type { Dashboard, ResolvedDashboard } from './options.js';

/** The part of @hono/node-server that is used. Its own types need those of a browser. */
interface NodeServer {
  readonly getRequestListener: (
    fetch: (request: Request) => Promise<Response>,
    options: { overrideGlobalObjects: boolean },
  ) => (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>;
}

const nodeServer = lazy('optional peer', () => require('@hono/node-server') as NodeServer);

const METHODS = new Set(['GET', 'HEAD', 'POST', 'DELETE', 'PUT', 'PATCH', 'OPTIONS']);

/** The dashboard as a handler for Node's servers and for those of the Fetch standard. */
export function mount(options: ResolvedDashboard): Dashboard {
  const { getRequestListener } = nodeServer();
  const app = buildApp(options);

  const answer = async (
    request: Request,
    path: string,
    fullPath: string,
    context: unknown,
    isServing: () => boolean,
  ): Promise<Response> => app.fetch(request, { path, root: rootOf(path, fullPath), context, isServing });

  return {
    node(incoming, outgoing, next) {
      const place = METHODS.has(incoming.method ?? '') ? locateNode(incoming, options.basePath) : 'malformed';
      if (place === 'malformed') {
        outgoing.writeHead(400, { 'Content-Length': 0, 'Cache-Control': 'no-store' }).end();
        return;
      }
      if (place === 'elsewhere') {
        if (next) next();
        else outgoing.writeHead(404, { 'Content-Length': 0, 'Cache-Control': 'no-store' }).end();
        return;
      }
      const { url, path } = place;
      const isServing = (): boolean =>
        (incoming.socket as { server?: { listening?: boolean } }).server?.listening !== false;
      const listener = getRequestListener(
        async (raw) => {
          const { method, signal } = raw;
          const headers = withHost(raw.headers, url);
          const body = bodyOf(incoming, raw);
          const request = new Request(url, {
            method,
            headers,
            signal,
            ...(body !== undefined && { body, duplex: 'half' }),
          });
          const response = await answer(request, path, url.pathname, incoming, isServing);
          return incoming.httpVersionMajor < 2 ? response : withoutConnectionHeaders(response);
        },
        { overrideGlobalObjects: false },
      );
      tellWhenGone(incoming, outgoing);
      listener(incoming, outgoing).catch((error: unknown) => {
        options.logger.error(`The dashboard could not send its answer: ${messageOf(error)}`);
        outgoing.destroy();
      });
    },

    async fetch(request, context) {
      const url = new URL(request.url);
      const path = locateUrl(url.pathname, options.basePath);
      if (path === undefined) return new Response(null, { status: 404, headers: { 'Cache-Control': 'no-store' } });
      return answer(request, path, url.pathname, context, () => true);
    },
  };
}

/** HTTP/2 has no Host header; its `:authority` is in the address. The host check reads the header. */
function withHost(headers: Headers, url: URL): Headers {
  if (headers.has('host')) return headers;
  const copy = new Headers(headers);
  copy.set('host', url.host);
  return copy;
}

/** HTTP/2 forbids these, and Node throws (RFC 9113, 8.2.2). hono's live stream sets two of them. */
const CONNECTION_HEADERS = ['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade'];

function withoutConnectionHeaders(response: Response): Response {
  const headers = new Headers(response.headers);
  for (const name of CONNECTION_HEADERS) headers.delete(name);
  return new Response(response.body, { status: response.status, headers });
}

/**
 * Requests that a client sends ahead on one connection are answered one after the other. Node does not tell an answer that
 * waits for its turn that the connection has closed, and the file or the live page behind it would stay open.
 */
function tellWhenGone(incoming: IncomingMessage, outgoing: ServerResponse): void {
  incoming.once('close', () => {
    if (outgoing.closed || outgoing.destroyed || outgoing.writableFinished || !incoming.socket.destroyed) return;
    outgoing.destroy();
    outgoing.emit('close');
  });
}
