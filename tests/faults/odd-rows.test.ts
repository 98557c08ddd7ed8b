import Database from 'better-sqlite3';
import fs from 'node:fs';
import { BackupService } from 'sqlite-autobackup';
import { rejectionOf } from '../support/errors';
import { memoryLogger } from '../support/memory-logger';
import { refusalOf, useRecovering } from '../support/recovering';

// Tables as others have them: each kind is compared, lost and brought back.

const { folder, after } = useRecovering();

/** Every value of a table by its type and its bytes. */
function exactly(db: Database.Database, table: string): unknown[] {
  const columns = db.prepare('SELECT name FROM pragma_table_xinfo(?) WHERE hidden <> 1').pluck().all(table) as string[];
  const cells = columns.map((name) => `typeof("${name}"), hex(CAST("${name}" AS BLOB))`).join(', ');
  return db.prepare(`SELECT ${cells} FROM "${table}"`).raw().all();
}

describe('values that JavaScript cannot carry as they are', () => {
  // CAST: a text whose bytes are no UTF-8. It would come out of a string as U+FFFD.
  const VALUES = `(1, CAST(x'ff80' AS TEXT)), (2, 9223372036854775807), (3, -9223372036854775808), (4, 9007199254740993), (5, -0.0),
    (6, 9e999), (7, 'a' || char(0) || 'b'), (8, ''), (9, x''), (10, CAST(x'00d8' AS TEXT)), (11, '2'), (12, 2.0)`;
  const MAKE = `CREATE TABLE a (id INTEGER PRIMARY KEY, v); INSERT INTO a VALUES ${VALUES};
    CREATE TABLE w (k PRIMARY KEY, v) WITHOUT ROWID; INSERT INTO w SELECT v, v FROM a`;

  test.each(['UTF-8', 'UTF-16le'])('come back in %s byte for byte', async (encoding) => {
    const { db, recover, whole } = await after(`PRAGMA encoding = '${encoding}'; ${MAKE}`, '');
    const [a, w] = [exactly(db, 'a'), exactly(db, 'w')];
    db.exec('DELETE FROM a; DELETE FROM w');
    await recover({ table: 'a', removed: true });
    await recover({ table: 'w', where: 'TRUE' });
    expect([exactly(db, 'a'), exactly(db, 'w')]).toEqual([a, w]);
    db.exec('UPDATE a SET v = 1; UPDATE w SET v = 1');
    expect((await recover({ table: 'a', where: 'TRUE', onConflict: 'overwrite' })).overwritten).toEqual({ a: 12 });
    await recover({ table: 'w', where: 'TRUE', onConflict: 'overwrite' });
    expect([exactly(db, 'a'), exactly(db, 'w')]).toEqual([a, w]);
    await whole();
  });

  test('also as a script', async () => {
    const { db, recover, whole } = await after(MAKE, '');
    const [a, w] = [exactly(db, 'a'), exactly(db, 'w')];
    db.exec('DELETE FROM a; DELETE FROM w');
    for (const table of ['a', 'w']) {
      await recover({ table, removed: true, sql: folder.file(`${table}.sql`) });
      db.exec(fs.readFileSync(folder.file(`${table}.sql`), 'utf8'));
    }
    expect([exactly(db, 'a'), exactly(db, 'w')]).toEqual([a, w]);
    await whole();
  });
});

test('a table of 1,500 columns is compared, written and overwritten', async () => {
  const columns = Array.from({ length: 1_500 }, (_, i) => `c${i}`).join(', ');
  const { all, recover, service, backup, whole } = await after(
    `CREATE TABLE wide (id INTEGER PRIMARY KEY, ${columns}); INSERT INTO wide (c0, c1499) VALUES (1, 2), (3, 4)`,
    'DELETE FROM wide WHERE id = 1; UPDATE wide SET c700 = 5',
  );
  expect((await service.diffBackup(backup.name)).tables).toMatchObject([{ added: 0, changed: 1, removed: 1 }]);
  await recover({ table: 'wide', where: 'TRUE', onConflict: 'overwrite' });
  expect(all('SELECT id, c0, c700, c1499 FROM wide')).toEqual([[1, 1, null, 2], [2, 3, null, 4]]); // prettier-ignore
  await whole();
});

