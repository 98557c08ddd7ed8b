import Database from 'better-sqlite3';
import type { JournalMode } from './databases';

export interface State {
  tag: string;
  rows: number;
}

/** A database that is wholly in one state: each of its rows says which. A mix of two, or a lost page, shows. */
export function createState(
  file: string,
  mode: JournalMode,
  { tag, rows }: State,
  { pageSize = 4096, autoVacuum = false, encoding = 'UTF-8' } = {},
): Database.Database {
  const db = new Database(file, { timeout: 60_000 });
  db.pragma(`page_size = ${pageSize}`);
  db.pragma(`encoding = '${encoding}'`);
  if (autoVacuum) db.pragma('auto_vacuum = FULL');
  db.pragma(`journal_mode = ${mode}`);
  db.exec('CREATE TABLE state (id INTEGER PRIMARY KEY, tag TEXT NOT NULL, bytes BLOB NOT NULL)');
  db.exec('CREATE INDEX tags ON state (tag, id)');
  fillState(db, { tag, rows });
  return db;
}

/** Makes it wholly another state, in one transaction. */
export function fillState(db: Database.Database, { tag, rows }: State): void {
  const insert = db.prepare('INSERT INTO state (tag, bytes) VALUES (?, randomblob(3000))');
  db.transaction(() => {
    db.exec('DELETE FROM state');
    for (let i = 0; i < rows; i++) insert.run(tag);
  })();
}

/** Opens it as the next program would, checks everything, and tells the one state that it is in. */
export function stateOf(file: string): State {
  const db = new Database(file, { fileMustExist: true, timeout: 60_000 });
  try {
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
    return stateIn(db);
  } finally {
    db.close();
  }
}

export function stateIn(db: Database.Database): State {
  const states = db.prepare('SELECT tag, count(*) AS rows FROM state GROUP BY tag').all() as State[];
  expect(states).toHaveLength(1);
  return states[0]!;
}
