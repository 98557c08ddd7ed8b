import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';
import type { Product } from '../../docs/examples/pos/database';
import { Client } from '../../docs/examples/pos/client';
import { sleep, until } from '../support/processes';
import { useBrowser } from './support';

// Each action of the page, done by clicking, as the owner of the shop does.

const shop = useBrowser();
/** No drill yet, and no copy elsewhere. */
const SAFE = 'Safe here, 2 things to do';

const backUp = async (page: Page) => {
  await page.getByRole('button', { name: 'Back up now' }).click();
  await page.getByText('is made and verified.').waitFor();
};
const openNewest = (page: Page) =>
  page
    .getByRole('link', { name: /^Details of/ })
    .first()
    .click();

describe.each([
  ['with JavaScript', true],
  ['without JavaScript', false],
])('%s', (_, javaScriptEnabled) => {
  test('back up now', async () => {
    const page = await shop.open({ javaScriptEnabled });
    await page.locator('#verdict-say', { hasText: 'There is no backup yet' }).waitFor();
    await backUp(page);
    await page.getByRole('heading', { name: SAFE }).waitFor();
    expect(await shop.names()).toHaveLength(1);
    expect(await page.title()).toBe('Attention · Backups of the shop');
  });

  test.each([
    ['quick', 'Quick'],
    ['full', 'Full'],
    ['restore drill', 'Restore drill'],
    ['hash', 'Hash only'],
  ])('verify: %s', async (shown, choice) => {
    await shop.service.createBackup();
    const page = await shop.open({ javaScriptEnabled });
    await openNewest(page);
    const select = page.getByLabel('How thoroughly');
    const value = await select.getByRole('option', { name: choice }).getAttribute('value');
    await select.selectOption(value);
    await page.getByRole('button', { name: 'Verify' }).click();
    await page.getByText('is in order.').waitFor();
    await page.locator('.facts .tag.good', { hasText: shown }).waitFor();
    expect((await shop.service.listBackups())[0]!.lastVerification).toMatchObject({ level: value, ok: true });
  });

  test('download: the right name and every byte', async () => {
    const backup = await shop.service.createBackup();
    const page = await shop.open({ javaScriptEnabled });
    const downloading = page.waitForEvent('download');
    await page.getByRole('link', { name: `Download ${backup.name}` }).click();
    const download = await downloading;
    expect(download.suggestedFilename()).toBe(backup.name);
    const bytes = fs.readFileSync(await download.path());
    expect(crypto.createHash('sha256').update(bytes).digest('hex')).toBe(backup.sha256);
  });

  test('protect, and take it off again', async () => {
    await shop.service.createBackup();
    const page = await shop.open({ javaScriptEnabled });
    await openNewest(page);
    await page.getByRole('button', { name: 'Protect' }).click();
    await page.getByText('is protected now.').waitFor();
    expect((await shop.service.listBackups())[0]!.protected).toBe(true);
    expect(await page.getByRole('link', { name: 'Delete…' }).count()).toBe(0);
    await page.getByRole('button', { name: 'Take protection off' }).click();
    await page.getByText('is no longer protected.').waitFor();
    expect((await shop.service.listBackups())[0]!.protected).toBe(false);
  });

  test('delete, after asking; cancelling deletes nothing', async () => {
    await shop.service.createBackup();
    const page = await shop.open({ javaScriptEnabled });
    await openNewest(page);
    await page.getByRole('link', { name: 'Delete…' }).click();
    await page.getByRole('heading', { name: 'Delete this backup?' }).waitFor();
    await page.getByRole('link', { name: 'Cancel' }).click();
    await page.getByRole('link', { name: 'Delete…' }).click();
    expect(await shop.names()).toHaveLength(1);
    await page.getByRole('button', { name: 'Delete it' }).click();
    await page.getByText('The backup is deleted.').waitFor();
    expect(await shop.names()).toEqual([]);
  });

  test('restore, with a word typed in, and the report after: the shop that runs sees the old stock', async () => {
    const till = new Client(shop.url);
    await till.logIn();
    const stock = async () => (await till.get<Product[]>('/products'))[0]!.stock;
    const before = await stock();
    const { name } = await shop.service.createBackup();
    await till.send('PATCH', '/products/1', { stock: before + 7 });
    expect(await stock()).toBe(before + 7);

    const page = await shop.open({ javaScriptEnabled });
    await openNewest(page);
    await page.getByRole('link', { name: 'Restore…' }).click();
    const restore = page.getByRole('button', { name: 'Restore it' });
    await page.getByLabel('to confirm').fill('something else');
    if (javaScriptEnabled) {
      expect(await restore.isDisabled()).toBe(true);
    } else {
      await restore.click();
      await page.getByText('That is not the word.').waitFor();
      expect(await stock()).toBe(before + 7);
    }
    await page.getByLabel('to confirm').fill('Restore');
    await restore.click();
    await page.getByText(`The database is restored from ${name}.`).waitFor();
    expect(await stock()).toBe(before);
    const safety = (await shop.service.listBackups()).find((backup) => backup.protected)!;
    await page.getByRole('link', { name: safety.name }).first().waitFor();
    await page.getByText('while the app was running').waitFor();
    await shop.shot(page, `restored-${javaScriptEnabled ? 'script' : 'plain'}`);
  });

  test('sort and turn pages', async () => {
    shop.plantMany(60);
    const page = await shop.open({ javaScriptEnabled });
    const first = async () => page.locator('tbody th[scope=row] a').first().getAttribute('title');
    const newest = await first();
    await page.getByRole('link', { name: 'Sort by Date' }).click();
    await page.locator('th[aria-sort=ascending]').waitFor();
    expect((await first())! < newest!).toBe(true);
    await page.getByRole('link', { name: 'Next', exact: true }).click();
    await page.getByText('Page 2 of 2').waitFor();
    expect(await page.locator('tbody th[scope=row]').count()).toBe(10);
  });
});

