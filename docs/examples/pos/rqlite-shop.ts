import { ConflictException, NotFoundException } from '@nestjs/common';
import { APPOINTMENT, INVOICE, PRODUCT, SCHEMA, Shop } from './database';
import type { Appointment, Invoice, Line, Product } from './database';

type Statement = string | readonly [sql: string, ...values: unknown[]];

interface Result {
  error?: string;
  rows?: unknown[];
  last_insert_id?: number;
  rows_affected?: number;
}

/** The invoice that this transaction has just made. */
const LATEST = `(SELECT seq FROM sqlite_sequence WHERE name = 'invoices')`;

/**
 * The same shop on an rqlite cluster: what belongs together is one list of statements, which `/db/execute?transaction` does all or
 * not at all. Any node takes it, and passes it on to the leader.
 */
export class RqliteShop extends Shop {
  private constructor(private readonly node: string) {
    super();
  }

  static async open(node: string): Promise<RqliteShop> {
    const shop = new RqliteShop(node);
    await shop.execute(SCHEMA);
    if ((await shop.products()).length === 0) await shop.execute(...SEED);
    return shop;
  }

  products(): Promise<Product[]> {
    return this.query<Product>(`${PRODUCT} ORDER BY id`);
  }

  latestInvoices(): Promise<Invoice[]> {
    return this.query<Invoice>(`${INVOICE} ORDER BY id DESC LIMIT 20`);
  }

  appointments(): Promise<Appointment[]> {
    return this.query<Appointment>(`${APPOINTMENT} ORDER BY id`);
  }

  async createInvoice(customer: string, lines: readonly Line[]): Promise<Invoice> {
    const sold = JSON.stringify(lines);
    const [made] = await this.execute(
      [
        `INSERT INTO invoices (customer, total_cents)
           SELECT ?, sum(price_cents * (line.value ->> 'quantity'))
           FROM json_each(?) AS line JOIN products ON products.id = line.value ->> 'productId'`,
        customer,
        sold,
      ],
      [
        `INSERT INTO invoice_lines
           SELECT ${LATEST}, value ->> 'productId', sum(value ->> 'quantity') FROM json_each(?) GROUP BY 2`,
        sold,
      ],
      `UPDATE products SET stock = stock - line.quantity
         FROM (SELECT product_id, quantity FROM invoice_lines WHERE invoice_id = ${LATEST}) AS line
         WHERE id = line.product_id`,
    );
    return this.invoice(made!.last_insert_id!);
  }

  async deleteInvoice(id: number): Promise<void> {
    const [, removed] = await this.execute(
      [
        `UPDATE products SET stock = stock + line.quantity
           FROM (SELECT product_id, quantity FROM invoice_lines WHERE invoice_id = ?) AS line
           WHERE id = line.product_id`,
        id,
      ],
      ['DELETE FROM invoices WHERE id = ?', id],
    );
    if (removed!.rows_affected !== 1) throw new NotFoundException(`There is no invoice ${id}`);
  }

  async finishAppointment(id: number, priceCents: number): Promise<Invoice> {
    const [made] = await this.execute(
      [
        `INSERT INTO invoices (customer, total_cents)
           SELECT customer, ? FROM appointments WHERE id = ? AND invoice_id IS NULL`,
        priceCents,
        id,
      ],
      [`UPDATE appointments SET invoice_id = ${LATEST} WHERE id = ? AND invoice_id IS NULL`, id],
    );
    if (made!.rows_affected !== 1)
      throw new ConflictException(`Appointment ${id} is finished already, or there is none`);
    return this.invoice(made!.last_insert_id!);
  }

  async setStock(productId: number, stock: number): Promise<Product> {
    await this.execute(['UPDATE products SET stock = ? WHERE id = ?', stock, productId]);
    return this.one<Product>(`${PRODUCT} WHERE id = ?`, productId);
  }

  /** Runs a script as one transaction. */
  async run(script: string): Promise<void> {
    await this.execute(script);
  }

  private invoice(id: number): Promise<Invoice> {
    return this.one<Invoice>(`${INVOICE} WHERE id = ?`, id);
  }

  private async one<T>(sql: string, id: number): Promise<T> {
    const [row] = await this.query<T>(sql, id);
    if (row === undefined) throw new NotFoundException(`There is no ${id}`);
    return row;
  }

  private async query<T>(sql: string, ...values: unknown[]): Promise<T[]> {
    const [result] = await this.post('/db/query?associative', [[sql, ...values]]);
    return result!.rows as T[];
  }

  private execute(...statements: Statement[]): Promise<Result[]> {
    return this.post('/db/execute?transaction', statements);
  }

  private async post(path: string, statements: readonly Statement[]): Promise<Result[]> {
    const answer = await fetch(this.node + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(statements),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`rqlite answered ${answer.status}: ${text}`);
    const { error, results } = JSON.parse(text) as { error?: string; results: Result[] };
    const wrong = error ?? results.find((result) => result.error !== undefined)?.error;
    // A stock below 0, a product that there is not: the schema refuses, and the transaction with it.
    if (wrong?.includes('constraint failed')) throw new ConflictException(wrong);
    if (wrong !== undefined) throw new Error(`rqlite: ${wrong}`);
    return results;
  }
}

function numbers(last: number): string {
  return `WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ${last})`;
}

/** The shop of `ShopDatabase`, by SQL alone. */
const SEED: Statement[] = [
  `INSERT INTO products (name, price_cents, stock)
     ${numbers(40)} SELECT 'Shampoo no. ' || n, 490 + 10 * n, 100 FROM n`,
  `INSERT INTO appointments (customer, service) ${numbers(10)} SELECT 'Customer ' || n, 'Wash and cut' FROM n`,
  [
    `INSERT INTO invoices (customer, created_at, total_cents)
       ${numbers(10_000)} SELECT 'Regular customer no. ' || n % 700 || ', main street', ?, 1000 + n FROM n`,
    new Date().toISOString().slice(0, 19).replace('T', ' '),
  ],
  `INSERT INTO invoice_lines ${numbers(10_000)} SELECT n, 1 + n % 40, 1 + n % 3 FROM n`,
];
