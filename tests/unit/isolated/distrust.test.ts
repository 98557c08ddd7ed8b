import Database from 'better-sqlite3';
import { distrust } from '#dist/isolated/shared/distrust.js';

test('a database that we did not make is defended against: its schema, its cells, and writes to either', () => {
  const db = new Database(':memory:');
  try {
    db.exec('CREATE TABLE t (a)');
    distrust(db);
    expect(db.pragma('trusted_schema', { simple: true })).toBe(0);
    expect(db.pragma('cell_size_check', { simple: true })).toBe(1);
    // SQLITE_DBCONFIG_DEFENSIVE cannot be asked for: what it forbids is.
    db.pragma('writable_schema = ON');
    expect(() => db.exec("UPDATE sqlite_schema SET sql = ''")).toThrow(/may not be modified/);
  } finally {
    db.close();
  }
});
