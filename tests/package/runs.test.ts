import fs from 'node:fs';
import path from 'node:path';
import { addEntry, checkLedger, createLedger } from '../support/databases';
import { useTempFolder } from '../support/temp-folder';
import { resultOf, ROOT, tool, useConsumer } from './consumer';
import type { Run } from './consumer';

const consumer = useConsumer();
const temp = useTempFolder();

beforeEach(() => {
  const db = createLedger(temp.file('app.db'), 'wal');
  addEntry(db);
  db.close();
});

const inApp = (args: string[], env: NodeJS.ProcessEnv = {}) =>
  consumer.node(args, { DATABASE: temp.file('app.db'), ...env });

/** It ended well, and there is exactly one backup, a whole one. */
function expectOneBackup({ code, output }: Run): string {
  expect({ code, output }).toMatchObject({ code: 0 });
  const backups = temp.list().filter((name) => /^app_backup_\d{8}_\d{6}\.db$/.test(name));
  expect(backups).toHaveLength(1);
  expect(checkLedger(temp.file(backups[0]!))).toEqual({ entries: 1 });
  return backups[0]!;
}

test.each(['backup.cjs', 'backup.mjs', 'backup-sync.cjs'])('plain Node takes a backup in %s', async (script) => {
  const ran = await inApp([`plain/${script}`]);
  const name = expectOneBackup(ran);
  // The default logger wrote the first line, the app the second.
  expect(ran.stdout).toMatch(/info \[sqlite-autobackup\] Automatic backup created before createInvoice/);
  expect(ran.stdout).toContain(`invoice 1, after ${name}`);
});

test.each([
  ['CommonJS', 'jest-cjs', {}],
  ['ESM', 'jest-esm', { NODE_OPTIONS: '--experimental-vm-modules' }],
])('jest takes a backup in %s mode', async (_, project, env) => {
  const ran = await inApp([tool('jest'), '--config', `${project}/jest.config.cjs`], env);
  expectOneBackup(ran);
  expect(ran.output).toContain('Tests:       1 passed, 1 total');
  expect(ran.output).not.toMatch(/torn down|did not exit/);
});

test('jest runs a whole file of tests with the set-up file of docs/tests.md, as it is printed there', async () => {
  const page = fs.readFileSync(path.join(consumer.installed, 'docs', 'tests.md'), 'utf8');
  const [, setUp] = /^```js\n([^]*?)^```$/m.exec(page)!;
  consumer.write('jest-set-up/test-set-up.js', setUp!);
  consumer.write(
    'jest-set-up/jest.config.cjs',
    'module.exports = { transform: {}, setupFilesAfterEnv: ["./test-set-up.js"], testTimeout: 600_000 };',
  );
  consumer.write(
    'jest-set-up/invoices.test.js',
    `
    const { configureAutoBackup, withAutoBackup } = require('sqlite-autobackup');
    const { recordingService, resetAutoBackup } = require('sqlite-autobackup/testing');
    const remove = withAutoBackup(async function remove(id) { return id; });

    test('runs without a service', async () => expect(await remove(1)).toBe(1));
    test('and so does the next test', async () => expect(await remove(2)).toBe(2));
    test.each([1, 2])('a test that looks at the backups resets first, time %s', async () => {
      resetAutoBackup();
      const backups = recordingService();
      configureAutoBackup(backups);
      await remove(3);
      expect(backups.labels).toEqual(['remove']);
    });
    test('and the one after it runs without a service again', async () => expect(await remove(4)).toBe(4));`,
  );
  const ran = await inApp([tool('jest'), '--config', 'jest-set-up/jest.config.cjs']);
  expect(ran).toMatchObject({ code: 0, output: expect.stringContaining('Tests:       5 passed, 5 total') });
  expect(temp.list()).toEqual(['app.db']);
});

test.each([
  ['legacy', true],
  ['TC39', false],
])('tsx, which emits no types, runs an app with %s decorators', async (_, experimentalDecorators) => {
  consumer.write('decorated/tsconfig.json', { compilerOptions: { target: 'es2022', experimentalDecorators } });
  const ran = await inApp([tool('tsx'), '--tsconfig', 'decorated/tsconfig.json', 'decorated/app.ts']);
  const name = expectOneBackup(ran);
  expect(ran.stdout).toContain('Automatic backup created before InvoicesController.create');
  expect(ran.stdout).toContain(`invoice 1, after ${name}`);
});

test.each(['backup.cjs', 'backup-sync.cjs'])(
  'what NODE_OPTIONS loads is loaded in the app only: %s',
  async (script) => {
    const record = temp.file('record.txt');
    const env = { NODE_OPTIONS: '--require ./plain/recorder.cjs', RECORD: record };
    expectOneBackup(await inApp([`plain/${script}`], env));
    const loadedBy = fs.readFileSync(record, 'utf8').trim().split('\n');
    expect(loadedBy).toEqual([consumer.file('plain', script)]);
  },
);

test.each([
  ['one name', 'nest-one-name', 'ERR_BACKUP_ALREADY_CONFIGURED'],
  ['two names', 'nest-two-names', ['app.db', 'orders.db']],
])('a Nest app that imports one AutoBackupModule and requires another, of %s', async (_, name, expected) => {
  expect(await resultOf(consumer.node(['plain/nest-both-entries.mjs', name]))).toEqual(expected);
});

describe('in a bundled app', () => {
  const esbuild = require.resolve('esbuild', { paths: [path.join(ROOT, 'node_modules', 'tsx')] });

  // Inside the consumer, as an app is deployed: with its node_modules.
  async function bundle(script: string, ...external: string[]): Promise<string> {
    const outfile = 'bundled/app.cjs';
    const options = { entryPoints: [`plain/${script}`], bundle: true, platform: 'node', outfile, external };
    const build = `require(${JSON.stringify(esbuild)}).build(${JSON.stringify(options)})`;
    const { code, output } = await consumer.node(['-e', build]);
    expect({ code, output }).toMatchObject({ code: 0 });
    return outfile;
  }

  test('the missing program of the child is named, with what to do: mark the package as external', async () => {
    const { code, stdout, output } = await inApp([await bundle('failing.cjs')]);
    expect({ code, output }).toMatchObject({ code: 0 });
    const failures = stdout.split('\n').filter((line) => line.startsWith('{"code"'));
    expect(failures).toHaveLength(2);
    for (const failure of failures) {
      expect(JSON.parse(failure)).toEqual({
        code: 'ERR_BACKUP_CHILD_FAILED',
        message: expect.stringMatching(/main\.js" is missing\. /),
        hint: expect.stringContaining('mark "sqlite-autobackup" as external'),
      });
    }
    expect(temp.list()).toEqual(['app.db']);
  });

  test('with the package as external, it works', async () => {
    expectOneBackup(await inApp([await bundle('backup.cjs', 'sqlite-autobackup')]));
  });
});

test('a package without the program of its child fails with what is missing', async () => {
  const main = path.join(consumer.installed, 'dist', 'isolated', 'main.js');
  fs.renameSync(main, `${main}.away`);
  try {
    const { message } = await resultOf<{ message: string }>(inApp(['plain/failing.cjs']).then(withoutLog));
    expect(message).toContain(`"${main}" is missing.`);
  } finally {
    fs.renameSync(`${main}.away`, main);
  }
});

/** Without the lines of the default logger. */
function withoutLog(ran: Run): Run {
  const lines = ran.stdout.split('\n').filter((line) => !line.includes('[sqlite-autobackup]'));
  return { ...ran, stdout: lines.join('\n') };
}
