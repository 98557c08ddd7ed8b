import type * as Package from 'sqlite-autobackup';
import { keep } from 'sqlite-autobackup';
import { defaultService } from '#dist/decorator/default-service.js';
import { resetAutoBackup } from 'sqlite-autobackup/testing';
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
