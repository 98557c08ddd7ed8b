import fs from 'node:fs';
import Database from 'better-sqlite3';
import type { JournalMode } from '../support/databases';
import { createDatabase, SOME_ROWS, takeProvenBackup } from '../support/proven-backup';
import { useTempFolder } from '../support/temp-folder';

const folder = useTempFolder();

describe.each<JournalMode>(['wal', 'delete'])('in %s mode', (journalMode) => {
  test.each([512, 1024, 2048, 4096, 8192, 16384, 32768, 65536])('pages of %d bytes', async (pageSize) => {
    const database = createDatabase(folder.file('app.db'), (db) => {
      db.pragma(`page_size = ${pageSize}`);
      db.pragma(`journal_mode = ${journalMode}`);
      db.exec(SOME_ROWS);
      expect(db.pragma('page_size', { simple: true })).toBe(pageSize);
    });
    const { manifest, sizeBytes } = await takeProvenBackup(database);
    expect(manifest).toMatchObject({ pageSize, pageCount: sizeBytes / pageSize, journalMode });
  });

  test.each(['NONE', 'FULL', 'INCREMENTAL'])('auto_vacuum = %s, with free pages inside', async (autoVacuum) => {
    const database = createDatabase(folder.file('app.db'), (db) => {
      db.pragma(`auto_vacuum = ${autoVacuum}`);
      db.pragma(`journal_mode = ${journalMode}`);
      db.exec(`${SOME_ROWS} DELETE FROM things WHERE id % 3 = 0; DROP INDEX things_by_name;`);
      expect(db.pragma('auto_vacuum', { simple: true })).toBe(['NONE', 'FULL', 'INCREMENTAL'].indexOf(autoVacuum));
      // FULL gives them back with each commit.
      expect(db.pragma('freelist_count', { simple: true }) !== 0).toBe(autoVacuum !== 'FULL');
    });
    await takeProvenBackup(database);
  });

  test('FTS5 and R-tree tables, and they answer in the backup', async () => {
    const database = createDatabase(folder.file('app.db'), (db) => {
      db.pragma(`journal_mode = ${journalMode}`);
      db.exec(`
        CREATE VIRTUAL TABLE notes USING fts5(title, body, tokenize = 'porter');
        INSERT INTO notes VALUES ('Stock', 'Seven hens were counted'), ('Till', 'Nothing to count');
        CREATE VIRTUAL TABLE places USING rtree(id, west, east, south, north);
        INSERT INTO places VALUES (1, 9.1, 9.2, 48.7, 48.8), (2, 13.3, 13.5, 52.4, 52.6);
      `);
    });
    const { path: file } = await takeProvenBackup(database);
    const db = new Database(file, { readonly: true });
    const find = (sql: string) => db.prepare(sql).pluck().all();
    expect(find("SELECT title FROM notes WHERE notes MATCH 'hen AND counts'")).toEqual(['Stock']);
    expect(find('SELECT id FROM places WHERE west > 10 AND north < 53')).toEqual([2]);
    db.close();
  });

  test('WITHOUT ROWID, STRICT and generated columns, partial and expression indexes, triggers, views, odd values', async () => {
    const database = createDatabase(folder.file('app.db'), (db) => {
      db.pragma(`journal_mode = ${journalMode}`);
      db.pragma('user_version = 77');
      db.pragma('application_id = 1234567');
      db.exec(`
        CREATE TABLE prices (code TEXT PRIMARY KEY, cents INTEGER NOT NULL) WITHOUT ROWID, STRICT;
        CREATE TABLE lines (
          id INTEGER PRIMARY KEY AUTOINCREMENT, count INTEGER, cents INTEGER,
          total INTEGER GENERATED ALWAYS AS (count * cents) STORED,
          label TEXT GENERATED ALWAYS AS (count || ' x ' || cents) VIRTUAL
        );
        CREATE INDEX large_lines ON lines (total) WHERE total > 100;
        CREATE INDEX lines_by_label ON lines (upper(label));
        CREATE VIEW sums AS SELECT sum(total) AS total FROM lines;
        CREATE TABLE "odd ""names'" ("a b" ANY, "select" ANY);
        CREATE TRIGGER priced AFTER INSERT ON prices BEGIN INSERT INTO lines (count, cents) VALUES (2, new.cents); END;
        INSERT INTO prices VALUES ('hen', 1250), ('egg', 45), ('ñandú 🥚', 9223372036854775807 / 3);
        INSERT INTO "odd ""names'" VALUES (NULL, x'00ff00'), (-9223372036854775808, 9e999), ('', x''), ('a' || char(0) || 'b', 0.1);
        ANALYZE;
      `);
    });
    await takeProvenBackup(database);
  });

  test('4 KB: one page and no table, empty but valid', async () => {
    const database = createDatabase(folder.file('app.db'), (db) => {
      db.pragma(`journal_mode = ${journalMode}`);
      db.pragma('user_version = 1');
    });
    expect(fs.statSync(database).size).toBe(4096);
    const { sizeBytes, manifest } = await takeProvenBackup(database);
    expect({ sizeBytes, pageCount: manifest!.pageCount }).toEqual({ sizeBytes: 4096, pageCount: 1 });
  });

  test('UTF-16 text', async () => {
    const database = createDatabase(folder.file('app.db'), (db) => {
      db.pragma("encoding = 'UTF-16le'");
      db.pragma(`journal_mode = ${journalMode}`);
      db.exec(`${SOME_ROWS} INSERT INTO things (name) VALUES ('ñandú 🥚')`);
    });
    await takeProvenBackup(database);
  });
});
