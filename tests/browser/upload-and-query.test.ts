import fs from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { addEntry, createLedger } from '../support/databases';
import { tooWide, violations } from './page-checks';
import { useBrowser } from './support';

// A backup file that is brought in, and a question to a backup: with and without JavaScript, and by the keyboard alone.

const shop = useBrowser();
const WIDTHS = [320, 800, 1280];
const NAME = 'app_backup_20260301_120000.db';

let file: string;
beforeAll(() => {
  fs.mkdirSync(path.join(shop.folder, 'stick'));
  file = path.join(shop.folder, 'stick', NAME);
  const db = createLedger(file, 'delete');
  addEntry(db);
  db.exec("CREATE TABLE notes (id INTEGER PRIMARY KEY, text, picture); INSERT INTO notes VALUES (1, NULL, x'00ff')");
  db.prepare('INSERT INTO notes VALUES (2, ?, 12.5)').run('Äpfel_und_Birnen_'.repeat(12));
  db.close();
  fs.writeFileSync(path.join(shop.folder, 'stick', 'letter.txt'), 'hello '.repeat(200));
});

/** At each width: axe finds nothing, and nothing is wider than the screen. */
async function look(page: Page, shown: string): Promise<void> {
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 });
    expect({ shown, width, tooWide: await tooWide(page) }).toEqual({ shown, width, tooWide: 0 });
    expect({ shown, width, found: await violations(page) }).toEqual({ shown, width, found: [] });
    await shop.shot(page, `files-${shown}-${width}`);
  }
}

test.each(['light', 'dark'] as const)('a file is sent, refused or taken, then asked (%s)', async (colorScheme) => {
  const page = await shop.open({ colorScheme });
  const shown = (state: string) => `${state}-${colorScheme}`;
  await page.getByRole('link', { name: 'Bring a backup file in…' }).click();
  await look(page, shown('form'));
  await page.getByLabel('The file').setInputFiles(path.join(shop.folder, 'stick', 'letter.txt'));
  await page.getByLabel('When its data is from').fill('2026-03-01T12:00');
  await page.getByRole('button', { name: 'Send and check it' }).click();
  await page.getByRole('heading', { name: 'The file was not taken' }).waitFor();
  await page.getByText('not a SQLite database').waitFor();
  await look(page, shown('refused'));
  await page.getByRole('link', { name: 'Bring a backup file in…' }).click();
  await page.getByLabel('The file').setInputFiles(file);
  await page.getByRole('button', { name: 'Send and check it' }).click();
  await page.getByText(`${NAME} is here: checked in full, and protected.`).waitFor();
  await look(page, shown('taken'));
  await page.getByRole('link', { name: 'Ask…' }).click();
  await look(page, shown('question'));
  await page.getByLabel('The question, in SQL').fill('SELECT * FROM notes');
  await page.getByRole('button', { name: 'Ask', exact: true }).click();
  await page.getByText('2 rows').waitFor();
  await look(page, shown('answer'));
  await page.getByLabel('The question, in SQL').fill('SELECT nowhere FROM notes');
  await page.getByRole('button', { name: 'Ask', exact: true }).click();
  await page.getByText('no such column: nowhere').waitFor();
  await look(page, shown('not-answered'));
});

test('without JavaScript, and by the keyboard alone', async () => {
  const page = await shop.open({ javaScriptEnabled: false });
  const press = (key: string) => page.keyboard.press(key);
  await page.goto(`${shop.url}/backups/upload`);
  await page.getByLabel('What it is').focus();
  await page.keyboard.type('from the stick');
  await press('Tab');
  await page.getByLabel('The file').setInputFiles(file);
  await press('Tab');
  expect(await page.locator(':focus').innerText()).toBe('Send and check it');
  await press('Enter');
  await page.getByText(`${NAME} is here: checked in full, and protected.`).waitFor();
  expect(await shop.names()).toContain(NAME);
  await page.goto(`${shop.url}/backups/backups/${NAME}/query`);
  await page.getByLabel('The question, in SQL').focus();
  await press('ControlOrMeta+a');
  await page.keyboard.type('SELECT count(*) AS entries FROM entries');
  await press('Tab');
  await press('Enter');
  await page.getByText('1 row', { exact: true }).waitFor();
  // The answer may be wider than the page: the keyboard gets there, and from there to the CSV.
  const answer = page.getByRole('region', { name: '1 row' });
  await answer.focus();
  await press('Tab');
  expect(await page.locator(':focus').innerText()).toBe('Download as CSV');
});
