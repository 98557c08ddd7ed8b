import * as everything from 'sqlite-autobackup';
import { DIST, runNode } from '../support/run-node';

test('the package exports these values by name, and nothing by default', () => {
  expect(Object.keys(everything).sort()).toEqual([
    'AutoBackup',
    'BACKUP_ERROR_CODES',
    'BackupError',
    'BackupService',
    'RecoverError',
    'childProcessSnapshotter',
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
