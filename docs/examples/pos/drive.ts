import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { configureAutoBackup } from 'sqlite-autobackup';
import type { BackupService, RecoverOptions, RecoverReport } from 'sqlite-autobackup';
import { createApp } from './app';
import { Client } from './client';
import type { Answer } from './client';
import type { Appointment, Invoice, Product } from './database';

const DAY_MS = 24 * 3_600_000;

/** Goes through the seven scenarios in a fresh folder. Rejects if one claim does not hold. */
export async function drive(): Promise<void> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'pos-'));
  try {
    await driveIn(folder);
    print(`\nAll of it holds. The folder ${folder} at the end:`);
    for (const name of fs.readdirSync(folder).sort()) print(`  ${describe(path.join(folder, name))}`);
  } finally {
    fs.rmSync(folder, { recursive: true, maxRetries: 5 });
  }
  print('The folder is removed.');
}

async function driveIn(folder: string): Promise<void> {
  const database = path.join(folder, 'app.db');
  const log: string[] = [];
  const backups = configureAutoBackup({
    database,
    logger: { info: (line) => log.push(line), warn: (line) => log.push(line), error: (line) => log.push(line) },
    // Normally "a fresh one is there" is believed for a second. The demo makes backups old behind the app's back.
    recheckInterval: 0,
  });
  const app = await createApp(database);
  try {
    await app.listen(0, '127.0.0.1');
    print(`A point of sale at ${await app.getUrl()}, its database: ${describe(database)}`);
    await scenarios(new Demo(backups, new Client(await app.getUrl()), log));
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
  const report = await demo.recover({ table: 'invoices', where: `id = ${firstId}` });
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

interface Expected {
  status: number;
  /** The method that a backup must have been made for; without it, none may have been made. */
  backupBefore?: string;
}

interface Step {
  answer: Answer;
  /** The first value that a query on the new backup gives. */
  read(query: string, ...values: unknown[]): unknown;
}

class Demo {
  constructor(
    readonly backups: BackupService,
    readonly client: Client,
    private readonly log: string[],
  ) {}

  /** Sends a request, prints what happened, and checks that it is what was expected. */
  async step(request: string, body: unknown, { status, backupBefore }: Expected): Promise<Step> {
    const filesBefore = this.backupFiles();
    this.log.length = 0;
    const [method, url] = request.split(' ') as [string, string];
    const answer = await this.client.send(method, url, body);
    const made = this.backupFiles().filter((name) => !filesBefore.includes(name));

    print(`   ${request.padEnd(28)} ${answer.status}, ${made.length === 0 ? 'no backup' : 'a backup:'}`);
    for (const name of made) print(`     file  ${describe(this.file(name))}`);
    for (const line of this.log) print(`     log   ${line}`);

    assert.equal(answer.status, status);
    assert.equal(made.length, backupBefore === undefined ? 0 : 1);
    assert.equal(this.log.length, made.length, 'a line for each backup, and none without one');
    const [name] = made;
    if (name !== undefined) this.checkBackup(name, `before ${backupBefore}: ${name}`);
    return { answer, read: (query, ...values) => readBackup(this.file(name ?? ''), query, values) };
  }

  /** Brings rows of the newest backup back, beside the running app. */
  async recover(options: RecoverOptions): Promise<RecoverReport> {
    const { name } = this.backups.getLatestBackup()!;
    const report = await this.backups.recoverRows(name, options);
    print(`   recover from ${name}: ${JSON.stringify(report.inserted)}`);
    print(`     undo  ${report.undo}`);
    return report;
  }

  check(claim: string, assertions: () => void): void {
    assertions();
    print(`     seen  ${claim}`);
  }

  /** Sets the modification time of every backup eight days back. */
  makeDue(): void {
    const then = new Date(Date.now() - 8 * DAY_MS);
    for (const name of this.backupFiles()) fs.utimesSync(this.file(name), then, then);
  }

  /** A backup as the original program left it: of this name, and with no manifest beside it. */
  addLegacyBackup(daysAgo: number): string {
    const then = new Date(Date.now() - daysAgo * DAY_MS);
    const localTime = new Date(then.getTime() - then.getTimezoneOffset() * 60_000).toISOString();
    const name = `app_backup_${localTime.slice(0, 19).replace(/[-:]/g, '').replace('T', '_')}.db`;
    // copyFile gives the copy today's date.
    fs.copyFileSync(this.file(this.backupFiles()[0]!), this.file(name));
    return name;
  }

  private checkBackup(name: string, logged: string): void {
    assert.match(name, /^app_backup_\d{8}_\d{6}\.db$/);
    assert.ok(this.log[0]?.includes(logged), `the log says "${logged}"`);
    const ratio = fs.statSync(this.file(name)).size / fs.statSync(this.backups.database).size;
    assert.ok(ratio > 0.9 && ratio < 1.1, 'it is about as large as the database');
    assert.equal(readBackup(this.file(name), 'PRAGMA integrity_check'), 'ok');
  }

  private backupFiles(): string[] {
    return fs.readdirSync(this.backups.directory).filter((name) => /^app_backup_.*\.db$/.test(name));
  }

  private file(name: string): string {
    return path.join(this.backups.directory, name);
  }
}

/** A finished backup is a file like any other: opening it harms nobody. */
function readBackup(file: string, query: string, values: unknown[] = []): unknown {
  const db = new Database(file, { readonly: true, fileMustExist: true });
  try {
    return db
      .prepare(query)
      .pluck()
      .get(...values);
  } finally {
    db.close();
  }
}

function describe(file: string): string {
  const { size } = fs.statSync(file);
  return `${path.basename(file)}, ${size < 1024 ? `${size} B` : `${Math.round(size / 1024)} kB`}`;
}

function print(line: string): void {
  console.log(line);
}
