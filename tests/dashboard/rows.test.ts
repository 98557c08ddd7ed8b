import Database from 'better-sqlite3';
import { BackupService } from 'sqlite-autobackup';
import type { DashboardRights } from 'sqlite-autobackup/dashboard';
import { SHOP } from '../support/recovering';
import { ALL, useDashboard } from './support';

const dash = useDashboard();

/** A shop whose invoice 42 was deleted by mistake, while other work went on, behind a dashboard. */
async function shop(happened = 'DELETE FROM invoices WHERE id = 42; INSERT INTO invoices VALUES (44, 2, 11)') {
  const database = dash.temp.file('app.db');
  const db = new Database(database);
  db.pragma('journal_mode = WAL');
  db.exec(SHOP);
  const service = new BackupService({ database, logger: dash.logger });
  const { name } = await service.createBackup();
  db.pragma('foreign_keys = ON');
  db.exec(happened);
  let rights: DashboardRights = ALL;
  await dash.serve(service, { authorize: () => rights });
  const all = (sql: string) => db.prepare(sql).raw().all();
  const job = (path: string) => /jobs\/([\w-]+)/.exec(path)![1]!;
  return { db, service, name, one: `/backups/${name}`, all, job, allow: (now: DashboardRights) => (rights = now) };
}

test('a deleted invoice is seen, chosen and brought back with its lines, and the sale made since stays', async () => {
  const { db, one, all, job, service } = await shop();
  expect((await dash.get(one)).text).toContain('What has changed since');
  const compared = await dash.act(`${one}/changes`);
  expect(compared.text).toMatch(/<th scope="row">invoices<\/th>\s*<td data-name="Removed">1<\/td>/);
  const rows = await dash.act(`${one}/changes`, { table: 'invoices' });
  expect(rows.text).toContain('2 of 2 rows');
  const box = /name="(row\d+)"/.exec(rows.text)![1]!;
  expect((await dash.get(`${rows.path}?kind=added`)).text).toContain('1 of 2 rows');
  expect((await dash.get(`${rows.path}?find=7.5`)).text).toContain('1 of 2 rows');
  expect((await dash.get(`${rows.path}?find=nowhere`)).text).toContain('No row fits.');

  const plan = await dash.act(`${one}/recover`, { job: job(rows.path), [box]: '1' });
  expect(plan.text).toContain('What would be done');
  expect(all('SELECT id FROM invoices')).toEqual([[41], [43], [44]]);
  const done = await dash.act(`${one}/recover`, { job: job(plan.path), do: '1' });
  expect(done.text).toContain('The rows are back');
  expect(done.text).toContain('Undo…');
  expect(all('SELECT id FROM invoices')).toEqual([[41], [42], [43], [44]]);
  expect(all('SELECT id FROM items WHERE invoice_id = 42')).toEqual([[2], [3]]);
  expect((await service.listBackups()).filter((backup) => backup.protected)).toHaveLength(1);
  for (const { text } of [compared, rows, plan, done]) expect(text).not.toContain(dash.temp.path);
  db.close();
});

test('of many or large rows a part is shown at a time, which the page says, and all of them can be reached', async () => {
  const { db, one } = await shop(
    `WITH RECURSIVE n (i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 1249)
       INSERT INTO customers SELECT i, 'C' || i, i FROM n;
     INSERT INTO notes SELECT 100 + value, NULL, hex(zeroblob(350000)) FROM json_each('[1,2,3]')`,
  );
  const first = await dash.act(`${one}/changes`, { table: 'customers' });
  expect(first.text).toContain('These are rows 1 to 500 of 1,150. The filter looks at these only.');
  const next = /name="skip" value="(\d+)"/.exec(first.text)![1]!;
  const second = await dash.act(`${one}/changes`, { table: 'customers', skip: next });
  expect(second.text).toContain('These are rows 501 to 1,000 of 1,150.');
  const third = /name="skip" value="(\d+)"/.exec(second.text)![1]!;
  const last = await dash.act(`${one}/changes`, { table: 'customers', skip: third });
  expect(last.text).toContain('These are rows 1,001 to 1,150 of 1,150.');
  expect(last.text).not.toContain('The next rows');
  expect(last.text).toContain('The first rows');
  const large = await dash.act(`${one}/changes`, { table: 'notes' });
  expect(large.text).toContain('These are rows 1 to 1 of 3.');
  db.close();
});

