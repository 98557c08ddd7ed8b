import fs from 'node:fs';
import path from 'node:path';
import { BackupService } from 'sqlite-autobackup';
import type { Backup } from 'sqlite-autobackup';
import Database from 'better-sqlite3';
import { countRows, hashOfContents } from '../support/database-contents';
import type { JournalMode } from '../support/databases';
import { thrownBy } from '../support/errors';
import { memoryLogger } from '../support/memory-logger';
import { useTempFolder } from '../support/temp-folder';

const folder = useTempFolder();

/** Opened for the length of `fill`. Its settings come first: they count only while it has no page. */
function create(file: string, fill: (db: Database.Database) => void): string {
  const db = new Database(file);
  try {
    fill(db);
  } finally {
    db.close();
  }
  return file;
}

/** Takes one and proves it in every way: by its content, as it is listed, and by `verifyBackup`. */
async function backUp(database: string, directory?: string): Promise<Backup> {
  const options = directory === undefined ? {} : { directory };
  const service = new BackupService({ database, logger: memoryLogger(), verify: 'full', ...options });
  const source = hashOfContents(database);
  const backup = await service.createBackup();
  expect(hashOfContents(backup.path)).toBe(source);
  expect(hashOfContents(database)).toBe(source);
  expect(await service.listBackups()).toEqual([backup]);
  expect(service.getLatestBackup()).toEqual(backup);
  expect(await service.backupIfDue()).toMatchObject({ status: 'fresh', latest: { name: backup.name } });
  const report = await service.verifyBackup(backup.name, { level: 'full' });
  expect(report).toMatchObject({ ok: true, problems: [], uncheckedTables: [] });
  return backup;
}

const SOME_ROWS = `
  CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT NOT NULL, weight REAL, bytes BLOB);
  CREATE INDEX things_by_name ON things (name);
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
  INSERT INTO things SELECT i, 'thing ' || i, i / 7.0, randomblob(i * 11 % 3000) FROM n;
`;

