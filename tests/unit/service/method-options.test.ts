import { BackupService } from 'sqlite-autobackup';
import { rejectionOf } from '../../support/errors';
import { fakeSnapshotter } from '../../support/fake-snapshotter';
import { memoryLogger } from '../../support/memory-logger';
import { DAY, writeBackup } from '../../support/planted-backups';
import { useTempFolder } from '../../support/temp-folder';

const folder = useTempFolder();
let snapshotter: ReturnType<typeof fakeSnapshotter>;
let service: BackupService;

beforeEach(() => {
  snapshotter = fakeSnapshotter();
  service = new BackupService({ database: folder.file('app.db'), snapshotter, logger: memoryLogger() });
});

/** As JavaScript calls it. */
const call = async (method: string, ...args: unknown[]) =>
  (service as unknown as Record<string, (...given: unknown[]) => unknown>)[method]!(...args);

const NAME = 'app_backup_20261124_093000.db';
const controller = new AbortController();
test.each<[string, unknown[], string]>([
  [
    'createBackup',
    [{ lable: 'typo' }],
    'createBackup: there is no option "lable". Did you mean "label"? The options are label, signal, onProgress.',
  ],
  ['createBackup', ['nightly'], 'createBackup: the options are "nightly". They must be an object.'],
  ['createBackup', [null], 'createBackup: the options are null. They must be an object.'],
  ['createBackup', [{ label: 5 }], 'createBackup: the option "label" is 5. It must be a text.'],
  ['createBackup', [{ onProgress: 'bar' }], 'createBackup: the option "onProgress" is "bar". It must be a function.'],
  ['createBackupSync', [{ signal: controller.signal }], 'createBackupSync: there is no option "signal".'],
  [
    'backupIfDue',
    [{ moment: 'later' }],
    'backupIfDue: the option "moment" is "later". It must be "before" or "after".',
  ],
  ['backupIfDueSync', [null], 'backupIfDueSync: the options are null.'],
  ['verifyBackup', [NAME, 'full'], 'verifyBackup: the options are "full". They must be an object.'],
  ['verifyBackup', [NAME, { deep: true }], 'verifyBackup: there is no option "deep".'],
  ['restoreBackup', [NAME, 'copy.db'], 'restoreBackup: the options are "copy.db". They must be an object.'],
  ['restoreBackup', [NAME, { force: true }], 'restoreBackup: there is no option "force".'],
])('%s(…%j) is refused before anything is done', async (method, args, message) => {
  const error = await rejectionOf(call(method, ...args));
  expect(error).toMatchObject({ code: 'ERR_BACKUP_OPTIONS', step: 'options' });
  expect(error.message).toContain(message);
  expect(snapshotter.requests).toEqual([]);
  expect(service.lastFailure).toBeUndefined();
});

test.each(['createBackup', 'backupIfDue', 'verifyBackup', 'restoreBackup'])(
  '%s: a controller in the place of its signal is refused, and so is its name',
  async (method) => {
    const args = /verify|restore/.test(method) ? [NAME] : [];
    for (const signal of [controller, 'abort']) {
      const error = await rejectionOf(call(method, ...args, { signal }));
      expect(error.code).toBe('ERR_BACKUP_OPTIONS');
      expect(error.message).toContain(`${method}: the option "signal" is`);
    }
    expect(snapshotter.requests).toEqual([]);
  },
);

test.each([[{ dryrun: true }], [true], [{ dryRun: 'yes' }], [null]])(
  'pruneBackups(%j) removes nothing: a misspelled dry run is none',
  async (options) => {
    for (let i = 1; i <= 25; i++) writeBackup(folder.path, new Date(Date.now() - i * DAY));
    const before = folder.list();
    expect((await rejectionOf(call('pruneBackups', options))).code).toBe('ERR_BACKUP_OPTIONS');
    expect(folder.list()).toEqual(before);
  },
);

test('what is allowed is let through: nothing, undefined values, null for "no signal"', async () => {
  writeBackup(folder.path, new Date());
  for (const options of [undefined, {}, { label: undefined, signal: null, onProgress: undefined, moment: 'after' }]) {
    expect(await call('backupIfDue', options)).toMatchObject({ status: 'fresh' });
  }
  expect(await call('pruneBackups', { dryRun: true })).toMatchObject({ dryRun: true });
});
