import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { configureAutoBackup } from 'sqlite-autobackup';
import type { BackupServiceOptions } from 'sqlite-autobackup';
import { rqlite } from 'sqlite-autobackup/rqlite';
import { createApp } from './app';
import { Client } from './client';
import type { Appointment, Invoice, Product } from './database';
import { Demo, describe, print } from './demo';
import { RqliteCluster } from './rqlite-cluster';
import { RqliteShop } from './rqlite-shop';

/**
 * Goes through the seven scenarios in a fresh folder. Rejects if one claim does not hold.
 *
 * @param onRqlite the shop is on a cluster of three rqlite nodes, which are started for it
 */
export async function drive(onRqlite: boolean): Promise<void> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'pos-'));
  try {
    const directory = path.join(folder, 'shop');
    fs.mkdirSync(directory);
    await (onRqlite ? driveOnRqlite(directory, path.join(folder, 'nodes')) : driveOnFile(directory));
    print(`\nAll of it holds. The folder ${directory} at the end:`);
    for (const name of fs.readdirSync(directory).sort()) print(`  ${describe(path.join(directory, name))}`);
  } finally {
    fs.rmSync(folder, { recursive: true, maxRetries: 5 });
  }
  print('The folder is removed.');
}

async function driveOnFile(directory: string): Promise<void> {
  const database = path.join(directory, 'app.db');
  await driveShop(database, { database });
}

async function driveOnRqlite(directory: string, nodes: string): Promise<void> {
  const cluster = await RqliteCluster.start(nodes);
  try {
    // Any node will do: each passes on to the one that leads.
    const shop = await RqliteShop.open(cluster.nodes[0]!);
    const database = rqlite({ nodes: cluster.nodes, name: 'app.db' });
    await driveShop(() => Promise.resolve(shop), { database, directory }, shop);
  } finally {
    await cluster.stop();
  }
}

async function driveShop(
  open: Parameters<typeof createApp>[0],
  where: Pick<BackupServiceOptions, 'database' | 'directory'>,
  onRqlite?: RqliteShop,
): Promise<void> {
  const log: string[] = [];
  const backups = configureAutoBackup({
    ...where,
    logger: { info: (line) => log.push(line), warn: (line) => log.push(line), error: (line) => log.push(line) },
    // Normally "a fresh one is there" is believed for a second. The demo makes backups old behind the app's back.
    recheckInterval: 0,
  });
  const app = await createApp(open);
  try {
    await app.listen(0, '127.0.0.1');
    print(`A point of sale at ${await app.getUrl()}, its database: ${(await backups.status()).database.path}`);
    await scenarios(new Demo(backups, new Client(await app.getUrl()), log, onRqlite));
  } finally {
    await app.close();
  }
}

