import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { refusalOf, useRecovering } from '../support/recovering';

// Unique values that SQLite finds by more than the columns of an index, and rows that only an error shows.

const { folder, after } = useRecovering();

const MEMBERS = `CREATE TABLE members (id INTEGER PRIMARY KEY, email, action, gone);
  CREATE UNIQUE INDEX "one (" ON members (email COLLATE NOCASE DESC /* ) , */) WHERE gone = 0 AND action IS NULL -- the live ones
  ;
  INSERT INTO members VALUES (1, 'ann', NULL, 0), (2, 'bob', NULL, 0), (3, 'cy', NULL, 0)`;

describe.each([
  ['a partial index', MEMBERS, `'ANN', NULL, 0`, ['email']],
  [
    'an index of expressions',
    `CREATE TABLE members (id INTEGER PRIMARY KEY, email, action, gone); CREATE UNIQUE INDEX one ON members (lower(email || ','), gone DESC);
     INSERT INTO members VALUES (1, 'ann', NULL, 0), (2, 'bob', NULL, 0), (3, 'cy', NULL, 0)`,
    `'ANN', 'x', 0`,
    ["lower(email || ',')", 'gone'],
  ],
])('a value that %s keeps unique and another live row has', (_, sql, taken, columns) => {
  const happened = `DELETE FROM members WHERE id <> 2; INSERT INTO members VALUES (9, ${taken})`;

  test('is a conflict that names the row, and is left out by "skip"', async () => {
    const { all, recover, whole } = await after(sql, happened);
    const error = await refusalOf(recover({ table: 'members', removed: true }));
    expect(error).toMatchObject({ code: 'ERR_BACKUP_RECOVER_CONFLICT' });
    expect(error.report.conflicts).toMatchObject([{ kind: 'unique', key: [1], columns, live: { id: 9 } }]);
    const report = await recover({ table: 'members', removed: true, onConflict: 'skip' });
    expect(report).toMatchObject({ inserted: { members: 1 }, skipped: { members: 1 } });
    expect(all('SELECT id FROM members ORDER BY id')).toEqual([[2], [3], [9]]);
    await whole();
  });

  test('is none where the row gets another value, or the live one is not in the index', async () => {
    const { db, recover, whole } = await after(sql, happened);
    await recover({ table: 'members', where: 'id = 1', set: { email: 'ann@old' } });
    db.exec(`DELETE FROM members WHERE id = 1; UPDATE members SET gone = 1 WHERE id = 9`);
    expect((await recover({ table: 'members', removed: true })).inserted).toEqual({ members: 2 });
    await whole();
  });
});

test('an index of a column that the backup lacks is left to the database', async () => {
  const { db, recover, whole } = await after(
    `CREATE TABLE a (id INTEGER PRIMARY KEY, t); INSERT INTO a VALUES (1, 'x'), (2, 'y')`,
    // "action" is also the name of a column of the plan's own.
    `DELETE FROM a WHERE id = 1; ALTER TABLE a ADD COLUMN action; CREATE UNIQUE INDEX one ON a (t) WHERE action IS NULL; INSERT INTO a VALUES (9, 'x', NULL)`,
  );
  expect(await refusalOf(recover({ table: 'a', removed: true })).catch((error: unknown) => error)).toMatchObject({
    code: 'ERR_BACKUP_RECOVER_CONSTRAINT',
  });
  db.exec('UPDATE a SET action = 1 WHERE id = 9');
  expect((await recover({ table: 'a', removed: true })).inserted).toEqual({ a: 1 });
  await whole();
});

