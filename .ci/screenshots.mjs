// Pictures of the page in each of its states, to look at: `npm run build && node .ci/screenshots.mjs [NAME…]`. They go to
// build/screenshots, with an index.html. What axe finds, and what is wider than the screen, is printed and ends it with 1.
// Needs a Chromium: /usr/bin/chromium, or the file that CHROMIUM names.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { chromium } from 'playwright-core';
import { BackupError, BackupService, childProcessSnapshotter, directoryStore } from 'sqlite-autobackup';
import { createDashboard } from 'sqlite-autobackup/dashboard';

const WIDTHS = [1280, 800, 360, 320];
const SCHEMES = ['light', 'dark'];
const RIGHTS = { view: true, create: true, download: true, delete: true, restore: true, browse: true, recover: true };
const silent = { info() {}, warn() {}, error() {} };
const out = path.resolve('build/screenshots');
const axe = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** A snapshotter that fails with a code stands for faults that cannot be made here. */
const failing = (code) => {
  const fail = () => Promise.reject(new BackupError(code, 'It went wrong.', { step: 'copy', hint: 'Mend it.' }));
  const calls = ['create', 'createSync', 'verify', 'restore', 'protect'].map((name) => [name, fail]);
  const inspect = () => Promise.resolve({ journalMode: 'wal', pageCount: 2, pageSize: 4096 });
  return { ...Object.fromEntries(calls), inspect };
};
const backedUp = async (shop) => {
  await shop.service.createBackup({ label: 'InvoicesController.remove' });
  await shop.service.createBackup({ label: 'before the price update' });
};
const newest = async (shop) => (await shop.service.listBackups())[0];
const aged = async (shop, days) => {
  await backedUp(shop);
  const at = new Date(Date.now() - days * 86_400_000);
  for (const { path: file } of await shop.service.listBackups()) fs.utimesSync(file, at, at);
};
const failed = (code) => ({
  options: { snapshotter: failing(code) },
  make: (shop) => shop.service.createBackup().catch(() => {}),
});
/** Invoice 1 is deleted and 2 is another one since the backup. */
const mistake = async (shop) => {
  const change = (sql) => {
    const db = new Database(shop.database);
    db.exec(sql);
    db.close();
  };
  change("INSERT INTO invoices VALUES (2, 'Ben Müller'), (3, 'Cem')");
  await backedUp(shop);
  change("DELETE FROM invoices WHERE id = 1; UPDATE invoices SET text = 'Bea' WHERE id = 2");
};
const press = (page, name) => page.getByRole('button', { name }).click();
const rows = async (page) => {
  await press(page, 'Compare');
  await press(page, 'Look at the rows of invoices');
  await page.getByRole('heading', { name: 'Rows of invoices' }).waitFor();
};
const plan = async (page) => {
  await rows(page);
  await page.getByRole('checkbox', { name: 'Choose 1' }).check();
  await press(page, 'Bring the chosen rows back…');
  await page.getByRole('heading', { name: 'What would be done' }).waitFor();
};
/** A restore that never comes to its end. */
const restoring = {
  ...childProcessSnapshotter(),
  restore: (_request, { onProgress } = {}) => {
    onProgress?.({ step: 'restore', doneBytes: 420_000_000, totalBytes: 1_000_000_000 });
    return new Promise(() => {});
  },
};
const restore = async (page) => {
  await page.getByRole('textbox').fill('restore');
  await page.locator('form button.danger').click();
  await page.getByRole('progressbar').waitFor();
};
const below = (what) => async (shop) => `/backups/${(await newest(shop)).name}${what}`;