describe('live', () => {
  test('the bar moves while another process makes a backup, and the page renews itself when it is there', async () => {
    const page = await shop.open();
    await page.locator('#verdict-say', { hasText: 'There is no backup yet' }).waitFor();
    const size = fs.statSync(path.join(shop.folder, 'app.db')).size;
    const partial = path.join(shop.folder, '.app_backup_20261124_093000.0a1b2c.partial');
    fs.writeFileSync(partial, Buffer.alloc(size / 2));
    await page.getByText('Copying').waitFor();
    await until(async () => (await page.locator('#progress-bar').getAttribute('value')) === String(size / 2));
    expect(await page.getByRole('button', { name: 'Back up now' }).isDisabled()).toBe(true);
    await shop.shot(page, 'progress');
    fs.rmSync(partial);
    await shop.service.createBackup();
    await page.getByRole('heading', { name: SAFE }).waitFor();
    expect(await page.getByRole('button', { name: 'Back up now' }).isEnabled()).toBe(true);
  });

  test('a backup that the till caused appears by itself', async () => {
    const page = await shop.open();
    await page.locator('#verdict-say', { hasText: 'There is no backup yet' }).waitFor();
    const till = new Client(shop.url);
    await till.logIn();
    await till.send('PATCH', '/products/2', { stock: 3 });
    await page.getByRole('heading', { name: SAFE }).waitFor();
    await page.getByRole('cell', { name: 'ProductsController.edit' }).waitFor();
  });
});

describe('a page that is left open', () => {
  const due = (page: Page, days: number) =>
    page.locator('.checks', { hasText: `The last backup is from ${days} days ago` });
  /** Again and again: the first time, the page may not have been connected yet. */
  const connectAgainUntil = async (isSo: () => boolean | Promise<boolean>) => {
    for (;;) {
      shop.dropConnections();
      for (let i = 0; i < 50; i++) {
        await sleep(200);
        if (await isSo()) return;
      }
    }
  };

  test('shows what no event tells, as that a backup has become due, when it connects again', async () => {
    const page = await shop.open();
    await page.locator('#verdict-say', { hasText: 'There is no backup yet' }).waitFor();
    shop.plantMany(1, 9);
    await connectAgainUntil(() => due(page, 9).isVisible());
  });

  test('leaves whoever walks through it by keyboard where they are', async () => {
    shop.plantMany(3, 9);
    const page = await shop.open();
    await due(page, 9).waitFor();
    const details = () => page.locator('tbody tr:has(th[scope=row])');
    const second = details()
      .nth(1)
      .getByRole('link', { name: /^Details/ });
    await second.focus();
    shop.plantMany(1, 8);
    await connectAgainUntil(() => due(page, 8).isVisible());
    // One row has come above it.
    const same = details()
      .nth(2)
      .getByRole('link', { name: /^Details/ });
    expect(await same.evaluate((link) => link === link.ownerDocument.activeElement)).toBe(true);
  });

  test('says "safe" no longer when its reader has been logged out', async () => {
    await shop.service.createBackup();
    const page = await shop.open();
    await page.getByRole('heading', { name: /^Safe/ }).waitFor();
    await page.context().clearCookies();
    await connectAgainUntil(() => /login$/.test(page.url()));
  });

  test('nor where the app refuses without a login page', async () => {
    await shop.service.createBackup();
    const page = await shop.open();
    await page.getByRole('heading', { name: /^Safe/ }).waitFor();
    await page.route(/\/backups(\/api\/events)?$/, (route) => route.fulfill({ status: 403, body: 'Not any more' }));
    await connectAgainUntil(() => page.getByText('Not any more').isVisible());
  });
});

test('in a shop’s own network, without https, forms work too: the browser says where they come from', async () => {
  const other = shop.url.replace('127.0.0.1', 'shop.test');
  const page = await shop.open({ javaScriptEnabled: false }, other);
  await backUp(page);
  expect(await shop.names()).toHaveLength(1);
});

test('a page of another site cannot press the button, whoever is logged in', async () => {
  const page = await shop.open();
  await page.route('http://evil.test/', (route) =>
    route.fulfill({
      contentType: 'text/html',
      body: `<form method="post" action="${shop.url}/backups/backups"><button>Win a prize</button></form>`,
    }),
  );
  await page.goto('http://evil.test/');
  await page.getByRole('button', { name: 'Win a prize' }).click();
  await page.getByText('This request came from another web site').waitFor();
  expect(await shop.names()).toEqual([]);
});

test('nobody sees it without the login', async () => {
  const page = await shop.open();
  await page.context().clearCookies();
  await page.goto(`${shop.url}/backups`);
  await page.getByLabel('Password').waitFor();
  const answer = await page.request.get(`${shop.url}/backups/api/status`);
  expect(answer.status()).toBe(403);
});
