import Database from 'better-sqlite3';
import { describeDatabaseSource } from 'sqlite-autobackup/testing';
import type { OpenedSource } from 'sqlite-autobackup/testing';
import { useTempFolder } from '../support/temp-folder';

const temp = useTempFolder();
/** It only bounds what hangs. */
const PATIENT = { timeoutMs: 600_000 };

// The built-in source; beside it rqlite and sqld have the same suite.
const open = (): OpenedSource => {
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
};

describeDatabaseSource('a file on the disk', open, PATIENT);
