import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { BackupService } from 'sqlite-autobackup';
import type { BackupServiceOptions } from 'sqlite-autobackup';
import { createDashboard } from 'sqlite-autobackup/dashboard';
import type { DashboardOptions, DashboardRights } from 'sqlite-autobackup/dashboard';
import { createLedger } from '../support/databases';
import { memoryLogger } from '../support/memory-logger';
import { sleep, until } from '../support/processes';
import { useTempFolder } from '../support/temp-folder';

// For what is untyped on purpose: JSON from outside, frameworks whose own requests are handed on.
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- as said
export type Any = any;

export const ALL: Required<DashboardRights> = {
  ...{
    view: true,
    create: true,
    download: true,
    delete: true,
    restore: true,
    health: true,
    browse: true,
    recover: true,
  },
};

/** Links, and files that are deleted while they are open: on Windows they need rights, or are something else. */
export const onPosix = process.platform === 'win32' ? test.skip : test;

export interface Answer {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: Buffer;
  text: string;
  json: <T = Any>() => T;
}

export interface Sent {
  method?: string;
  /** Sent as it is: no client tidies it up. */
  path: string;
  headers?: http.OutgoingHttpHeaders;
  body?: string | Buffer;
}

/** A server of its own for each test, on a database of its own, and requests to it that are sent as they are written. */
export function useDashboard() {
  const temp = useTempFolder();
  const servers: http.Server[] = [];
  const logger = memoryLogger();
  let port = 0;
  let jar = '';

  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
    logger.lines.length = 0;
    jar = '';
  });

  const use = {
    temp,
    logger,
    get port() {
      return port;
    },
    /** A service on a small real database in WAL mode. */
    service(options: Partial<BackupServiceOptions> & { database?: string } = {}, fillBytes = 0): BackupService {
      const database = options.database ?? temp.file('app.db');
      createLedger(database, 'wal', fillBytes).close();
      return new BackupService({ logger, ...options, database });
    },
    async listen(handler: http.RequestListener): Promise<http.Server> {
      const server = http.createServer(handler);
      servers.push(server);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      port = (server.address() as AddressInfo).port;
      return server;
    },
    /** The dashboard alone on a server; whoever asks has every right, unless `options` say otherwise. */
    async serve(
      services: BackupService | Record<string, BackupService>,
      options: Partial<DashboardOptions<Any>> = {},
    ): Promise<http.Server> {
      const dashboard = createDashboard(services, { authorize: () => ALL, logger, ...options });
      return use.listen((request, response) => dashboard.node(request, response));
    },
    send: (sent: Sent) => send(port, sent),
    get: (path: string, headers: http.OutgoingHttpHeaders = {}) => send(port, { path, headers }),
    /** The page when the look at the database has come, which it does not wait for. */
    looked: (path = '/', headers: http.OutgoingHttpHeaders = {}) =>
      until(async () => {
        const answer = await send(port, { path, headers });
        return /being looked at|está mirando/.test(answer.text) ? undefined : answer;
      }),
    post: (path: string, body = '', headers: http.OutgoingHttpHeaders = {}) =>
      send(port, { method: 'POST', path, body, headers }),
    postJson: (path: string, body: unknown) =>
      send(port, { method: 'POST', path, body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    postForm: (path: string, fields: Record<string, string>) =>
      send(port, {
        method: 'POST',
        path,
        body: new URLSearchParams(fields).toString(),
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          origin: `http://127.0.0.1:${port}`,
          ...(jar && { cookie: jar }),
        },
      }),
    /** Sends a form and goes where it leads, as a browser without JavaScript does, until nothing is under way any more. */
    async act(path: string, fields: Record<string, string> = {}): Promise<Answer & { path: string }> {
      let answer = await use.postForm(path, fields);
      let at = path;
      for (;;) {
        for (const cookie of answer.headers['set-cookie'] ?? []) jar = cookie.split(';')[0]!;
        if (answer.headers.location) {
          const { pathname, search } = new URL(answer.headers.location, `http://127.0.0.1:${port}${at}`);
          at = pathname + search;
        } else if (answer.text.includes('http-equiv="refresh"')) await sleep(20);
        else return { ...answer, path: at };
        answer = await use.get(at, { cookie: jar });
      }
    },
    /** The cookie of the browser that acted. */
    get cookie() {
      return jar;
    },
  };
  return use;
}

