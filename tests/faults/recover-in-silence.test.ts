// What would come back in part, or at another row's cost, without a word of it; and tables that are nearly too wide to be compared.
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { rejectionOf } from '../support/errors';
import { SHOP, useRecovering } from '../support/recovering';

const { after } = useRecovering();

/** Writes the script of a recovery, and runs it with the sqlite3 shell after something else has happened. */
async function scriptOf({ service, recover, backup }: Awaited<ReturnType<typeof after>>, options: object) {
  const database = service.database;
  const file = path.join(path.dirname(database), 'back.sql');
  await recover({ table: 'invoices', where: 'id = 42', ...options, sql: file });
  return {
    backup,
    text: fs.readFileSync(file, 'utf8'),
    run: (): { status: number | null; stderr: string } =>
      spawnSync('sqlite3', ['-bail', database], { input: fs.readFileSync(file), encoding: 'utf8' }),
  };
}

const shell = (() => {
  try {
    execFileSync('sqlite3', ['--version']);
    return test;
  } catch {
    return test.skip;
  }
})();

describe('a script of recover --sql fails, and changes nothing, where', () => {
  shell('a trigger ignores a row', async () => {
    const state = await after(
      `${SHOP} CREATE TRIGGER shut BEFORE INSERT ON items WHEN NEW.n = 3 BEGIN SELECT RAISE(IGNORE); END;`,
      'DELETE FROM invoices WHERE id = 42',
    );
    const { run } = await scriptOf(state, {});
    const { status, stderr } = run();
    expect([status, stderr]).toEqual([1, expect.stringContaining('a row of "items" was not written')]);
    expect(state.all('SELECT count(*) FROM invoices')).toEqual([[2]]);
    await state.whole();
  });

  shell('the row that it would replace is gone by now', async () => {
    const state = await after(SHOP, 'UPDATE invoices SET total = 1 WHERE id = 42');
    const { run } = await scriptOf(state, { onConflict: 'overwrite' });
    state.db.exec('DELETE FROM invoices WHERE id = 42');
    expect(run()).toMatchObject({ status: 1, stderr: expect.stringContaining('a row of "invoices" was not written') });
    await state.whole();
  });

  shell('the row that it would link again was linked elsewhere by now', async () => {
    const state = await after(SHOP, 'DELETE FROM invoices WHERE id = 42');
    const { run } = await scriptOf(state, {});
    state.db.exec('UPDATE notes SET invoice_id = 43 WHERE id = 2');
    expect(run()).toMatchObject({ status: 1, stderr: expect.stringContaining('a row of "notes" was not written') });
    expect(state.all('SELECT id FROM invoices')).toEqual([[41], [43]]);
    state.db.exec('UPDATE notes SET invoice_id = NULL WHERE id = 2');
    expect(run()).toMatchObject({ status: 0, stderr: '' });
    expect(state.all('SELECT id, invoice_id FROM notes')).toEqual([[1, 42], [2, 42], [3, 41]]); // prettier-ignore
    await state.whole();
  });
});

describe('a recovery fails, and changes nothing, where a trigger', () => {
  test.each([
    [
      'ignores a row',
      'BEFORE INSERT ON items WHEN NEW.n = 3 BEGIN SELECT RAISE(IGNORE); END',
      'DELETE FROM invoices WHERE id = 42',
      'a trigger of "items" ignored 1 of 2',
    ],
    [
      'ignores that a row is overwritten',
      'BEFORE UPDATE ON invoices WHEN NEW.total = 7.5 BEGIN SELECT RAISE(IGNORE); END',
      'UPDATE invoices SET total = 1 WHERE id = 42',
      'a row of "invoices" could not be overwritten',
    ],
    [
      'ignores that a row is linked again',
      'BEFORE UPDATE ON notes WHEN NEW.invoice_id = 42 BEGIN SELECT RAISE(IGNORE); END',
      'DELETE FROM invoices WHERE id = 42',
      'a row of "notes" could not be linked again',
    ],
    [
      'links a row elsewhere',
      'AFTER INSERT ON invoices BEGIN UPDATE notes SET invoice_id = 41 WHERE id = 2; END',
      'DELETE FROM invoices WHERE id = 42',
      'a row of "notes" could not be linked again',
    ],
  ])('%s', async (_, trigger, happened, why) => {
    const { recover, all, whole, service } = await after(`${SHOP} CREATE TRIGGER odd ${trigger};`, happened);
    const before = all('SELECT id, total FROM invoices');
    const error = await rejectionOf(recover({ table: 'invoices', where: 'id = 42', onConflict: 'overwrite' }));
    expect(error).toMatchObject({ code: 'ERR_BACKUP_RECOVER_CONSTRAINT', message: expect.stringContaining(why) });
    expect(all('SELECT id, total FROM invoices')).toEqual(before);
    expect(await service.listBackups()).toHaveLength(1);
    await whole();
  });
});

