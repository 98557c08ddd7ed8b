import fs from 'node:fs';
import type { Client } from '../../docs/examples/pos/client';
import type { Invoice } from '../../docs/examples/pos/database';
import { parseBackupName, backupNaming } from '#dist/catalog/backup-name.js';
import { usePos } from './pos-shop';

// The six scenarios of the original program, on the point of sale of docs/examples/pos over HTTP.

const shop = usePos();
const SALE = { customer: 'Ada', lines: [{ productId: 1, quantity: 2 }] };

async function createInvoice(client: Client = shop.client): Promise<Invoice> {
  const { status, body } = await client.send('POST', '/invoices', SALE);
  expect(status).toBe(201);
  return body as Invoice;
}

/** A fresh backup, not made for any of the operations that are tested. */
async function freshBackup(): Promise<void> {
  await shop.service.createBackup();
  shop.log.length = 0;
}

describe('1. no backup yet', () => {
  test('creating an invoice makes one whole SQLite file with the state before the invoice', async () => {
    expect(shop.backups()).toEqual([]);
    const stockBefore = await shop.stockOf(1);

    let invoice!: Invoice;
    const [name, ...others] = await shop.madeBy(async () => (invoice = await createInvoice()));

    expect(others).toEqual([]);
    const file = fs.readFileSync(shop.file(name!));
    expect(file.subarray(0, 16).toString()).toBe('SQLite format 3\0');
    expect(shop.read(name!, 'PRAGMA integrity_check')).toBe('ok');
    expect(shop.read(name!, 'SELECT count(*) FROM invoices WHERE id = ?', invoice.id)).toBe(0);
    expect(shop.read(name!, 'SELECT max(id) FROM invoices')).toBe(invoice.id - 1);
    expect(shop.read(name!, 'SELECT stock FROM products WHERE id = 1')).toBe(stockBefore);
    // The invoice itself was written.
    expect(await shop.client.get('/invoices')).toContainEqual(invoice);
    expect(await shop.stockOf(1)).toBe(stockBefore! - 2);
  });

  test('it is called app_backup_YYYYMMDD_HHMMSS.db, by the local time at which it was made', async () => {
    const earliest = Math.floor(Date.now() / 1_000) * 1_000;
    const [name] = await shop.madeBy(createInvoice);
    expect(name).toMatch(/^app_backup_\d{8}_\d{6}\.db$/);
    const time = parseBackupName(backupNaming(shop.database), name!)!.getTime();
    expect(time).toBeGreaterThanOrEqual(earliest);
    expect(time).toBeLessThanOrEqual(Date.now());
  });

  test('it is about as large as the database, and one file: nothing but its manifest belongs to it', async () => {
    const databaseSize = fs.statSync(shop.database).size;
    const [name] = await shop.madeBy(createInvoice);
    const { size } = fs.statSync(shop.file(name!));
    expect(databaseSize).toBeGreaterThan(500_000);
    expect(size).toBeGreaterThan(databaseSize * 0.9);
    expect(size).toBeLessThan(databaseSize * 1.1);
    expect(shop.read(name!, 'PRAGMA journal_mode')).toBe('delete');
    expect(shop.files().filter((other) => !other.startsWith('app.db'))).toEqual([name, name!.replace('.db', '.json')]);
  });

  test('the log has one line, which names the method, the file, its size and how long it took', async () => {
    const [name] = await shop.madeBy(createInvoice);
    expect(shop.log).toEqual([
      expect.stringMatching(
        /^info Automatic backup created before InvoicesController\.create: app_backup_\d{8}_\d{6}\.db \([\d.]+ [kM]B\), \d+\.\d\d s$/,
      ),
    ]);
    expect(shop.log[0]).toContain(name);
  });

  test('ten tills that meet the due moment at once make one backup, and none of their invoices is in it', async () => {
    let invoices: Invoice[] = [];
    const made = await shop.madeBy(async () => {
      invoices = await Promise.all(Array.from({ length: 10 }, () => createInvoice()));
    });
    expect(made).toHaveLength(1);
    const firstId = Math.min(...invoices.map(({ id }) => id));
    expect(shop.read(made[0]!, 'SELECT max(id) FROM invoices')).toBe(firstId - 1);
    expect(new Set(invoices.map(({ id }) => id)).size).toBe(10);
  });
});

