import { refusalOf, SHOP, useRecovering } from '../support/recovering';

const { after } = useRecovering();

describe('a parent whose number was given to somebody else', () => {
  const REUSED = `DELETE FROM invoices WHERE customer_id = 2; DELETE FROM customers WHERE id = 2; INSERT INTO customers VALUES (2, 'Zoe', 'zoe@x')`;
  const ask = { table: 'invoices', where: 'id = 42' };

  test('is a conflict that shows both versions; nothing is hung on it', async () => {
    const { recover, all, whole } = await after(SHOP, REUSED);
    const { code, report } = await refusalOf(recover(ask));
    expect(code).toBe('ERR_BACKUP_RECOVER_CONFLICT');
    expect(report.conflicts).toEqual([
      {
        ...{ table: 'customers', key: [2], kind: 'parent', columns: ['name', 'email'] },
        backup: { id: 2, name: 'Bob', email: 'bob@x' },
        live: { id: 2, name: 'Zoe', email: 'zoe@x' },
      },
    ]);
    expect((await refusalOf(recover({ ...ask, related: false }))).report.conflicts).toMatchObject([{ kind: 'parent' }]);
    expect((await recover({ ...ask, onConflict: 'skip' })).skipped).toEqual({ customers: 1, invoices: 1, items: 2 });
    expect(all('SELECT id FROM invoices')).toEqual([[41], [43]]);
    await whole();
  });

  test('as new: the one of the backup comes back under a new number, and the invoice follows', async () => {
    const { recover, all, whole } = await after(SHOP, REUSED);
    const { inserted } = await recover({ ...ask, onConflict: 'as-new' });
    expect(inserted).toEqual({ invoices: 1, items: 2, customers: 1 });
    expect(all('SELECT * FROM customers WHERE id > 1')).toEqual([[2, 'Zoe', 'zoe@x'], [3, 'Bob', 'bob@x']]); // prettier-ignore
    expect(all('SELECT * FROM invoices WHERE id = 42')).toEqual([[42, 3, 7.5]]);
    await whole();
  });

  test('keep: it is the same one, edited since', async () => {
    const { recover, all, whole } = await after(SHOP, REUSED);
    expect(await recover({ ...ask, onConflict: 'keep' })).toMatchObject({
      inserted: { invoices: 1, items: 2 },
      kept: { customers: 1 },
      overwritten: {},
    });
    expect(all('SELECT * FROM invoices NATURAL JOIN (SELECT id AS customer_id, name FROM customers) WHERE id = 42')).toEqual([[42, 2, 7.5, 'Zoe']]); // prettier-ignore
    await whole();
  });
});

test('a parent that was edited is the same one, if a row that is as it was refers to it still, or if only a number has changed', async () => {
  const { db, recover, whole } = await after(
    SHOP,
    `DELETE FROM invoices WHERE id = 43; UPDATE customers SET name = 'Anna' WHERE id = 1; UPDATE products SET stock = 0`,
  );
  const ask = { table: 'invoices', where: 'id = 43' };
  expect((await recover({ ...ask, dryRun: true })).conflicts).toEqual([]);
  // Nothing that was there before refers to customer 1 any more.
  db.exec('DELETE FROM invoices WHERE id = 41');
  expect((await recover({ ...ask, dryRun: true })).conflicts).toMatchObject([{ table: 'customers', kind: 'parent' }]);
  // Nothing but the number is the same.
  db.exec(`INSERT INTO invoices VALUES (41, 1, 5); UPDATE customers SET email = 'anna@y' WHERE id = 1`);
  expect((await recover({ ...ask, dryRun: true })).conflicts).toMatchObject([{ table: 'customers', kind: 'parent' }]);
  await whole();
});

test('a parent that comes back brings no other children: they were not asked for', async () => {
  const { recover, all, whole } = await after(
    `${SHOP} INSERT INTO invoices VALUES (44, 2, 1); INSERT INTO items VALUES (5, 44, 1, 1)`,
    'DELETE FROM invoices WHERE customer_id = 2; DELETE FROM customers WHERE id = 2',
  );
  expect((await recover({ table: 'invoices', where: 'id = 42' })).inserted).toEqual({ invoices: 1, items: 2, customers: 1 }); // prettier-ignore
  expect(all('SELECT id FROM invoices')).toEqual([[41], [42], [43]]);
  await whole();
});

test('a row that is needed as a parent and was lost as a child brings its own children', async () => {
  const { recover, whole } = await after(
    `CREATE TABLE a (id INTEGER PRIMARY KEY, up INTEGER REFERENCES a (id) ON DELETE CASCADE, b INTEGER REFERENCES b (id));
     CREATE TABLE b (id INTEGER PRIMARY KEY, a INTEGER REFERENCES a (id) ON DELETE CASCADE);
     CREATE TABLE c (id INTEGER PRIMARY KEY, b INTEGER REFERENCES b (id) ON DELETE CASCADE);
     INSERT INTO a VALUES (1, NULL, NULL); INSERT INTO b VALUES (1, 1), (2, 1); UPDATE a SET b = 1; INSERT INTO c VALUES (1, 1), (2, 2)`,
    'UPDATE a SET b = NULL; DELETE FROM a; DELETE FROM c; DELETE FROM b',
  );
  expect((await recover({ table: 'a', where: 'id = 1' })).inserted).toEqual({ a: 1, b: 2, c: 2 });
  await whole();
});

test('keep: an invoice that was edited gets the line back that it has lost', async () => {
  const { recover, all, whole } = await after(
    SHOP,
    'UPDATE invoices SET total = 99 WHERE id = 42; DELETE FROM items WHERE id = 3',
  );
  const ask = { table: 'invoices', where: 'id = 42' };
  expect((await refusalOf(recover(ask))).report.conflicts).toMatchObject([{ table: 'invoices', kind: 'key' }]);
  expect(await recover({ ...ask, onConflict: 'keep' })).toMatchObject({
    inserted: { items: 1 },
    kept: { invoices: 1 },
  });
  expect(all('SELECT total FROM invoices WHERE id = 42')).toEqual([[99]]);
  await whole();
});
