import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { restoreBusy } from '../../util/busy-errors.js';
import { BackupError, systemCode } from '../../util/errors.js';
import type { Deadline } from '../shared/deadline.js';
import { readFacts } from '../shared/database-facts.js';
import type { SourceFacts } from '../shared/database-facts.js';
import { pastForeignSchema } from '../shared/foreign-schema.js';
import { isSqlite, readHeader } from '../../util/database-header.js';
import { beginStep } from '../shared/steps.js';
import { isUnusable } from './unusable.js';

/** While SQLite waits for readers to end, it lets no new ones begin. */
const IN_THE_WAY_MS = 250;
const BREATH_MS = 100;

/**
 * A connection to the live database that can make writers wait. When it is opened, SQLite rolls back or takes in what a dead
 * writer has left, as it would for the app's next connection.
 */
export class LiveDatabase {
  readonly db: Database.Database;
  readonly path: string;
  /** Closed last: closing it drops every lock that this process has on the file. */
  readonly #descriptor: number;
  #wal = false;

  constructor(database: string) {
    this.path = database;
    this.#descriptor = fs.openSync(database, 'r');
    try {
      this.db = new Database(database, { fileMustExist: true });
    } catch (error) {
      fs.closeSync(this.#descriptor);
      throw error;
    }
  }

  get wal(): boolean {
    return this.#wal;
  }

  /**
   * From now on nobody else writes; readers go on.
   *
   * @throws BackupError `ERR_BACKUP_RESTORE_BUSY`
   */
  holdWriters(deadline: Deadline): void {
    const waitMs = deadline.remainingMs();
    try {
      this.db.pragma(`busy_timeout = ${waitMs}`);
      this.db.exec('BEGIN IMMEDIATE');
      this.#wal = pastForeignSchema(this.db, () => this.db.pragma('journal_mode', { simple: true })) === 'wal';
    } catch (error) {
      this.release();
      throw isBusy(error) ? restoreBusy(this.path, `${waitMs / 1000} s`, error) : error;
    }
  }

  /**
   * Waits until nobody reads or writes. In rollback-journal mode the copy needs the file for itself for a moment; whoever is in
   * its way is waited for before anything is copied, and others get their turn in between.
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
        if (!isBusy(error)) throw error;
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

  /** `undefined`: SQLite cannot tell, as it is damaged. */
  sizeBytes(): number | undefined {
    try {
      const { pageCount, pageSize } = this.pin();
      return pageCount * pageSize;
    } catch (error) {
      if (isUnusable(error)) return undefined;
      throw error;
    } finally {
      this.release();
    }
  }

  release(): void {
    if (this.db.inTransaction) this.db.exec('ROLLBACK');
  }

  /**
   * Another mark means that somebody else has committed. In rollback-journal mode it is read from the file, since it is asked
   * for while another connection of this process has the file to itself: every commit changes these bytes of the header.
   */
  mark(): string {
    return this.#wal ? String(this.dataVersion()) : this.#header(24, 16).toString('hex');
  }

  /** Is it certain that nobody has committed since? The pin rolls back what a failed copy has left half done. */
  isUnchangedSince(mark: string): boolean {
    try {
      this.release();
      this.pin();
      return this.mark() === mark;
    } catch {
      return false;
    } finally {
      this.release();
    }
  }

  /** Another version means that another connection has committed. Not while that has the file to itself. */
  dataVersion(): unknown {
    return this.db.pragma('data_version', { simple: true });
  }

  /** Leaves WAL mode for good, so that the file alone is the whole database. Nobody else may have it open. */
  leaveWal(): void {
    this.db.pragma('journal_mode = DELETE');
    // The driver drops an error of the commit, so the pragma's answer is not believed (docs/facts.md, 19).
    if (this.#header(18, 1)[0] === 2) throw new Error('it stayed in WAL mode');
  }

  /** Puts the database back into WAL mode, and closes this connection for it. */
  backToWal(): void {
    this.close();
    switchToWal(this.path);
  }

  close(): void {
    if (!this.db.open) return;
    this.db.close();
    fs.closeSync(this.#descriptor);
  }

  #header(from: number, length: number): Buffer {
    const bytes = Buffer.alloc(length);
    fs.readSync(this.#descriptor, bytes, 0, length, from);
    return bytes;
  }
}

/** For a database that this process has not open otherwise. */
export function switchToWal(file: string): void {
  if (isWal(file)) return;
  const db = new Database(file, { fileMustExist: true });
  try {
    pastForeignSchema(db, () => db.pragma('journal_mode = WAL'));
  } finally {
    db.close();
  }
  // See leaveWal().
  if (!isWal(file)) throw new Error(`"${file}" did not change into WAL mode`);
}

function isWal(file: string): boolean {
  return readHeader(file)[18] === 2;
}

/** `undefined`: there is no file, or SQLite cannot use it. */
export function openLive(database: string, deadline: Deadline): LiveDatabase | undefined {
  beginStep('block-writers');
  fs.accessSync(path.dirname(database), fs.constants.W_OK | fs.constants.X_OK);
  const stats = fs.statSync(database, { throwIfNoEntry: false });
  if (!stats) return undefined;
  if (!stats.isFile()) {
    throw new BackupError('ERR_BACKUP_SOURCE_INVALID', `"${database}" is not a regular file.`, {
      step: 'block-writers',
      hint: 'Correct the "database" option; nothing was changed.',
    });
  }
  // SQLite opens a file that it may not write for reading only, and says so late.
  fs.accessSync(database, fs.constants.R_OK | fs.constants.W_OK);
  // SQLite itself would clear away the side files of a file of which it can make nothing.
  if (!isSqlite(readHeader(database))) return undefined;
  const live = new LiveDatabase(database);
  try {
    live.holdWriters(deadline);
    live.release();
    return live;
  } catch (error) {
    live.close();
    if (isUnusable(error)) return undefined;
    throw error;
  }
}

export function isBusy(error: unknown): boolean {
  return systemCode(error).startsWith('SQLITE_BUSY');
}