describe('2. at once another invoice', () => {
  test('makes no new backup and logs nothing, neither on trust nor after looking at the folder', async () => {
    await createInvoice();
    shop.log.length = 0;
    const made = await shop.madeBy(async () => {
      await createInvoice();
      await shop.looksAgain();
      await createInvoice();
    });
    expect(made).toEqual([]);
    expect(shop.log).toEqual([]);
  });
});

describe('3. the newest backup is old', () => {
  test('with its mtime set eight days back, the next invoice makes a new one, which has the invoices up to then', async () => {
    const first = await createInvoice();
    const second = await createInvoice();
    await shop.touchBack(8);
    shop.log.length = 0;

    let third!: Invoice;
    const made = await shop.madeBy(async () => (third = await createInvoice()));

    expect(made).toHaveLength(1);
    const has = (id: number) => shop.read(made[0]!, 'SELECT count(*) FROM invoices WHERE id = ?', id);
    expect([first, second, third].map(({ id }) => has(id))).toEqual([1, 1, 0]);
    expect(shop.log).toEqual([expect.stringContaining(`created before InvoicesController.create: ${made[0]}`)]);
  });

  test('with its mtime set six days back, the next invoice makes none', async () => {
    await createInvoice();
    await shop.touchBack(6);
    expect(await shop.madeBy(createInvoice)).toEqual([]);
  });

  test('with a name of eight days ago, the next invoice makes a new one, although the file was touched today', async () => {
    const old = await shop.addOriginalsBackup(8, 0);
    const made = await shop.madeBy(createInvoice);
    expect(made).toHaveLength(1);
    expect(shop.service.getLatestBackup()?.name).toBe(made[0]);
    expect(shop.backups()).toEqual([old, ...made]);
  });
});

describe('4. finishing an appointment', () => {
  const finish = (id: number) => shop.client.send('POST', `/appointments/${id}/finish`, { priceCents: 4_500 });

  test('makes a backup when one is due, in which the appointment is open and its invoice does not exist', async () => {
    let invoice!: Invoice;
    const made = await shop.madeBy(async () => (invoice = (await finish(1)).body as Invoice));

    expect(made).toHaveLength(1);
    expect(shop.log).toEqual([expect.stringContaining(`created before AppointmentsController.finish: ${made[0]}`)]);
    expect(shop.read(made[0]!, 'SELECT invoice_id FROM appointments WHERE id = 1')).toBeNull();
    expect(shop.read(made[0]!, 'SELECT count(*) FROM invoices WHERE id = ?', invoice.id)).toBe(0);
    expect(invoice).toMatchObject({ customer: 'Customer 1', totalCents: 4_500 });
    expect(await shop.appointment(1)).toMatchObject({ invoiceId: invoice.id });
  });

  test('makes none when none is due, and finishes it all the same', async () => {
    await freshBackup();
    expect(await shop.madeBy(() => finish(1))).toEqual([]);
    expect(shop.log).toEqual([]);
    expect(await shop.appointment(1)).toMatchObject({ invoiceId: expect.any(Number) });
  });
});

describe("5. editing a product's stock", () => {
  const setStock = (stock: number) => shop.client.send('PATCH', '/products/1', { stock });

  test('makes a backup when one is due, in which the stock is the old one', async () => {
    const before = await shop.stockOf(1);
    const made = await shop.madeBy(() => setStock(before! + 7));

    expect(made).toHaveLength(1);
    expect(shop.log).toEqual([expect.stringContaining(`created before ProductsController.edit: ${made[0]}`)]);
    expect(shop.read(made[0]!, 'SELECT stock FROM products WHERE id = 1')).toBe(before);
    expect(await shop.stockOf(1)).toBe(before! + 7);
  });

  test('makes none when none is due, and changes the stock all the same', async () => {
    await freshBackup();
    expect(await shop.madeBy(() => setStock(3))).toEqual([]);
    expect(shop.log).toEqual([]);
    expect(await shop.stockOf(1)).toBe(3);
  });
});