describe.each<JournalMode>(['wal', 'delete'])('in %s mode', (journalMode) => {
  test.each([512, 1024, 2048, 4096, 8192, 16384, 32768, 65536])('pages of %d bytes', async (pageSize) => {
    const database = create(folder.file('app.db'), (db) => {
      db.pragma(`page_size = ${pageSize}`);
      db.pragma(`journal_mode = ${journalMode}`);
      db.exec(SOME_ROWS);
      expect(db.pragma('page_size', { simple: true })).toBe(pageSize);
    });
    const { manifest, sizeBytes } = await backUp(database);
    expect(manifest).toMatchObject({ pageSize, pageCount: sizeBytes / pageSize, journalMode });
  });

  test.each(['NONE', 'FULL', 'INCREMENTAL'])('auto_vacuum = %s, with free pages inside', async (autoVacuum) => {
    const database = create(folder.file('app.db'), (db) => {
      db.pragma(`auto_vacuum = ${autoVacuum}`);
      db.pragma(`journal_mode = ${journalMode}`);
      db.exec(`${SOME_ROWS} DELETE FROM things WHERE id % 3 = 0; DROP INDEX things_by_name;`);
      expect(db.pragma('auto_vacuum', { simple: true })).toBe(['NONE', 'FULL', 'INCREMENTAL'].indexOf(autoVacuum));
      // FULL gives them back with each commit.
      expect(db.pragma('freelist_count', { simple: true }) !== 0).toBe(autoVacuum !== 'FULL');
    });
    await backUp(database);
  });

  test('FTS5 and R-tree tables, and they answer in the backup', async () => {
    const database = create(folder.file('app.db'), (db) => {
      db.pragma(`journal_mode = ${journalMode}`);
      db.exec(`
        CREATE VIRTUAL TABLE notes USING fts5(title, body, tokenize = 'porter');
        INSERT INTO notes VALUES ('Stock', 'Seven hens were counted'), ('Till', 'Nothing to count');
        CREATE VIRTUAL TABLE places USING rtree(id, west, east, south, north);
        INSERT INTO places VALUES (1, 9.1, 9.2, 48.7, 48.8), (2, 13.3, 13.5, 52.4, 52.6);
      `);
    });
    const { path: file } = await backUp(database);
    const db = new Database(file, { readonly: true });
    const find = (sql: string) => db.prepare(sql).pluck().all();
    expect(find("SELECT title FROM notes WHERE notes MATCH 'hen AND counts'")).toEqual(['Stock']);
    expect(find('SELECT id FROM places WHERE west > 10 AND north < 53')).toEqual([2]);
    db.close();
  });

  test('WITHOUT ROWID, STRICT and generated columns, partial and expression indexes, triggers, views, odd values', async () => {
    const database = create(folder.file('app.db'), (db) => {
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
    await backUp(database);
  });

  test('4 KB: one page and no table, empty but valid', async () => {
    const database = create(folder.file('app.db'), (db) => {
      db.pragma(`journal_mode = ${journalMode}`);
      db.pragma('user_version = 1');
    });
    expect(fs.statSync(database).size).toBe(4096);
    const { sizeBytes, manifest } = await backUp(database);
    expect({ sizeBytes, pageCount: manifest!.pageCount }).toEqual({ sizeBytes: 4096, pageCount: 1 });
  });

  test('UTF-16 text', async () => {
    const database = create(folder.file('app.db'), (db) => {
      db.pragma("encoding = 'UTF-16le'");
      db.pragma(`journal_mode = ${journalMode}`);
      db.exec(`${SOME_ROWS} INSERT INTO things (name) VALUES ('ñandú 🥚')`);
    });
    await backUp(database);
  });
});

describe('names', () => {
  // Windows has no file of most of these names.
  const onWindows = process.platform === 'win32';
  const names = [
    'two words.db',
    "it's.db",
    'say "hi".db',
    '`id` $(id) ; & | < >.db',
    'what?mode=memory.db',
    '100%.db',
    '%41%2e%2F.db',
    'a#b.db',
    'file:app.db',
    ':memory:',
    '*.[ab].{c,d}.db',
    'back\\slash.db',
    'line\nbreak.db',
    '-rf.db',
    '--',
    '~',
    '.hidden.db',
    'many.dots.in.it.sqlite3',
    'no extension',
    'ends in a dot.',
    'café.db'.normalize('NFC'),
    'café.db'.normalize('NFD'),
    'склад-在庫-🥚.db',
  ].filter((name) => !onWindows || !/[<>:"|?*\\\n]|\.$/.test(name));

  test.each(names)(
    'a database called %j, in a folder called the same, with its backups in another such',
    async (name) => {
      const beside = folder.file(`${name} (folder)`);
      const elsewhere = folder.file(`${name} (backups)`);
      fs.mkdirSync(beside);
      fs.mkdirSync(elsewhere);
      const database = create(path.join(beside, name), (db) => db.exec(SOME_ROWS));
      const others = [folder.list(), fs.readdirSync(beside)];

      const backup = await backUp(database, elsewhere);
      expect(path.dirname(backup.path)).toBe(elsewhere);
      expect(backup.name.startsWith(path.parse(name).name)).toBe(true);
      expect(backup.name.endsWith(path.parse(name).ext)).toBe(true);
      // Nowhere else is anything, such as a file of half the name.
      expect([folder.list(), fs.readdirSync(beside)]).toEqual(others);
      expect(countRows(backup.path)).toBe(300);
    },
  );

  test('two databases whose names differ in their Unicode form only have backups of their own', async () => {
    const made = [];
    for (const form of ['NFC', 'NFD'] as const) {
      const database = create(folder.file('café.db'.normalize(form)), (db) => db.exec(SOME_ROWS));
      made.push(await backUp(database));
    }
    expect(new Set(made.map(({ path: file }) => file)).size).toBe(2);
  });

  test('the longest name and the longest path that work do, and one more is refused when the service is made', async () => {
    if (onWindows) return;
    const named = (length: number) => folder.file(`${'x'.repeat(length - 3)}.db`);
    await backUp(create(named(205), (db) => db.exec(SOME_ROWS)));
    expect(thrownBy(() => new BackupService({ database: named(206) }))).toMatchObject({
      code: 'ERR_BACKUP_OPTIONS',
      message: expect.stringMatching(/too long, by 1 bytes: "x+\.db"\. Give it a name of at most 205 bytes\./),
    });

    // 512 bytes with the journal of an unfinished backup.
    const far = (length: number) => {
      const rest = length - '/.app_backup_20261124_093000.0123456789ab.partial-journal'.length - folder.path.length;
      return folder.file('d'.repeat(200), 'e'.repeat(rest - 202));
    };
    fs.mkdirSync(far(512), { recursive: true });
    const database = create(folder.file('app.db'), (db) => db.exec(SOME_ROWS));
    await backUp(database, far(512));
    expect(thrownBy(() => new BackupService({ database, directory: far(513) }))).toMatchObject({
      code: 'ERR_BACKUP_OPTIONS',
      message: expect.stringMatching(/too long for SQLite, by 1 bytes: ".*" *\. Set the "directory" option/),
    });
  });
});
