import Database from 'better-sqlite3';
import fs from 'node:fs';
import { BackupService, RecoverError } from 'sqlite-autobackup';
import type { JournalMode } from '../support/databases';
import { rejectionOf } from '../support/errors';
import { memoryLogger } from '../support/memory-logger';
import { refusalOf, SHOP, useRecovering } from '../support/recovering';

const { folder, after } = useRecovering();

describe.each<JournalMode>(['wal', 'delete'])('in %s mode', (mode) => {
  test('an invoice comes back with its lines, its customer and its notes, and later sales stay', async () => {
    const { recover, all, service, whole } = await after(
      SHOP,
      `DELETE FROM invoices WHERE id = 42; DELETE FROM customers WHERE id = 2; UPDATE products SET stock = 12 WHERE id = 1;
       UPDATE notes SET invoice_id = 43 WHERE id = 2; INSERT INTO invoices VALUES (44, 1, 1), (45, 1, 1), (46, 1, 1)`,
      mode,
    );
    const recovered: unknown[] = [];
    service.on('recovered', (event) => recovered.push(event));
    const plan = await recover({ table: 'invoices', where: 'id = 42', dryRun: true });
    expect(plan).toMatchObject({
      dryRun: true,
      inserted: { invoices: 1, items: 2, customers: 1 },
      relinked: { notes: 1 },
    });
    expect(plan.alsoChanged).toEqual([{ table: 'products', count: 1 }]);
    expect(all('SELECT id FROM invoices')).toEqual([[41], [43], [44], [45], [46]]);

    const report = await recover({ table: 'invoices', where: 'id = 42', plan: plan.plan });
    const { dryRun, safetyBackup, undo, ...same } = report;
    expect({ ...same, dryRun: true }).toEqual(plan);
    expect(dryRun).toBe(false);
    expect(recovered).toEqual([expect.objectContaining({ safetyBackup, plan: plan.plan })]);
    expect((await service.listBackups()).find(({ name }) => name === safetyBackup)).toMatchObject({ protected: true });
    expect(undo).toBe(`npx sqlite-autobackup restore ${safetyBackup} --database ${folder.file('app.db')}`);
    expect(all('SELECT * FROM invoices WHERE id >= 42')).toEqual([[42, 2, 7.5], [43, 1, 9], [44, 1, 1], [45, 1, 1], [46, 1, 1]]); // prettier-ignore
    expect(all('SELECT * FROM items WHERE invoice_id = 42')).toEqual([[2, 42, 1, 2], [3, 42, 2, 3]]); // prettier-ignore
    expect(all('SELECT id, invoice_id FROM notes')).toEqual([[1, 42], [2, 43], [3, 41]]); // prettier-ignore
    expect(all('SELECT * FROM customers')).toEqual([[1, 'Ann', 'ann@x'], [2, 'Bob', 'bob@x']]); // prettier-ignore
    expect(all('SELECT stock FROM products')).toEqual([[12], [20]]);
    await whole();
  });
});