test('a table without rowid, by the value of an expression', async () => {
  const { recover, whole } = await after(
    `CREATE TABLE a (j, k, n, PRIMARY KEY (j, k)) WITHOUT ROWID; CREATE UNIQUE INDEX one ON a (abs(n)); INSERT INTO a VALUES (1, 1, 5), (1, 2, 6)`,
    'DELETE FROM a WHERE k = 1; INSERT INTO a VALUES (7, 7, -5)',
  );
  const { report } = await refusalOf(recover({ table: 'a', removed: true, onConflict: 'overwrite' }));
  expect(report.conflicts).toMatchObject([{ key: [1, 1], live: { j: 7, k: 7, n: -5 } }]);
  await whole();
});

test('a full-text index over a view of the table is rebuilt, and the plan says so', async () => {
  const { all, recover, whole } = await after(
    `CREATE TABLE docs (id INTEGER PRIMARY KEY, t); CREATE VIEW some AS SELECT id, t FROM docs; CREATE VIEW shown AS SELECT * FROM some;
     CREATE VIRTUAL TABLE found USING fts5 (t, content = 'shown', content_rowid = 'id');
     INSERT INTO docs VALUES (1, 'apple'), (2, 'pear'); INSERT INTO found (found) VALUES ('rebuild')`,
    `INSERT INTO found (found, rowid, t) VALUES ('delete', 1, 'apple'); DELETE FROM docs WHERE id = 1`,
  );
  const { fullText } = await recover({ table: 'docs', removed: true });
  expect(fullText).toEqual([{ table: 'found', how: 'rebuilt' }]);
  expect(all(`SELECT rowid FROM found ('apple')`)).toEqual([[1]]);
  await whole();
});

describe('a script in the sqlite3 shell, with -bail as its first line says', () => {
  const run = (file: string) =>
    spawnSync('sqlite3', ['-bail', folder.file('app.db')], { input: fs.readFileSync(file), encoding: 'utf8' });
  // Two rows, of which the second one is refused.
  const LINES = `CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE a (id INTEGER PRIMARY KEY, n, p REFERENCES p (id));
    INSERT INTO p VALUES (1); INSERT INTO a VALUES (1, 1, 1), (2, -2, 1)`;

  test.each([
    ['a constraint', `DELETE FROM a; DROP TABLE a; CREATE TABLE a (id INTEGER PRIMARY KEY, n CHECK (n > 0), p)`, true],
    ['a foreign key', 'DELETE FROM a; DELETE FROM p', false],
  ])('writes nothing at all where %s refuses a row', async (_, happened, related) => {
    const { all, recover, whole } = await after(LINES, happened);
    const script = folder.file('a.sql');
    await recover({ table: 'a', removed: true, related, sql: script });
    expect(fs.readFileSync(script, 'utf8')).toMatch(/^-- sqlite3 -bail /);
    expect(run(script)).toMatchObject({ status: 1, stderr: expect.stringContaining('constraint failed') });
    expect(all('SELECT * FROM a')).toEqual([]);
    await whole();
  });
});

test("an app's table whose name begins like an index's is compared and comes back", async () => {
  const { recover, service, backup, whole } = await after(
    `CREATE VIRTUAL TABLE notes USING fts5 (t); CREATE VIRTUAL TABLE "places USING x" USING rtree (id, a, b);
     CREATE TABLE notes_archive (id INTEGER PRIMARY KEY, t); CREATE TABLE "places USING x_seen" (id INTEGER PRIMARY KEY);
     INSERT INTO notes VALUES ('a'); INSERT INTO notes_archive VALUES (1, 'old'); INSERT INTO "places USING x_seen" VALUES (1)`,
    `DELETE FROM notes_archive; DELETE FROM "places USING x_seen"`,
  );
  expect((await service.diffBackup(backup.name)).tables.map(({ name, removed }) => [name, removed]).sort()).toEqual([
    ['notes', 0],
    ['notes_archive', 1],
    ['places USING x', 0],
    ['places USING x_seen', 1],
  ]);
  for (const table of ['notes_archive', 'places USING x_seen']) {
    expect((await recover({ table, removed: true })).inserted).toEqual({ [table]: 1 });
  }
  await whole();
});
