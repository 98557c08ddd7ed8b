import path from 'node:path';
import * as everything from 'sqlite-autobackup';
import { DIST, PACKAGE, runNode } from '../support/run-node';

test('the package exports these values by name, and nothing by default', () => {
  expect(Object.keys(everything).sort()).toEqual([
    'AutoBackup',
    'BACKUP_ERROR_CODES',
    'BackupError',
    'BackupService',
    'RecoverError',
    'childProcessSnapshotter',
    'clientGone',
    'configureAutoBackup',
    'directoryStore',
    'isBackupError',
    'keep',
    'listCopies',
    'pullBackup',
    'refusalOf',
    'sayAnswer',
    'sayVerdict',
    'verdict',
    'verifyCopy',
    'withAutoBackup',
  ]);
});

test('the code of notifications is loaded by a service that has some, or whose monitor is started, and by no other', () => {
  const loaded = runNode<boolean[]>(
    `
      const { BackupService } = require(process.argv[1]);
      const isLoaded = () => Object.keys(require.cache).some((file) => /dist.notify.(notifier|channels|options)/.test(file));
      const silent = { info() {}, warn() {}, error() {} };
      const options = { database: 'app.db', logger: silent };
      new BackupService(options);
      const found = [isLoaded()];
      new BackupService({ ...options, notify: { webhook: 'https://hooks.example/x' } });
      console.log(JSON.stringify([...found, isLoaded()]));
    `,
    { args: [DIST] },
  );
  expect(loaded).toEqual([false, true]);
});

test('requiring it, decorating a method and making a service load no logger, no database and no child process', () => {
  const loaded = runNode<string[]>(
    `
      const { AutoBackup } = require(process.argv[1]);
      class Invoices { async create() {} }
      AutoBackup()(Invoices.prototype, 'create', Object.getOwnPropertyDescriptor(Invoices.prototype, 'create'));
      const heavy = ['/winston/', '/better-sqlite3/', '/dist/isolated/'];
      const files = Object.keys(require.cache).map((file) => file.replaceAll('\\\\', '/'));
      console.log(JSON.stringify([
        ...files.filter((file) => heavy.some((part) => file.includes(part))),
        ...process.moduleLoadList.filter((name) => name === 'NativeModule child_process'),
      ]));
    `,
    { args: [DIST] },
  );
  expect(loaded).toEqual([]);
});

test.each([
  [
    'the core loads nothing of rqlite, OpenTelemetry, Prometheus and S3',
    'index.js',
    /dist.(?:sources.rqlite|telemetry|rqlite)|node_modules.(?:@opentelemetry|prom-client|@aws-sdk)/,
  ],
  ['sqlite-autobackup/rqlite needs no package of its own', 'rqlite.js', /node_modules.(?!ms|reflect-metadata)/],
  [
    'sqlite-autobackup/otel needs the API of OpenTelemetry alone',
    'otel.js',
    /node_modules.(?!ms|reflect-metadata|@opentelemetry.api\b)/,
  ],
])('%s', (_what, main, foreign) => {
  const files = runNode<string[]>(
    `require(process.argv[1]); console.log(JSON.stringify(Object.keys(require.cache)));`,
    { args: [path.join(DIST, main)] },
  );
  expect(files.length).toBeGreaterThan(1);
  expect(files.map((file) => path.relative(PACKAGE, file)).filter((file) => foreign.test(file))).toEqual([]);
});
