import { BackupService } from 'sqlite-autobackup';
import Database from 'better-sqlite3';
import Libsql from 'libsql';
import { memoryLogger } from '../support/memory-logger';
import { useTempFolder } from '../support/temp-folder';
import { failureOf } from '../support/whole-backups';

// What libsql writes into a file that SQLite does not know.
const folder = useTempFolder();

const VECTORS = `
  CREATE TABLE films (title TEXT, embedding F32_BLOB(3));
  CREATE INDEX films_by_title ON films (title);
  CREATE INDEX films_near ON films (libsql_vector_idx(embedding));
`;

function createFilms(database: string): void {
  const db = new Libsql(database);
  db.exec(VECTORS);
  const add = db.prepare('INSERT INTO films VALUES (?, vector32(?))');
  for (let i = 0; i < 200; i++) add.run(`film ${i}`, JSON.stringify([i, i + 1, i + 2]));
  db.close();
}

test.each(['quick', 'full'] as const)('vector indexes are backed up, and answer in the backup (%s)', async (verify) => {
  const database = folder.file('app.db');
  createFilms(database);
  const service = new BackupService({ database, logger: memoryLogger(), verify });
  const { name, path } = await service.createBackup();
  expect(await service.verifyBackup(name, { level: verify })).toMatchObject({ ok: true, problems: [] });

  const backup = new Libsql(path, { readonly: true });
  const nearest = "SELECT title FROM vector_top_k('films_near', '[7, 8, 9]', 1) JOIN films ON films.rowid = id";
  expect(backup.prepare(nearest).all()).toEqual([{ title: 'film 7' }]);
  backup.close();
});

test.each(['quick', 'full'] as const)(
  'beside a vector index, an index that lacks entries is found (%s)',
  async (verify) => {
    const database = folder.file('app.db');
    createFilms(database);
    // The index loses what it has, behind SQLite's back: its pages become those of an empty one.
    const db = new Database(database);
    db.exec('CREATE TABLE empty (title TEXT); CREATE INDEX empty_by_title ON empty (title)');
    db.unsafeMode(true);
    db.exec(`
    PRAGMA writable_schema = ON;
    UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'empty_by_title')
      WHERE name = 'films_by_title';
    DELETE FROM sqlite_schema WHERE name = 'empty_by_title';
    PRAGMA writable_schema = OFF;
  `);
    db.close();
    const service = new BackupService({ database, logger: memoryLogger(), verify });
    const error = await failureOf(() => service.createBackup(), 'ERR_BACKUP_SOURCE_CORRUPT', 'films_by_title');
    expect(error.message).not.toContain('films_near');
  },
);

test('a schema that only libsql can read is refused, and not called damaged', async () => {
  const database = folder.file('app.db');
  const db = new Libsql(database);
  db.exec('CREATE TABLE tickets (name TEXT) RANDOM ROWID');
  db.close();
  const service = new BackupService({ database, logger: memoryLogger() });
  await failureOf(() => service.createBackup(), 'ERR_BACKUP_SOURCE_INVALID', 'RANDOM ROWID');
});