/** Each: how it comes about, the page that shows it, and what somebody does there. */
const STATES = {
  none: {},
  good: {
    make: async (shop) => {
      await backedUp(shop);
      await shop.service.verifyBackup((await newest(shop)).name, { level: 'drill' });
      await shop.service.acceptOnlyHere();
    },
  },
  'only-here': { make: backedUp },
  due: { make: (shop) => aged(shop, 8) },
  overdue: { make: (shop) => aged(shop, 40) },
  'database-garbage': {
    make: async (shop) => {
      await backedUp(shop);
      fs.writeFileSync(shop.database, Buffer.alloc(40_000, 7));
    },
  },
  'database-gone': {
    make: async (shop) => {
      await backedUp(shop);
      fs.rmSync(shop.database);
    },
  },
  'folder-away': { options: { directory: '/nowhere/backups' } },
  'wrong-clock': {
    make: async (shop) => {
      await backedUp(shop);
      for (const { path: file, name } of await shop.service.listBackups()) {
        const ahead = name.replace(/_2\d{3}/, '_2099');
        fs.renameSync(file, path.join(path.dirname(file), ahead));
        fs.rmSync(file.replace(/db$/, 'json'));
        fs.utimesSync(path.join(path.dirname(file), ahead), 4e9, 4e9);
      }
    },
  },
  'copies-behind': { options: { copies: [directoryStore('/nowhere/nas')] }, make: backedUp },
  rot: {
    make: async (shop) => {
      await backedUp(shop);
      const { path: file, name } = await newest(shop);
      const bytes = fs.readFileSync(file);
      fs.chmodSync(file, 0o600);
      fs.writeFileSync(file, bytes.fill(7, bytes.length / 2));
      await shop.service.verifyBackup(name).catch(() => {});
    },
  },
  ...Object.fromEntries(
    [
      ...['SOURCE_LOCKED', 'SOURCE_UNREADABLE', 'NO_SPACE', 'WRITE_FAILED', 'LOCK_TIMEOUT', 'TIMEOUT'],
      ...['VERIFY_FAILED', 'DIRECTORY_NOT_WRITABLE', 'CHILD_FAILED'],
    ].map((code) => [`failed-${code.toLowerCase().replaceAll('_', '-')}`, failed(`ERR_BACKUP_${code}`)]),
  ),
  'logged-out': { rights: false },
  lost: { make: backedUp, act: (page) => page.evaluate("dispatchEvent(new Event('offline'))") },
  backup: { make: backedUp, page: below('') },
  delete: { make: backedUp, page: below('/delete') },
  restore: { make: backedUp, page: below('/restore') },
  query: { make: backedUp, page: below('/query') },
  restored: {
    make: backedUp,
    page: below('/restore'),
    act: async (page) => {
      await page.getByRole('textbox').fill('restore');
      await page.locator('form button.danger').click();
      await page.locator('.job dl').waitFor();
    },
  },
  'restore-under-way': { options: { snapshotter: restoring }, make: backedUp, page: below('/restore'), act: restore },
  // The first page, as another tab sees it.
  'restore-second-tab': {
    options: { snapshotter: restoring },
    make: backedUp,
    page: below('/restore'),
    act: async (page) => {
      await restore(page);
      await page.goto(page.url().replace(/\/backups\/.*/, '/backups/'));
      await page.getByText('Restore').first().waitFor();
    },
  },
  compared: {
    make: mistake,
    page: below(''),
    act: async (page) => {
      await press(page, 'Compare');
      await page.getByRole('rowheader', { name: 'invoices' }).waitFor();
    },
  },
  rows: { make: mistake, page: below(''), act: rows },
  'rows-plan': { make: mistake, page: below(''), act: plan },
  'rows-back': {
    make: mistake,
    page: below(''),
    act: async (page) => {
      await plan(page);
      await press(page, 'Bring them back');
      await page.getByRole('heading', { name: 'What was done' }).waitFor();
    },
  },
  // Of the five databases of a chain of shops two are not safe.
  several: {
    services: async (folder) => {
      const names = ['till', 'stock', 'orders', 'customers', 'archive'];
      const entries = names.map(async (name, i) => {
        const database = path.join(folder, `${name}.db`);
        const db = new Database(database);
        db.exec('CREATE TABLE t (x); INSERT INTO t VALUES (1)');
        db.close();
        const service = new BackupService({ database, logger: silent });
        if (i > 0) {
          await service.createBackup();
          await service.verifyBackup((await service.listBackups())[0].name, { level: 'drill' });
          await service.acceptOnlyHere();
        }
        if (i === 3) fs.writeFileSync(database, Buffer.alloc(40_000, 7));
        await service.status();
        return [name, service];
      });
      return Object.fromEntries(await Promise.all(entries));
    },
  },
  // A disk with a little room, where mount(8) is allowed.
  'disk-nearly-full': { disk: '128k', make: backedUp },
  upload: { page: () => '/upload' },
  rules: { make: backedUp, page: () => '/rules' },
  activity: { make: backedUp, page: () => '/activity' },
  'go-back': { make: backedUp, page: () => '/go-back' },
  error: { page: () => '/nothing' },
};