describe('a key that was used again', () => {
  const REUSED = `DELETE FROM invoices WHERE id = 43; INSERT INTO invoices VALUES (43, 2, 100); INSERT INTO items VALUES (4, 43, 1, 77)`;
  const ask = { table: 'invoices', where: 'id = 43' };

  test('is a conflict that shows both versions, and its children wait', async () => {
    const { recover, all, whole } = await after(SHOP, REUSED);
    const error = await refusalOf(recover(ask));
    expect(error).toBeInstanceOf(RecoverError);
    expect(error.code).toBe('ERR_BACKUP_RECOVER_CONFLICT');
    expect(error.report).toMatchObject({ inserted: {}, conflictCount: 1 });
    expect(error.report.conflicts).toEqual([
      {
        ...{ table: 'invoices', key: [43], kind: 'key', columns: ['customer_id', 'total'] },
        backup: { id: 43, customer_id: 1, total: 9 },
        live: { id: 43, customer_id: 2, total: 100 },
      },
    ]);
    expect((await recover({ ...ask, onConflict: 'skip' })).skipped).toEqual({ invoices: 1 });
    expect(all('SELECT * FROM items WHERE id = 4')).toEqual([[4, 43, 1, 77]]);
    expect(folder.list().filter((name) => name.endsWith('.db'))).toHaveLength(2);
    await whole();
  });

  test('as new: the row and its line get new keys, and the line follows', async () => {
    const { recover, all, whole } = await after(SHOP, REUSED);
    const { newKeys, inserted } = await recover({ ...ask, onConflict: 'as-new' });
    expect(inserted).toEqual({ invoices: 1, items: 1 });
    expect(newKeys).toEqual(expect.arrayContaining([{ table: 'invoices', from: 43, to: 44 }]));
    expect(all('SELECT * FROM invoices WHERE id >= 43')).toEqual([[43, 2, 100], [44, 1, 9]]); // prettier-ignore
    expect(all('SELECT * FROM items WHERE id >= 4')).toEqual([[4, 43, 1, 77], [5, 44, 2, 1]]); // prettier-ignore
    await whole();
  });

  test('overwritten: the backup wins', async () => {
    const { recover, all, whole } = await after(SHOP, REUSED);
    expect((await recover({ ...ask, onConflict: 'overwrite' })).overwritten).toEqual({ invoices: 1, items: 1 });
    expect(all('SELECT * FROM invoices WHERE id = 43')).toEqual([[43, 1, 9]]);
    expect(all('SELECT * FROM items WHERE id = 4')).toEqual([[4, 43, 2, 1]]);
    await whole();
  });

  test('a line whose number was used again by another invoice is a conflict', async () => {
    const { recover, whole } = await after(
      SHOP,
      'DELETE FROM invoices WHERE id = 42; INSERT INTO items VALUES (3, 43, 1, 1)',
    );
    const error = await refusalOf(recover({ table: 'invoices', where: 'id = 42' }));
    expect(error.report.conflicts).toMatchObject([{ table: 'items', key: [3], live: { invoice_id: 43 } }]);
    await whole();
  });
});

test('a unique value that another live row has is a conflict that names it', async () => {
  const { recover, whole } = await after(SHOP, "DELETE FROM invoices WHERE customer_id = 2; DELETE FROM customers WHERE id = 2; INSERT INTO customers VALUES (9, 'Bobby', 'bob@x')"); // prettier-ignore
  const error = await refusalOf(recover({ table: 'customers', removed: true, onConflict: 'overwrite' }));
  expect(error.report.conflicts).toMatchObject([
    { table: 'customers', key: [2], kind: 'unique', columns: ['email'], live: { id: 9, name: 'Bobby' } },
  ]);
  await recover({ table: 'customers', removed: true, set: { email: 'bob@new' } });
  await whole();
});

test('composite, self-referencing and circular foreign keys are followed on all levels', async () => {
  const { recover, all, service, backup, whole } = await after(
    `CREATE TABLE nodes (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES nodes (id) ON DELETE CASCADE);
     INSERT INTO nodes VALUES (1, NULL), (2, 1), (3, 2), (4, 3), (5, NULL);
     CREATE TABLE orders (shop TEXT, number INTEGER, PRIMARY KEY (shop, number)) WITHOUT ROWID;
     CREATE TABLE lines (id INTEGER PRIMARY KEY, shop TEXT, number INTEGER,
       FOREIGN KEY (shop, number) REFERENCES orders ON DELETE CASCADE);
     INSERT INTO orders VALUES ('a', 1), ('a', 2); INSERT INTO lines VALUES (1, 'a', 1), (2, 'a', 1), (3, 'a', 2);
     CREATE TABLE teams (id INTEGER PRIMARY KEY, head INTEGER REFERENCES people (id) DEFERRABLE INITIALLY DEFERRED);
     CREATE TABLE people (id INTEGER PRIMARY KEY, team INTEGER NOT NULL REFERENCES teams (id) ON DELETE CASCADE);
     BEGIN; INSERT INTO teams VALUES (1, 1); INSERT INTO people VALUES (1, 1), (2, 1); COMMIT;`,
    `DELETE FROM nodes WHERE id = 1; DELETE FROM orders WHERE number = 1; BEGIN; DELETE FROM teams; COMMIT`,
  );
  expect((await recover({ table: 'nodes', where: 'id = 3' })).inserted).toEqual({ nodes: 4 });
  expect((await recover({ table: 'orders', removed: true })).inserted).toEqual({ orders: 1, lines: 2 });
  expect((await recover({ table: 'people', where: 'id = 2' })).inserted).toEqual({ people: 2, teams: 1 });
  expect(all('SELECT count(*) FROM nodes')).toEqual([[5]]);
  const { tables } = await service.diffBackup(backup.name);
  expect(tables.map(({ added, changed, removed }) => added + changed + removed)).toEqual([0, 0, 0, 0, 0]);
  await whole();
});