describe('a reference that is computed', () => {
  const linked = (kind: string) => `CREATE TABLE p (id INTEGER PRIMARY KEY, t);
    CREATE TABLE k (id INTEGER PRIMARY KEY, doc TEXT, p GENERATED ALWAYS AS (doc ->> 'p') ${kind} REFERENCES p (id) ON DELETE CASCADE);
    INSERT INTO p VALUES (1, 'a'), (2, 'b'); INSERT INTO k (id, doc) VALUES (1, '{"p":1}'), (2, '{"p":2}')`;

  test.each(['STORED', 'VIRTUAL'])('%s: what refers to a row by it comes back with the row', async (kind) => {
    const { recover, all, whole } = await after(linked(kind), 'DELETE FROM p WHERE id = 1');
    expect((await recover({ table: 'p', where: 'id = 1' })).inserted).toEqual({ p: 1, k: 1 });
    expect(all('SELECT id, p FROM k')).toEqual([[1, 1], [2, 2]]); // prettier-ignore
    await whole();
  });

  test.each(['STORED', 'VIRTUAL'])('%s: it cannot follow a new key, so that nothing is written', async (kind) => {
    const { recover, all, whole } = await after(
      linked(kind),
      `DELETE FROM p WHERE id = 1; INSERT INTO p VALUES (1, 'somebody else')`,
    );
    const error = await rejectionOf(recover({ table: 'p', where: 'id = 1', onConflict: 'as-new' }));
    expect(error).toMatchObject({ code: 'ERR_BACKUP_RECOVER_TABLE', message: expect.stringContaining('computed') });
    expect(all('SELECT id FROM k')).toEqual([[2]]);
    await whole();
  });
});

test('rows whose reference became its default when the parent was deleted are no conflict, and are named', async () => {
  const { recover, all, whole } = await after(
    `CREATE TABLE p (id INTEGER PRIMARY KEY, t); CREATE TABLE k (id INTEGER PRIMARY KEY, p DEFAULT 1 REFERENCES p (id) ON DELETE SET DEFAULT);
     INSERT INTO p VALUES (1, 'none'), (2, 'x'); INSERT INTO k VALUES (1, 2)`,
    'DELETE FROM p WHERE id = 2',
  );
  const { inserted, alsoChanged } = await recover({ table: 'p', where: 'id = 2' });
  expect({ inserted, alsoChanged }).toEqual({ inserted: { p: 1 }, alsoChanged: [{ table: 'k', count: 1 }] });
  expect(all('SELECT p FROM k')).toEqual([[1]]);
  await whole();
});

test('where no new key can be given, the error says so', async () => {
  const { recover, whole } = await after(
    `CREATE TABLE a (k TEXT PRIMARY KEY, v) WITHOUT ROWID; INSERT INTO a VALUES ('x', 1)`,
    'UPDATE a SET v = 2',
  );
  const error = await refusalOf(recover({ table: 'a', where: 'TRUE', onConflict: 'as-new' }));
  expect(error.hint).toContain('INTEGER PRIMARY KEY only');
  await whole();
});

test('a key that is bytes is named by them', async () => {
  const { recover, whole } = await after(
    `CREATE TABLE a (k BLOB PRIMARY KEY, v) WITHOUT ROWID; INSERT INTO a VALUES (x'00ff', 1)`,
    'UPDATE a SET v = 2',
  );
  expect((await refusalOf(recover({ table: 'a', where: 'TRUE' }))).message).toContain(`in "a" (key x'00ff').`);
  await whole();
});

test('a table that is made again brings back what referred to it; a value for a table that there is not is an error', async () => {
  const { recover, all, whole } = await after(
    `CREATE TABLE p (id INTEGER PRIMARY KEY, t); CREATE INDEX p_t ON p (t); CREATE TABLE k (id INTEGER PRIMARY KEY, p REFERENCES p (id));
     INSERT INTO p VALUES (1, 'x'); INSERT INTO k VALUES (1, 1)`,
    'PRAGMA foreign_keys = OFF; DROP TABLE p; DELETE FROM k; PRAGMA foreign_keys = ON',
  );
  const ask = { table: 'p', removed: true, create: true };
  expect(await rejectionOf(recover({ ...ask, set: { 'nothing.t': 1 } }))).toMatchObject({
    code: 'ERR_BACKUP_RECOVER_COLUMN',
    message: expect.stringContaining('no table "nothing"'),
  });
  expect((await recover(ask)).inserted).toEqual({ p: 1, k: 1 });
  expect(all('SELECT name FROM sqlite_schema')).toEqual([['k'], ['p'], ['p_t']]);
  await whole();
});