test('a row in the way is shown in both versions, and nothing is written until somebody decides', async () => {
  const { db, one, all, job } = await shop(
    `DELETE FROM invoices WHERE id = 43; INSERT INTO invoices VALUES (43, 2, 99)`,
  );
  const rows = await dash.act(`${one}/changes`, { table: 'invoices' });
  const box = /name="(row\d+)"/.exec(rows.text)![1]!;
  const plan = await dash.act(`${one}/recover`, { job: job(rows.path), [box]: '1' });
  expect(plan.text).toContain('Rows in the way: 1.');
  expect(plan.text).toContain('99');
  expect(plan.text).not.toContain('name="do"');
  const again = await dash.act(`${one}/recover`, { job: job(plan.path), onConflict: 'as-new' });
  expect(again.text).toContain('Chosen: Bring the old ones back under a new number.');
  expect(again.text).toContain('Under a new number: ');
  expect(again.text).toContain('invoices 43 → 44');
  await dash.act(`${one}/recover`, { job: job(again.path), do: '1' });
  expect(all('SELECT total FROM invoices ORDER BY id')).toEqual([[5], [7.5], [99], [9]]);
  db.close();
});

test('what was planned is what is done: if somebody has written meanwhile, it is refused, with a new plan', async () => {
  const { db, one, all, job } = await shop();
  const rows = await dash.act(`${one}/changes`, { table: 'invoices' });
  const plan = await dash.act(`${one}/recover`, { job: job(rows.path), all: '1' });
  db.exec('INSERT INTO items VALUES (2, 41, 1, 9)');
  const refused = await dash.act(`${one}/recover`, { job: job(plan.path), do: '1' });
  expect(refused.text).toContain('The rows were not brought back');
  expect(all('SELECT id FROM invoices')).toEqual([[41], [43], [44]]);
  db.close();
});

test('the API does the same: rows by their keys, a plan first, then with that plan', async () => {
  const { db, name, all } = await shop();
  const api = `/api/backups/${name}`;
  const diff = (await dash.postJson(`${api}/diff?wait=1`, { table: 'invoices' })).json();
  expect(diff.tables[0]).toMatchObject({ name: 'invoices', removed: 1, rows: expect.any(Array) });
  const order = { table: 'invoices', rows: [{ id: 42 }] };
  const plan = (await dash.postJson(`${api}/recover?wait=1`, { ...order, dryRun: true })).json();
  expect(plan).toMatchObject({ dryRun: true, inserted: { invoices: 1, items: 2 } });
  const done = await dash.postJson(`${api}/recover?wait=1`, { ...order, plan: plan.plan });
  expect(done.json()).toMatchObject({ dryRun: false, inserted: { invoices: 1, items: 2 } });
  expect(done.text).not.toContain(dash.temp.path);
  expect(all('SELECT count(*) FROM invoices')).toEqual([[4]]);
  for (const wrong of [
    {},
    { table: 'invoices' },
    { table: 'invoices', rows: [] },
    { table: 'invoices', rows: [{}] },
    { table: 'invoices', rows: [{ id: { a: 1 } }] },
    { table: 'invoices', rows: [{ id: 1 }], removed: true },
    { ...order, onConflict: 'drop' },
    { ...order, where: '1 = 1', rows: 'id' },
  ]) {
    expect({ wrong, status: (await dash.postJson(`${api}/recover`, wrong)).status }).toEqual({ wrong, status: 400 });
  }
  db.close();
});

test('values stay with those who may see them', async () => {
  const { db, name, one, job, allow } = await shop();
  const rows = await dash.act(`${one}/changes`, { table: 'invoices' });
  const plan = await dash.act(`${one}/recover`, { job: job(rows.path), all: '1' });
  allow({ view: true });
  for (const path of [rows.path, plan.path]) {
    expect((await dash.get(path)).text).toContain('You may not see what is in the database.');
    expect((await dash.get(`/api${path}`)).json()).not.toHaveProperty('result');
  }
  expect((await dash.get(one)).text).not.toContain('/changes');
  allow({ view: true, recover: true });
  expect((await dash.get(rows.path)).text).not.toContain('7.5');
  expect((await dash.postForm(`${one}/recover`, { job: job(rows.path), all: '1' })).status).toBe(403);
  allow({ view: true, browse: true });
  expect((await dash.get(rows.path)).text).toContain('7.5');
  expect((await dash.get(rows.path)).text).not.toMatch(/type="checkbox"/);
  expect((await dash.postForm(`${one}/recover`, { job: job(plan.path), do: '1' })).status).toBe(403);
  allow(ALL);
  const other = `/backups/${name.replace(/\d{6}\.db$/, '000000.db')}`;
  expect((await dash.postForm(`${other}/recover`, { job: job(plan.path), do: '1' })).status).toBe(404);
  expect((await dash.postForm(`${one}/recover`, { job: job(rows.path) })).status).toBe(400);
  db.close();
});

test('what is in the rows stays text', async () => {
  const { db, one } = await shop(`DELETE FROM notes; INSERT INTO notes VALUES (9, 41, '<script>alert(1)</script>')`);
  const rows = await dash.act(`${one}/changes`, { table: 'notes' });
  expect(rows.text).not.toContain('<script>alert');
  expect(rows.text).toContain('&lt;script&gt;alert(1)');
  db.close();
});