test('a new violation aborts, one that was there before does not', async () => {
  const { db, recover, all } = await after(SHOP, `PRAGMA foreign_keys = OFF; DELETE FROM customers WHERE id = 2; DELETE FROM invoices WHERE id = 42; PRAGMA foreign_keys = ON`); // prettier-ignore
  const refused = await rejectionOf(recover({ table: 'invoices', where: 'id = 42', related: false }));
  expect(refused.code).toBe('ERR_BACKUP_RECOVER_CONSTRAINT');
  expect(all('SELECT id FROM invoices')).toEqual([[41], [43]]);
  expect(all('SELECT count(*) FROM items WHERE invoice_id = 42')).toEqual([[2]]);
  expect((await recover({ table: 'customers', removed: true })).inserted).toEqual({ customers: 1, invoices: 1 });
  expect(db.pragma('foreign_key_check')).toEqual([]);
  db.exec(`PRAGMA foreign_keys = OFF; DELETE FROM products; DELETE FROM notes`);
  expect((await recover({ table: 'notes', removed: true })).inserted).toEqual({ notes: 3 });
  expect(db.pragma('foreign_key_check')).not.toEqual([]);
  db.close();
});

test('triggers are listed; without them they are dropped and made again, text for text', async () => {
  const { recover, all, whole } = await after(
    `CREATE TABLE a (id INTEGER PRIMARY KEY, t); CREATE TABLE log (t);
     CREATE TRIGGER on_insert AFTER INSERT ON a /* as it stands */ BEGIN INSERT INTO log VALUES ('insert ' || NEW.id); END;
     CREATE TRIGGER on_delete AFTER DELETE ON a BEGIN INSERT INTO log VALUES ('insert or delete'); END;
     INSERT INTO a VALUES (1, 'x'), (2, 'y'); DELETE FROM log`,
    'DELETE FROM a; DELETE FROM log',
  );
  const schema = all("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'");
  expect((await recover({ table: 'a', where: 'id = 1', triggers: false })).triggers).toEqual(['on_insert']);
  expect(all('SELECT * FROM log')).toEqual([]);
  expect(all("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' ORDER BY name DESC")).toEqual(schema);
  expect((await recover({ table: 'a', where: 'id = 2' })).triggers).toEqual(['on_insert']);
  expect(all('SELECT * FROM log')).toEqual([['insert 2']]);
  await whole();
});

test('generated columns are not written, and hidden names of the rowid do no harm', async () => {
  const { recover, service, backup, whole } = await after(
    `CREATE TABLE g (id INTEGER PRIMARY KEY, a, v AS (a * 2) VIRTUAL, s AS (a * 3) STORED); INSERT INTO g (id, a) VALUES (1, 2), (2, 4);
     CREATE TABLE "odd one" ("rowid" TEXT PRIMARY KEY, "a ""b""" BLOB); INSERT INTO "odd one" VALUES ('k', x'00ff'), ('l', NULL)`,
    'DELETE FROM g; DELETE FROM "odd one"',
  );
  expect((await recover({ table: 'G', removed: true })).inserted).toEqual({ g: 2 });
  expect((await recover({ table: 'odd one', where: `"rowid" = 'k'` })).inserted).toEqual({ 'odd one': 1 });
  const { tables } = await service.diffBackup(backup.name);
  expect(tables.map(({ removed, changed }) => [removed, changed])).toEqual([[0, 0], [1, 0]]); // prettier-ignore
  await whole();
});

