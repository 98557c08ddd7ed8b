import Database from 'better-sqlite3';

export type JournalMode = 'wal' | 'delete';

/**
 * A database with a two-table invariant that holds after every commit: `sum(entries.amount)` is `totals.amount`, and
 * `count(*)` of entries is `totals.entries`. A torn or mixed copy breaks it. `fillBytes` adds ballast rows.
 */
export function createLedger(file: string, journalMode: JournalMode, fillBytes = 0): Database.Database {
  const db = new Database(file, { timeout: 60_000 });
  db.pragma(`journal_mode = ${journalMode}`);
  db.exec(`
    CREATE TABLE entries (id INTEGER PRIMARY KEY, amount INTEGER NOT NULL);
    CREATE TABLE totals (id INTEGER PRIMARY KEY CHECK (id = 1), amount INTEGER NOT NULL, entries INTEGER NOT NULL);
    CREATE TABLE ballast (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
    INSERT INTO totals VALUES (1, 0, 0);
  `);
  const fill = db.prepare('INSERT INTO ballast (bytes) VALUES (randomblob(100000))');
  db.transaction(() => {
    for (let filled = 0; filled < fillBytes; filled += 100_000) fill.run();
  })();
  return db;
}

/** One commit of the ledger. */
export function addEntry(db: Database.Database, amount = 1): void {
  db.transaction(() => {
    db.prepare('INSERT INTO entries (amount) VALUES (?)').run(amount);
    db.prepare('UPDATE totals SET amount = amount + ?, entries = entries + 1').run(amount);
  })();
}

/**
 * Opens a finished backup, or a live database whose app uses this same copy of SQLite, checks everything, and counts its
 * entries. All of it in one read transaction: between two reads of a live database another process may commit.
 */
export function checkLedger(file: string): { entries: number } {
  const db = new Database(file, { readonly: true, fileMustExist: true, timeout: 60_000 });
  try {
    db.exec('BEGIN');
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
    const { amount, entries } = db.prepare('SELECT amount, entries FROM totals').get() as Record<string, number>;
    const real = db.prepare('SELECT coalesce(sum(amount), 0) AS amount, count(*) AS entries FROM entries').get();
    expect(real).toEqual({ amount, entries });
    return { entries: entries! };
  } finally {
    db.close();
  }
}
