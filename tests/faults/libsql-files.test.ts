import fs from 'node:fs';
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

describe('a schema that only libsql can read', () => {
  const QUERY = 'SELECT name FROM tickets ORDER BY name';
  const names = (file: string) => {
    const db = new Libsql(file, { readonly: true });
    try {
      return db.prepare(QUERY).pluck().all();
    } finally {
      db.close();
    }
  };
  const create = () => {
    const database = folder.file('app.db');
    const db = new Libsql(database);
    db.exec(`PRAGMA journal_mode = WAL; CREATE TABLE plain (x); CREATE TABLE tickets (name TEXT) RANDOM ROWID;
      INSERT INTO tickets VALUES ('a'), ('b')`);
    return { database, db, service: new BackupService({ database, logger: memoryLogger() }) };
  };
  const FINDING = expect.stringMatching(/could not be judged.*ROWID/) as string;

  test('is backed up with a finding, and restored while the app has it open', async () => {
    const { db, service } = create();
    const { name, path, findings } = await service.createBackup();
    expect(findings).toContainEqual(FINDING);
    expect(names(path)).toEqual(['a', 'b']);
    const report = await service.verifyBackup(name, { level: 'drill', assertions: ['SELECT count(*) = 0 FROM plain'] });
    expect(report).toMatchObject({ ok: true, problems: [], findings: [FINDING] });

    db.exec("INSERT INTO tickets VALUES ('c')");
    const { method, safetyBackup } = await service.restoreBackup(name);
    expect(method).toBe('online');
    expect(db.prepare(QUERY).pluck().all()).toEqual(['a', 'b']);
    db.close();
    expect(names(folder.file(safetyBackup!))).toEqual(['a', 'b', 'c']);
  });

  test('does not hide a damaged page', async () => {
    const { database, db, service } = create();
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    db.close();
    const bytes = fs.readFileSync(database);
    // The first byte of the table's root: no kind of page has this one.
    bytes[bytes.length - 4096] = 0x77;
    fs.writeFileSync(database, bytes);
    await failureOf(() => service.createBackup(), 'ERR_BACKUP_SOURCE_CORRUPT', 'damaged');
  });
});
