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

const TABLE = 'CREATE TABLE invoices (id INTEGER PRIMARY KEY, total REAL)';
const ROWS = 'INSERT INTO invoices VALUES (1, 5), (2, 7.5)';

// Prisma's command asks for the engines that its package would have downloaded. The one that is WebAssembly does the work, so any
// program does.
const NO_DOWNLOAD = {
  PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
  PRISMA_QUERY_ENGINE_LIBRARY: process.execPath,
  CHECKPOINT_DISABLE: '1',
};

describe.each([['Knex'], ['TypeORM'], ['Drizzle'], ['Prisma']])('migrations by %s', (tool) => {
  const cwd = path.join(__dirname, 'migrations', tool.toLowerCase());
  const database = (): string => folder.file('app.db');
  const environment = (migrations: string) => ({ ...process.env, ...NO_DOWNLOAD, MIGRATIONS: migrations });
  let made: Buffer | undefined;
  let tables: unknown;

  beforeEach(() => {
    if (made) {
      fs.writeFileSync(database(), made);
      return;
    }
    // Prisma migrates only what it has made itself.
    if (tool === 'Prisma') {
      const env = { ...environment('first'), DATABASE_URL: `file:${database()}` };
      const [file, ...args] = commandOf(tool);
      expect(spawnSync(file!, args, { cwd, env, encoding: 'utf8' })).toMatchObject({ status: 0 });
    }
    const db = new Database(database());
    db.exec(tool === 'Prisma' ? ROWS : `${TABLE}; ${ROWS}`);
    db.close();
    made = fs.readFileSync(database());
    tables = read(NAMES);
  });

  function migrate(migrations: string, ...flags: string[]) {
    const args = ['run', '--assert', ASSERT, ...flags, '--env', 'DATABASE_URL=file:{}', '--database', database()];
    const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args, '--', ...commandOf(tool)], {
      ...{ cwd, encoding: 'utf8', env: environment(migrations) },
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

  const NAMES = "SELECT name FROM sqlite_schema WHERE type = 'table'";
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
    expect(read(columns)).toEqual(['id', 'total']);
    const emptied = migrate('emptying', '--restore-on-failure');
    expect(emptied).toMatchObject({ status: 13, output: expect.stringContaining('An assertion is false') });
    expect(read('SELECT count(*) FROM invoices')).toEqual([2]);
    expect(read(columns)).toEqual(['id', 'total']);
    expect(read(NAMES)).toEqual(tables);
  });
});
