import Database from 'better-sqlite3';
import fs from 'node:fs';
import { SHOP } from '../support/recovering';
import { until } from '../support/processes';
import { useTempFolder } from '../support/temp-folder';
import { useCli } from './support';

const { run, start } = useCli();
const folder = useTempFolder();

/** A shop with a backup of it, then what happened since. */
async function after(happened: string, more = ''): Promise<{ all(sql: string): unknown[] }> {
  edit(`${SHOP} ${more}`);
  expect((await cli('create')).code).toBe(0);
  edit(`PRAGMA foreign_keys = ON; ${happened}`);
  return { all: (sql) => withDatabase((db) => db.prepare(sql).raw().all()) };
}

function withDatabase<T>(use: (db: Database.Database) => T): T {
  const db = new Database(folder.file('app.db'));
  try {
    return use(db);
  } finally {
    db.close();
  }
}

const edit = (sql: string): void => void withDatabase((db) => db.exec(sql));
const cli = (command: string, ...args: string[]) =>
  run([command, '--database', 'app.db', ...args], { cwd: folder.path });

test('diff --html writes a page that shows texts as they are, and never over another file', async () => {
  await after("UPDATE customers SET name = '<b>Ann</b> & co' WHERE id = 1; DELETE FROM invoices WHERE id = 42");
  const { code, stdout } = await cli('diff', 'latest', '--html', 'changes.html');
  expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('Written to changes.html') });
  const page = fs.readFileSync(folder.file('changes.html'), 'utf8');
  expect(page).toContain('&#60;b&#62;Ann&#60;/b&#62; &#38; co');
  expect(page).not.toContain('<b>');
  expect(page).toContain('<tr><td>invoices<td>0<td>0<td>1<td></tr>');
  expect((await cli('diff', 'latest', '--html', 'changes.html')).code).not.toBe(0);
  expect(fs.readFileSync(folder.file('changes.html'), 'utf8')).toBe(page);
});

test('diff OLDER NEWER compares two backups, their tables and indexes too, and --table shows what has changed in each row', async () => {
  await after(
    'UPDATE customers SET name = 42 WHERE id = 1',
    'CREATE TABLE plans (id); CREATE INDEX by_total ON invoices (total);',
  );
  edit(
    'CREATE TABLE more (id); DROP TABLE plans; DROP INDEX by_total; CREATE INDEX by_total ON invoices (total DESC);',
  );
  expect((await cli('create')).code).toBe(0);
  edit('UPDATE customers SET name = 43; UPDATE invoices SET total = 0');
  const [older, newer] = folder.list().filter((name) => /_backup_\d{8}_\d{6}\.db$/.test(name)) as [string, string];
  const { code, stdout } = await cli('diff', older, newer);
  expect(code).toBe(0);
  expect(stdout).toContain(`${older}  ->  ${newer}`);
  expect(stdout).toMatch(/new +table more\ngone +table plans\nchanged +index by_total\n/);
  expect(stdout).toMatch(/customers +0 +1 +0\n/);
  expect(stdout).not.toMatch(/invoices +0/);
  const rows = (await cli('diff', older, newer, '--table', 'customers')).stdout;
  expect(rows).toContain("~ customers  1: name 'Ann' -> '42'");
});

test('query --csv quotes what needs it, and tells NULL from an empty text', async () => {
  await after('', `CREATE TABLE t (a, b); INSERT INTO t VALUES ('x,"y"', NULL), ('', x'00ff')`);
  expect((await cli('query', 'latest', 'SELECT * FROM t', '--csv')).stdout).toBe('a,b\r\n"x,""y""",\r\n"",00ff\n');
});

test('query that never ends is told from a slow disk, also where --timeout is all the time there is', async () => {
  await after('');
  const endless = 'WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT sum(i) FROM n';
  let stderr = '';
  // On a machine that is busy, the first may be over before the question is asked.
  for (const timeout of ['2s', '10s', '60s']) {
    ({ stderr } = await cli('query', 'latest', endless, '--timeout', timeout));
    if (!stderr.includes('ERR_BACKUP_TIMEOUT') || stderr.includes('in step "query"')) break;
  }
  expect(stderr).toMatch(/did not end within \d+ s[^]*ERR_BACKUP_QUERY/);
});

test('recover --sql writes what anybody can run, and changes nothing', async () => {
  const { all } = await after('DELETE FROM invoices WHERE id = 42');
  const { code } = await cli('recover', 'latest', '--table', 'invoices', '--removed', '--sql', 'back.sql');
  expect([code, all('SELECT count(*) FROM invoices')]).toEqual([0, [[2]]]);
  edit(fs.readFileSync(folder.file('back.sql'), 'utf8'));
  expect(all('SELECT count(*) FROM items WHERE invoice_id = 42')).toEqual([[2]]);
  expect((await cli('diff', 'latest')).stdout).toContain('5 tables unchanged');
});

