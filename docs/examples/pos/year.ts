import fs from 'node:fs';
import path from 'node:path';
import { BackupService, keep } from 'sqlite-autobackup';
import type { Shop } from './database';

const DAY = 86_400_000;
/** Backups by their age in weeks, as the retention policy would have left them: the newest 20, then one a month. */
const WEEKS = [52, 48, 44, 40, 36, 32, 28, 24, ...Array.from({ length: 20 }, (_, i) => 20 - i)];
/** The age of the newest, so that one is due when the demo begins. */
const NEWEST_DAYS = 8;
/** The terminal is for what the visitor does. */
const silent = { info: () => {}, warn: () => {}, error: () => {} };

/**
 * Plays a year of a shop: invoices, and real backups. Each is taken now and then given the date that it would have had, in its
 * name, its manifest and its modification time, which is what an age is counted from.
 */
export async function playYear(shop: Shop, database: string): Promise<void> {
  const backups = new BackupService({ database, retention: keep({ last: 50 }), logger: silent });
  const now = Date.now();
  for (const week of WEEKS) {
    const at = new Date(now - (NEWEST_DAYS + (week - 1) * 7) * DAY - (week % 5) * 3_600_000);
    for (let i = 0; i < 4; i++) {
      const number = week * 4 + i;
      await shop.createInvoice(CUSTOMERS[number % CUSTOMERS.length]!, [{ productId: (number % 40) + 1, quantity: 1 }]);
    }
    const { name } = await backups.createBackup({ label: LABELS[week % LABELS.length]! });
    redate(backups.directory, name, at);
  }
  // The record of who did what would say that all of it was done a moment ago, and that of the policy that it was this one.
  for (const name of fs.readdirSync(backups.directory)) {
    if (/\.(activity|policy)\./.test(name)) fs.rmSync(path.join(backups.directory, name));
  }
}

const CUSTOMERS = ['Ana Ruiz', 'Hotel Sol', 'Bar La Plaza', 'Pedro Gil', 'Clínica Norte', 'Marta Vega'];
const LABELS = ['InvoicesController.remove', 'ProductsController.edit', 'InvoicesController.create'];

function redate(folder: string, name: string, at: Date): void {
  const two = (n: number): string => String(n).padStart(2, '0');
  const day = `${at.getFullYear()}${two(at.getMonth() + 1)}${two(at.getDate())}`;
  const dated = `app_backup_${day}_${two(at.getHours())}${two(at.getMinutes())}${two(at.getSeconds())}`;
  const taken = path.join(folder, name.slice(0, -'.db'.length));
  const manifest = JSON.parse(fs.readFileSync(`${taken}.json`, 'utf8')) as Record<string, unknown>;
  const iso = at.toISOString();
  fs.writeFileSync(
    path.join(folder, `${dated}.json`),
    JSON.stringify({ ...manifest, name: `${dated}.db`, createdAt: iso, verifiedAt: iso }, null, 2),
    { mode: 0o600 },
  );
  fs.rmSync(`${taken}.json`);
  fs.renameSync(`${taken}.db`, path.join(folder, `${dated}.db`));
  fs.utimesSync(path.join(folder, `${dated}.db`), at, at);
}