describe.each(['IGNORE', 'REPLACE'])('a constraint that is declared ON CONFLICT %s', (how) => {
  const USERS = `CREATE TABLE users (id INTEGER PRIMARY KEY, mail TEXT UNIQUE ON CONFLICT ${how});
    INSERT INTO users VALUES (1, 'ann'), (2, 'bob');`;

  test('costs nobody else’s row, and no row stays away in silence', async () => {
    const { recover, all, whole } = await after(USERS, 'DELETE FROM users WHERE id = 1');
    const taken = recover({ table: 'users', where: 'id = 1', set: { mail: 'bob' } });
    expect(await rejectionOf(taken)).toMatchObject({ code: 'ERR_BACKUP_RECOVER_CONSTRAINT' });
    expect(all('SELECT * FROM users')).toEqual([[2, 'bob']]);
    await whole();
  });

  shell('nor does a script', async () => {
    const state = await after(USERS, 'DELETE FROM users WHERE id = 1');
    const { run } = await scriptOf(state, { table: 'users', where: 'id = 1' });
    state.db.exec(`INSERT INTO users VALUES (3, 'ann')`);
    expect(run()).toMatchObject({ status: 1, stderr: expect.stringContaining('UNIQUE') });
    expect(state.all('SELECT * FROM users ORDER BY id')).toEqual([[2, 'bob'], [3, 'ann']]); // prettier-ignore
    await state.whole();
  });
});

test('a table of 700 columns without a key is compared by type and bytes, and its rows come back', async () => {
  const names = Array.from({ length: 700 }, (_, i) => `c${i}`);
  const row = (last: string): string =>
    `(${names.map((_, i) => (i === 699 ? last : i % 3 === 0 ? 'NULL' : `'t${i}'`)).join(', ')})`;
  const values = ['1', '1.0', `'1'`, `x'31'`, 'NULL', `''`, '0.0', '-0.0', `'a' || char(0)`, `'a'`, `'a'`];
  const { recover, all, whole, service, backup } = await after(
    `CREATE TABLE wide (${names.join(', ')}); INSERT INTO wide VALUES ${values.map(row).join(', ')}`,
    `DELETE FROM wide WHERE rowid IN (1, 5, 7, 9, 10); INSERT INTO wide VALUES ${row('2.5')}`,
  );
  const [table] = (await service.diffBackup(backup.name, { rows: 20 })).tables;
  expect(table).toMatchObject({ added: 1, changed: 0, removed: 5 });
  expect(table!.rows!.map(({ kind, before, after: now }) => [kind, (before ?? now)!['c699']]).sort()).toEqual(
    [['added', 2.5], ['removed', 0], ['removed', 1], ['removed', null], ['removed', 'a'], ['removed', 'a\0']].sort(), // prettier-ignore
  );
  expect(await recover({ table: 'wide', removed: true })).toMatchObject({ inserted: { wide: 5 } });
  expect(all('SELECT typeof(c699), count(*) FROM wide GROUP BY 1')).toEqual(
    [['blob', 1], ['integer', 1], ['null', 1], ['real', 4], ['text', 5]], // prettier-ignore
  );
  expect((await service.diffBackup(backup.name)).tables[0]).toMatchObject({ added: 1, removed: 0 });
  await whole();
});

test('the changed rows of a table of 1,999 columns with a key are shown', async () => {
  const names = Array.from({ length: 1998 }, (_, i) => `c${i}`);
  const { service, backup, whole } = await after(
    `CREATE TABLE wide (id INTEGER PRIMARY KEY, ${names.join(', ')}); INSERT INTO wide (id, c1997) VALUES (1, 'a'), (2, 'b')`,
    `UPDATE wide SET c1997 = 'z', c3 = 4 WHERE id = 2`,
  );
  const [table] = (await service.diffBackup(backup.name, { rows: 5 })).tables;
  expect(table!.skipped).toBeUndefined();
  expect(table!.rows).toMatchObject([{ kind: 'changed', key: [2], columns: ['c3', 'c1997'], after: { c1997: 'z' } }]);
  await whole();
});