test('rows without a key, and with NULL in one, come back as often as they were lost', async () => {
  const { recover, service, backup, whole } = await after(
    `CREATE TABLE n (a, b); INSERT INTO n VALUES (1, 'x'), (1, 'x'), (1, 'x'), (NULL, NULL), (2, 2.0);
     CREATE TABLE k (a TEXT PRIMARY KEY, b); INSERT INTO k VALUES (NULL, 1), (NULL, 1), ('a', 1)`,
    `DELETE FROM n WHERE rowid IN (1, 2, 4); DELETE FROM k WHERE rowid <> 1`,
  );
  expect((await recover({ table: 'n', removed: true })).inserted).toEqual({ n: 3 });
  expect((await recover({ table: 'k', where: 'TRUE' })).inserted).toEqual({ k: 2 });
  const { tables } = await service.diffBackup(backup.name);
  expect(tables.map(({ added, changed, removed }) => added + changed + removed)).toEqual([0, 0]);
  await whole();
});

test('full-text tables are paired and written, their shadow tables never; external content is rebuilt, or left to its triggers', async () => {
  const { recover, all, service, backup, whole } = await after(
    `CREATE VIRTUAL TABLE words USING fts5(t); INSERT INTO words VALUES ('one'), ('two');
     CREATE TABLE docs (id INTEGER PRIMARY KEY, t); CREATE VIRTUAL TABLE found USING fts5(t, content='docs', content_rowid='id');
     CREATE TRIGGER d AFTER INSERT ON docs BEGIN INSERT INTO found (rowid, t) VALUES (NEW.id, NEW.t); END;
     INSERT INTO docs VALUES (1, 'apple'), (2, 'pear')`,
    `DELETE FROM words; DELETE FROM docs; INSERT INTO found (found) VALUES ('rebuild')`,
  );
  expect((await recover({ table: 'words', removed: true })).inserted).toEqual({ words: 2 });
  expect(all(`SELECT rowid FROM words ('two')`)).toEqual([[2]]);
  expect((await recover({ table: 'docs', where: 'id = 1' })).fullText).toEqual([{ table: 'found', how: 'triggers' }]);
  expect((await recover({ table: 'docs', where: 'id = 2', triggers: false })).fullText).toEqual([
    { table: 'found', how: 'rebuilt' },
  ]);
  expect(all(`SELECT rowid FROM found ('apple OR pear')`)).toEqual([[1], [2]]);
  const { tables } = await service.diffBackup(backup.name);
  expect(tables.map(({ name, removed, skipped }) => [name, removed, skipped])).toEqual([
    ['words', 0, undefined],
    ['docs', 0, undefined],
    ['found', 0, 'a full-text index of "docs"'],
  ]);
  await whole();
});

