import Database from 'better-sqlite3';
import fs from 'node:fs';
import path from 'node:path';
import { table, wrap } from '#dist/cli/format.js';
import { backupNames } from '../support/whole-backups';
import { useCli, useShop } from './support';

const cli = useCli();
const shop = useShop();

const run = (...args: string[]) => cli.run([...args, '--database', 'app.db'], { cwd: shop.path });

/** Unchanged, two backups would be one file under two names. */
function change(): void {
  const db = new Database(path.join(shop.path, 'app.db'));
  db.exec('CREATE TABLE IF NOT EXISTS changes (a); INSERT INTO changes VALUES (1)');
  db.close();
}

async function take(): Promise<string> {
  change();
  expect((await run('create')).code).toBe(0);
  return backupNames(shop.path).at(-1)!;
}

describe('--quiet prints every end that somebody has to know of, so that cron sends a mail', () => {
  test('a backup that fails its verification', async () => {
    const name = await take();
    fs.appendFileSync(path.join(shop.path, name), 'x');
    for (const args of [
      ['verify', name],
      ['verify', '--all'],
    ]) {
      const { code, stdout, stderr } = await run(...args, '--quiet');
      expect({ code: code === 0, stdout }).toEqual({ code: false, stdout: '' });
      expect(stderr).toContain(name);
    }
    const { code, stdout, stderr } = await run('doctor', '--quiet');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^error: verification: /);
  });

  test('a copy that fails, although the backup stands', async () => {
    const gone = path.join(shop.path, 'nas');
    shop.write(
      'autobackup.config.cjs',
      `const { directoryStore } = require(${JSON.stringify(path.join(__dirname, '..', '..', 'dist', 'index.js'))});
       module.exports = { database: 'app.db', copies: [directoryStore(${JSON.stringify(gone)})] };`,
    );
    const created = await cli.run(['create', '--quiet'], { cwd: shop.path });
    expect({ code: created.code, stdout: created.stdout }).toEqual({ code: 0, stdout: '' });
    expect(created.stderr).toContain(gone);
    const shipped = await cli.run(['ship', '--quiet'], { cwd: shop.path });
    expect({ code: shipped.code, stdout: shipped.stdout }).toEqual({ code: 1, stdout: '' });
    expect(shipped.stderr).toContain(gone);
  });

  test('a status of a database that is missing, or no database', async () => {
    const missing = await cli.run(['status', '--quiet', '--database', 'no.db'], { cwd: shop.path });
    expect({ code: missing.code, stdout: missing.stdout }).toEqual({ code: 1, stdout: '' });
    expect(missing.stderr).toContain('no.db');
    shop.write('text.db', 'this is not a database, and long enough to have a header of a hundred bytes'.repeat(4));
    const wrong = await cli.run(['status', '--quiet', '--database', 'text.db'], { cwd: shop.path });
    expect({ code: wrong.code, stdout: wrong.stdout }).toEqual({ code: 1, stdout: '' });
    expect(wrong.stderr).toContain('text.db');
  });
});

test('list --last and --problems', async () => {
  const first = await take();
  const second = await take();
  expect((await run('list', '--last', '1')).stdout).toContain(second);
  expect((await run('list', '--last', '1')).stdout).not.toContain(first);
  expect((await run('list', '--problems')).stdout).toContain('None of the 2 backups');
  fs.appendFileSync(path.join(shop.path, first), 'x');
  const { stdout } = await run('list', '--problems');
  expect(stdout).toContain(first);
  expect(stdout).not.toContain(second);
  expect((await run('list', '--last', '0')).code).toBe(2);
});

test('verify --all ends with a sum', async () => {
  await take();
  const bad = await take();
  fs.appendFileSync(path.join(shop.path, bad), 'x');
  expect((await run('verify', '--all')).stdout).toMatch(/\n\n2 backups: 1 good, 1 bad or not readable\n$/);
});