test('recover --as-new, --keep and --set say what they have done; without a choice, nothing is written', async () => {
  const { all } = await after(
    'DELETE FROM invoices WHERE id = 43; INSERT INTO invoices VALUES (43, 2, 100); UPDATE invoices SET total = 6 WHERE id = 41; DELETE FROM items WHERE id = 1',
  );
  const recover = (id: number, ...flags: string[]) =>
    cli('recover', 'latest', '--table', 'invoices', '--where', `id = ${id}`, '--yes', ...flags);
  const refused = await recover(43);
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toContain('backup: id 43, customer_id 1, total 9');
  expect(refused.stderr).toContain('live:   id 43, customer_id 2, total 100');
  expect((await recover(43, '--as-new', '--set', 'total=8.5')).stdout).toMatch(/back +1 of invoices/);
  expect(all('SELECT * FROM invoices WHERE id > 42')).toEqual([[43, 2, 100], [44, 1, 8.5]]); // prettier-ignore
  expect((await recover(41, '--keep')).stdout).toMatch(/back +1 of items[^]*kept +1 of invoices/);
  expect(all('SELECT total FROM invoices WHERE id = 41')).toEqual([[6]]);
  expect((await recover(41, '--keep', '--skip')).code).toBe(2);
});

test('recover --dry-run shows the plan and writes nothing; --skip leaves what is in the way, --overwrite replaces it', async () => {
  const { all } = await after('UPDATE invoices SET total = 6 WHERE id = 41; DELETE FROM invoices WHERE id = 42');
  const recover = (...flags: string[]) =>
    cli('recover', 'latest', '--table', 'invoices', '--where', 'id IN (41, 42)', ...flags);
  const totals = () => all('SELECT id, total FROM invoices WHERE id IN (41, 42) ORDER BY id');
  const plan = await recover('--dry-run', '--overwrite');
  expect(plan).toMatchObject({ code: 0, stdout: expect.stringMatching(/invoices/) });
  expect(totals()).toEqual([[41, 6]]);
  expect((await recover('--yes', '--skip')).code).toBe(0);
  const [[, was], [, back]] = totals() as [[number, number], [number, number]];
  expect([was, back]).toEqual([6, 7.5]);
  expect((await recover('--yes', '--overwrite')).code).toBe(0);
  expect(totals()).toEqual([[41, 5], [42, 7.5]]); // prettier-ignore
});

test('recover --no-triggers fires none, and --no-related brings nothing along', async () => {
  const { all } = await after(
    'DELETE FROM invoices WHERE id = 42; DELETE FROM log',
    `CREATE TABLE log (t); CREATE TRIGGER logged AFTER INSERT ON invoices BEGIN INSERT INTO log VALUES (NEW.id); END;`,
  );
  const recover = (...flags: string[]) =>
    cli('recover', 'latest', '--table', 'invoices', '--where', 'id = 42', '--yes', '--no-related', ...flags);
  expect((await recover('--no-triggers')).code).toBe(0);
  expect([all('SELECT * FROM log'), all('SELECT count(*) FROM items WHERE invoice_id = 42')]).toEqual([[], [[0]]]);
  expect(all("SELECT count(*) FROM sqlite_schema WHERE type = 'trigger'")).toEqual([[1]]);
  edit('DELETE FROM invoices WHERE id = 42');
  await recover();
  expect(all('SELECT * FROM log')).toEqual([[42]]);
});

describe('run', () => {
  const script = (sql: string): string[] => [
    ...['--', process.execPath, '-e'],
    `new (require(${JSON.stringify(require.resolve('better-sqlite3'))}))(process.env.DATABASE_FILE).exec(${JSON.stringify(sql)})`,
  ];
  const flags = ['--env', 'DATABASE_FILE={}', '--assert', 'SELECT count(*) = 3 FROM invoices'];

  test('a rehearsal with assertions, then the database itself', async () => {
    const { all } = await after('');
    const { code, stdout } = await cli('run', '--rehearse', ...flags, ...script('CREATE TABLE more (id)'));
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringMatching(/new +table more[^]*true .*= 3/) });
    expect(all("SELECT count(*) FROM sqlite_schema WHERE name = 'more'")).toEqual([[1]]);
    const bad = await cli('run', '--rehearse', ...flags, ...script('DELETE FROM invoices'));
    expect(bad).toMatchObject({ code: 13, stdout: expect.stringContaining('the database was not touched') });
  });

  test('a false assertion names both ways back: all of it, and only rows; or it is done', async () => {
    const { all } = await after('');
    const sql = 'DELETE FROM items; DELETE FROM invoices WHERE id = 42';
    const { code, stdout } = await cli('run', ...flags, ...script(sql));
    expect(code).toBe(13);
    expect(stdout).toMatch(/To go back: npx sqlite-autobackup restore[^]*recover .* --table TABLE --removed/);
    edit('INSERT INTO invoices VALUES (42, 2, 7.5)');
    expect((await cli('run', ...flags, '--restore-on-failure', ...script(sql))).code).toBe(13);
    expect(all('SELECT count(*) FROM invoices')).toEqual([[3]]);
  });

  test('what a run that was killed has left is removed by the next one, and a folder of another name is not', async () => {
    await after('');
    fs.mkdirSync(folder.file('.autobackup-run-mine'));
    const left = () => folder.list().filter((name) => name.startsWith('.autobackup-run-'));
    const wait = ['--', process.execPath, '-e', "require('fs').writeFileSync('started', ''); process.stdin.resume()"];
    const killed = start(['run', '--database', 'app.db', ...wait], { cwd: folder.path });
    await until(() => fs.existsSync(folder.file('started')));
    expect(left()).toHaveLength(2);
    const other = await cli('run', '--', process.execPath, '-e', '0');
    expect(other.code).toBe(0);
    expect(left()).toHaveLength(2);
    killed.child.kill('SIGKILL');
    await killed.ended;
    expect((await cli('run', '--', process.execPath, '-e', '0')).code).toBe(0);
    expect(left()).toEqual(['.autobackup-run-mine']);
  });
});
