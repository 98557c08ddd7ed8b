import Database from 'better-sqlite3';
import fs from 'node:fs';
import { BackupService, RecoverError } from 'sqlite-autobackup';
import type { RecoverOptions, RecoverReport } from 'sqlite-autobackup';
import type { JournalMode } from './databases';
import { rejectionOf } from './errors';
import { memoryLogger } from './memory-logger';
import { useTempFolder } from './temp-folder';

export const SHOP = `
  CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, email TEXT UNIQUE);
  CREATE TABLE products (id INTEGER PRIMARY KEY, stock INTEGER);
  CREATE TABLE invoices (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers (id), total REAL);
  CREATE TABLE items (id INTEGER PRIMARY KEY, invoice_id INTEGER NOT NULL REFERENCES invoices (id) ON DELETE CASCADE,
    product_id INTEGER REFERENCES products (id), n INTEGER);
  CREATE TABLE notes (id INTEGER PRIMARY KEY, invoice_id INTEGER REFERENCES invoices (id) ON DELETE SET NULL, text TEXT);
  INSERT INTO customers VALUES (1, 'Ann', 'ann@x'), (2, 'Bob', 'bob@x');
  INSERT INTO products VALUES (1, 10), (2, 20);
  INSERT INTO invoices VALUES (41, 1, 5), (42, 2, 7.5), (43, 1, 9);
  INSERT INTO items VALUES (1, 41, 1, 1), (2, 42, 1, 2), (3, 42, 2, 3), (4, 43, 2, 1);
  INSERT INTO notes VALUES (1, 42, 'paid'), (2, 42, 'moved'), (3, 41, 'other');
`;

export async function refusalOf(promise: Promise<unknown>): Promise<RecoverError> {
  const error = await rejectionOf(promise);
  if (!(error instanceof RecoverError)) throw error;
  return error;
}

/** Call it once in a test file: databases with a backup, to which something has happened since. */
export function useRecovering() {
  const folder = useTempFolder();
  /** A database, a backup of it, and what happened to it since. */
  async function after(sql: string, happened: string, mode: JournalMode = 'wal') {
    const file = folder.file('app.db');
    const db = new Database(file);
    db.pragma(`journal_mode = ${mode}`);
    db.exec(sql);
    const service = new BackupService({ database: file, logger: memoryLogger() });
    const backup = await service.createBackup();
    const bytes = fs.readFileSync(backup.path);
    db.pragma('foreign_keys = ON');
    db.exec(happened);
    const all = (query: string): unknown[] => db.prepare(query).raw().all();
    return {
      db,
      service,
      backup,
      all,
      recover: (options: RecoverOptions): Promise<RecoverReport> => service.recoverRows(backup.name, options),
      /** The backup is as it was, nothing stands beside it, and the live database is whole. */
      async whole() {
        expect(fs.readFileSync(backup.path).equals(bytes)).toBe(true);
        expect(folder.list().filter((name) => /partial|backup.*-(wal|shm|journal)$/.test(name))).toEqual([]);
        expect(db.pragma('foreign_key_check')).toEqual([]);
        expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
        db.close();
        await service.whenIdle();
      },
    };
  }

  return { folder, after };
}