describe('6. deleting an invoice', () => {
  const remove = async (id: number) =>
    expect(await shop.client.send('DELETE', `/invoices/${id}`)).toMatchObject({ status: 204 });

  test('makes a backup when one is due, in which the invoice is still there and its goods are sold', async () => {
    const stock = await shop.stockOf(1);
    const { id } = await createInvoice();
    await shop.touchBack(8);
    shop.log.length = 0;

    const made = await shop.madeBy(() => remove(id));

    expect(made).toHaveLength(1);
    expect(shop.log).toEqual([expect.stringContaining(`created before InvoicesController.remove: ${made[0]}`)]);
    expect(shop.read(made[0]!, 'SELECT count(*) FROM invoices WHERE id = ?', id)).toBe(1);
    expect(shop.read(made[0]!, 'SELECT stock FROM products WHERE id = 1')).toBe(stock! - 2);
    expect((await shop.client.get<Invoice[]>('/invoices')).map((invoice) => invoice.id)).not.toContain(id);
    expect(await shop.stockOf(1)).toBe(stock);
  });

  test('makes none when none is due, and deletes it all the same', async () => {
    const { id } = await createInvoice();
    shop.log.length = 0;
    expect(await shop.madeBy(() => remove(id))).toEqual([]);
    expect(shop.log).toEqual([]);
    expect((await shop.client.get<Invoice[]>('/invoices')).map((invoice) => invoice.id)).not.toContain(id);
  });
});

describe('a request that is turned away while a backup is due', () => {
  const PROTECTED = [
    { method: 'POST', path: '/invoices', good: SALE, badPath: '/invoices', bad: { ...SALE, lines: [] } },
    { method: 'DELETE', path: '/invoices/1', good: undefined, badPath: '/invoices/one', bad: undefined },
    {
      method: 'POST',
      path: '/appointments/1/finish',
      good: { priceCents: 1 },
      badPath: '/appointments/1/finish',
      bad: { priceCents: 'much' },
    },
    { method: 'PATCH', path: '/products/1', good: { stock: 1 }, badPath: '/products/1', bad: { stock: -1 } },
  ];

  /** Nothing at all has happened in the folder: not even the lock was taken. */
  function expectNoAttempt() {
    expect(shop.files().filter((name) => name !== 'app.db' && !/^app\.db-(wal|shm)$/.test(name))).toEqual([]);
    expect(shop.log).toEqual([]);
    expect(shop.service.shouldBackup()).toBe(true);
  }

  test.each(PROTECTED)(
    'without a login, $method $path gets 401 and makes no backup',
    async ({ method, path, good }) => {
      const stranger = await shop.stranger();
      expect(await stranger.send(method, path, good)).toMatchObject({ status: 401 });
      expectNoAttempt();
    },
  );

  test.each(PROTECTED)(
    'invalid, $method $badPath gets 400 and makes no backup; valid, it makes one',
    async ({ method, path, good, badPath, bad }) => {
      expect(await shop.client.send(method, badPath, bad)).toMatchObject({ status: 400 });
      expectNoAttempt();
      expect(await shop.madeBy(() => shop.client.send(method, path, good))).toHaveLength(1);
    },
  );
});

describe('backups of the original program: of this name, without a manifest', () => {
  test('count: with one of yesterday, an invoice makes none', async () => {
    await shop.addOriginalsBackup(1, 1);
    expect(await shop.madeBy(createInvoice)).toEqual([]);
    expect(shop.log).toEqual([]);
  });

  test('are listed with the new ones, newest first, and stay as they are', async () => {
    const older = await shop.addOriginalsBackup(20, 20);
    const old = await shop.addOriginalsBackup(8, 8);
    const contents = [older, old].map((name) => fs.readFileSync(shop.file(name)));
    const [made] = await shop.madeBy(createInvoice);

    const listed = await shop.service.listBackups();
    expect(listed.map(({ name }) => name)).toEqual([made, old, older]);
    expect(listed.map(({ manifest }) => manifest !== undefined)).toEqual([true, false, false]);
    expect(listed.map(({ problem }) => problem)).toEqual([undefined, undefined, undefined]);
    expect([older, old].map((name) => fs.readFileSync(shop.file(name)))).toEqual(contents);
  });
});
