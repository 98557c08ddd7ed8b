// Tables and columns of the app may be called as anything that a plan is made of.
import { useRecovering } from '../support/recovering';

const { after } = useRecovering();

const PLANS = 'action newkey taken round up i0 i1 o0 n0 v0 t0 fk kind side nth olders newers sure value'.split(' ');
const ALIASES = 'p o n r c q g t u b x l d live row free renamed others selected rows_0 changes_0'.split(' ');
const COLUMNS = [...PLANS, ...ALIASES];
const columns = COLUMNS.map((name) => `"${name}" TEXT DEFAULT 'insert'`).join(', ');

const NAMED = `
  CREATE TABLE others (id INTEGER PRIMARY KEY, ${columns}, UNIQUE ("p", "id"));
  CREATE TABLE rows_0 (id INTEGER PRIMARY KEY, parent INTEGER NOT NULL REFERENCES others(id) ON DELETE CASCADE, ${columns});
  CREATE TABLE selected (code TEXT PRIMARY KEY, parent INTEGER REFERENCES others(id) ON DELETE SET NULL, ${columns}) WITHOUT ROWID;
  CREATE TABLE changes_0 (parent INTEGER REFERENCES rows_0(id) ON DELETE CASCADE, ${columns});
  CREATE UNIQUE INDEX taken ON rows_0 ("action" || "round" || id) WHERE "kind" = 'insert';
  INSERT INTO others (id) VALUES (1), (2);
  INSERT INTO rows_0 (id, parent) VALUES (11, 1), (12, 1), (21, 2);
  INSERT INTO selected (code, parent) VALUES ('a', 1), ('b', 2);
  INSERT INTO changes_0 (parent) VALUES (11), (11), (21);`;
const GONE = 'DELETE FROM others WHERE id = 1;';
const BACK = { inserted: { others: 1, rows_0: 2, changes_0: 2 }, relinked: { selected: 1 } };

test('rows come back with their children, whatever these names are', async () => {
  const { recover, all, whole } = await after(NAMED, GONE);
  expect(await recover({ table: 'others', where: `id = 1 AND "action" = 'insert'` })).toMatchObject(BACK);
  expect(all('SELECT id, parent, "action", "p" FROM rows_0 WHERE parent = 1')).toEqual([
    [11, 1, 'insert', 'insert'],
    [12, 1, 'insert', 'insert'],
  ]);
  expect(all('SELECT code, parent FROM selected')).toEqual([['a', 1], ['b', 2]]); // prettier-ignore
  await whole();
});

test('so do the parents of a row', async () => {
  const { recover, whole } = await after(NAMED, GONE);
  expect(await recover({ table: 'rows_0', where: 'id = 11' })).toMatchObject({
    inserted: { others: 1, rows_0: 1, changes_0: 2 },
  });
  await whole();
});

test.each([
  ['as-new', { inserted: { others: 1, rows_0: 2, changes_0: 2 } }],
  ['overwrite', { inserted: { rows_0: 2, changes_0: 2 }, overwritten: { others: 1 } }],
  ['keep', { inserted: { rows_0: 2, changes_0: 2 }, kept: { others: 1 } }],
  ['skip', { inserted: {}, skipped: { others: 1 } }],
] as const)('a conflict is resolved with "%s"', async (onConflict, expected) => {
  const { recover, whole } = await after(NAMED, `${GONE} INSERT INTO others (id, "action") VALUES (1, 'another')`);
  expect(await recover({ table: 'others', where: 'id = 1', onConflict })).toMatchObject(expected);
  await whole();
});
