import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { BackupError, systemCode } from '../../util/errors.js';
import { restoreBusy } from '../../util/busy-errors.js';
import type { Deadline } from '../shared/deadline.js';
import { readFacts } from '../shared/database-facts.js';
import type { SourceFacts } from '../shared/database-facts.js';

/** While SQLite waits for readers to end, it lets no new ones begin. */
const IN_THE_WAY_MS = 250;
const BREATH_MS = 100;

/**
 * A connection to the live database that can make writers wait. SQLite rolls back or takes in what a dead writer has left
 * when it is opened, as it would for the app's next connection.
 */
export class LiveDatabase {
  readonly db: Database.Database;
  /** Closed last: closing it drops every lock that this process has on the file. */
  readonly #descriptor: number;
  #wal = false;

  constructor(readonly path: string) {
    this.#descriptor = fs.openSync(path, 'r');
    try {
      this.db = new Database(path, { fileMustExist: true });
    } catch (error) {
      fs.closeSync(this.#descriptor);
      throw error;
    }
  }

  get wal(): boolean {
    return this.#wal;
  }

  /**
   * From now on nobody else writes; who reads goes on.
   *
   * @throws BackupError `ERR_BACKUP_RESTORE_BUSY`
   */
  holdWriters(deadline: Deadline): void {
    const waitMs = deadline.remainingMs();
    try {
      this.db.pragma(`busy_timeout = ${waitMs}`);
      this.db.exec('BEGIN IMMEDIATE');
      this.#wal = this.db.pragma('journal_mode', { simple: true }) === 'wal';
    } catch (error) {
      this.release();
      throw systemCode(error).startsWith('SQLITE_BUSY') ? restoreBusy(this.path, `${waitMs / 1000} s`, error) : error;
    }
  }

  /**
   * Until nobody reads or writes. In rollback-journal mode the copy needs the file for itself for a moment; whoever is in its
   * way is waited for before anything is copied, and others get their turn in between.
   *
   * @throws BackupError `ERR_BACKUP_RESTORE_BUSY`
   */
  async waitUntilFree(deadline: Deadline): Promise<void> {
    const startedAt = performance.now();
    for (;;) {
      try {
        this.db.pragma(`busy_timeout = ${deadline.remainingMs(IN_THE_WAY_MS)}`);
        this.db.exec('BEGIN EXCLUSIVE');
        return;
      } catch (error) {
        if (!systemCode(error).startsWith('SQLITE_BUSY')) throw error;
        const waited = `${Math.round(performance.now() - startedAt) / 1000} s`;
        if (deadline.over) throw restoreBusy(this.path, waited, error);
      } finally {
        this.release();
      }
      await sleep(BREATH_MS);
    }
  }

  /** The facts of a state that stays the same until `release()`. */
  pin(): SourceFacts {
    this.db.exec('BEGIN');
    return readFacts(this.db);
  }

  release(): void {
    if (this.db.inTransaction) this.db.exec('ROLLBACK');
  }

  /**
   * Another one means that somebody else has committed. In rollback-journal mode it is read from the file, since it is asked
   * while another connection of this process has the file to itself: every commit changes these bytes of the header.
   */
  mark(): string {
    if (this.#wal) return String(this.dataVersion());
    const counter = Buffer.alloc(16);
    fs.readSync(this.#descriptor, counter, 0, counter.length, 24);
    return counter.toString('hex');
  }

  /** Another one means that another connection has committed. Not while it has the file to itself. */
  dataVersion(): unknown {
    return this.db.pragma('data_version', { simple: true });
  }

  close(): void {
    if (!this.db.open) return;
    this.db.close();
    fs.closeSync(this.#descriptor);
  }
}

/** Is it the file itself that can't be used as a database, so that it can only be replaced? */
export function isUnusable(error: unknown): boolean {
  if (error instanceof BackupError) return /^ERR_BACKUP_SOURCE_(CORRUPT|INVALID)$/.test(error.code);
  return /^SQLITE_(NOTADB|CORRUPT|IOERR_SHORT_READ)/.test(systemCode(error));
}
