import assert from 'node:assert/strict';
import Database from 'better-sqlite3';

/** One line of an invoice: the soak sells one product an invoice. */
export interface Sale {
  productId: number;
  quantity: number;
}

interface Entry extends Sale {
  there: boolean;
  /** A change was asked for, and has not been answered: what is in the database meanwhile is anybody's guess. */
  pending: boolean;
}

/** What a backup that begins now must have, and must not have. */
export type Expected = ReadonlyMap<number, Entry>;

/**
 * The soak's own book of all that the shop has acknowledged. A request whose answer never came (its worker was killed) may
 * have been done or not: a sale like that has no number and is not in the book, a deletion leaves its invoice pending.
 */
export class Ledger {
  private entries = new Map<number, Entry>();
  sold = 0;
  unanswered = 0;

  sale(id: number, { productId, quantity }: Sale): void {
    this.sold += 1;
    this.entries.set(id, { productId, quantity, there: true, pending: false });
  }

  /** One that is there, and that nobody is at work on. */
  any(random: () => number): number | undefined {
    const ids = [...this.entries].filter(([, { there, pending }]) => there && !pending).map(([id]) => id);
    return ids[Math.floor(random() * ids.length)];
  }

  begin(id: number): void {
    this.entries.set(id, { ...this.entries.get(id)!, pending: true });
  }

  end(id: number, there: boolean): void {
    this.entries.set(id, { ...this.entries.get(id)!, there, pending: false });
  }

  expected(): Expected {
    return new Map(this.entries);
  }

  /**
   * The check of a backup: SQLite's own and the foreign keys', every invoice with its one line and the total of it, and
   * all that was acknowledged before it began (and was not changed since).
   *
   * @param before `expected()` of a moment before the backup began
   * @returns how many invoices were compared
   */
  check(file: string, before: Expected): number {
    const db = new Database(file, { readonly: true, fileMustExist: true });
    try {
      assert.equal(db.pragma('integrity_check', { simple: true }), 'ok', file);
      assert.deepEqual(db.pragma('foreign_key_check'), [], file);
      const wrong = db.prepare(WRONG_TOTALS).pluck().get();
      assert.equal(wrong, 0, `${file}: ${String(wrong)} invoices whose lines are not their total`);
      const lineOf = db.prepare<[number], Sale>(LINE);
      let compared = 0;
      for (const [id, entry] of before) {
        if (entry.pending || this.entries.get(id) !== entry) continue;
        const { productId, quantity, there } = entry;
        assert.deepEqual(lineOf.all(id), there ? [{ productId, quantity }] : [], `${file}: invoice ${id}`);
        compared += 1;
      }
      return compared;
    } finally {
      db.close();
    }
  }

  /** After a restore: the shop is what the backup is. */
  become(file: string, firstId: number): void {
    const db = new Database(file, { readonly: true, fileMustExist: true });
    const rows = db.prepare<[number], Sale & { id: number }>(SOLD_SINCE).all(firstId);
    db.close();
    this.entries = new Map(rows.map(({ id, ...sale }) => [id, { ...sale, there: true, pending: false }]));
  }
}

const LINE = 'SELECT product_id AS productId, quantity FROM invoice_lines WHERE invoice_id = ?';
const SOLD_SINCE = `SELECT invoice_id AS id, product_id AS productId, quantity FROM invoice_lines WHERE invoice_id > ?`;
// Those of the seed have invented totals; the customer tells them apart.
const WRONG_TOTALS = `
  SELECT count(*) FROM invoices WHERE customer = 'soak' AND total_cents IS NOT (
    SELECT sum(quantity * price_cents) FROM invoice_lines JOIN products ON products.id = product_id WHERE invoice_id = invoices.id
  )`;
