import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import Database from 'better-sqlite3';
import type { Manifest } from 'sqlite-autobackup';

/** An app that runs, and what it runs on. */
export interface RunningApp {
  readonly url: string;
  /** Puts an invoice into the app's database and returns its id. */
  addInvoice(): number;
  /** The rows of the app's database now. */
  rows(): Rows;
  /** Removes every backup, so that one is due. */
  removeBackups(): void;
  backups(): TakenBackup[];
  /** What it has printed. */
  output(): string;
  /** Resolves when it has printed the text so many times. Rejects when it has ended without. */
  printed(text: string, times?: number): Promise<void>;
  /** Its folder for backups, which is there when it starts. */
  readonly directory: string;
  /** Ends it as its test's end would, and returns its exit code. */
  stop(): Promise<number | null>;
}

/** How many protected methods have run, and how many invoices there are. */
export interface Rows {
  readonly calls: number;
  readonly invoices: number;
}

export interface TakenBackup {
  readonly name: string;
  readonly label: string | undefined;
  /** What is in it. */
  readonly rows: Rows;
}

export interface AppOptions {
  /** The folder of the app. */
  readonly cwd: string;
  /** Arguments of Node. */
  readonly args: readonly string[];
  readonly service: 'default' | 'container';
  /** Default: production, where frameworks print no stack traces into their answers. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Starts an app on a new database in a new folder, and waits for its port. */
export async function startApp({ cwd, args, service, environment }: AppOptions): Promise<RunningApp> {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'autobackup-app-')));
  const database = path.join(folder, 'app.db');
  const directory = path.join(folder, 'backups');
  fs.mkdirSync(directory);
  createDatabase(database);

  // What jest and npm set for themselves is not the app's.
  const inherited = { ...process.env, NODE_OPTIONS: undefined, JEST_WORKER_ID: undefined };
  const own = { NODE_ENV: 'production', DATABASE: database, BACKUPS: directory, SERVICE: service };
  const env = { ...inherited, ...own, ...environment };
  const child = spawn(process.execPath, args, { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.on('error', () => {});
  let printed = '';
  const waiting = new Set<() => void>();
  const keep = (line: string) => {
    printed += `${line}\n`;
    for (const look of waiting) look();
  };
  const ended = new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  const port = new Promise<number>((resolve, reject) => {
    readline.createInterface({ input: child.stderr }).on('line', keep);
    readline.createInterface({ input: child.stdout }).on('line', (line) => {
      keep(line);
      if (line.startsWith('{"port":')) resolve((JSON.parse(line) as { port: number }).port);
    });
    ended.then((code) => reject(new Error(`the app ended with code ${code}: ${printed}`)), reject);
  });

  return {
    url: `http://127.0.0.1:${await port}`,
    addInvoice: () =>
      inDatabase(database, (db) => {
        const added = db.prepare("INSERT INTO invoices (customer, total) VALUES ('an old customer', 1)").run();
        return Number(added.lastInsertRowid);
      }),
    rows: () => inDatabase(database, rowsOf),
    removeBackups() {
      for (const name of fs.readdirSync(directory)) {
        if (/^app_backup_/.test(name)) fs.rmSync(path.join(directory, name));
      }
    },
    backups: () => {
      const names = fs.readdirSync(directory).filter((name) => /^app_backup_.*\.db$/.test(name));
      return names.sort().map((name) => takenBackup(path.join(directory, name)));
    },
    output: () => printed,
    directory,
    printed: (text, times = 1) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (printed.split(text).length <= times) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        ended.then(() => reject(new Error(`the app ended without "${text}": ${printed}`)), reject);
        look();
      }),
    async stop() {
      child.stdin.end();
      const code = await ended;
      fs.rmSync(folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 20 });
      return code;
    },
  };
}

function createDatabase(file: string): void {
  const db = new Database(file);
  db.pragma('journal_mode = WAL');
  db.exec(`
    CREATE TABLE invoices (id INTEGER PRIMARY KEY AUTOINCREMENT, customer TEXT NOT NULL, total REAL NOT NULL);
    CREATE TABLE calls (id INTEGER PRIMARY KEY, method TEXT NOT NULL);
  `);
  db.close();
}

function takenBackup(file: string): TakenBackup {
  const { label } = JSON.parse(fs.readFileSync(file.replace(/db$/, 'json'), 'utf8')) as Manifest;
  return { name: path.basename(file), label, rows: inDatabase(file, rowsOf, { readonly: true }) };
}

function rowsOf(db: Database.Database): Rows {
  const count = (table: string) => db.prepare(`SELECT count(*) FROM ${table}`).pluck().get() as number;
  return { calls: count('calls'), invoices: count('invoices') };
}

function inDatabase<T>(file: string, use: (db: Database.Database) => T, options: Database.Options = {}): T {
  const db = new Database(file, { fileMustExist: true, timeout: 5_000, ...options });
  try {
    return use(db);
  } finally {
    db.close();
  }
}
