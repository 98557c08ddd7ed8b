import path from 'node:path';
import Database from 'better-sqlite3';
import type { Page } from 'playwright-core';
import { tooWide, violations } from './page-checks';
import { useBrowser } from './support';

// Rows back, from the comparison to the result, as the owner of the shop does it.

const shop = useBrowser();
const WIDTHS = [320, 800, 1280];
const LONG = 'Äpfel_und_Birnen_'.repeat(12);

let db: Database.Database;
beforeAll(() => {
  db = new Database(path.join(shop.folder, 'app.db'));
});
afterAll(() => db.close());

/** Invoices 1 to 3 with a line each and a backup of them; 2 is deleted, 3 another one by now, 4 sold since. */
async function shopAfterAMistake(): Promise<string> {
  db.pragma('foreign_keys = ON');
  db.exec(`DELETE FROM invoices; DELETE FROM sqlite_sequence; DELETE FROM products;
    CREATE TRIGGER IF NOT EXISTS told AFTER INSERT ON invoice_lines BEGIN SELECT 1; END;
    INSERT INTO products VALUES (1, '${LONG}', 250, 10);
    INSERT INTO invoices (id, customer, total_cents) VALUES (1, 'Ann', 500), (2, 'Bob ${LONG}', 750), (3, 'Cem', 900);
    INSERT INTO invoice_lines VALUES (1, 1, 2), (2, 1, 3), (3, 1, 1)`);
  const { name } = await shop.service.createBackup();
  db.exec(`DELETE FROM invoices WHERE id IN (2, 3); UPDATE products SET stock = 12;
    INSERT INTO invoices (id, customer, total_cents) VALUES (3, 'Dora', 100), (4, 'Emil', 200)`);
  return name;
}

const ids = (): unknown[] => db.prepare('SELECT id FROM invoices ORDER BY id').pluck().all();

/** At each width: axe finds nothing, and nothing is wider than the screen. */
async function look(page: Page, shown: string): Promise<void> {
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 });
    expect({ shown, width, tooWide: await tooWide(page) }).toEqual({ shown, width, tooWide: 0 });
    expect({ shown, width, found: await violations(page) }).toEqual({ shown, width, found: [] });
    await shop.shot(page, `${shown}-${width}`);
  }
}

const seeRowsOf = async (page: Page, name: string, table: string): Promise<void> => {
  await page.goto(`${shop.url}/backups/backups/${name}`);
  await page.getByRole('button', { name: 'Compare' }).click();
  await page.getByRole('button', { name: `Look at the rows of ${table}`, exact: true }).click();
  await page.getByRole('heading', { name: `Rows of ${table}` }).waitFor();
};
const choose = (page: Page, row: string) => page.getByRole('checkbox', { name: `Choose ${row}` }).check();
const plan = async (page: Page): Promise<void> => {
  await page.getByRole('button', { name: 'Bring the chosen rows back…' }).click();
  await page.getByRole('heading', { name: 'What would be done' }).waitFor();
};
const carryOut = async (page: Page): Promise<void> => {
  await page.getByRole('button', { name: 'Bring them back', exact: true }).click();
  await page.getByRole('heading', { name: 'What was done' }).waitFor();
};

test.each(['light', 'dark'] as const)('every state in %s, on a phone, a tablet and wide', async (colorScheme) => {
  const name = await shopAfterAMistake();
  const page = await shop.open({ colorScheme });
  const messages: string[] = [];
  page.on('console', (message) => messages.push(message.text()));
  page.on('pageerror', (error) => messages.push(error.message));
  const shown = (state: string) => `rows-${state}-${colorScheme}`;
  await page.goto(`${shop.url}/backups/backups/${name}`);
  await look(page, shown('detail'));
  await page.getByRole('button', { name: 'Compare' }).click();
  await page.getByRole('rowheader', { name: 'invoices' }).waitFor();
  await look(page, shown('compared'));
  await seeRowsOf(page, name, 'invoices');
  await look(page, shown('rows'));
  await page.getByRole('button', { name: 'Bring the chosen rows back…' }).click();
  await page.getByText('No row was chosen').waitFor();
  await look(page, shown('none-chosen'));
  await seeRowsOf(page, name, 'invoices');
  await choose(page, '2');
  await choose(page, '3');
  await plan(page);
  await look(page, shown('conflict'));
  await page.getByRole('button', { name: 'Bring the old ones back under a new number' }).click();
  await page.getByText('Chosen: Bring the old ones back').waitFor();
  await look(page, shown('decided'));
  await carryOut(page);
  await look(page, shown('done'));
  expect(ids()).toEqual([1, 2, 3, 4, 5]);
  // None about what the content security policy forbids: this is the form without a chosen row.
  expect(messages).toEqual([expect.stringContaining('status of 400')]);
});

test('without JavaScript: compared, filtered, chosen, planned, done, and the way back is there', async () => {
  const name = await shopAfterAMistake();
  const page = await shop.open({ javaScriptEnabled: false });
  await seeRowsOf(page, name, 'invoices');
  await page.getByLabel('Which').selectOption('removed');
  await page.getByRole('button', { name: 'Filter' }).click();
  await page.getByText('1 of 3 rows').waitFor();
  await choose(page, '2');
  await plan(page);
  expect(ids()).toEqual([1, 3, 4]);
  await carryOut(page);
  expect(ids()).toEqual([1, 2, 3, 4]);
  await page.getByRole('link', { name: 'Undo…' }).click();
  await page.getByRole('textbox').waitFor();
});

test('by keyboard alone: compare, look, choose, plan, carry out', async () => {
  const name = await shopAfterAMistake();
  const page = await shop.open();
  await page.goto(`${shop.url}/backups/backups/${name}`);
  /** Walks on until a control of this name has the focus, which must be seen. */
  const reach = async (label: string): Promise<void> => {
    for (let i = 0; i < 60; i++) {
      await page.keyboard.press('Tab');
      const [said, outline] = await page.evaluate(() => {
        // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the types of a browser would hold for all tests
        const { document, getComputedStyle } = globalThis as any;
        const at = document.activeElement;
        const text: string = at.getAttribute('aria-label') ?? at.textContent;
        return [text.trim(), String(getComputedStyle(at).outlineStyle)];
      });
      if (said !== label) continue;
      expect({ label, outline }).not.toEqual({ label, outline: 'none' });
      return;
    }
    throw new Error(`${label} was not reached`);
  };
  await reach('Compare');
  await page.keyboard.press('Enter');
  await page.getByRole('rowheader', { name: 'invoices' }).waitFor();
  await reach('Look at the rows of invoices');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Rows of invoices' }).waitFor();
  await reach('Choose 2');
  await page.keyboard.press('Space');
  await reach('Bring the chosen rows back…');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'What would be done' }).waitFor();
  await reach('Bring them back');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'What was done' }).waitFor();
  expect(ids()).toEqual([1, 2, 3, 4]);
});
