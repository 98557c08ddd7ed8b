import { until } from '../support/processes';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import { Controller, Get, Logger, Module } from '@nestjs/common';
import type { MiddlewareConsumer, NestModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Hono } from 'hono';
import { serve } from '@hono/node-server';
import { createDashboard } from 'sqlite-autobackup/dashboard';
import type { Dashboard } from 'sqlite-autobackup/dashboard';
import { ALL, fileForm, useDashboard } from './support';
import type { Any } from './support';

const dash = useDashboard();
// Untyped: what it is given is what is tested.
const express = require('express');
const fastify = require('fastify');
const middie = require('@fastify/middie');

const backups = (options: object = {}) =>
  createDashboard<Any>(dash.service({}, 300_000), { authorize: () => ALL, logger: dash.logger, ...options });

/** Whatever the mount: pages, links, forms and API work, and `base` is where a browser sees the dashboard. */
async function expectToWork(base: string, mount = base, keepsBytes = true): Promise<void> {
  const root = base === '' ? '/' : base;
  for (const address of new Set([root, `${base}/`])) {
    const page = await dash.get(address);
    expect({ address, status: page.status }).toEqual({ address, status: 200 });
    for (const [, link] of page.text.matchAll(/(?:href|src|data-live)="([^"#?]+)/g)) {
      const target = new URL(link!, `http://127.0.0.1:${dash.port}${address}`).pathname;
      expect(target.startsWith(`${mount}/`)).toBe(true);
      if (target.endsWith('/events')) continue;
      expect({ target, status: (await dash.get(target)).status }).toEqual({ target, status: 200 });
    }
  }
  const order = await dash.postJson(`${base}/api/backups`, { label: 'asked for' });
  expect(order).toMatchObject({ status: 202 });
  const job = new URL(order.headers.location!, `http://127.0.0.1:${dash.port}${base}/api/backups`);
  expect(job.pathname).toBe(`${base}/api/jobs/${order.json().id}`);
  await until(async () => (await dash.get(job.pathname)).json().state === 'done');
  const made = await dash.postJson(`${base}/api/backups?wait=1`, { label: 'by hand' });
  expect(made).toMatchObject({ status: 201 });
  expect(made.json()).toMatchObject({ label: 'by hand' });
  const { name } = made.json();

  const form = await dash.postForm(`${base}/backups/${name}/protect`, { on: 'true' });
  expect(form.status).toBe(303);
  const cookie = form.headers['set-cookie']![0]!.split(';')[0]!;
  const next = new URL(form.headers.location!, `http://127.0.0.1:${dash.port}${base}/backups/${name}/protect`);
  expect(next.pathname).toBe(`${base}/backups/${name}`);
  const detail = await dash.get(next.pathname + next.search, { cookie });
  expect(detail.text).toContain('is protected now');
  const back = new URL(/<nav><a href="([^"]+)"/.exec(detail.text)![1]!, next);
  expect(back.pathname).toBe(`${base}/`);
  expect((await dash.get(`${base}/api/backups/${name}`)).json()).toMatchObject({ protected: true });
  const download = await dash.get(`${base}/backups/${name}/download`);
  expect(download.headers['content-type']).toBe('application/vnd.sqlite3');
  expect((await dash.get(`${base}/nothing`)).status).toBe(404);
  await expectToTakeFiles(base, download.body, keepsBytes);
}

/** A file from elsewhere arrives as it is, as the bytes alone and in a form; where a parser has spoilt it, it is refused. */
async function expectToTakeFiles(base: string, file: Buffer, keepsBytes: boolean): Promise<void> {
  const sha256 = createHash('sha256').update(file).digest('hex');
  const sent = [
    { taken: '2026-03-01T12:00Z', body: file, headers: { 'content-type': 'application/vnd.sqlite3' } },
    { taken: '2026-03-02T12:00Z', ...fileForm(file, 'till.db', { taken: '2026-03-02T12:00Z' }) },
  ];
  const listed = async () => (await dash.get(`${base}/api/backups`)).json<unknown[]>();
  const before = (await listed()).length;
  for (const { taken, body, headers } of sent) {
    const path = `${base}/api/uploads?wait=1&name=till.db&taken=${taken}`;
    const answer = await dash.send({ method: 'POST', path, body, headers });
    const said = { status: answer.status, sha256: answer.json().backup?.sha256, code: answer.json().error?.code };
    expect(said).toEqual(keepsBytes ? { status: 201, sha256 } : { status: 422, code: 'ERR_BACKUP_IMPORT' });
  }
  expect(await listed()).toHaveLength(before + (keepsBytes ? 2 : 0));
  expect(dash.temp.list().filter((each) => each.endsWith('.partial'))).toEqual([]);
}

