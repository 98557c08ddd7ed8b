// Very many rows come back by a copy of the backup that is attached, few ones one by one: they are the same afterwards.
import { useRecovering } from '../support/recovering';

const { after } = useRecovering();

const upTo = (count: number): string =>
  `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})`;
const MANY = `
  CREATE TABLE invoices (id INTEGER PRIMARY KEY, total REAL);
  CREATE TABLE items (id INTEGER PRIMARY KEY, invoice_id INTEGER NOT NULL REFERENCES invoices(id) ON DELETE CASCADE, name TEXT);
  CREATE TABLE codes (code TEXT PRIMARY KEY, n) WITHOUT ROWID;
  ${upTo(500)} INSERT INTO invoices SELECT i, i * 1.5 FROM n;
  ${upTo(45_000)} INSERT INTO items SELECT i, 1 + i % 500, CAST(x'ff' || i AS TEXT) FROM n;
  ${upTo(21_000)} INSERT INTO codes SELECT 'c' || i, CASE i % 3 WHEN 0 THEN NULL WHEN 1 THEN i ELSE i * 0.1 END FROM n;`;
const CONTENTS = `SELECT count(*), sum(id * (length(CAST(name AS BLOB)) + invoice_id)), group_concat(DISTINCT typeof(name)) FROM items`;

test.each([
  ['at the end, some in between, and a part', 'id > 30000 OR id % 1000 = 7 OR id BETWEEN 4000 AND 11000'],
  ['side by side', 'id > 20000'],
  ['all', 'TRUE'],
])('%s', async (_, where) => {
  const { db, all, recover, whole } = await after(MANY, 'SELECT 1');
  const before = all(CONTENTS);
  const { changes } = db.prepare(`DELETE FROM items WHERE ${where}`).run();
  expect(changes).toBeGreaterThan(20_000);
  expect((await recover({ table: 'items', removed: true })).inserted).toEqual({ items: changes });
  expect(all(CONTENTS)).toEqual(before);
  await whole();
});

test('a table without rowids, and rows under new numbers', async () => {
  const { db, all, recover, whole } = await after(MANY, 'SELECT 1');
  const codes = all('SELECT code, n, typeof(n) FROM codes');
  db.exec('DELETE FROM codes');
  await recover({ table: 'codes', removed: true });
  expect(all('SELECT code, n, typeof(n) FROM codes')).toEqual(codes);
  db.exec(
    'DELETE FROM invoices WHERE id <= 300; INSERT INTO invoices SELECT id - 200, 0 FROM invoices WHERE id <= 500',
  );
  const { inserted } = await recover({ table: 'invoices', where: 'id <= 300', onConflict: 'as-new' });
  expect(inserted).toEqual({ invoices: 300, items: 27_000 });
  expect(all('SELECT count(*), count(DISTINCT invoice_id) FROM items WHERE invoice_id > 500 OR invoice_id <= 100')).toEqual([[27_000, 300]]); // prettier-ignore
  await whole();
});

test('rows of megabytes, which are carried a few at once', async () => {
  const large = `CREATE TABLE scans (id INTEGER PRIMARY KEY, scan BLOB, note TEXT);
    ${upTo(3_000)} INSERT INTO scans SELECT i, zeroblob(iif(i % 100 = 0, 1500000, 700)), 'n' || i FROM n;`;
  const { db, all, recover, whole } = await after(large, 'SELECT 1');
  const contents = 'SELECT count(*), sum(length(scan) * id), sum(length(note)) FROM scans';
  const before = all(contents);
  db.exec('DELETE FROM scans');
  expect((await recover({ table: 'scans', removed: true })).inserted).toEqual({ scans: 3_000 });
  expect(all(contents)).toEqual(before);
  await whole();
});