test('after a migration columns go by name; a value that is missing is asked for, a table that is gone comes back only when asked', async () => {
  const { db, recover, all, whole } = await after(
    `CREATE TABLE a (id INTEGER PRIMARY KEY, old, t TEXT); INSERT INTO a VALUES (1, 'gone', 'x'), (2, 'gone', 'y');
     CREATE TABLE b (id INTEGER PRIMARY KEY, t UNIQUE); INSERT INTO b VALUES (7, 'b'); CREATE INDEX of_b ON b (t DESC)`,
    `DROP TABLE a; CREATE TABLE a (t TEXT, state TEXT NOT NULL, id INTEGER PRIMARY KEY, n); DROP TABLE b`,
  );
  const missing = await rejectionOf(recover({ table: 'a', removed: true }));
  expect(missing).toMatchObject({
    code: 'ERR_BACKUP_RECOVER_COLUMN',
    hint: expect.stringContaining("--set 'a.state=value'"),
  });
  const report = await recover({ table: 'a', where: 'id = 1', set: { state: 'open', n: 5 } });
  expect(report.lostColumns).toEqual(['a.old']);
  // A whole number stays an integer.
  expect(all('SELECT id, t, state, n, typeof(n) FROM a')).toEqual([[1, 'x', 'open', 5, 'integer']]);
  expect((await rejectionOf(recover({ table: 'b', removed: true }))).code).toBe('ERR_BACKUP_RECOVER_TABLE');
  expect((await recover({ table: 'b', removed: true, create: true })).inserted).toEqual({ b: 1 });
  expect(all("SELECT sql FROM sqlite_schema WHERE name = 'of_b'")).toEqual([['CREATE INDEX of_b ON b (t DESC)']]);
  expect(db.prepare("SELECT sql FROM sqlite_schema WHERE name = 'b'").pluck().get()).toBe('CREATE TABLE b (id INTEGER PRIMARY KEY, t UNIQUE)'); // prettier-ignore
  await whole();
});

test("a table that needs the app's own function is shown, and not written", async () => {
  const file = folder.file('app.db');
  const db = new Database(file);
  db.function('mine', { deterministic: true }, (value) => value);
  db.exec('CREATE TABLE a (id INTEGER PRIMARY KEY, t CHECK (mine(t) IS NOT NULL)); INSERT INTO a VALUES (1, 2)');
  const service = new BackupService({ database: file, logger: memoryLogger() });
  const { name } = await service.createBackup();
  db.exec('DELETE FROM a');
  expect((await service.diffBackup(name, { rows: 1 })).tables[0]!.rows).toMatchObject([{ kind: 'removed', before: { id: 1, t: 2 } }]); // prettier-ignore
  const error = await rejectionOf(service.recoverRows(name, { table: 'a', removed: true }));
  expect(error).toMatchObject({ code: 'ERR_BACKUP_RECOVER_TABLE', message: expect.stringContaining('mine') });
  db.close();
});

test('UTF-16, another page size and an older schema format are no matter', async () => {
  const { db, backup, service } = await after(
    `PRAGMA encoding = 'UTF-16le'; PRAGMA page_size = 1024; CREATE TABLE a (id INTEGER PRIMARY KEY, t TEXT); INSERT INTO a VALUES (1, 'ä€😀'), (2, 'b')`,
    '',
    'delete',
  );
  db.close();
  fs.rmSync(folder.file('app.db'));
  const other = new Database(folder.file('app.db'));
  other.exec(`PRAGMA page_size = 8192; CREATE TABLE a (id INTEGER PRIMARY KEY, t TEXT); INSERT INTO a VALUES (2, 'b')`);
  expect((await service.diffBackup(backup.name)).tables).toMatchObject([
    { name: 'a', added: 0, changed: 0, removed: 1 },
  ]);
  await service.recoverRows(backup.name, { table: 'a', removed: true });
  expect(other.prepare('SELECT * FROM a').raw().all()).toEqual([[1, 'ä€😀'], [2, 'b']]); // prettier-ignore
  other.close();
  expect(folder.list().filter((name) => name.includes('partial'))).toEqual([]);
});

test('the sequence of AUTOINCREMENT never goes down, and new keys are above it', async () => {
  const { recover, all, whole } = await after(
    'CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT, t); INSERT INTO a VALUES (5, 1), (6, 2)',
    'DELETE FROM a; INSERT INTO a VALUES (100, 3), (5, 9); DELETE FROM a WHERE id = 100',
  );
  await recover({ table: 'a', where: 'id = 6' });
  expect(all('SELECT seq FROM sqlite_sequence')).toEqual([[100]]);
  const { newKeys } = await recover({ table: 'a', where: 'id = 5', onConflict: 'as-new' });
  expect(newKeys).toEqual([{ table: 'a', from: 5, to: 101 }]);
  await whole();
});

