import { ConflictException, NotFoundException } from '@nestjs/common';
import type { OnApplicationShutdown } from '@nestjs/common';
import Database from 'better-sqlite3';

export interface Product {
  id: number;
  name: string;
  priceCents: number;
  stock: number;
}

export interface Appointment {
  id: number;
  customer: string;
  service: string;
  invoiceId: number | null;
}

export interface Invoice {
  id: number;
  customer: string;
  createdAt: string;
  totalCents: number;
}

/** What is sold, and how many of it. */
export interface Line {
  productId: number;
  quantity: number;
}

/** What the controllers need of the shop's database, wherever that is. Nothing in it knows of backups. */
export abstract class Shop {
  abstract products(): Later<Product[]>;
  abstract latestInvoices(): Later<Invoice[]>;
  abstract appointments(): Later<Appointment[]>;
  /** Writes the invoice and takes what is sold from the stock: all of it or nothing. */
  abstract createInvoice(customer: string, lines: readonly Line[]): Later<Invoice>;
  /** Deletes the invoice and puts what it sold back into the stock. */
  abstract deleteInvoice(id: number): Later<void>;
  /** Closes the appointment with an invoice over its price. */
  abstract finishAppointment(id: number, priceCents: number): Later<Invoice>;
  abstract setStock(productId: number, stock: number): Later<Product>;
}

type Later<T> = T | Promise<T>;

export const SCHEMA = `
  CREATE TABLE IF NOT EXISTS products (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    price_cents INTEGER NOT NULL,
    stock INTEGER NOT NULL CHECK (stock >= 0)
  );
  CREATE TABLE IF NOT EXISTS invoices (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    customer TEXT NOT NULL,
    created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
    total_cents INTEGER NOT NULL
  );
  CREATE TABLE IF NOT EXISTS invoice_lines (
    invoice_id INTEGER NOT NULL REFERENCES invoices (id) ON DELETE CASCADE,
    product_id INTEGER NOT NULL REFERENCES products (id),
    quantity INTEGER NOT NULL,
    PRIMARY KEY (invoice_id, product_id)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS appointments (
    id INTEGER PRIMARY KEY,
    customer TEXT NOT NULL,
    service TEXT NOT NULL,
    invoice_id INTEGER REFERENCES invoices (id) ON DELETE SET NULL
  );
`;

export const PRODUCT = 'SELECT id, name, price_cents AS priceCents, stock FROM products';
export const INVOICE = 'SELECT id, customer, created_at AS createdAt, total_cents AS totalCents FROM invoices';
export const APPOINTMENT = 'SELECT id, customer, service, invoice_id AS invoiceId FROM appointments';

/** The shop's own connection to its database. The backups know nothing of it, and it knows nothing of them. */
export class ShopDatabase extends Shop implements OnApplicationShutdown {
  private readonly db: Database.Database;

  constructor(file: string) {
    super();
    this.db = new Database(file);
    // In WAL mode nobody waits for a backup: not the readers, and not the writers either.
    this.db.pragma('journal_mode = WAL');
    this.db.pragma('foreign_keys = ON');
    this.db.exec(SCHEMA);
    if (this.products().length === 0) this.seed();
  }

  // Not onModuleDestroy: that one is called while requests are still being answered.
  onApplicationShutdown(): void {
    this.db.close();
  }

  products(): Product[] {
    return this.db.prepare<[], Product>(`${PRODUCT} ORDER BY id`).all();
  }

  product(id: number): Product {
    const product = this.db.prepare<[number], Product>(`${PRODUCT} WHERE id = ?`).get(id);
    if (!product) throw new NotFoundException(`There is no product ${id}`);
    return product;
  }

  latestInvoices(): Invoice[] {
    return this.db.prepare<[], Invoice>(`${INVOICE} ORDER BY id DESC LIMIT 20`).all();
  }

  invoice(id: number): Invoice {
    const invoice = this.db.prepare<[number], Invoice>(`${INVOICE} WHERE id = ?`).get(id);
    if (!invoice) throw new NotFoundException(`There is no invoice ${id}`);
    return invoice;
  }