async function scenarios(demo: Demo): Promise<void> {
  const { client } = demo;
  const sale = { customer: 'Ada', lines: [{ productId: 1, quantity: 2 }] };

  print('\n0. No backup yet, but nobody is logged in, or the body is invalid');
  await demo.step('POST /invoices', sale, { status: 401 });
  await client.logIn();
  await demo.step('POST /invoices', { ...sale, lines: [{ productId: 1, quantity: 'two' }] }, { status: 400 });

  print('\n1. No backup yet: a new invoice');
  const [product] = await client.get<[Product]>('/products');
  const first = await demo.step('POST /invoices', sale, { status: 201, backupBefore: 'InvoicesController.create' });
  const { id: firstId } = first.answer.body as Invoice;
  demo.check('it has the state before the invoice: no such invoice, and its goods in stock', () => {
    assert.equal(first.read('SELECT count(*) FROM invoices WHERE id = ?', firstId), 0);
    assert.equal(first.read('SELECT stock FROM products WHERE id = 1'), product.stock);
  });

  print('\n2. At once another invoice');
  await demo.step('POST /invoices', sale, { status: 201 });

  print('\n3. The newest backup is touched eight days back');
  demo.makeDue();
  const third = await demo.step('POST /invoices', sale, { status: 201, backupBefore: 'InvoicesController.create' });
  demo.check('it has the first two invoices, and not the third', () => {
    assert.equal(third.read('SELECT count(*) FROM invoices WHERE id >= ?', firstId), 2);
  });

  print('\n   The newest backup is one of the original program (no manifest), with a name of yesterday: it counts');
  demo.makeDue();
  const yesterday = demo.addLegacyBackup(1);
  await demo.step('POST /invoices', sale, { status: 201 });
  assert.equal((await demo.backups.listBackups())[0]?.name, yesterday);
  print('   With a name eight days old, although the file was written just now:');
  demo.makeDue();
  demo.addLegacyBackup(8);
  await demo.step('POST /invoices', sale, { status: 201, backupBefore: 'InvoicesController.create' });

  print('\n4. Finishing an appointment');
  const [open, another] = await client.get<[Appointment, Appointment]>('/appointments');
  const price = { priceCents: 4_500 };
  demo.makeDue();
  const finish = await demo.step(`POST /appointments/${open.id}/finish`, price, {
    status: 201,
    backupBefore: 'AppointmentsController.finish',
  });
  demo.check('in it the appointment is still open', () => {
    assert.equal(finish.read('SELECT invoice_id FROM appointments WHERE id = ?', open.id), null);
  });
  await demo.step(`POST /appointments/${another.id}/finish`, price, { status: 201 });

  print("\n5. Editing a product's stock");
  const [before] = await client.get<[Product]>('/products');
  demo.makeDue();
  const edit = await demo.step(
    'PATCH /products/1',
    { stock: 7 },
    { status: 200, backupBefore: 'ProductsController.edit' },
  );
  demo.check('in it the stock is the old one', () => {
    assert.equal(edit.read('SELECT stock FROM products WHERE id = 1'), before.stock);
  });
  await demo.step('PATCH /products/1', { stock: 8 }, { status: 200 });

  print('\n6. Deleting an invoice');
  demo.makeDue();
  const remove = await demo.step(`DELETE /invoices/${firstId}`, undefined, {
    status: 204,
    backupBefore: 'InvoicesController.remove',
  });
  demo.check('in it the invoice is still there; in the shop it is gone and its goods are back in stock', () => {
    assert.equal(remove.read('SELECT count(*) FROM invoices WHERE id = ?', firstId), 1);
    assert.equal(remove.read('SELECT stock FROM products WHERE id = 1'), 8);
  });
  const [after] = await client.get<[Product]>('/products');
  assert.equal(after.stock, 8 + 2);
  await demo.step(`DELETE /invoices/${firstId + 1}`, undefined, { status: 204 });

  print('\n7. It was the wrong one, and three invoices were made since: it comes back, and they stay');
  const sold: number[] = [];
  for (let i = 0; i < 3; i++) {
    sold.push(((await demo.step('POST /invoices', sale, { status: 201 })).answer.body as Invoice).id);
  }
  const before7 = await client.get<Invoice[]>('/invoices');
  const lost = { table: 'invoices', where: `id = ${firstId}` };
  const report = await (demo.onRqlite ? demo.recoverByScript(demo.onRqlite, lost) : demo.recover(lost));
  const after7 = await client.get<Invoice[]>('/invoices');
  demo.check('the invoice is back with its line, and no other has gone', () => {
    assert.deepEqual(report.inserted, { invoices: 1, invoice_lines: 1 });
    assert.ok(sold.every((id) => after7.some((invoice) => invoice.id === id)));
    assert.ok(after7.some(({ id }) => id === firstId) && !before7.some(({ id }) => id === firstId));
  });
  demo.check('the stock is as it was: it is named as changed since, for somebody to decide', () => {
    assert.ok(report.alsoChanged.some(({ table }) => table === 'products'));
  });
}
