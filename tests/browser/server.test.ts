import path from 'node:path';
import type { Page } from 'playwright-core';
import { until } from '../support/processes';
import { useOwnServer } from './own-server';
import { tooWide, violations } from './page-checks';

// A server that dies, and restores that are watched: in two tabs, over a reload, over the end of a login.

const own = useOwnServer();
const icon = (page: Page) => page.locator('link[rel=icon]').getAttribute('href');
const RESTORING = 'The database is being restored';
const RESTORED = 'The database is restored';

/** The lock that each backup and each restore takes: while it is held elsewhere, a restore waits. */
const lockFile = () => path.join(own.temp.path, '.app_backup.lock');

async function askToRestore(page: Page): Promise<void> {
  const [backup] = await own.service().listBackups();
  const { origin } = new URL(page.url());
  await page.goto(`${origin}/backups/backups/${backup!.name}/restore`);
  await page.getByLabel('to confirm').fill('restore');
  await page.getByRole('button', { name: 'Restore it' }).click();
}
const seesPhases = async (page: Page) => {
  await page.getByRole('heading', { name: RESTORING }).waitFor();
  await page.locator('.phases [aria-current=step]', { hasText: 'Check the backup' }).waitFor();
};
const seesResult = async (page: Page) => {
  await page.getByRole('heading', { name: RESTORED }).waitFor();
  await page.getByRole('link', { name: 'Undo…' }).waitFor();
};

/** A database that has changed since its backup, and its server. */
async function changed() {
  await own.plant();
  own.change('entered since');
  const server = await own.serve();
  return { server, page: await own.open(server) };
}

test('a killed server: title, icon and sentence say it, the ages go on, and a new server brings the page back', async () => {
  await own.plant();
  const first = await own.serve();
  const page = await own.open(first);
  await page.getByRole('heading', { name: /^Safe here/ }).waitFor();
  const [title, sound] = [await page.title(), await icon(page)];
  first.script.kill();
  await first.script.ended;
  await page.getByRole('heading', { name: 'Connection lost' }).waitFor();
  expect(await page.title()).toBe('Connection lost · Backups of the shop');
  expect(await icon(page)).toMatch(/unknown\.svg$/);
  await page.locator('.banner.unknown').waitFor();
  const age = page.locator('tbody th[scope=row] time[data-age]').first();
  const before = await age.textContent();
  await until(async () => (await age.textContent()) !== before);
  expect(await age.textContent()).toMatch(/ago$/);
  expect(await violations(page)).toEqual([]);
  await own.shot(page, 'server-killed');
  await own.serve(first.port);
  await page.getByRole('heading', { name: /^Safe here/ }).waitFor();
  expect(await page.title()).toBe(title);
  expect(await icon(page)).toBe(sound);
});

test('a page whose body comes after the connection was lost does not say "safe" afterwards', async () => {
  await own.plant();
  const { script, port } = await own.serve();
  const page = await own.open({ script, port });
  await page.getByRole('heading', { name: /^Safe here/ }).waitFor();
  await script.ask('hold');
  await own.service().createBackup();
  // The page asks for itself anew, and has the head of the answer: it waits for the rest.
  await page.waitForResponse(`http://127.0.0.1:${port}/backups`);
  await page.evaluate("dispatchEvent(new Event('offline'))");
  await page.getByRole('heading', { name: 'Connection lost' }).waitFor();
  await script.ask('release');
  // It has been read when several questions that were asked after it have their answers.
  for (let i = 0; i < 3; i++) await page.evaluate("fetch('/backups/api/backups').then((answer) => answer.text())");
  expect(await page.getByRole('heading', { name: 'Connection lost' }).count()).toBe(1);
  expect(await page.title()).toBe('Connection lost · Backups of the shop');
});

test('a restore in two tabs: the second one says that it runs, joins it, and both come to the result', async () => {
  const { server, page } = await changed();
  const other = await page.context().newPage();
  await other.goto(`http://127.0.0.1:${server.port}/backups`);
  await other.getByRole('heading', { name: /^Safe here/ }).waitFor();
  const lock = await own.lock(lockFile());
  await askToRestore(page);
  await seesPhases(page);
  await other.locator('.jobs', { hasText: RESTORING }).waitFor();
  await other.locator('#progress-text', { hasText: RESTORING }).waitFor();
  expect(await other.getByText('Copying').isVisible()).toBe(false);
  expect(await other.getByRole('button', { name: 'Back up now' }).isDisabled()).toBe(true);
  await own.shot(other, 'restore-second-tab');
  await askToRestore(other);
  await seesPhases(other);
  expect(new URL(other.url()).pathname).toBe(new URL(page.url()).pathname);
  await lock.ask('release');
  for (const tab of [page, other]) await seesResult(tab);
  expect(own.items()).toEqual(['from the backup']);
});

