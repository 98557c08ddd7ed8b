import { until } from '../support/processes';
import { tooWide, violations } from './page-checks';
import { useBrowser } from './support';

// Every page at every width, what two tabs see, and a page whose server goes away.

const shop = useBrowser();
/** What a browser has and Node has not. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the types of a browser would hold for all tests
type Browser = any;

test.each([320, 360, 800, 1280])('at %i px no page is wider than the screen, and axe finds nothing', async (width) => {
  shop.plantYear();
  const { name } = await shop.service.createBackup();
  const page = await shop.open({ viewport: { width, height: 800 } });
  const pages = {
    overview: '',
    list: '?show=change&sort=size',
    empty: '?q=nothing+is+like+that',
    detail: `/backups/${name}`,
    delete: `/backups/${name}/delete`,
    restore: `/backups/${name}/restore`,
    several: `/selected?do=delete&b=${name}`,
    'go-back': '/go-back?at=2026-01-31',
    'go-back-newest': '/go-back',
    rules: '/rules',
    activity: '/activity',
    copies: '/copies',
    error: '/nothing',
  };
  for (const [shown, where] of Object.entries(pages)) {
    await page.goto(`${shop.url}/backups${where}`);
    expect({ shown, tooWide: await tooWide(page) }).toEqual({ shown, tooWide: 0 });
    expect({ shown, found: await violations(page) }).toEqual({ shown, found: [] });
    await shop.shot(page, `${shown}-${width}`);
  }
  await page.goto(`${shop.url}/backups`);
  await page.getByText('As a list').click();
  expect(await tooWide(page)).toBe(0);
  expect(await violations(page)).toEqual([]);
});

test('a dot of the picture leads to its backup; the list does too, by keyboard alone', async () => {
  shop.plantMany(3);
  const page = await shop.open();
  const names = await shop.names();
  await page.locator('.picture svg a').last().click();
  await page.waitForURL(new RegExp(names[0]!));
  await page.goBack();
  await page.getByText('As a list').focus();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.waitForURL(new RegExp(names[0]!));
});

test.each([true, false])('several are deleted after one question (with JavaScript: %s)', async (javaScriptEnabled) => {
  shop.plantMany(4);
  const page = await shop.open({ javaScriptEnabled });
  const boxes = page.getByRole('checkbox');
  await boxes.nth(1).check();
  await boxes.nth(2).check();
  await page.getByRole('button', { name: 'Delete…' }).click();
  await page.getByRole('button', { name: 'Delete them' }).click();
  await page.getByText('Deleted: 2.').waitFor();
  expect(await shop.names()).toHaveLength(2);
});

test('what is typed and ticked stays when the page renews itself', async () => {
  shop.plantMany(2);
  const page = await shop.open();
  await page.getByPlaceholder('What for?').fill('before the price update');
  await page.getByRole('checkbox').first().check();
  shop.plantMany(1, 0.5);
  await until(async () => (await page.getByRole('checkbox').count()) === 3);
  expect(await page.getByPlaceholder('What for?').inputValue()).toBe('before the price update');
  expect(await page.getByRole('checkbox').nth(1).isChecked()).toBe(true);
  expect(await page.getByRole('checkbox').nth(0).isChecked()).toBe(false);
});

test('when nothing answers any more, the sentence, the title and the icon say so, and come back with the connection', async () => {
  await shop.service.createBackup();
  const page = await shop.open();
  await page.getByRole('heading', { name: /^Safe here/ }).waitFor();
  const icon = () => page.locator('link[rel=icon]').getAttribute('href');
  const before = await icon();
  await page.context().setOffline(true);
  await page.getByRole('heading', { name: 'Connection lost' }).waitFor();
  expect(await page.title()).toBe('Connection lost · Backups of the shop');
  expect(await icon()).toMatch(/unknown\.svg$/);
  await page.locator('.banner.unknown').waitFor();
  const buttons = page.locator('form[method=post] button');
  const pressable = () => buttons.evaluateAll((all) => all.filter((each) => !(each as Browser).disabled).length);
  expect(await buttons.count()).toBeGreaterThan(1);
  expect(await pressable()).toBe(0);
  await shop.shot(page, 'connection-lost');
  await page.context().setOffline(false);
  await page.getByRole('heading', { name: /^Safe here/ }).waitFor();
  expect(await icon()).toBe(before);
  expect(await page.title()).toBe('Attention · Backups of the shop');
  await until(async () => (await pressable()) === (await buttons.count()));
});

test('an answer that was on its way when the connection was lost does not say "safe" afterwards', async () => {
  await shop.service.createBackup();
  const page = await shop.open();
  await page.getByRole('heading', { name: /^Safe here/ }).waitFor();
  const held: (() => Promise<void>)[] = [];
  await page.route(`${shop.url}/backups`, (route) => void held.push(() => route.continue()));
  await shop.service.createBackup();
  await until(() => held.length > 0);
  await page.evaluate("dispatchEvent(new Event('offline'))");
  await page.getByRole('heading', { name: 'Connection lost' }).waitFor();
  const answered = page.waitForResponse(`${shop.url}/backups`);
  await Promise.all(held.map((goOn) => goOn()));
  await answered;
  // It has been read when a question that was asked after it has its answer.
  for (let i = 0; i < 3; i++) {
    await page.evaluate(`fetch(${JSON.stringify(`${shop.url}/backups/api/backups`)}).then((answer) => answer.text())`);
  }
  expect(await page.getByRole('heading', { name: 'Connection lost' }).count()).toBe(1);
  expect(await page.title()).toBe('Connection lost · Backups of the shop');
});

test('a job is seen in two tabs, and by whoever loads its page again', async () => {
  await shop.service.createBackup();
  const page = await shop.open();
  const other = await page.context().newPage();
  await other.goto(`${shop.url}/backups`);
  await page.goto(`${shop.url}/backups`);
  await page.getByRole('button', { name: 'Back up now' }).click();
  await page.getByText('is made and verified.').waitFor();
  await until(async () => (await other.locator('tbody th[scope=row]').count()) === (await shop.names()).length);
  expect(await other.getByText('is made and verified.').count()).toBe(0);
  const jobs = (await (await other.request.get(`${shop.url}/backups/api/jobs`)).json()) as {
    id: string;
    kind: string;
  }[];
  const { id } = jobs.find(({ kind }) => kind === 'backup')!;
  await other.goto(`${shop.url}/backups/jobs/${id}`);
  await other.getByRole('heading', { name: 'The backup is made and verified' }).waitFor();
  await other.reload();
  await other.getByRole('heading', { name: 'The backup is made and verified' }).waitFor();
  expect(await violations(other)).toEqual([]);
  await shop.shot(other, 'job-done');
});