describe('Express', () => {
  test.each<[string, (app: Any) => void]>([
    ['nothing before it', () => {}],
    [
      'body parsers before it, which have read the body',
      (app) => app.use(express.json(), express.urlencoded({ extended: true })),
    ],
    ['a parser that keeps the bytes', (app) => app.use(express.raw({ type: '*/*', limit: '1mb' }))],
    ['a parser that keeps the text', (app) => app.use(express.text({ type: '*/*', limit: '1mb' }))],
  ])('mounted at a path, with %s', async (what, before) => {
    const app = express();
    before(app);
    app.use('/shop/backups', backups().node);
    app.get('/', (_request: unknown, response: Any) => response.send('the shop'));
    await dash.listen(app);
    await expectToWork('/shop/backups', '/shop/backups', !what.includes('the text'));
    expect((await dash.get('/')).text).toBe('the shop');
  });

  test('mounted at the root with basePath: what is not below it goes on to the app', async () => {
    const app = express();
    app.use(backups({ basePath: '/backups/' }).node);
    app.get('/backups-of-others', (_request: unknown, response: Any) => response.send('the shop'));
    await dash.listen(app);
    await expectToWork('/backups');
    expect((await dash.get('/backups-of-others')).text).toBe('the shop');
    expect((await dash.get('/other')).status).toBe(404);
  });

  test('a router within a router, and a guard of the app before it, whose user authorize() sees', async () => {
    const app = express();
    const admin = express.Router();
    const requireUser = (request: Any, response: Any, next: () => void) => {
      request.user = request.headers['x-user'];
      if (request.user) next();
      else response.status(401).end();
    };
    admin.use(
      '/backups',
      requireUser,
      backups({ authorize: (_: Request, { user }: Any) => user === 'owner' && ALL }).node,
    );
    app.use('/admin', admin);
    await dash.listen(app);
    expect((await dash.get('/admin/backups/api/status')).status).toBe(401);
    expect((await dash.get('/admin/backups/api/status', { 'x-user': 'till' })).status).toBe(403);
    expect((await dash.get('/admin/backups/api/status', { 'x-user': 'owner' })).status).toBe(200);
  });

  test('".." does not lead out of the mount', async () => {
    const app = express();
    app.use('/backups', backups().node);
    await dash.listen(app);
    for (const path of ['/backups/../secret', '/backups/%2e%2e/secret', '/backups/./..']) {
      expect((await dash.get(path)).status).toBe(404);
    }
  });
});

test('"." and ".." lead past no guard that an app has put before the path', async () => {
  const app = express();
  app.use('/backups', (_request: unknown, response: Any) => response.status(401).end());
  app.use(backups({ basePath: '/backups' }).node);
  await dash.listen(app);
  expect((await dash.get('/backups/api/status')).status).toBe(401);
  for (const way of ['/x/..', '/.', '/%2e', '/x/%2e%2E', '/x/.%2e', '/x;y/..', '//..']) {
    const path = `${way}/backups/api/status`;
    expect({ path, status: (await dash.get(path)).status }).toEqual({ path, status: 404 });
  }
});

beforeAll(() => Logger.overrideLogger(false));

@Controller()
class Shop {
  @Get('shop')
  shop(): string {
    return 'the shop';
  }
}

@Module({ controllers: [Shop] })
class ShopModule {}

test('Nest on Express, with its body parsers', async () => {
  const app = await NestFactory.create(ShopModule);
  app.use('/backups', backups().node);
  await app.init();
  await dash.listen(app.getHttpAdapter().getInstance());
  await expectToWork('/backups');
  expect((await dash.get('/shop')).text).toBe('the shop');
});

test('Nest, as middleware of a module, with basePath', async () => {
  const { node } = backups({ basePath: '/backups' });
  @Module({})
  class BackupsModule implements NestModule {
    configure(consumer: MiddlewareConsumer): void {
      consumer.apply(node).forRoutes('backups', 'backups/*path');
    }
  }
  const app = await NestFactory.create(BackupsModule);
  await app.init();
  await dash.listen(app.getHttpAdapter().getInstance());
  await expectToWork('/backups');
});

