import Database from 'better-sqlite3';
import { describeDatabaseSource } from 'sqlite-autobackup/testing';
import { useTempFolder } from '../support/temp-folder';

const temp = useTempFolder();

// The built-in source; beside it rqlite and sqld have the same suite.
describeDatabaseSource('a file on the disk', () => {
  const database = temp.file('app.db');
  const db = new Database(database);
  db.pragma('journal_mode = WAL');
  return {
    database,
    directory: temp.path,
    execute: (sql) => void db.exec(sql),
    ask: (sql) => db.prepare(sql).pluck().get(),
    close: () => void db.close(),
  };
});
