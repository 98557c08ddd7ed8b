import Database from 'better-sqlite3';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { useTempFolder } from '../support/temp-folder';

const MAIN = path.join(__dirname, '..', '..', 'dist', 'cli', 'main.js');
const page = fs.readFileSync(path.join(__dirname, '..', '..', 'docs', 'migrations.md'), 'utf8');
const folder = useTempFolder();
const ASSERT = 'SELECT count(*) > 1 FROM invoices';

/** The command as the page shows it, in a folder that has the tool's own configuration. */
function commandOf(tool: string): string[] {
  const [, command] = new RegExp(`^\\| ${tool} \\| \`([^\`]+)\` \\|`, 'm').exec(page)!;
  return command!.split(' ');
}

// Prisma is shown on the page and not run here: its schema engine is downloaded from a host of Prisma's, and in no npm package.
describe.each([['Knex'], ['TypeORM'], ['Drizzle']])('migrations by %s', (tool) => {
  const cwd = path.join(__dirname, 'migrations', tool.toLowerCase());
  const database = (): string => folder.file('app.db');

  beforeEach(() => {
    const db = new Database(database());
    db.exec('CREATE TABLE invoices (id INTEGER PRIMARY KEY, total REAL); INSERT INTO invoices VALUES (1, 5), (2, 7.5)');
    db.close();
  });

  function migrate(migrations: string, ...flags: string[]) {
    const args = ['run', '--assert', ASSERT, ...flags, '--env', 'DATABASE_URL=file:{}', '--database', database()];
    const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args, '--', ...commandOf(tool)], {
      ...{ cwd, encoding: 'utf8', env: { ...process.env, MIGRATIONS: migrations } },
    });
    return { status, output: stdout + stderr };
  }

  function read(sql: string): unknown {
    const db = new Database(database(), { readonly: true });
    try {
      return db.prepare(sql).pluck().all();
    } finally {
      db.close();
    }
  }

  const columns = "SELECT name FROM pragma_table_info('invoices')";

  test('a good one is rehearsed on a copy, then done, and the screen says what has changed', () => {
    const { status, output } = migrate('migrations', '--rehearse');
    expect({ status, output }).toMatchObject({ status: 0, output: expect.stringContaining('changed  table invoices') });
    expect(output).toContain('The rehearsal was good');
    expect(read(columns)).toEqual(['id', 'total', 'state']);
    expect(fs.readdirSync(folder.path).filter((name) => name.startsWith('.autobackup-run-'))).toEqual([]);
  });

  test('one that fails in the rehearsal, or empties a table, does not touch the database', () => {
    const failed = migrate('failing', '--rehearse');
    expect(failed.status).not.toBe(0);
    expect(failed.output).toContain('the database was not touched');
    const emptied = migrate('emptying', '--rehearse');
    expect(emptied).toMatchObject({ status: 13, output: expect.stringContaining(`FALSE  ${ASSERT}`) });
    expect(read(columns)).toEqual(['id', 'total']);
    expect(read('SELECT count(*) FROM invoices')).toEqual([2]);
  });

  test('one that fails on the database itself, or makes an assertion false, is taken back', () => {
    const failed = migrate('failing', '--restore-on-failure');
    expect(failed.status).not.toBe(0);
    expect(failed.output).toContain('was restored');
    const emptied = migrate('emptying', '--restore-on-failure');
    expect(emptied).toMatchObject({ status: 13, output: expect.stringContaining('An assertion is false') });
    expect(read('SELECT count(*) FROM invoices')).toEqual([2]);
    expect(read("SELECT count(*) FROM sqlite_schema WHERE type = 'table'")).toEqual([1]);
  });
});
