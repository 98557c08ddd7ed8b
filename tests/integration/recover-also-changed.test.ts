import { useRecovering } from '../support/recovering';

const { after } = useRecovering();

test('large tables are looked through for other changes only if a foreign key or a trigger relates them to the plan', async () => {
  const rows = (table: string): string =>
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i <= 100000) INSERT INTO ${table} SELECT i, 1 FROM n;`;
  const { recover, whole } = await after(
    `CREATE TABLE a (id INTEGER PRIMARY KEY, p REFERENCES parent (id)); CREATE TABLE parent (id INTEGER PRIMARY KEY, v);
     CREATE TABLE child (id INTEGER PRIMARY KEY, a REFERENCES a (id)); CREATE TABLE stock (id INTEGER PRIMARY KEY, v);
     CREATE TABLE log (id INTEGER PRIMARY KEY, v); CREATE TABLE small (id INTEGER PRIMARY KEY, v);
     CREATE TRIGGER gone AFTER DELETE ON a BEGIN UPDATE Stock SET v = v + 1 WHERE id = 1; END;
     ${['parent', 'stock', 'log'].map(rows).join('')}
     INSERT INTO a VALUES (1, 1), (2, 2); INSERT INTO small VALUES (1, 1); ${rows('child')}`,
    `UPDATE child SET a = NULL; UPDATE parent SET v = 2 WHERE id = 9; UPDATE log SET v = 2;
     UPDATE small SET v = 2; DELETE FROM a WHERE id = 2`,
  );
  const { inserted, alsoChanged } = await recover({ table: 'a', where: 'id = 2' });
  expect(inserted).toEqual({ a: 1 });
  expect(alsoChanged).toEqual([
    { table: 'parent', count: 1 },
    { table: 'child', count: 100_001 },
    { table: 'stock', count: 1 },
    { table: 'small', count: 1 },
  ]);
  await whole();
});