test('an R-tree is compared and written through its own table, never through its shadow tables', async () => {
  const { recover, all, service, backup, whole } = await after(
    `CREATE VIRTUAL TABLE places USING rtree (id, x0, x1, y0, y1, +name TEXT);
     INSERT INTO places VALUES (1, 0, 1, 0, 1, 'a'), (2, 5, 6, 5, 6, 'b'), (3, 9, 9.5, 9, 9.5, 'c')`,
    `DELETE FROM places WHERE id = 2; UPDATE places SET name = 'z' WHERE id = 3; INSERT INTO places VALUES (4, 1, 2, 3, 4, 'n')`,
  );
  const { tables } = await service.diffBackup(backup.name);
  expect(tables).toMatchObject([{ name: 'places', added: 1, changed: 1, removed: 1 }]);
  await recover({ table: 'places', removed: true });
  await recover({ table: 'places', where: 'id = 3', onConflict: 'overwrite' });
  expect(all('SELECT id, name FROM places ORDER BY id')).toEqual([[1, 'a'], [2, 'b'], [3, 'c'], [4, 'n']]); // prettier-ignore
  expect(all('SELECT id FROM places WHERE x0 > 4 AND x1 < 7')).toEqual([[2]]);
  expect(all("SELECT rtreecheck('places')")).toEqual([['ok']]);
  await whole();
});

/** The schema's format number, which says what an index that is DESC looks like (https://www.sqlite.org/fileformat2.html, 1.3.9). */
const formatOf = (file: string): number => fs.readFileSync(file).readUInt32BE(44);

test('a backup of an older schema format, whose DESC indexes are not, is compared with one of today and brought back', async () => {
  const file = folder.file('app.db');
  const make = (db: Database.Database): void => {
    db.exec(`CREATE TABLE a (k TEXT, n INTEGER, PRIMARY KEY (k DESC, n)) WITHOUT ROWID; CREATE TABLE b (id INTEGER PRIMARY KEY, t);
      CREATE INDEX b_t ON b (t DESC); INSERT INTO a VALUES ('x', 1), ('y', 0), ('z', 2); INSERT INTO b VALUES (1, 1), (2, 0), (3, 'c')`);
  };
  const first = new Database(file);
  first.exec('CREATE TABLE seed (a)');
  first.close();
  const bytes = fs.readFileSync(file);
  bytes.writeUInt32BE(1, 44);
  fs.writeFileSync(file, bytes);
  const old = new Database(file);
  make(old);
  old.exec('DROP TABLE seed');
  old.close();
  const service = new BackupService({ database: file, logger: memoryLogger() });
  const { name, path } = await service.createBackup();
  expect(formatOf(path)).toBe(1);
  fs.rmSync(file);
  const db = new Database(file);
  make(db);
  const everything = [exactly(db, 'a'), exactly(db, 'b')];
  expect(formatOf(file)).toBe(4);
  db.exec(`DELETE FROM a WHERE k = 'y'; DELETE FROM b WHERE id = 2; UPDATE b SET t = 7 WHERE id = 1`);
  expect((await service.diffBackup(name)).tables).toMatchObject([
    { name: 'a', added: 0, changed: 0, removed: 1 },
    { name: 'b', added: 0, changed: 1, removed: 1 },
  ]);
  await service.recoverRows(name, { table: 'a', removed: true });
  await service.recoverRows(name, { table: 'b', where: 'TRUE', onConflict: 'overwrite' });
  expect([exactly(db, 'a'), exactly(db, 'b')]).toEqual(everything);
  expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
  db.close();
});

