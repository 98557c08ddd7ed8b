import fs from 'node:fs';
import type { Server } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import type { INestApplication } from '@nestjs/common';
import { chromium } from 'playwright-core';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { configureAutoBackup } from 'sqlite-autobackup';
import { createApp } from '../../docs/examples/pos/app';
import { DEMO_LOGIN } from '../../docs/examples/pos/auth';
import { mountDashboard } from '../../docs/examples/pos/dashboard';
import { memoryLogger } from '../support/memory-logger';
import { DAY, writeBackup } from '../support/planted-backups';

/** For what the browser does. It only bounds what hangs. */
export const PATIENCE_MS = 300_000;
export const SHOTS = path.join(__dirname, '..', '..', 'build', 'screenshots');

/** The demo with its dashboard, and Debian's Chromium. Call it once in a test file. */
export function useBrowser() {
  const folder = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'autobackup-browser-'));
  const database = path.join(folder, 'app.db');
  const logger = memoryLogger();
  const service = configureAutoBackup({ database, logger });
  let app: INestApplication;
  let browser: Browser;
  let url = '';
  const contexts: BrowserContext[] = [];

  beforeAll(async () => {
    fs.mkdirSync(SHOTS, { recursive: true });
    app = await createApp(database);
    mountDashboard(app, service, { hosts: ['shop.test'], logger });
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
    browser = await launchBrowser();
  });
  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close();
    for (const name of fs.readdirSync(folder))
      if (/backup/.test(name)) fs.rmSync(path.join(folder, name), { force: true });
  });
  afterAll(async () => {
    await browser.close();
    await app.close();
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 20 });
  });

  return {
    service,
    folder,
    shots: SHOTS,
    get url() {
      return url;
    },
    /** Backups of the last year, as a shop has them: more of the last weeks, and growing. */
    plantYear(): void {
      const now = Date.now();
      const days = [
        2, 9, 16, 23, 30, 37, 51, 58, 72, 79, 86, 93, 107, 121, 135, 149, 163, 184, 205, 226, 254, 282, 317, 352,
      ];
      days.forEach((day, i) => {
        const at = new Date(now - day * DAY - ((i * 37) % 11) * 3_600_000);
        const label = LABELS[i % LABELS.length]!;
        writeBackup(folder, at, { sizeBytes: 790_000 - 1_500 * day - ((i * 7919) % 23_000), manifest: { label } });
      });
    },
    /** One a day, the newest of them `from` days old. */
    plantMany(count: number, from = 1): void {
      for (let i = 0; i < count; i++) {
        writeBackup(folder, new Date(Date.now() - (from + i) * DAY), { sizeBytes: 700_000 - 999 * i, manifest: true });
      }
    },
    /** Logs in through the form, as a person does. */
    async open(options: BrowserContextOptions = {}, base = url): Promise<Page> {
      const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en-GB', ...options });
      contexts.push(context);
      const page = await context.newPage();
      page.setDefaultTimeout(PATIENCE_MS);
      await page.goto(`${base}/backups`);
      await page.getByLabel('User').fill(DEMO_LOGIN.user);
      await page.getByLabel('Password').fill(DEMO_LOGIN.password);
      await page.getByRole('button', { name: 'Log in' }).click();
      await page.waitForURL(/\/backups$/);
      return page;
    },
    /** As a restart of the server or of a proxy does it: pages that listen connect again. */
    dropConnections: () => (app.getHttpServer() as Server).closeAllConnections(),
    shot: (page: Page, name: string) => page.screenshot({ path: path.join(SHOTS, `${name}.png`), fullPage: true }),
    names: async () => (await service.listBackups()).map(({ name }) => name),
  };
}

const LABELS = [
  'InvoicesController.remove',
  'InvoicesController.create',
  'ProductsController.edit',
  'AppointmentsController.finish',
];

/** Playwright gives it a new, empty profile. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    timeout: PATIENCE_MS,
    executablePath: '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      // A host name that is no "trustworthy" one, as in a shop's own network: browsers send fewer headers there.
      '--host-resolver-rules=MAP shop.test 127.0.0.1',
    ],
  });
}