const chosen = process.argv.slice(2);
const unknown = chosen.find((name) => !Object.hasOwn(STATES, name));
if (unknown !== undefined) throw new Error(`"${unknown}" is none of ${Object.keys(STATES).join(', ')}`);
fs.mkdirSync(out, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
const found = [];
const shown = chosen.length > 0 ? chosen : Object.keys(STATES);
try {
  for (const name of shown) await shoot(name, STATES[name]);
} finally {
  await browser.close();
}
const pictures = (name) =>
  SCHEMES.flatMap((scheme) => WIDTHS.map((width) => `${name}-${width}-${scheme}.png`))
    .map((file) => `<a href="${file}"><img src="${file}" alt="${file}" height="420"></a>`)
    .join('\n');
fs.writeFileSync(
  path.join(out, 'index.html'),
  `<!doctype html><meta charset="utf-8"><title>Screenshots</title>
${shown.map((name) => `<h2>${name}</h2>\n${pictures(name)}`).join('\n')}\n`,
);
for (const line of found) console.error(line);
console.log(
  `${shown.length} states, ${shown.length * WIDTHS.length * SCHEMES.length} pictures, ${found.length} findings`,
);
process.exitCode = found.length > 0 ? 1 : 0;

async function shoot(name, { options = {}, rights = RIGHTS, make, services, disk, page: where = () => '', act }) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'autobackup-screenshots-'));
  if (disk) execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${disk}`, 'tmpfs', folder]);
  const database = path.join(folder, 'app.db');
  const db = new Database(database);
  db.exec(
    "PRAGMA journal_mode = WAL; CREATE TABLE invoices (id INTEGER PRIMARY KEY, text); INSERT INTO invoices VALUES (1, 'a')",
  );
  db.close();
  const service = new BackupService({ database, logger: silent, ...options });
  const dashboard = createDashboard((await services?.(folder)) ?? service, {
    authorize: () => rights,
    basePath: '/backups',
    title: 'Backups of the shop',
    loginUrl: '/login',
    logger: silent,
  });
  const server = http.createServer((request, response) => dashboard.node(request, response));
  try {
    await make?.({ service, database });
    const below = await where({ service, database });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const page = await browser.newPage({ locale: 'en-GB' });
    await page.goto(`http://127.0.0.1:${server.address().port}/backups${below}`);
    // What the look at the database finds comes by the stream.
    await page.getByText('being looked at').first().waitFor({ state: 'hidden' });
    await act?.(page);
    for (const colorScheme of SCHEMES) {
      await page.emulateMedia({ colorScheme });
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 900 });
        await page.screenshot({ path: path.join(out, `${name}-${width}-${colorScheme}.png`), fullPage: true });
        await judge(page, `${name} at ${width} px, ${colorScheme}`, width === WIDTHS[0] || width === WIDTHS.at(-1));
      }
    }
    await page.close();
  } finally {
    server.closeAllConnections();
    server.close();
    if (disk) execFileSync('umount', ['-l', folder]);
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

async function judge(page, what, isEdge) {
  const wider = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
  if (wider > 0) found.push(`${what}: ${wider} px wider than the screen`);
  if (!isEdge) return;
  await page.evaluate(axe);
  const { violations } = await page.evaluate('axe.run()');
  for (const { id, nodes } of violations) found.push(`${what}: ${id}: ${nodes[0].html}`);
}
