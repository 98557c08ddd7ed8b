import path from 'node:path';
import { resultOf, useConsumer } from './consumer';

const consumer = useConsumer();

/** `sqlite-autobackup/testing` for `./testing`. */
const specifiers = () =>
  Object.keys(consumer.packageJson.exports)
    .filter((entry) => entry !== './package.json')
    .map((entry) => path.posix.join('sqlite-autobackup', entry));

test('require() and import find the same names in every entry point, and none has a default export', async () => {
  const required = await resultOf<Names>(consumer.node(['plain/exports.cjs', ...specifiers()]));
  const imported = await resultOf<Names>(consumer.node(['plain/exports.mjs', ...specifiers()]));
  // What Node itself adds to the namespace of a CommonJS module.
  const own = (names: string[]) => names.filter((name) => !['default', 'module.exports', '__esModule'].includes(name));

  for (const [specifier, names] of Object.entries(required)) {
    expect(names).not.toContain('default');
    expect(own(names).length).toBeGreaterThan(0);
    expect({ specifier, names: own(imported[specifier]!) }).toEqual({ specifier, names: own(names) });
  }
  expect(required['sqlite-autobackup']).toEqual(expect.arrayContaining(['AutoBackup', 'BackupService', 'keep']));
});

test('package.json is an entry point', async () => {
  const source = "console.log(JSON.stringify(require('sqlite-autobackup/package.json').name))";
  expect(await resultOf(consumer.node(['-e', source]))).toBe('sqlite-autobackup');
});

test('internals are no entry points', async () => {
  const { code, output } = await consumer.node(['-e', "require('sqlite-autobackup/dist/service/backup-service.js')"]);
  expect(output).toContain('ERR_PACKAGE_PATH_NOT_EXPORTED');
  expect(code).toBe(1);
});

test('an app that both imports and requires it has one core', async () => {
  expect(await resultOf(consumer.node(['plain/one-core.mjs']))).toBe(true);
});

test('requiring it loads neither winston, better-sqlite3, the schema library, child_process nor the child’s code', async () => {
  const { files, builtins } = await resultOf<Loaded>(consumer.node(['plain/loaded.cjs']));
  const packages = files
    .map((file) => file.split(path.sep).join('/'))
    .filter((file) => file.includes('/node_modules/'));
  expect(packages.some((file) => file.endsWith('/sqlite-autobackup/dist/index.js'))).toBe(true);
  expect(packages.filter((file) => /\/(winston|better-sqlite3|valibot)\/|\/dist\/isolated\//.test(file))).toEqual([]);
  expect(builtins.filter((name) => /child_process|worker|sqlite/.test(name))).toEqual([]);
});

type Names = Record<string, string[]>;

interface Loaded {
  files: string[];
  builtins: string[];
}