describe("what needs the app's own connection", () => {
  /** As the app has made it: with names that no connection of ours knows. */
  function rename(from: string, to: string): void {
    const db = new Database(folder.file('app.db'));
    db.unsafeMode();
    db.pragma('writable_schema = ON');
    db.prepare('UPDATE sqlite_schema SET sql = replace(sql, ?, ?)').run(from, to);
    db.close();
  }

  async function lost(sql: string, known: string, happened: string) {
    const made = new Database(folder.file('app.db'));
    made.exec(sql);
    made.close();
    rename(known, 'german');
    const service = new BackupService({ database: folder.file('app.db'), logger: memoryLogger() });
    const { name } = await service.createBackup();
    rename('german', known);
    const db = new Database(folder.file('app.db'));
    db.exec(happened);
    db.close();
    rename(known, 'german');
    return { service, name };
  }

  const OTHERS = `CREATE TABLE other (id INTEGER PRIMARY KEY); INSERT INTO other VALUES (1);`;

  test.each([
    ['the collation of an index', `${OTHERS} CREATE TABLE a (id INTEGER PRIMARY KEY, t TEXT COLLATE rtrim); CREATE INDEX a_t ON a (t); INSERT INTO a VALUES (1, 'b'), (2, 'A')`, 'rtrim'], // prettier-ignore
    ['the collation of a key', `${OTHERS} CREATE TABLE a (t TEXT COLLATE rtrim PRIMARY KEY, n); INSERT INTO a VALUES ('b', 1), ('A', 2)`, 'rtrim'], // prettier-ignore
    ['the tokenizer of a full-text index', `${OTHERS} CREATE VIRTUAL TABLE a USING fts5 (t, tokenize = 'porter'); INSERT INTO a VALUES ('b'), ('A')`, 'porter'], // prettier-ignore
  ])('%s: the rows are shown, and not written', async (_, sql, known) => {
    const { service, name } = await lost(sql, known, `DELETE FROM a WHERE rowid = 1; DELETE FROM other`);
    const { tables } = await service.diffBackup(name, { rows: 5 });
    expect(tables.map(({ removed, skipped }) => [removed, skipped])).toEqual([[1, undefined], [1, undefined]]); // prettier-ignore
    expect(tables[1]!.rows).toMatchObject([{ kind: 'removed', before: { t: 'b' } }]);
    expect(await rejectionOf(service.recoverRows(name, { table: 'a', removed: true }))).toMatchObject({
      code: 'ERR_BACKUP_RECOVER_TABLE',
      message: expect.stringContaining('german'),
    });
    expect((await service.recoverRows(name, { table: 'other', removed: true })).inserted).toEqual({ other: 1 });
  });

  test('a table that is nothing but such a key is named, with the reason, beside those that are compared', async () => {
    const { service, name } = await lost(
      `${OTHERS} CREATE TABLE a (t TEXT COLLATE rtrim PRIMARY KEY, n) WITHOUT ROWID; INSERT INTO a VALUES ('b', 1)`,
      'rtrim',
      'DELETE FROM a; DELETE FROM other',
    );
    const { tables } = await service.diffBackup(name);
    expect(tables).toMatchObject([{ name: 'other', removed: 1 }, { name: 'a', skipped: expect.any(String) }]); // prettier-ignore
    const refused = await rejectionOf(service.recoverRows(name, { table: 'a', removed: true }));
    expect(refused.code).toBe('ERR_BACKUP_RECOVER_TABLE');
    expect((await rejectionOf(service.queryBackup(name, 'SELECT * FROM a'))).code).toBe('ERR_BACKUP_QUERY');
  });

  test('a column of such a collation that no index has comes back; an expression that compares it is refused', async () => {
    const { service, name } = await lost(
      `CREATE TABLE a (id INTEGER PRIMARY KEY, t TEXT COLLATE rtrim); INSERT INTO a VALUES (1, 'b'), (2, 'A')`,
      'rtrim',
      'DELETE FROM a WHERE id = 1',
    );
    const refused = await rejectionOf(service.recoverRows(name, { table: 'a', where: "t = 'b'" }));
    expect(refused).toMatchObject({ code: 'ERR_BACKUP_RECOVER_WHERE', message: expect.stringContaining('german') });
    const asked = await rejectionOf(service.queryBackup(name, "SELECT * FROM a WHERE t = 'b'"));
    expect(asked).toMatchObject({ code: 'ERR_BACKUP_QUERY', message: expect.stringContaining('german') });
    expect((await service.recoverRows(name, { table: 'a', where: 'id = 1' })).inserted).toEqual({ a: 1 });
  });
});

test('a script has the values that were given', async () => {
  const { db, all, recover, whole } = await after(
    `CREATE TABLE a (id INTEGER PRIMARY KEY, t, n); INSERT INTO a VALUES (1, 'x', 1)`,
    'DELETE FROM a',
  );
  await recover({ table: 'a', removed: true, set: { t: "it's", n: null }, sql: folder.file('a.sql') });
  db.exec(fs.readFileSync(folder.file('a.sql'), 'utf8'));
  expect(all('SELECT * FROM a')).toEqual([[1, "it's", null]]);
  await whole();
});
