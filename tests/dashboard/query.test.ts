import Database from 'better-sqlite3';
import { until } from '../support/processes';
import { ALL, useDashboard } from './support';

const dash = useDashboard();

async function withBackup(rights = ALL) {
  const service = dash.service();
  const db = new Database(dash.temp.file('app.db'));
  db.exec(`CREATE TABLE things (id INTEGER PRIMARY KEY, name, size);
    INSERT INTO things VALUES (1, '<b>one</b>', 1.5), (2, NULL, x'00ff'), (3, '', 9007199254740993), (4, 'a,"b"', -1)`);
  db.close();
  const { name } = await service.createBackup();
  await dash.serve(service, { authorize: () => rights });
  return { service, name };
}

const ask = (name: string, sql: string) => dash.act(`/backups/${name}/query`, { sql });

test('the page of a backup leads to the question, whose answer shows each kind of value as what it is', async () => {
  const { name } = await withBackup();
  expect((await dash.get(`/backups/${name}`)).text).toContain(`${name}/query"`);
  expect((await dash.get(`/backups/${name}/query`)).text).toContain('<textarea');
  const { text, path } = await ask(name, 'SELECT * FROM things ORDER BY id');
  expect(path).toMatch(/^\/jobs\/[\w-]+$/);
  expect(text).toContain('<bdi>&lt;b&gt;one&lt;/b&gt;</bdi>');
  expect(text).toContain('<i class="odd">NULL</i>');
  expect(text).toContain('<i class="odd">empty text</i>');
  expect(text).toContain("<code>x'00ff'</code>");
  expect(text).toContain('class="size">9007199254740993</td>');
  expect(text).toContain('4 rows');
  // To ask on.
  expect(text).toContain('SELECT * FROM things ORDER BY id</textarea');
  const csv = await dash.get(`${path}/rows.csv`);
  expect(csv.headers).toMatchObject({
    'content-type': 'text/csv; charset=utf-8',
    'content-disposition': `attachment; filename="${name.replace('.db', '.csv')}"`,
    'cache-control': 'no-store',
  });
  expect(csv.text).toBe('id,name,size\r\n1,<b>one</b>,1.5\r\n2,,00ff\r\n3,"",9007199254740993\r\n4,"a,""b""",-1\r\n');
});

test.each([
  ['SELECT nowhere FROM things', 'no such column: nowhere'],
  ['DELETE FROM things', 'not a SELECT'],
  ['SELECT 1; SELECT 2', 'more than one statement'],
  ['PRAGMA user_version = 7', 'not a SELECT'],
  ['SELEC', 'syntax error'],
])('%s: refused in words, with the question to mend', async (sql, says) => {
  const { name } = await withBackup();
  const { text } = await ask(name, sql);
  expect(text).toContain('The question could not be answered');
  expect(text).toContain(says);
  expect(text).toContain(`${sql}</textarea`);
  expect(text).not.toContain(dash.temp.path);
});

test('an answer is bounded, and says so', async () => {
  const { name } = await withBackup();
  const sql = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n';
  const { text, path } = await ask(name, sql);
  expect(text).toContain('These are the first 1,000 rows');
  expect(text.match(/<td /g)).toHaveLength(100);
  expect((await dash.get(`${path}?page=10`)).text).toContain('>1000</td>');
  expect((await dash.get(`${path}?page=99`)).text).toContain('>1000</td>');
  expect((await dash.get(`${path}/rows.csv`)).text.trim().split('\r\n')).toHaveLength(1_001);
});

test('neither the question nor the answer is for those without the right', async () => {
  const { service, name } = await withBackup();
  const { path } = await ask(name, "SELECT 'secret' AS word");
  const failed = await ask(name, "SELECT hidden('secret')");
  expect(failed.text).toContain('secret');
  await dash.serve(service, { authorize: () => ({ ...ALL, browse: false }) });
  for (const page of [path, failed.path, `/api${path}`, `/api${failed.path}`, '/api/jobs', '/', '/activity']) {
    const { text } = await dash.get(page);
    expect({ page, leak: text.includes('secret') || text.includes('hidden(') }).toEqual({ page, leak: false });
  }
  expect((await dash.get(`${path}/rows.csv`)).status).toBe(403);
});

test('the same through the API; what is no question is refused', async () => {
  const { name } = await withBackup();
  const at = `/api/backups/${name}/query`;
  const { json } = await dash.postJson(`${at}?wait=1`, { sql: 'SELECT count(*) AS n FROM things' });
  expect(json()).toEqual({ columns: ['n'], rows: [[4]], truncated: false });
  for (const sql of [undefined, 7, '', '  ', 'x'.repeat(8_001)]) {
    expect((await dash.postJson(at, { sql })).status).toBe(400);
  }
  const failed = await dash.postJson(at, { sql: 'SELECT nowhere' });
  const job = await until(async () => {
    const found = (await dash.get(`/api/jobs/${failed.json().id}`)).json();
    return found.state === 'failed' ? found : undefined;
  });
  expect(job.error).toMatchObject({ code: 'ERR_BACKUP_QUERY', said: expect.stringContaining('no such column') });
  expect((await dash.get('/jobs/none/rows.csv')).status).toBe(404);
});
