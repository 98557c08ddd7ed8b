// The JavaScript examples of docs/dashboard.md, run within the app of their framework, as they stand there.
import fs from 'node:fs';
import path from 'node:path';
import { startApp } from './app-process';

const DOCS = path.join(__dirname, '..', '..', 'docs', 'dashboard.md');

/** What stands around an example, and which it is. */
interface Mount {
  /** The heading above it. */
  readonly heading: string;
  /** The folder under tests/frameworks. */
  readonly app: string;
  readonly modules: 'cjs' | 'mjs';
  /** Does the example have `requireLogin`? Otherwise only `authorize` is asked. */
  readonly guarded: boolean;
  script(example: string): string;
}

const MOUNTS: readonly Mount[] = [
  {
    heading: 'Express',
    app: 'express',
    modules: 'cjs',
    guarded: true,
    script: (example) => `
      const app = require('express')();
      ${example}
      app.get('/shop', (request, response) => response.send('the shop'));
      const server = app.listen(0, '127.0.0.1', () => announce(server.address().port));`,
  },
  {
    heading: 'Fastify',
    app: 'fastify',
    modules: 'cjs',
    guarded: false,
    script: (example) => `
      (async () => {
        const app = require('fastify')();
        ${example}
        app.get('/shop', async () => 'the shop');
        await app.listen({ port: 0, host: '127.0.0.1' });
        announce(app.server.address().port);
      })();`,
  },
  {
    heading: 'routing-controllers',
    app: 'routing-controllers',
    modules: 'cjs',
    guarded: true,
    script: (example) => `
      require('reflect-metadata');
      const express = require('express');
      const { Get, JsonController, useExpressServer } = require('routing-controllers');
      class InvoicesController {
        shop() { return 'the shop'; }
      }
      Get('/shop')(InvoicesController.prototype, 'shop');
      JsonController()(InvoicesController);
      const authorizationChecker = () => false;
      ${example}
      const server = app.listen(0, '127.0.0.1', () => announce(server.address().port));`,
  },
  {
    heading: 'Ts.ED',
    app: 'tsed',
    modules: 'mjs',
    guarded: true,
    script: (example) => `
      import { Controller } from '@tsed/di';
      import { PlatformExpress } from '@tsed/platform-express';
      import { Get } from '@tsed/schema';
      ${example}
      class Shop {
        get() { return 'the shop'; }
      }
      Get('/')(Shop.prototype, 'get', Object.getOwnPropertyDescriptor(Shop.prototype, 'get'));
      Controller('/shop')(Shop);
      const logger = { level: 'off', disableRoutesSummary: true, disableBootstrapLog: true };
      const platform = await PlatformExpress.bootstrap(Server, { logger, mount: { '/': [Shop] } });
      const server = platform.app.getApp().listen(0, '127.0.0.1', () => announce(server.address().port));`,
  },
  {
    heading: 'LoopBack 4',
    app: 'loopback',
    modules: 'cjs',
    guarded: false,
    script: (example) => `
      const { get, RestApplication } = require('@loopback/rest');
      class Shop {
        get() { return 'the shop'; }
      }
      get('/shop')(Shop.prototype, 'get', Object.getOwnPropertyDescriptor(Shop.prototype, 'get'));
      class App extends RestApplication {
        constructor(config) {
          super(config);
          ${example}
          this.controller(Shop);
        }
      }
      const app = new App({ rest: { host: '127.0.0.1', port: 0 } });
      app.start().then(() => announce(Number(new URL(app.restServer.url).port)));`,
  },
];

/** By heading, each example in JavaScript. */
const examples = new Map(
  [...fs.readFileSync(DOCS, 'utf8').matchAll(/^### ([^\n]+)\n(?:(?!^#)[^\n]*\n)*?```js\n([^]*?)^```$/gm)].map(
    ([, heading, code]) => [heading!, code!],
  ),
);

test('every one of them is run here', () => {
  expect([...examples.keys()]).toEqual(MOUNTS.map(({ heading }) => heading));
});

test.each(MOUNTS.map((mount) => [mount.heading, mount] as const))(
  '%s: the dashboard answers its owner, nobody else, and the app goes on',
  async (_, mount) => {
    const app = await startApp({ cwd: path.join(__dirname, mount.app), args: [scriptOf(mount)], service: 'default' });
    const get = async (address: string, user?: string) => {
      const response = await fetch(app.url + address, { headers: user === undefined ? {} : { 'x-user': user } });
      return { status: response.status, text: await response.text() };
    };
    try {
      expect(await get('/shop')).toMatchObject({ status: 200, text: expect.stringContaining('the shop') });
      for (const address of ['/backups', '/backups/', '/backups/api/status', '/backups/nothing']) {
        expect({ address, ...(await get(address)) }).toMatchObject({ address, status: mount.guarded ? 401 : 403 });
        expect({ address, ...(await get(address, 'till')) }).toMatchObject({ address, status: 403 });
      }
      expect(await get('/backups', 'owner')).toMatchObject({ status: 200, text: expect.stringContaining('<html') });
      const made = await fetch(`${app.url}/backups/api/backups?wait=1`, {
        method: 'POST',
        headers: { 'x-user': 'owner' },
      });
      expect({ status: made.status, text: await made.text() }).toMatchObject({ status: 201 });
      expect(app.backups()).toHaveLength(1);
      expect(JSON.parse((await get('/backups/api/status', 'owner')).text)).toMatchObject({ kind: 'never-drilled' });
    } finally {
      expect({ code: await app.stop(), output: app.output() }).toMatchObject({ code: 0 });
    }
  },
);

/** Writes what Node is to run, where it finds the framework and the packed package. */
function scriptOf({ heading, app, modules, script }: Mount): string {
  const load =
    modules === 'cjs'
      ? (names: string, from: string) => `const { ${names} } = require('${from}');`
      : (names: string, from: string) => `import { ${names} } from '${from}';`;
  const text = `
    ${load('BackupService', 'sqlite-autobackup')}
    ${load('createDashboard', 'sqlite-autobackup/dashboard')}
    ${load('announce, backupOptions', '../../../support/app.js')}
    const backups = new BackupService(backupOptions);
    const dashboard = createDashboard(backups, {
      authorize: (_request, { headers }) => headers['x-user'] === 'owner' && { view: true, create: true },
    });
    const requireLogin = (request, response, next) => {
      const name = request.headers['x-user'];
      if (name === undefined) return response.status(401).end();
      request.user = { role: name };
      next();
    };
    ${script(examples.get(heading)!)}`;
  const file = path.join(__dirname, app, 'build', 'docs', `dashboard.${modules}`);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text);
  return file;
}
