import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { childProcessSnapshotter } from 'sqlite-autobackup';
import { describeSnapshotter } from 'sqlite-autobackup/testing';

describeSnapshotter('the child process', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'snapshotter-'));
  const database = path.join(folder, 'app.db');
  const withDatabase = <T>(use: (db: Database.Database) => T): T => {
    const db = new Database(database);
    try {
      return use(db);
    } finally {
      db.close();
    }
  };
  withDatabase((db) => db.exec('CREATE TABLE rows (n INTEGER, text TEXT)'));
  const change = (): void =>
    withDatabase((db) => {
      const insert = db.prepare('INSERT INTO rows SELECT coalesce(max(n), 0) + 1, ? FROM rows');
      for (let i = 0; i < 50; i++) insert.run('x'.repeat(1_000));
    });
  change();
  return {
    snapshotter: childProcessSnapshotter(),
    database,
    change,
    contents: () => withDatabase((db) => db.prepare('SELECT * FROM rows').all()),
    close: () => fs.rmSync(folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 20 }),
  };
});
