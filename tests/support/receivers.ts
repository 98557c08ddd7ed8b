import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { until } from './processes';

/** What has arrived at a receiver. */
export interface Received {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** What a receiver does with a request that it has read. */
export type Conduct = 'ok' | '500' | 'hang' | 'reset' | 'slow' | 'redirect';

export interface Receiver {
  readonly url: string;
  readonly received: Received[];
  /** What it does with the next requests. */
  conduct: Conduct;
  /** The JSON bodies so far, of the requests to this path. */
  bodies(path?: string): Record<string, unknown>[];
  /** Waits until so many requests have come. */
  has(count: number): Promise<void>;
}

/** A server of a test's own, on a free port, for messages by HTTP. */
export function useReceiver(): Receiver {
  let server: http.Server;
  const receiver: Receiver & { conduct: Conduct } = {
    get url() {
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    },
    received: [],
    conduct: 'ok',
    bodies: (path = '/hook') =>
      receiver.received
        .filter((each) => each.path === path)
        .map(({ body }) => JSON.parse(body) as Record<string, unknown>),
    async has(count) {
      await until(() => receiver.received.length >= count);
    },
  };
  beforeEach(async () => {
    receiver.received.length = 0;
    receiver.conduct = 'ok';
    server = http.createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => (body += text));
      request.on('end', () => {
        const { method = '', url: path = '', headers } = request;
        receiver.received.push({ method, path, headers, body });
        behave(receiver.conduct, request, response);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return receiver;
}

function behave(conduct: Conduct, request: http.IncomingMessage, response: http.ServerResponse): void {
  if (conduct === 'hang') return;
  if (conduct === 'reset') request.socket.destroy();
  else if (conduct === 'slow') setTimeout(() => response.end('ok'), 300);
  else if (conduct === 'redirect') response.writeHead(302, { location: '/elsewhere' }).end();
  else response.writeHead(conduct === '500' ? 500 : 200).end(conduct);
}