  appointments(): Appointment[] {
    return this.db.prepare<[], Appointment>(`${APPOINTMENT} ORDER BY id`).all();
  }

  appointment(id: number): Appointment {
    const appointment = this.db.prepare<[number], Appointment>(`${APPOINTMENT} WHERE id = ?`).get(id);
    if (!appointment) throw new NotFoundException(`There is no appointment ${id}`);
    return appointment;
  }

  createInvoice(customer: string, lines: readonly Line[]): Invoice {
    return this.atOnce(() => {
      const totalCents = lines.reduce((sum, line) => sum + this.product(line.productId).priceCents * line.quantity, 0);
      const id = this.insertInvoice(customer, totalCents);
      const insertLine = this.db.prepare(
        `INSERT INTO invoice_lines VALUES (?, ?, ?)
         ON CONFLICT (invoice_id, product_id) DO UPDATE SET quantity = quantity + excluded.quantity`,
      );
      const takeStock = this.db.prepare('UPDATE products SET stock = stock - ? WHERE id = ? AND stock >= ?');
      for (const { productId, quantity } of lines) {
        insertLine.run(id, productId, quantity);
        if (takeStock.run(quantity, productId, quantity).changes === 0) {
          throw new ConflictException(`There are fewer than ${quantity} of product ${productId}`);
        }
      }
      return this.invoice(id);
    });
  }

  deleteInvoice(id: number): void {
    this.atOnce(() => {
      this.invoice(id);
      this.db
        .prepare(
          `UPDATE products SET stock = stock + line.quantity
           FROM (SELECT product_id, quantity FROM invoice_lines WHERE invoice_id = ?) AS line
           WHERE id = line.product_id`,
        )
        .run(id);
      this.db.prepare('DELETE FROM invoices WHERE id = ?').run(id);
    });
  }

  finishAppointment(id: number, priceCents: number): Invoice {
    return this.atOnce(() => {
      const { customer, invoiceId } = this.appointment(id);
      if (invoiceId !== null) throw new ConflictException(`Appointment ${id} is finished already`);
      const invoice = this.invoice(this.insertInvoice(customer, priceCents));
      this.db.prepare('UPDATE appointments SET invoice_id = ? WHERE id = ?').run(invoice.id, id);
      return invoice;
    });
  }

  setStock(productId: number, stock: number): Product {
    this.db.prepare('UPDATE products SET stock = ? WHERE id = ?').run(stock, productId);
    return this.product(productId);
  }

  /** Immediate: a transaction that reads first, and writes later, fails at once if another process writes in between. */
  private atOnce<T>(work: () => T): T {
    return this.db.transaction(work).immediate();
  }

  private insertInvoice(customer: string, totalCents: number): number {
    const insert = this.db.prepare('INSERT INTO invoices (customer, total_cents) VALUES (?, ?)');
    return Number(insert.run(customer, totalCents).lastInsertRowid);
  }

  /** A shop that has been in business for a while: some 800 KB. */
  private seed(): void {
    const product = this.db.prepare('INSERT INTO products (name, price_cents, stock) VALUES (?, ?, ?)');
    const appointment = this.db.prepare('INSERT INTO appointments (customer, service) VALUES (?, ?)');
    const line = this.db.prepare('INSERT INTO invoice_lines VALUES (?, ?, ?)');
    this.db.transaction(() => {
      for (let n = 1; n <= 40; n += 1) product.run(`Shampoo no. ${n}`, 490 + 10 * n, 100);
      for (let n = 1; n <= 10; n += 1) appointment.run(`Customer ${n}`, 'Wash and cut');
      for (let n = 1; n <= 10_000; n += 1) {
        const id = this.insertInvoice(`Regular customer no. ${n % 700}, main street`, 1_000 + n);
        line.run(id, 1 + (n % 40), 1 + (n % 3));
      }
    })();
    // From the -wal file into the database itself, where its size shows.
    this.db.pragma('wal_checkpoint(TRUNCATE)');
  }
}