test('new keys are above those of the backup, and a value for a table that there is not is refused', async () => {
  const { recover, all, whole } = await after(
    "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO t VALUES (1, 'a'), (2, 'b'), (9, 'c')",
    "DELETE FROM t WHERE id = 9; UPDATE t SET v = 'other' WHERE id = 2",
  );
  const chosen = { table: 't', where: 'id IN (2, 9)', onConflict: 'as-new' } as const;
  const error = await rejectionOf(recover({ ...chosen, set: { 'nothing.v': 1 } }));
  expect(error).toMatchObject({ code: 'ERR_BACKUP_RECOVER_COLUMN' });
  expect(await recover(chosen)).toMatchObject({ inserted: { t: 2 } });
  expect(all('SELECT * FROM t ORDER BY id')).toEqual([[1, 'a'], [2, 'other'], [9, 'c'], [10, 'b']]); // prettier-ignore
  await whole();
});

test('a plan that is no longer what would be done is refused, with the new one', async () => {
  const { db, recover, all, whole } = await after(SHOP, 'DELETE FROM invoices WHERE id = 42');
  const ask = { table: 'invoices', where: 'id = 42' };
  const { plan } = await recover({ ...ask, dryRun: true });
  db.exec(
    'INSERT INTO items VALUES (2, 41, 1, 1); DELETE FROM items WHERE id = 2; INSERT INTO invoices VALUES (42, 2, 7.5)',
  );
  const error = await refusalOf(recover({ ...ask, plan }));
  expect(error.code).toBe('ERR_BACKUP_RECOVER_PLAN');
  expect(error.report.plan).not.toBe(plan);
  expect(all('SELECT count(*) FROM items WHERE invoice_id = 42')).toEqual([[0]]);
  await whole();
});

test.each([
  ['1) OR (1', 'closes a parenthesis'],
  ['id = (SELECT 1', 'does not close'],
  ['1; DROP TABLE invoices', 'semicolon'],
  ["id = 'x", 'no end'],
  ['1 /*', ''],
  ['id = ?', 'parameter'],
  ['nope = 1', 'no such column'],
  ['1 LIMIT 1', 'syntax'],
  ['1) UNION SELECT (1', 'closes a parenthesis'],
  ['(WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT max(x) FROM c)', 'did not end within 1 s'],
])('%s is refused as a where', async (where, why) => {
  const { recover, all, whole } = await after(SHOP, 'DELETE FROM invoices WHERE id = 42');
  const error = await rejectionOf(recover({ table: 'invoices', where, timeout: '1s' }));
  expect(error.code).toBe('ERR_BACKUP_RECOVER_WHERE');
  expect(error.message).toContain(why);
  expect(all('SELECT id FROM invoices')).toEqual([[41], [43]]);
  await whole();
});

test('tables that a where names are those of the backup', async () => {
  const { recover, whole } = await after(SHOP, 'DELETE FROM invoices WHERE id = 42');
  const where = `id IN (SELECT invoice_id FROM items WHERE n = 3) -- a comment; with a )`;
  expect((await recover({ table: 'invoices', where })).inserted).toEqual({ invoices: 1, items: 2 });
  await whole();
});

test('the plan as SQL does the same, and nothing is changed by writing it', async () => {
  const { db, recover, service, backup, whole } = await after(
    `${SHOP} CREATE TABLE odd (k BLOB PRIMARY KEY, v); INSERT INTO odd VALUES (x'00', 'a' || char(0) || 'b''c'), ('t', 9e999), (3, 9223372036854775807), (4, 1.1)`,
    'DELETE FROM invoices WHERE id = 42; DELETE FROM odd',
  );
  for (const [table, sql] of [
    ['invoices', 'one.sql'],
    ['odd', 'two.sql'],
  ] as const) {
    // prettier-ignore
    await recover({ table, removed: true, sql: folder.file(sql) });
    db.exec(fs.readFileSync(folder.file(sql), 'utf8'));
  }
  const { tables } = await service.diffBackup(backup.name);
  expect(tables.every(({ added, changed, removed }) => added + changed + removed === 0)).toBe(true);
  await whole();
});
