import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { isBackupError } from 'sqlite-autobackup';
import type { BackupService, RecoverOptions, RecoverReport } from 'sqlite-autobackup';
import type { Answer, Client } from './client';
import type { RqliteShop } from './rqlite-shop';

const DAY_MS = 24 * 3_600_000;

interface Expected {
  status: number;
  /** The method that a backup must have been made for; without it, none may have been made. */
  backupBefore?: string;
}

interface Step {
  answer: Answer;
  /** The first value that a query on the new backup gives. */
  read(query: string, ...values: unknown[]): unknown;
}

/** Does what a till and an operator do, prints what happened, and checks it. */
export class Demo {
  constructor(
    readonly backups: BackupService,
    readonly client: Client,
    private readonly log: string[],
    /** The shop, where it is on a cluster. */
    readonly onRqlite: RqliteShop | undefined,
  ) {}

  /** Sends a request, prints what happened, and checks that it is what was expected. */
  async step(request: string, body: unknown, { status, backupBefore }: Expected): Promise<Step> {
    const filesBefore = this.backupFiles();
    this.log.length = 0;
    const [method, url] = request.split(' ') as [string, string];
    const answer = await this.client.send(method, url, body);
    const made = this.backupFiles().filter((name) => !filesBefore.includes(name));

    print(`   ${request.padEnd(28)} ${answer.status}, ${made.length === 0 ? 'no backup' : 'a backup:'}`);
    for (const name of made) print(`     file  ${describe(this.file(name))}`);
    for (const line of this.log) print(`     log   ${line}`);

    assert.equal(answer.status, status);
    assert.equal(made.length, backupBefore === undefined ? 0 : 1);
    assert.equal(this.log.length, made.length, 'a line for each backup, and none without one');
    const [name] = made;
    if (name !== undefined) await this.checkBackup(name, `before ${backupBefore}: ${name}`);
    return { answer, read: (query, ...values) => readBackup(this.file(name ?? ''), query, values) };
  }

  /** Brings rows of the newest backup back, beside the running app. */
  async recover(options: RecoverOptions): Promise<RecoverReport> {
    const { name } = this.backups.getLatestBackup()!;
    const report = await this.backups.recoverRows(name, options);
    print(`   recover from ${name}: ${JSON.stringify(report.inserted)}`);
    print(`     undo  ${report.undo}`);
    return report;
  }

  /**
   * The same on rqlite, which has no lock to keep other writers out between the plan and the rows: the plan is a script, which
   * somebody looks at, and sends as one transaction.
   */
  async recoverByScript(shop: RqliteShop, options: RecoverOptions): Promise<RecoverReport> {
    const { name } = this.backups.getLatestBackup()!;
    const refused = await this.backups.recoverRows(name, options).catch((error: unknown) => error);
    assert.ok(isBackupError(refused, 'ERR_BACKUP_SOURCE_UNSUPPORTED'));
    print(`   recover from ${name}: ${refused.message}`);
    const { tables } = await this.backups.diffBackup(name);
    const removed = tables.filter((table) => table.removed > 0).map((table) => `${table.name} ${table.removed}`);
    print(`   diff with the cluster as it is, rows that are gone: ${removed.join(', ')}`);
    const script = this.file('recover.sql');
    const report = await this.backups.recoverRows(name, { ...options, sql: script });
    const sql = fs.readFileSync(script, 'utf8');
    print(`   recover --sql ${path.basename(script)}, which is sent to /db/execute?transaction:`);
    for (const line of sql.trim().split('\n')) print(`     sql   ${line}`);
    await shop.run(sql);
    return report;
  }

  check(claim: string, assertions: () => void): void {
    assertions();
    print(`     seen  ${claim}`);
  }

  /** Sets the modification time of every backup eight days back. */
  makeDue(): void {
    const then = new Date(Date.now() - 8 * DAY_MS);
    for (const name of this.backupFiles()) fs.utimesSync(this.file(name), then, then);
  }

  /** A backup as the original program left it: of this name, and with no manifest beside it. */
  addLegacyBackup(daysAgo: number): string {
    const then = new Date(Date.now() - daysAgo * DAY_MS);
    const localTime = new Date(then.getTime() - then.getTimezoneOffset() * 60_000).toISOString();
    const name = `app_backup_${localTime.slice(0, 19).replace(/[-:]/g, '').replace('T', '_')}.db`;
    // copyFile gives the copy today's date.
    fs.copyFileSync(this.file(this.backupFiles()[0]!), this.file(name));
    return name;
  }

  private async checkBackup(name: string, logged: string): Promise<void> {
    assert.match(name, /^app_backup_\d{8}_\d{6}\.db$/);
    assert.ok(this.log[0]?.includes(logged), `the log says "${logged}"`);
    const ratio = fs.statSync(this.file(name)).size / (await this.backups.status()).database.sizeBytes!;
    assert.ok(ratio > 0.9 && ratio < 1.1, 'it is about as large as the database');
    assert.equal(readBackup(this.file(name), 'PRAGMA integrity_check'), 'ok');
  }

  private backupFiles(): string[] {
    return fs.readdirSync(this.backups.directory).filter((name) => /^app_backup_.*\.db$/.test(name));
  }

  private file(name: string): string {
    return path.join(this.backups.directory, name);
  }
}

/** A finished backup is a file like any other: opening it harms nobody. */
function readBackup(file: string, query: string, values: unknown[] = []): unknown {
  const db = new Database(file, { readonly: true, fileMustExist: true });
  try {
    return db
      .prepare(query)
      .pluck()
      .get(...values);
  } finally {
    db.close();
  }
}

export function describe(file: string): string {
  const { size } = fs.statSync(file);
  return `${path.basename(file)}, ${size < 1024 ? `${size} B` : `${Math.round(size / 1024)} kB`}`;
}

export function print(line: string): void {
  console.log(line);
}