function send(port: number, { method = 'GET', path, headers = {}, body }: Sent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request({ port, host: '127.0.0.1', method, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const all = Buffer.concat(chunks);
        const text = all.toString('utf8');
        resolve({
          status: response.statusCode!,
          headers: response.headers,
          body: all,
          text,
          json: () => JSON.parse(text),
        });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** A form with a file, as a browser sends that of the page. */
export function fileForm(file: Buffer | undefined, fileName: string, fields: Record<string, string> = {}) {
  const boundary = '----WebKitFormBoundaryx';
  const texts = Object.entries(fields).map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${fileName}"\r\nContent-Type: application/octet-stream\r\n\r\n`;
  return {
    body: Buffer.concat([
      Buffer.from(texts.join('') + head),
      file ?? Buffer.alloc(0),
      Buffer.from(`\r\n--${boundary}--\r\n`),
    ]),
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
  };
}

export interface Route {
  method: string;
  path: string;
  right: keyof DashboardRights | 'any';
  /** A right that does as well. */
  or?: keyof DashboardRights;
}

/**
 * Every route of a dashboard with one backup, with the right that it needs.
 *
 * @param job of a verification
 */
export function routes(name: string, job = '00000000-0000-4000-8000-000000000000'): Route[] {
  const one = `backups/${encodeURIComponent(name)}`;
  return [
    { method: 'GET', path: '/', right: 'view' },
    { method: 'HEAD', path: '/', right: 'view' },
    { method: 'GET', path: '/assets/style.css', right: 'any' },
    { method: 'GET', path: '/assets/script.js', right: 'any' },
    { method: 'GET', path: '/assets/good.svg', right: 'any' },
    { method: 'POST', path: '/backups', right: 'create' },
    { method: 'GET', path: `/${one}`, right: 'view' },
    { method: 'GET', path: `/${one}/download`, right: 'download' },
    { method: 'POST', path: `/${one}/verify`, right: 'create' },
    { method: 'POST', path: `/${one}/protect`, right: 'delete' },
    { method: 'GET', path: `/${one}/delete`, right: 'delete' },
    { method: 'POST', path: `/${one}/delete`, right: 'delete' },
    { method: 'GET', path: `/${one}/restore`, right: 'restore' },
    { method: 'POST', path: `/${one}/restore`, right: 'restore' },
    { method: 'GET', path: '/rules', right: 'view' },
    { method: 'GET', path: '/api/rules', right: 'view' },
    { method: 'GET', path: '/go-back', right: 'view' },
    { method: 'GET', path: `/selected?do=delete&b=${encodeURIComponent(name)}`, right: 'delete' },
    { method: 'POST', path: '/selected', right: 'delete' },
    { method: 'GET', path: '/copies', right: 'create' },
    { method: 'POST', path: '/copies', right: 'create' },
    { method: 'POST', path: '/copies/pull', right: 'create' },
    { method: 'POST', path: '/api/copies', right: 'create' },
    { method: 'POST', path: '/api/copies/pull', right: 'create' },
    { method: 'GET', path: '/activity', right: 'view' },
    { method: 'GET', path: '/api/activity', right: 'view' },
    { method: 'POST', path: `/${one}/changes`, right: 'browse' },
    { method: 'GET', path: `/${one}/query`, right: 'browse' },
    { method: 'POST', path: `/${one}/query`, right: 'browse' },
    { method: 'POST', path: `/api/${one}/query`, right: 'browse' },
    { method: 'GET', path: `/jobs/${job}/rows.csv`, right: 'browse' },
    { method: 'GET', path: '/upload', right: 'restore' },
    { method: 'POST', path: '/upload', right: 'restore' },
    { method: 'POST', path: '/api/uploads', right: 'restore' },
    { method: 'POST', path: `/${one}/recover`, right: 'recover' },
    { method: 'POST', path: `/api/${one}/diff`, right: 'browse' },
    { method: 'POST', path: `/api/${one}/recover`, right: 'recover' },
    { method: 'GET', path: `/jobs/${job}`, right: 'view', or: 'create' },
    { method: 'POST', path: `/jobs/${job}/cancel`, right: 'create' },
    { method: 'GET', path: '/api/jobs', right: 'view' },
    { method: 'GET', path: `/api/jobs/${job}`, right: 'view', or: 'create' },
    { method: 'DELETE', path: `/api/jobs/${job}`, right: 'create' },
    { method: 'GET', path: '/api/status', right: 'view' },
    { method: 'GET', path: '/api/health', right: 'health' },
    { method: 'HEAD', path: '/api/health', right: 'health' },
    { method: 'POST', path: '/ship', right: 'create' },
    { method: 'POST', path: '/api/ship', right: 'create' },
    { method: 'POST', path: '/only-here', right: 'delete' },
    { method: 'POST', path: '/api/only-here', right: 'delete' },
    { method: 'GET', path: '/api/events', right: 'view' },
    { method: 'GET', path: '/api/backups', right: 'view' },
    { method: 'POST', path: '/api/backups', right: 'create' },
    { method: 'GET', path: `/api/${one}`, right: 'view' },
    { method: 'GET', path: `/api/${one}/download`, right: 'download' },
    { method: 'HEAD', path: `/api/${one}/download`, right: 'download' },
    { method: 'POST', path: `/api/${one}/verify`, right: 'create' },
    { method: 'POST', path: `/api/${one}/protect`, right: 'delete' },
    { method: 'POST', path: `/api/${one}/restore`, right: 'restore' },
    { method: 'DELETE', path: `/api/${one}`, right: 'delete' },
  ];
}
