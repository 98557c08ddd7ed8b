import fs from 'node:fs';
import type { Page } from 'playwright-core';
import { JUST_NOW } from '../support/planted-backups';
import { until } from '../support/processes';
import { tooWide, violations } from './page-checks';
import { useBrowser } from './support';

// How it looks, in build/screenshots, and whether everybody can use it.

const shop = useBrowser();
/** What a browser has and Node has not. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the types of a browser would hold for all tests
type Browser = any;

const PHONE = { width: 390, height: 844 };

/** The texts of pictures that are cut off at a side of theirs. */
const cutOff = (page: Page) =>
  page.evaluate(() => {
    const texts: Browser[] = [...(globalThis as Browser).document.querySelectorAll('svg text')];
    return texts
      .filter((text) => {
        const [own, picture] = [text, text.ownerSVGElement].map((element) => element.getBoundingClientRect());
        return own.left < picture.left || own.right > picture.right;
      })
      .map((text) => String(text.textContent).trim());
  });

describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
  test.each(['en', 'es'] as const)('every page, in "%s", wide and on a phone: axe finds nothing', async (locale) => {
    shop.plantYear();
    const { name } = await shop.service.createBackup();
    await shop.service.verifyBackup(name, { level: 'full' });
    const page = await shop.open({ colorScheme, locale });
    const messages: string[] = [];
    page.on('console', (message) => messages.push(message.text()));
    page.on('pageerror', (error) => messages.push(error.message));
    const pages = {
      overview: '',
      detail: `/backups/${name}`,
      delete: `/backups/${name}/delete`,
      restore: `/backups/${name}/restore`,
    };
    const look = async (shown: string) => {
      await page.setViewportSize({ width: 1280, height: 900 });
      expect({ shown, found: await violations(page) }).toEqual({ shown, found: [] });
      await shop.shot(page, `${shown}-${colorScheme}-${locale}`);
      await page.setViewportSize(PHONE);
      expect({ shown, tooWide: await tooWide(page) }).toEqual({ shown, tooWide: 0 });
      expect({ shown, cutOff: await cutOff(page) }).toEqual({ shown, cutOff: [] });
      expect({ shown, found: await violations(page) }).toEqual({ shown, found: [] });
      await page.screenshot({ path: `${shop.shots}/${shown}-phone-${colorScheme}-${locale}.png` });
    };
    for (const [shown, path] of Object.entries(pages)) {
      await page.goto(`${shop.url}/backups${path}`);
      await look(shown);
    }
    await page.getByRole('textbox').fill(locale === 'en' ? 'restore' : 'restaurar');
    await page.locator('form button.danger').click();
    await page.locator('.job dl').waitFor();
    await look('restored');
    fs.truncateSync(`${shop.folder}/${name}`, 4_096);
    await page.goto(`${shop.url}/backups/backups/${name}`);
    await page.locator('form[action$=verify] button').click();
    await page.locator('.flash.bad').waitFor();
    await look('unsound');
    // Also none about what the content security policy forbids.
    expect(messages).toEqual([]);
  });

  test('in trouble: no backup, one that is due, one that is broken, more than fit on one page, an error', async () => {
    const page = await shop.open({ colorScheme });
    const look = async (shown: string) => {
      await page.goto(`${shop.url}/backups${shown === 'error' ? '/nothing' : ''}`);
      expect({ shown, found: await violations(page) }).toEqual({ shown, found: [] });
      await shop.shot(page, `${shown}-${colorScheme}`);
    };
    await look('none');
    await look('error');
    shop.plantMany(12, 9);
    await look('due');
    shop.plantMany(50, 21);
    await look('many');
    const { path } = await shop.service.createBackup();
    fs.truncateSync(path, 4_096);
    await look('broken');
  });
});

test('by keyboard alone: every control is reached in order, is seen when it is, and works', async () => {
  await shop.service.createBackup();
  const page = await shop.open();
  // The page does not wait for the look at the database; what it offers depends on that.
  await page.getByRole('heading', { name: 'Safe here, 2 things to do' }).waitFor();
  const reached: string[] = [];
  for (let i = 0; i < 24; i++) {
    await page.keyboard.press('Tab');
    reached.push(
      await page.evaluate(() => {
        const { document, getComputedStyle } = globalThis as Browser;
        const { activeElement: at } = document;
        if (at === document.body) return '';
        const outline = getComputedStyle(at).outlineStyle;
        return `${(at.getAttribute('aria-label') ?? at.getAttribute('placeholder') ?? at.textContent).trim()}${outline === 'none' ? ' (invisible)' : ''}`;
      }),
    );
  }
  const expected = [
    'What for? (if you like)',
    'Back up now',
    'Go back to…',
    'Try a restore now',
    'I accept that',
    'As a list',
  ];
  // What other tests have done here is listed as well, above.
  expect(reached.filter((name) => name !== 'See the result').slice(0, 6)).toEqual(expected);
  expect(reached.join()).not.toContain('(invisible)');
  await page.getByRole('button', { name: 'Back up now' }).focus();
  await page.keyboard.press('Enter');
  await page.getByText('is made and verified.').waitFor();
  expect(await shop.names()).toHaveLength(2);
});

test('a screen reader is told: headings, the state, what the pictures show, what came of an action', async () => {
  shop.plantYear();
  const page = await shop.open();
  await page.getByRole('button', { name: 'Back up now' }).click();
  await page.getByText('is made and verified.').waitFor();
  // The page may renew itself just then, and for a moment there is none.
  const tree = await until(async () => {
    const seen = await page.locator('main').ariaSnapshot();
    return seen.includes('heading "Backups of the shop" [level=1]') && seen;
  });
  expect(tree).toMatch(/heading "Safe here, 2 things to do" \[level=2\]/);
  expect(tree).toMatch(/heading "What you can go back to" \[level=2\]/);
  expect(tree).toMatch(/\d+ moments since .*\. Click one\./);
  expect(tree).toContain('searchbox "Reason, date, name"');
  expect(tree).toMatch(/status: .*is made and verified|status:\n\s*- paragraph: .*is made and verified/);
  expect(tree).toMatch(new RegExp(`rowheader ".*${JUST_NOW}.*"`));
});
