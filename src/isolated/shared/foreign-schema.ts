import type { Database } from 'better-sqlite3';
import { messageOf } from '../../util/errors.js';

/**
 * Does SQLite say that it does not know the language of a schema? Another SQLite has written it: libsql's RANDOM ROWID, or what
 * a newer version has. A schema that is cut off or overwritten has other errors, and is damage.
 */
function isForeignSchema(error: unknown): boolean {
  return /malformed database schema .*(syntax error|unknown datatype|unknown table option)/s.test(messageOf(error));
}

/** What SQLite says of the entries that a connection goes past. */
const passed = new WeakMap<Database, string>();

/**
 * Does work that reads the schema. Where that has entries which this SQLite does not know, the work is done once more without
 * them: the pages are all there, and only those tables cannot be asked.
 */
export function pastForeignSchema<T>(db: Database, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!isForeignSchema(error)) throw error;
    passed.set(db, messageOf(error));
    // The driver's defensive mode ignores the pragma. Nothing is written to the schema.
    db.unsafeMode(true);
    db.pragma('writable_schema = ON');
    return work();
  }
}

/** What SQLite says of the entries that it does not know, if there are any; from then on the connection goes past them. */
export function foreignSchema(db: Database): string | undefined {
  try {
    pastForeignSchema(db, () => db.prepare('SELECT 1 FROM sqlite_schema').get());
  } catch {
    // Any other error is found, and judged, by the check of the database.
  }
  return passed.get(db);
}
