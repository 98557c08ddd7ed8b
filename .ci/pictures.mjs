// Takes the pictures of the README from the running demo: `npm run build && tsc -p docs/examples/pos && node .ci/pictures.mjs`.
// Needs a Chromium: /usr/bin/chromium, or the file that CHROMIUM names.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { chromium } from 'playwright-core';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'autobackup-pictures-'));
const images = path.resolve('docs/images');
const lock = path.join(folder, '.app_backup.lock');

const demo = spawn(process.execPath, [
  'build/pos/main.js',
  '--serve',
  '--year',
  '--database',
  path.join(folder, 'app.db'),
]);
const link = await new Promise((resolve, reject) => {
  let output = '';
  demo.stdout.on('data', (data) => {
    output += data;
    if (output.includes('Ctrl+C')) resolve(/http\S+\/login\/once\/\S+/.exec(output)[0]);
  });
  demo.stderr.pipe(process.stderr);
  demo.once('close', () => reject(new Error(`the demo ended:\n${output}`)));
});
const browser = await chromium.launch({
  executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
try {
  const context = await browser.newContext({
    viewport: { width: 1100, height: 760 },
    locale: 'en',
    colorScheme: 'light',
  });
  const page = await context.newPage();
  page.setDefaultTimeout(120_000);
  const shoot = async (name, colorScheme) => {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: path.join(images, `${name}.png`) });
  };
  await page.goto(link);
  const origin = new URL(link).origin;
  await page
    .getByRole('button', { name: /^Delete invoice/ })
    .first()
    .waitFor();
  await page.waitForFunction('document.getElementById("sentence").textContent !== ""');
  await shoot('shop-due', 'light');

  // Deleting an invoice takes the backup that is due.
  const deleted = page.waitForResponse((response) => response.request().method() === 'DELETE');
  await page
    .getByRole('button', { name: /^Delete invoice/ })
    .first()
    .click();
  await deleted;
  await page.goto(`${origin}/backups`);
  await shoot('dashboard', 'light');
  await page
    .getByRole('link', { name: /^Details/ })
    .nth(3)
    .click();
  await page.goto(`${page.url().replace(/\?.*/, '')}/restore`);
  await shoot('dashboard-restore', 'dark');

  // A folder in the place of the lock: no backup can be taken.
  fs.rmSync(lock, { force: true });
  fs.mkdirSync(lock);
  await page.request.post(`${origin}/backups/api/backups?wait=1`, { headers: { origin } });
  await page.goto(`${origin}/backups`);
  await shoot('dashboard-failed', 'dark');
} finally {
  await browser.close();
  demo.removeAllListeners('close');
  demo.kill();
  await new Promise((resolve) => demo.once('close', resolve));
  fs.rmSync(folder, { recursive: true, force: true });
}