test('an overview that is opened during a restore does not offer another backup, not for a moment', async () => {
  const { server, page } = await changed();
  const lock = await own.lock(lockFile());
  await askToRestore(page);
  await seesPhases(page);
  await page.addInitScript(`
    globalThis.offered = 0;
    new MutationObserver(() => {
      const button = document.querySelector('form[data-live-form] button');
      if (button && !button.disabled) globalThis.offered += 1;
    }).observe(document, { subtree: true, childList: true, attributes: true });
  `);
  // The page asks for itself anew as soon as it listens, and most often gets the same.
  const renewed = page.waitForResponse((answer) => answer.request().headers()['x-autobackup-renew'] !== undefined);
  await page.goto(`http://127.0.0.1:${server.port}/backups`);
  await renewed;
  await page.locator('#progress-text', { hasText: RESTORING }).waitFor();
  for (let i = 0; i < 3; i++) await page.evaluate("fetch('/backups/api/backups').then((answer) => answer.text())");
  expect(await page.evaluate('globalThis.offered')).toBe(0);
  await lock.ask('release');
});

test('a restore goes on over a reload of its page, and through its phases without one', async () => {
  const { page } = await changed();
  const lock = await own.lock(lockFile());
  await askToRestore(page);
  await seesPhases(page);
  await page.reload();
  await seesPhases(page);
  // The app is in the middle of a transaction: the restore waits for its end.
  const writer = await own.lock(own.database());
  await lock.ask('release');
  await page.locator('.phases .past', { hasText: 'Check the backup' }).waitFor();
  await page.locator('.phases [aria-current=step]', { hasText: 'Wait until the app has finished writing' }).waitFor();
  await page.reload();
  await page.locator('.phases [aria-current=step]', { hasText: 'Wait until the app has finished writing' }).waitFor();
  await own.shot(page, 'restore-waits');
  await writer.ask('release');
  await seesResult(page);
  await page.reload();
  await seesResult(page);
  expect(own.items()).toEqual(['from the backup']);
});

test('a login that ends during a restore: the page says so, and leads back to the result', async () => {
  const { server, page } = await changed();
  const lock = await own.lock(lockFile());
  await askToRestore(page);
  await seesPhases(page);
  const job = page.url();
  server.script.tell('log out');
  server.script.tell('drop');
  await page.getByRole('heading', { name: 'You are logged out' }).waitFor();
  await page.getByText('What was begun goes on all the same.').waitFor();
  expect(await violations(page)).toEqual([]);
  await own.shot(page, 'logged-out-in-restore');
  await lock.ask('release');
  await until(() => own.items().join() === 'from the backup');
  await page.getByRole('link', { name: 'Log in' }).click();
  await page.waitForURL(job);
  await seesResult(page);
});

test('no page of a job is wider than the screen, at any width and at 400 %, and axe finds nothing', async () => {
  const backup = await own.plant();
  const server = await own.serve();
  const page = await own.open(server);
  // 400 % on a screen of 1280 by 1024.
  const zoomed = await own.open(server, { viewport: { width: 320, height: 256 }, deviceScaleFactor: 4 });
  const look = async (state: string) => {
    for (const width of [320, 360, 800, 1280]) {
      await page.setViewportSize({ width, height: 800 });
      expect({ state, width, tooWide: await tooWide(page) }).toEqual({ state, width, tooWide: 0 });
      await own.shot(page, `job-${state}-${width}`);
    }
    await zoomed.goto(page.url());
    expect({ state, tooWide: await tooWide(zoomed) }).toEqual({ state, tooWide: 0 });
    for (const each of [page, zoomed]) {
      expect({ state, found: await violations(each) }).toEqual({ state, found: [] });
    }
  };
  const lock = await own.lock(lockFile());
  await askToRestore(page);
  await seesPhases(page);
  await look('running');
  await page.goto(`http://127.0.0.1:${server.port}/backups`);
  await page.locator('.jobs', { hasText: RESTORING }).waitFor();
  await look('running-overview');
  await page.getByRole('link', { name: 'See how far it is' }).click();
  await seesPhases(page);
  own.damage(backup.path);
  await lock.ask('release');
  await page.getByRole('heading', { name: 'The database was not restored' }).waitFor();
  await look('failed');
});
