import type { Database } from 'better-sqlite3';

/**
 * For a database that this process did not make: its schema runs only functions that can do no harm, and cells are checked
 * before they are read (sqlite.org/security.html). better-sqlite3 opens every database as "defensive".
 */
export function distrust(db: Database): void {
  db.pragma('trusted_schema = OFF');
  db.pragma('cell_size_check = ON');
}
