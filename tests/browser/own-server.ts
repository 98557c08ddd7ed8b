import fs from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { BackupService } from 'sqlite-autobackup';
import { memoryLogger } from '../support/memory-logger';
import { useScripts } from '../support/processes';
import type { Script } from '../support/processes';
import { useTempFolder } from '../support/temp-folder';
import { launchBrowser, PATIENCE_MS, SHOTS } from './support';

const SERVER = path.join(__dirname, 'fixtures', 'dashboard-server.js');

export interface Running {
  readonly script: Script;
  readonly port: number;
}

/** A dashboard in a process of its own, which a test may kill, with a login that it may end. Call it once in a test file. */
export function useOwnServer() {
  const start = useScripts();
  const temp = useTempFolder();
  let browser: Browser;
  beforeAll(async () => {
    fs.mkdirSync(SHOTS, { recursive: true });
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());
  afterEach(() => Promise.all(browser.contexts().map((context) => context.close())));

  const database = () => temp.file('app.db');
  /** The backups as this process sees them. */
  const service = () => new BackupService({ database: database(), logger: memoryLogger() });

  return {
    database,
    service,
    temp,
    /** A database in WAL mode with one row, and a backup of it. */
    async plant() {
      const db = new Database(database());
      db.exec(
        "PRAGMA journal_mode = WAL; CREATE TABLE items (name TEXT); INSERT INTO items VALUES ('from the backup')",
      );
      db.close();
      return service().createBackup();
    },
    /** What the database holds now. */
    items(): string[] {
      const db = new Database(database());
      const names = db.prepare<[], string>('SELECT name FROM items').pluck().all();
      db.close();
      return names;
    },
    /** Somebody enters something. */
    change(name: string): void {
      const db = new Database(database());
      db.prepare('INSERT INTO items VALUES (?)').run(name);
      db.close();
    },
    /** Its size stays: only who reads it finds out. */
    damage(file: string): void {
      const bytes = fs.readFileSync(file);
      fs.chmodSync(file, 0o600);
      fs.writeFileSync(file, bytes.fill(7, bytes.length / 2));
    },
    async serve(port = 0): Promise<Running> {
      const script = start(SERVER, [database(), String(port)]);
      return { script, port: await script.next<number>() };
    },
    /** Keeps a database locked until it is told "release", or is killed. */
    async lock(file: string, mode: 'delete' | 'wal' = 'delete'): Promise<Script> {
      const script = start('hold-lock.js', [file, mode]);
      await script.next();
      return script;
    },
    /** Logs in and opens the overview. */
    async open({ port }: Running, options: BrowserContextOptions = {}): Promise<Page> {
      const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en-GB', ...options });
      const page = await context.newPage();
      page.setDefaultTimeout(PATIENCE_MS);
      await page.goto(`http://127.0.0.1:${port}/login`);
      await page.waitForURL(/\/backups$/);
      return page;
    },
    shot: (page: Page, name: string) => page.screenshot({ path: path.join(SHOTS, `${name}.png`), fullPage: true }),
  };
}
