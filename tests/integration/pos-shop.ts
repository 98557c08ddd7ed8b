import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { INestApplication } from '@nestjs/common';
import Database from 'better-sqlite3';
import { configureAutoBackup } from 'sqlite-autobackup';
import { createApp } from '../../docs/examples/pos/app';
import { Client } from '../../docs/examples/pos/client';
import type { Appointment, Product } from '../../docs/examples/pos/database';
import { backupName, backupNaming } from '#dist/catalog/backup-name.js';
import { DAY } from '../support/planted-backups';
import { memoryLogger } from '../support/memory-logger';
import { until } from '../support/processes';
import { filesOf } from '../support/whole-backups';

/**
 * The point of sale of docs/examples/pos, for each test a new one with a new database. Call it once in a test file: the
 * process default, and so the database's path, is the file's.
 */
export function usePos() {
  const folder = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'autobackup-pos-'));
  const database = path.join(folder, 'app.db');
  const { lines: log, ...logger } = memoryLogger();
  // So short that the tests which change files behind the service's back need not wait a second each.
  const service = configureAutoBackup({ database, logger, recheckInterval: '50ms' });
  let app: INestApplication | undefined;
  let client: Client;

  beforeEach(async () => {
    await looksAgain();
    app = await createApp(database);
    await app.listen(0, '127.0.0.1');
    client = new Client(await app.getUrl());
    await client.logIn();
    log.length = 0;
  });
  afterEach(async () => {
    await app?.close();
    for (const name of fs.readdirSync(folder)) fs.rmSync(inFolder(name), { force: true, maxRetries: 5 });
  });
  afterAll(() => fs.rmSync(folder, { recursive: true, maxRetries: 5 }));

  const inFolder = (name: string) => path.join(folder, name);
  const files = () => filesOf(folder);
  const backups = () => files().filter((name) => /^app_backup_.*\.db$/.test(name));
  /** From then on the next decorated call looks at the folder. */
  const looksAgain = () => until(() => !service.knownFresh);

  return {
    database,
    service,
    log,
    get client() {
      return client;
    },
    /** Somebody who has not logged in. */
    async stranger() {
      return new Client(await app!.getUrl());
    },
    files,
    backups,
    file: inFolder,
    looksAgain,

    /** The names of the backups that appear while `act` runs. */
    async madeBy(act: () => Promise<unknown>): Promise<string[]> {
      const before = backups();
      await act();
      return backups().filter((name) => !before.includes(name));
    },

    /** Sets every backup's modification time back. */
    async touchBack(days: number): Promise<void> {
      const then = new Date(Date.now() - days * DAY);
      for (const name of backups()) fs.utimesSync(inFolder(name), then, then);
      await looksAgain();
    },

    /** A backup as the original program left it: of this name, with no manifest; its mtime is `mtimeDaysAgo`. */
    async addOriginalsBackup(nameDaysAgo: number, mtimeDaysAgo: number): Promise<string> {
      const name = backupName(backupNaming(database), new Date(Date.now() - nameDaysAgo * DAY));
      const db = new Database(inFolder(name));
      db.exec('CREATE TABLE products (id INTEGER PRIMARY KEY, stock INTEGER)');
      db.close();
      const mtime = new Date(Date.now() - mtimeDaysAgo * DAY);
      fs.utimesSync(inFolder(name), mtime, mtime);
      await looksAgain();
      return name;
    },

    /** The first value that a query on a finished backup gives. */
    read(name: string, query: string, ...values: unknown[]): unknown {
      const db = new Database(inFolder(name), { readonly: true, fileMustExist: true });
      try {
        return db
          .prepare(query)
          .pluck()
          .get(...values);
      } finally {
        db.close();
      }
    },

    async stockOf(productId: number): Promise<number | undefined> {
      const products = await client.get<Product[]>('/products');
      return products.find(({ id }) => id === productId)?.stock;
    },

    async appointment(id: number): Promise<Appointment | undefined> {
      const appointments = await client.get<Appointment[]>('/appointments');
      return appointments.find((appointment) => appointment.id === id);
    },
  };
}