test('Nest on Fastify', async () => {
  const app = await NestFactory.create(ShopModule, new FastifyAdapter());
  app.use('/backups', backups().node);
  await app.init();
  const instance = app.getHttpAdapter().getInstance();
  await instance.ready();
  await dash.listen((request, response) => void instance.routing(request, response));
  await expectToWork('/backups');
  expect((await dash.get('/shop')).text).toBe('the shop');
  await app.close();
});

test('Fastify with @fastify/middie', async () => {
  const app = fastify();
  await app.register(middie);
  app.use('/backups', backups().node);
  app.get('/shop', async () => 'the shop');
  await app.ready();
  await dash.listen((request, response) => app.routing(request, response));
  await expectToWork('/backups');
  expect((await dash.get('/shop')).text).toBe('the shop');
  await app.close();
});

test('a plain server of Node, alone at the root', async () => {
  const { node } = backups();
  await dash.listen((request, response) => node(request, response));
  await expectToWork('');
});

test('a plain server of Node, below a path: 404 elsewhere', async () => {
  const { node } = backups({ basePath: '/backups' });
  await dash.listen((request, response) => node(request, response));
  await expectToWork('/backups');
  expect((await dash.get('/other')).status).toBe(404);
});

test('behind a proxy that takes a path off, links still lead to the dashboard', async () => {
  const { node } = backups({ basePath: '/backups' });
  // What the browser calls /intern/backups is /backups here.
  await dash.listen((request, response) => {
    request.url = request.url!.replace('/intern', '');
    node(request, response);
  });
  await expectToWork('/intern/backups');
});

test('HTTP/2, which has no Host header: pages, forms, downloads, files; other sites are refused', async () => {
  const dashboard = backups();
  const server = http2.createServer((request, response) => dashboard.node(request as Any, response as Any));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const authority = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = http2.connect(`http://${authority}`);
  const ask = async (headers: http2.OutgoingHttpHeaders, body?: Buffer) => {
    const stream = client.request(headers).setEncoding('utf8').end(body);
    const [answer] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders & { ':status': number }];
    let text = '';
    for await (const part of stream) text += part as string;
    return { status: answer[':status'], location: answer.location, text };
  };
  try {
    const form = { ':method': 'POST', ':path': '/backups', origin: `http://${authority}` };
    expect(await ask({ ...form, origin: 'http://evil.example' })).toMatchObject({ status: 403 });
    const made = await ask(form);
    expect(made).toMatchObject({ status: 303, location: expect.stringContaining('./jobs/') });
    const job = async () => JSON.parse((await ask({ ':path': `/api${made.location!.slice(1)}` })).text);
    await until(async () => (await job()).state === 'done');
    const { name } = await job();
    expect((await ask({ ':path': '/' })).text).toContain(name);
    expect((await ask({ ':path': `/backups/${name}/download` })).text).toMatch(/^SQLite format 3/);
    const file = fs.readFileSync(dash.temp.file(name));
    const upload = { ':method': 'POST', ':path': '/api/uploads?wait=1&name=till.db&taken=2026-03-01T12:00Z' };
    for (const { body, headers } of [
      { body: file, headers: { 'content-type': 'application/vnd.sqlite3' } },
      fileForm(file, 'till.db', { taken: '2026-03-02T12:00Z' }),
    ]) {
      const { status, text } = await ask({ ...upload, ...headers }, body);
      expect({ status, alreadyThere: JSON.parse(text).alreadyThere }).toEqual({ status: 201, alreadyThere: false });
    }
    // A client that gives up in the middle leaves nothing.
    const half = client.request({ ...upload, 'content-type': 'application/vnd.sqlite3' }, { endStream: false });
    half.on('error', () => {}).write(file.subarray(0, 100_000));
    const isPartial = () => dash.temp.list().some((each) => each.endsWith('.partial'));
    await until(isPartial);
    half.close(http2.constants.NGHTTP2_CANCEL);
    await until(() => !isPartial());
    expect(JSON.parse((await ask({ ':path': '/api/backups' })).text)).toHaveLength(3);
    // A name that `hosts` does not list, as after DNS rebinding.
    expect(await ask({ ':path': '/', ':authority': 'evil.example' })).toMatchObject({ status: 403 });
    // The live stream: hono sets headers for it that HTTP/2 forbids.
    const live = client.request({ ':path': '/api/events' }).setEncoding('utf8');
    const [answer] = (await once(live, 'response')) as [http2.IncomingHttpHeaders & { ':status': number }];
    expect(answer).toMatchObject({ ':status': 200, 'content-type': 'text/event-stream' });
    expect(answer).not.toHaveProperty('transfer-encoding');
    const [first] = (await once(live, 'data')) as [string];
    expect(first).toMatch(/^event: /);
    live.close();
  } finally {
    client.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
});

