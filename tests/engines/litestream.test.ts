import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { BackupService } from 'sqlite-autobackup';
import { memoryLogger } from '../support/memory-logger';
import { useTempFolder } from '../support/temp-folder';
import { Litestream } from './support/litestream';

// litestream beside this package, on the same database: it ships the WAL, we take what is checked and kept.

const temp = useTempFolder();
/** Bounds what hangs; nothing is judged by it. */
const PATIENCE_MS = 60_000;

let database: string;
let litestream: Litestream;
let service: BackupService;

beforeEach(() => {
  database = temp.file('app.db');
  const app = openApp();
  app.exec('CREATE TABLE sales (id INTEGER PRIMARY KEY, body BLOB)');
  app.close();
  litestream = new Litestream(database, temp.file('litestream'));
  const directory = temp.file('backups');
  fs.mkdirSync(directory);
  service = new BackupService({ database, directory, logger: memoryLogger() });
});
afterEach(() => litestream.stop());

/** The app's own connection, with a busy timeout, as litestream's documentation asks for it. */
function openApp(): Database.Database {
  const db = new Database(database, { timeout: 120_000 });
  db.pragma('journal_mode = WAL');
  return db;
}

/** All that the app has in a file. */
function salesIn(file: string): unknown {
  const db = new Database(file, { readonly: true });
  try {
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
    return db.prepare('SELECT count(*) AS count, max(id) AS last, group_concat(hex(body)) AS all_of FROM sales').get();
  } finally {
    db.close();
  }
}

let restores = 0;

/** Waits until litestream has made its own tables, and a snapshot: only then is a backup one of a database that it follows. */
async function litestreamFollows(): Promise<void> {
  const until = Date.now() + PATIENCE_MS;
  while ((await litestream.generations()).length === 0) {
    if (Date.now() > until) throw new Error('litestream began no generation');
    await sleep(100);
  }
}

/** Waits until what litestream gives back is what the database holds. */
async function shipsAllOf(file: string): Promise<void> {
  const expected = salesIn(file);
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    const restored = temp.file(`restored-${restores++}.db`);
    // It has nothing to give until its first snapshot.
    const failed = await litestream.restore(restored).catch((error: unknown) => error as Error);
    const found = failed ?? salesIn(restored);
    if (JSON.stringify(found) === JSON.stringify(expected)) return;
    if (Date.now() > until) expect(found).toEqual(expected);
    await sleep(200);
  }
}

class Till {
  #sold = 0;
  readonly #stopping = new AbortController();
  readonly #selling: Promise<void>;

  constructor(private readonly db: Database.Database) {
    this.#selling = this.#sell();
  }

  /** Resolves after so many more commits. */
  async sells(count: number): Promise<void> {
    const enough = this.#sold + count;
    while (this.#sold < enough) await sleep(5);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#selling;
    this.db.close();
  }

  async #sell(): Promise<void> {
    const sell = this.db.prepare('INSERT INTO sales (body) VALUES (randomblob(2000))');
    while (!this.#stopping.signal.aborted) {
      sell.run();
      this.#sold++;
      await sleep(2);
    }
  }
}

test('backups and a restore into the running app: litestream follows, and gives back what the app has', async () => {
  litestream.run();
  const till = new Till(openApp());
  await till.sells(50);
  await litestreamFollows();
  const { name } = await service.createBackup();
  for (let i = 0; i < 2; i++) {
    await till.sells(50);
    await service.createBackup();
  }
  const before = await litestream.generations();
  expect(await service.restoreBackup(name)).toMatchObject({ method: 'online' });
  await till.sells(50);
  await till.stop();
  await shipsAllOf(database);
  // What was shipped before is still there to go back to.
  expect(await litestream.generations()).toEqual(expect.arrayContaining(before));
  for (const backup of await service.listBackups()) {
    expect(await service.verifyBackup(backup.name, { level: 'full' })).toMatchObject({ ok: true });
  }
});

test('a restore while the app is stopped and litestream runs is seen by it as well', async () => {
  const till = new Till(openApp());
  litestream.run();
  await till.sells(20);
  await litestreamFollows();
  const { name } = await service.createBackup();
  await till.sells(20);
  await till.stop();
  await shipsAllOf(database);
  await service.restoreBackup(name);
  await shipsAllOf(database);
});

test('a backup from before its first run takes its tables away: it follows again when it is started again', async () => {
  const till = new Till(openApp());
  await till.sells(20);
  const { name } = await service.createBackup();
  litestream.run();
  await litestreamFollows();
  await till.sells(20);
  expect(await service.restoreBackup(name)).toMatchObject({ method: 'online' });
  await till.sells(20);
  await litestream.stop();
  litestream.run();
  await till.stop();
  await shipsAllOf(database);
});

test('a restore while neither runs begins a new generation when litestream is back', async () => {
  const till = new Till(openApp());
  await till.sells(20);
  const { name } = await service.createBackup();
  await till.sells(20);
  litestream.run();
  await till.stop();
  await shipsAllOf(database);
  const before = await litestream.generations();
  await litestream.stop();
  await service.restoreBackup(name);
  litestream.run();
  await shipsAllOf(database);
  expect((await litestream.generations()).length).toBeGreaterThan(before.length);
});
