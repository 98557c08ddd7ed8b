import type * as Package from 'sqlite-autobackup';
import { configureAutoBackup, directoryStore, keep, withAutoBackup } from 'sqlite-autobackup';
import { defaultService } from '#dist/decorator/default-service.js';
import { recordingService, resetAutoBackup } from 'sqlite-autobackup/testing';
import { thrownBy } from '../../support/errors';

beforeEach(resetAutoBackup);

const database = '/shop/app.db';

/** The package as a process sees it that has configured nothing yet. */
function freshPackage(): typeof Package {
  let fresh!: typeof Package;
  jest.isolateModules(() => {
    fresh = require('sqlite-autobackup') as typeof Package;
  });
  return fresh;
}

test('before it is configured there is no default', () => {
  expect(defaultService()).toBeUndefined();
});

test('options make a service, and equal options give the same one', () => {
  const { configureAutoBackup, BackupService } = freshPackage();
  const retention = keep({ last: 5 });
  const service = configureAutoBackup({ database, interval: '1d', retention });
  expect(service).toBeInstanceOf(BackupService);
  expect(configureAutoBackup({ retention, interval: '1d', database })).toBe(service);
  expect(configureAutoBackup(service)).toBe(service);
});

test('a service that is given is the default itself', () => {
  const { configureAutoBackup, BackupService } = freshPackage();
  const service = new BackupService({ database });
  expect(configureAutoBackup(service)).toBe(service);
  expect(configureAutoBackup(service)).toBe(service);
});

test.each<[string, (p: typeof Package) => unknown]>([
  ['options with another value', () => ({ database, interval: '2d' })],
  ['options with one more', () => ({ database, interval: '1d', verify: 'full' })],
  ['options for another database', () => ({ database: '/shop/other.db', interval: '1d' })],
  ['another service', ({ BackupService }) => new BackupService({ database, interval: '1d' })],
])('a second call with %s throws, and the first one stays', (_what, second) => {
  const fresh = freshPackage();
  const service = fresh.configureAutoBackup({ database, interval: '1d' });
  const error = thrownBy(() => fresh.configureAutoBackup(second(fresh) as Package.BackupServiceOptions));
  expect(error).toMatchObject({ code: 'ERR_BACKUP_ALREADY_CONFIGURED', step: 'options' });
  expect(error.message).toContain(service.database);
  expect(error.hint).toContain('@AutoBackup({ service })');
  expect(fresh.configureAutoBackup({ database, interval: '1d' })).toBe(service);
});

test('wrong options configure nothing: the next call may put it right', () => {
  const { configureAutoBackup } = freshPackage();
  for (const wrong of [null, undefined, {}, { database: 5 }, { database, intervall: '1d' }]) {
    const error = thrownBy(() => configureAutoBackup(wrong as unknown as Package.BackupServiceOptions));
    expect(error.code).toBe('ERR_BACKUP_OPTIONS');
  }
  expect(configureAutoBackup({ database }).database).toBe(database);
});

test('changing the options object afterwards does not make a second call pass for the first', () => {
  const { configureAutoBackup } = freshPackage();
  const options: Package.BackupServiceOptions = { database };
  const service = configureAutoBackup(options);
  options.interval = '2d';
  expect(thrownBy(() => configureAutoBackup(options)).code).toBe('ERR_BACKUP_ALREADY_CONFIGURED');
  expect(configureAutoBackup({ database })).toBe(service);
});

describe('a module that runs again, as after a hot reload,', () => {
  class Journal {
    readonly lines: string[] = [];
    info = (line: string): void => void this.lines.push(line);
    warn = (line: string): void => void this.lines.push(line);
    error = (line: string): void => void this.lines.push(line);
  }
  const made = (last: number, folder: string, tenants = 1): Package.BackupServiceOptions => ({
    database,
    retention: keep({ last, daily: 7 }),
    logger: new Journal(),
    copies: Array.from({ length: tenants }, () => directoryStore(folder)),
  });

  test('makes its policy, its logger and its store anew: the service is the same', () => {
    const service = configureAutoBackup(made(5, '/mnt/copies'));
    expect(configureAutoBackup(made(5, '/mnt/copies'))).toBe(service);
  });

  test('and a logger that was used meanwhile is still equal', () => {
    const first = made(5, '/mnt/copies');
    const service = configureAutoBackup(first);
    first.logger!.info('Automatic backup created');
    expect(configureAutoBackup(made(5, '/mnt/copies'))).toBe(service);
  });

  test.each<[string, Package.BackupServiceOptions, string]>([
    ['another policy', made(6, '/mnt/copies'), 'retention is another one.'],
    ['another store', made(5, '/mnt/others'), 'copies is another one.'],
    ['one more store', made(5, '/mnt/copies', 2), 'copies is another one.'],
    ['a logger of another class', { ...made(5, '/mnt/copies'), logger: console }, 'logger is another one.'],
    ['no logger', without('logger', made(5, '/mnt/copies')), 'logger is another one.'],
    [
      'two values',
      { ...made(5, '/mnt/copies'), interval: '2d', onFailure: 'abort' },
      'interval was undefined, and is "2d" now; onFailure was undefined, and is "abort" now.',
    ],
  ])('is told what differs: %s', (_what, second, difference) => {
    configureAutoBackup(made(5, '/mnt/copies'));
    expect(thrownBy(() => configureAutoBackup(second)).what).toBe(
      `configureAutoBackup() was already called, for "${database}": ${difference}`,
    );
  });

  test('a secret that differs is not printed', () => {
    const notify = (url: string) => ({ webhook: [{ url }] });
    configureAutoBackup({ database, notify: notify('https://chat.example/hook/one') });
    const again = thrownBy(() => configureAutoBackup({ database, notify: notify('https://chat.example/hook/two') }));
    expect(again.message).toContain('notify is another one');
    expect(again.message).not.toMatch(/hook\/(one|two)/);
  });
});

test('after jest.resetModules() the package is loaded anew, and the default service is the same', async () => {
  const backups = recordingService();
  configureAutoBackup(backups);
  jest.resetModules();
  const again = require('sqlite-autobackup') as typeof Package;
  expect(again.withAutoBackup).not.toBe(withAutoBackup);
  expect(again.configureAutoBackup(backups)).toBe(backups);
  await again.withAutoBackup(async () => 'ran', { label: 'a sale' })();
  expect(backups.labels).toEqual(['a sale']);
});

function without<K extends keyof Package.BackupServiceOptions>(
  key: K,
  { [key]: _removed, ...options }: Package.BackupServiceOptions,
): Package.BackupServiceOptions {
  return options as unknown as Package.BackupServiceOptions;
}