describe('fetch', () => {
  async function listenWith(app: Hono): Promise<void> {
    const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' });
    const handler = server.listeners('request')[0] as Parameters<typeof dash.listen>[0];
    await new Promise((resolve) => server.close(resolve));
    await dash.listen(handler);
  }

  test('in hono, with what the app knows of the user as context', async () => {
    const dashboard: Dashboard<string | undefined> = createDashboard(dash.service(), {
      authorize: (_request, user: string | undefined) => user === 'owner' && ALL,
      basePath: '/backups',
      logger: dash.logger,
    });
    const app = new Hono();
    app.all('/backups', (c) => dashboard.fetch(c.req.raw, 'owner'));
    app.all('/backups/*', (c) => dashboard.fetch(c.req.raw, 'owner'));
    app.all('/open/backups/*', (c) => dashboard.fetch(new Request(c.req.url.replace('/open', ''), c.req.raw)));
    await listenWith(app);
    await expectToWork('/backups');
    expect((await dash.get('/open/backups/api/status')).status).toBe(403);
  });

  test('without a server at all', async () => {
    const dashboard = backups({ basePath: '/backups' });
    const answer = await dashboard.fetch(new Request('http://anything/backups/api/status'));
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ kind: 'no-backup' });
    expect((await dashboard.fetch(new Request('http://anything/else'))).status).toBe(404);
    const rebound = new Request('http://evil.example/backups/api/status', { headers: { host: 'evil.example' } });
    expect((await dashboard.fetch(rebound)).status).toBe(403);
    // Nor has it a Host header to compare an Origin with: the address is what counts.
    const post = (origin: string) =>
      dashboard.fetch(
        new Request('http://anything/backups/api/backups?wait=1', { method: 'POST', headers: { origin } }),
      );
    expect((await post('http://anything')).status).toBe(201);
    expect((await post('http://evil.example')).status).toBe(403);
  });

  test('it leaves the global Request and Response as they are', async () => {
    const before = [globalThis.Request, globalThis.Response];
    const { node } = backups();
    await dash.listen((request, response) => node(request, response));
    await dash.get('/');
    expect([globalThis.Request, globalThis.Response]).toEqual(before);
  });
});

describe('several services', () => {
  const two = () => ({
    till: dash.service(),
    archive: dash.service({ database: dash.temp.file('archive.db') }),
  });

  test('each has its own pages and API below its name; the first page has them all', async () => {
    const services = two();
    await services.till.createBackup();
    const { node } = createDashboard(services, { authorize: () => ALL, logger: dash.logger });
    await dash.listen((request, response) => node(request, response));
    const first = await dash.get('/');
    expect(first.text).toContain('href="./till/"');
    expect(first.text).toContain('No restore was ever tried');
    // The icon is that of the worst of them.
    expect(first.text).toContain('assets/bad.svg');
    expect(first.text).toContain('There is no backup yet');
    expect((await dash.get('/api/services')).json()).toEqual(['till', 'archive']);
    expect((await dash.get('/till/api/status')).json()).toMatchObject({ kind: 'never-drilled', backupCount: 1 });
    expect((await dash.get('/archive/api/status')).json()).toMatchObject({ kind: 'no-backup', backupCount: 0 });
    await expectToWork('/archive', '');
    expect((await dash.get('/archive/')).text).toContain('aria-current="page">archive</a>');
    expect((await dash.get('/api/status')).status).toBe(404);
    expect((await dash.get('/other/api/status')).status).toBe(404);
    // The backups of one are not those of another.
    const [made] = await services.till.listBackups();
    expect((await dash.get(`/archive/api/backups/${made!.name}`)).status).toBe(404);
  });

  test.each(['api', 'assets', 'backups', '', 'a/b', '..', 'ü', 'x'.repeat(65)])('none may be named "%s"', (name) => {
    expect(() => createDashboard({ [name]: dash.service() }, { authorize: () => ALL })).toThrow(/Names become part/);
  });

  test('none at all, and what is no service, are errors', () => {
    expect(() => createDashboard({}, { authorize: () => ALL })).toThrow(/there is no service/);
    expect(() => createDashboard({ till: {} as never }, { authorize: () => ALL })).toThrow(/is not a BackupService/);
  });
});