test('nothing that is listed is wider than the terminal, other than a path or a name at its end, which is left whole', async () => {
  const long = 'a-database-whose-name-is-longer-than-most.db';
  const dist = JSON.stringify(path.join(__dirname, '..', '..', 'dist', 'index.js'));
  fs.mkdirSync(shop.file('nas'));
  const db = new Database(shop.file(long));
  db.exec('CREATE TABLE customers_with_a_name_of_some_length (an_identifier, a_note_about_the_customer)');
  db.close();
  shop.write(
    'autobackup.config.cjs',
    `const { directoryStore } = require(${dist});
     const database = process.env.LONG ? '${long}' : 'app.db';
     module.exports = { database, copies: [directoryStore('nas', { host: 'the-till-beside-the-door' })] };`,
  );
  const label = 'a reason that is so long that it would not fit in a row of eighty columns';
  for (const LONG of ['', '1']) {
    expect((await cli.run(['create', '--label', label], { cwd: shop.path, env: { LONG } })).code).toBe(0);
  }
  const host = ['--from', 'nas', '--host', 'the-till-beside-the-door'];
  const commands = [
    ['list'],
    ['list', ...host],
    ['list', '--from', 'nas', '--all-hosts'],
    ['log'],
    ['prune', '--dry-run', '--keep-last', '1'],
    ['status'],
    ['verify', '--all'],
    ['verify', '--all', ...host],
    ['doctor'],
    ['diff', 'latest'],
    ['query', 'latest', 'SELECT name, sql FROM sqlite_schema'],
  ];
  for (const args of commands) {
    for (const [columns, LONG] of [
      [80, '1'],
      [40, ''],
    ] as const) {
      const env = { COLUMNS: String(columns), LONG, NO_COLOR: '1' };
      const { stdout } = await cli.onTerminal(args, { cwd: shop.path, env }).ended;
      // A bar is erased before the result stands in its place.
      const rows = stdout.split('\x1b[2K').at(-1)!.split(/\r?\n/);
      const isWhole = (row: string) => row.split(' ').at(-1)!.length > columns - 22;
      const wide = rows.filter((row) => row.length > columns && !isWhole(row));
      expect({ args, columns, empty: rows.length < 2, wide }).toEqual({ args, columns, empty: false, wide: [] });
    }
  }
});

test('where the columns of a table have no room, each row is a paragraph, and nothing is lost', () => {
  const rows = [
    ['NAME', 'SIZE', 'NOTE'],
    ['app_backup_20261124_093000.db', '8 kB', 'before an invoice was deleted'],
    ['app_backup_20261117_093000.db', '9 kB', ''],
  ];
  expect(table(rows, { columns: 80 })).toHaveLength(3);
  expect(table(rows, { columns: 40 }).join('\n')).toBe(
    [
      'app_backup_20261124_093000.db',
      '  SIZE  8 kB',
      '  NOTE  before an invoice was deleted',
      'app_backup_20261117_093000.db',
      '  SIZE  9 kB',
    ].join('\n'),
  );
  expect(table(rows, { columns: 52 }).join('\n')).toContain('before an invo…');
  expect(table(rows, { columns: 52, mayCut: false }).join('\n')).toContain('before an invoice was deleted');
});

test('text wraps under its own beginning; a table cuts its last column', () => {
  expect(wrap('one two three four five six seven', 4, 28)).toBe('one two three four five\n    six seven');
  expect(wrap('one two', 4, undefined)).toBe('one two');
  expect(table([['a', 'long enough to be cut']], { columns: 20, header: false })).toEqual(['a  long enough to b…']);
});

test('the undo of a restore can be pasted in any folder', async () => {
  const name = await take();
  const { stdout } = await run('restore', name, '--yes');
  const undo = /To undo it: npx sqlite-autobackup (.*)$/m.exec(stdout)![1]!;
  expect(undo).toContain(`--database ${path.join(shop.path, 'app.db')}`);
  const elsewhere = fs.mkdtempSync(path.join(shop.path, 'elsewhere-'));
  expect((await cli.run([...undo.split(' '), '--yes'], { cwd: elsewhere })).code).toBe(0);
});

test('a plan counts what is only in the WAL as written', async () => {
  const name = await take();
  const db = new Database(path.join(shop.path, 'app.db'));
  try {
    db.pragma('journal_mode = WAL');
    fs.utimesSync(path.join(shop.path, 'app.db'), new Date('2020-01-01'), new Date('2020-01-01'));
    db.exec('CREATE TABLE more (a)');
    expect(fs.statSync(path.join(shop.path, 'app.db')).mtime.getFullYear()).toBe(2020);
    const { stderr } = await run('restore', name);
    expect(stderr).toContain(`last written ${new Date().getFullYear()}-`);
  } finally {
    db.close();
  }
});

test('a database that is given as an argument is pointed to --database', async () => {
  const { code, stderr } = await cli.run(['create', 'instance/app.db'], { cwd: shop.path });
  expect(code).toBe(2);
  expect(stderr).toContain('--database instance/app.db');
});

test('list --from on a machine of another name says which hosts there are', async () => {
  const dist = JSON.stringify(path.join(__dirname, '..', '..', 'dist', 'index.js'));
  fs.mkdirSync(path.join(shop.path, 'nas'));
  shop.write(
    'autobackup.config.cjs',
    `const { directoryStore } = require(${dist});
     module.exports = { database: 'app.db', copies: [directoryStore('nas', { host: 'till-1' })] };`,
  );
  expect((await cli.run(['create'], { cwd: shop.path })).code).toBe(0);
  fs.rmSync(path.join(shop.path, 'autobackup.config.cjs'));
  const { stdout } = await cli.run(['list', '--from', 'nas'], { cwd: shop.path });
  expect(stdout).toContain('"till-1"');
  expect(stdout).toContain('--host');
});
