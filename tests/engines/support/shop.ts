import { setTimeout as sleep } from 'node:timers/promises';
import { BackupService } from 'sqlite-autobackup';
import type { BackupServiceOptions } from 'sqlite-autobackup';
import { rqlite } from 'sqlite-autobackup/rqlite';
import type { RqliteOptions } from 'sqlite-autobackup/rqlite';
import { memoryLogger } from '../../support/memory-logger';
import type { RqliteClient } from './rqlite-client';

/** Rows `1, 2, 3, …`, so that a state with a hole in it shows, and some megabytes, so that reading it takes its time. */
export async function makeShop(client: RqliteClient, megabytes: number): Promise<void> {
  await client.execute('CREATE TABLE sales (id INTEGER PRIMARY KEY)', 'CREATE TABLE load (body BLOB)');
  for (let i = 0; i < megabytes; i++) await client.execute('INSERT INTO load VALUES (randomblob(1000000))');
}

export function serviceOn(
  nodes: readonly string[],
  directory: string,
  options: Partial<RqliteOptions> = {},
  serviceOptions: Partial<BackupServiceOptions> = {},
): BackupService {
  const database = rqlite({ nodes, name: 'shop.db', timeout: '3s', ...options });
  return new BackupService({ database, directory, logger: memoryLogger(), ...serviceOptions });
}

type Executes = Pick<RqliteClient, 'execute'>;

/** Sells one after the other; a sale that was not acknowledged is made again under the same number. */
export class Seller {
  #acknowledged = 0;
  readonly #stopping = new AbortController();
  readonly #selling: Promise<void>;

  constructor(client: Executes) {
    this.#selling = this.#sell(client);
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#selling;
  }

  /** Resolves when the next sale is acknowledged. */
  async next(): Promise<void> {
    const before = this.#acknowledged;
    while (this.#acknowledged === before) await sleep(5);
  }

  async #sell(client: Executes): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const id = this.#acknowledged + 1;
      await client.execute(['INSERT OR IGNORE INTO sales VALUES (?)', id]);
      this.#acknowledged = id;
    }
  }
}

/** How many sales a backup holds; throws where one is missing in the middle. */
export async function salesIn(service: BackupService, name: string): Promise<number> {
  const { rows } = await service.queryBackup(name, 'SELECT count(*), coalesce(max(id), 0) FROM sales');
  const [count, last] = rows[0]!.map(Number);
  if (count !== last) throw new Error(`${name} holds ${count} sales, the last of which is number ${last}`);
  return count!;
}
