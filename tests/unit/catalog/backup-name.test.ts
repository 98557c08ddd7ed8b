import path from 'node:path';
import {
  backupName,
  backupNaming,
  isPartialName,
  lockName,
  manifestName,
  parseBackupName,
  partialName,
} from '#dist/catalog/backup-name.js';
import { localTime } from '../../support/planted-backups';
import { DIST, runNode } from '../../support/run-node';

const naming = backupNaming('/shop/app.db');
const date = localTime('2026-11-24 09:30:05');

test.each([
  ['/shop/app.db', 'app_backup_20261124_093005.db', 'app_backup_20261124_093005.json'],
  ['shop.sqlite', 'shop_backup_20261124_093005.sqlite', 'shop_backup_20261124_093005.json'],
  ['/shop/data', 'data_backup_20261124_093005', 'data_backup_20261124_093005.json'],
  ['/shop/v1.2.db3', 'v1.2_backup_20261124_093005.db3', 'v1.2_backup_20261124_093005.json'],
  ['/shop/.hidden', '.hidden_backup_20261124_093005', '.hidden_backup_20261124_093005.json'],
  ['/shop/mein laden é.db', 'mein laden é_backup_20261124_093005.db', 'mein laden é_backup_20261124_093005.json'],
])('%s: the backup is named %s, its manifest %s', (database, name, manifest) => {
  const names = backupNaming(path.normalize(database));
  expect(backupName(names, date)).toBe(name);
  expect(manifestName(names, name)).toBe(manifest);
  expect(parseBackupName(names, name)).toEqual(date);
});

test('a name is local time, so that it says what the clock on the wall said', () => {
  const source = `
    const { backupName, backupNaming } = require(process.argv[1] + '/catalog/backup-name.js');
    console.log(JSON.stringify(backupName(backupNaming('app.db'), new Date('2026-11-24T09:30:05.999Z'))));
  `;
  const nameIn = (TZ: string) => runNode(source, { args: [DIST], env: { TZ } });
  expect(nameIn('UTC')).toBe('app_backup_20261124_093005.db');
  expect(nameIn('America/Los_Angeles')).toBe('app_backup_20261124_013005.db');
  expect(nameIn('Pacific/Kiritimati')).toBe('app_backup_20261124_233005.db');
});

test.each([
  ['another prefix', 'shop_backup_20261124_093005.db'],
  ['another extension', 'app_backup_20261124_093005.sqlite'],
  ['no extension', 'app_backup_20261124_093005'],
  ['something after the extension', 'app_backup_20261124_093005.db-wal'],
  ['something before the prefix', 'my_app_backup_20261124_093005.db'],
  ['another case', 'APP_backup_20261124_093005.db'],
  ['a second too many', 'app_backup_20261124_0930055.db'],
  ['a date that is short', 'app_backup_2026112_0930055.db'],
  ['letters', 'app_backup_2026112x_093005.db'],
  ['a sign', 'app_backup_+2026124_093005.db'],
  ['full-width digits', 'app_backup_２０２６１１２４_093005.db'],
  ['no underscore', 'app_backup_20261124-093005.db'],
  ['month 13', 'app_backup_20261324_093005.db'],
  ['month 0', 'app_backup_20260024_093005.db'],
  ['day 0', 'app_backup_20261100_093005.db'],
  ['30 February', 'app_backup_20260230_093005.db'],
  ['29 February of a common year', 'app_backup_20260229_093005.db'],
  ['hour 24', 'app_backup_20261124_240000.db'],
  ['minute 60', 'app_backup_20261124_096000.db'],
  ['second 60', 'app_backup_20261124_093060.db'],
  ['a year before any clock', 'app_backup_19681124_093005.db'],
  ['a way out of the folder', '../app_backup_20261124_093005.db'],
  ['the database itself', 'app.db'],
  ['its manifest', 'app_backup_20261124_093005.json'],
  ['its partial', '.app_backup_20261124_093005.a1.partial'],
  ['nothing', ''],
])('a file with %s is no backup: %s', (_what, name) => {
  expect(parseBackupName(naming, name)).toBeUndefined();
});

test('29 February of a leap year is a date', () => {
  expect(parseBackupName(naming, 'app_backup_20280229_235959.db')).toEqual(localTime('2028-02-29 23:59:59'));
});

test('an hour that a clock change skipped is still a name: it moves forward by the gap', () => {
  const source = `
    const { backupNaming, parseBackupName } = require(process.argv[1] + '/catalog/backup-name.js');
    console.log(JSON.stringify(parseBackupName(backupNaming('app.db'), 'app_backup_20260329_023000.db')));
  `;
  expect(runNode(source, { args: [DIST], env: { TZ: 'Europe/Berlin' } })).toBe('2026-03-29T01:30:00.000Z');
});

test('an hour that a clock change repeats is read as the first of the two, so a backup never looks younger', () => {
  const source = `
    const { backupName, backupNaming, parseBackupName } = require(process.argv[1] + '/catalog/backup-name.js');
    const naming = backupNaming('app.db');
    const again = new Date('2026-10-25T01:30:00Z');
    const name = backupName(naming, again);
    console.log(JSON.stringify([name, parseBackupName(naming, name)]));
  `;
  const [name, read] = runNode<[string, string]>(source, { args: [DIST], env: { TZ: 'Europe/Berlin' } });
  expect([name, read]).toEqual(['app_backup_20261025_023000.db', '2026-10-25T00:30:00.000Z']);
});

test('the lock is hidden and belongs to the prefix', () => {
  expect(lockName(naming)).toBe('.app_backup.lock');
});

test('partials are hidden, known by their names together with all side files, and are never backups', () => {
  const partial = partialName(naming, backupName(naming, date), 'f00d');
  expect(partial).toBe('.app_backup_20261124_093005.f00d.partial');
  for (const side of ['', '-journal', '-wal', '-shm', '.json'])
    expect(isPartialName(naming, partial + side)).toBe(true);
  expect(parseBackupName(naming, partial)).toBeUndefined();
});

test.each([
  'app_backup_20261124_093005.db',
  'app_backup_20261124_093005.json',
  '.app_backup.lock',
  '.app_backup.lock-journal',
  '.app_backup_20261124_093005.partial',
  '.app_backup_20261124_093005.f00d.part',
  '.app_backup_20261324_093005.f00d.partial',
  '.shop_backup_20261124_093005.f00d.partial',
  'app_backup_20261124_093005.f00d.partial',
  '.app_backup_20261124_093005.f00d/x.partial',
])('%s is no partial of this database', (name) => {
  expect(isPartialName(naming, name)).toBe(false);
});

test('a clock that stands at the epoch, west of Greenwich, writes names of 1969, which are read', () => {
  const at = new Date(1969, 11, 31, 16, 0, 1);
  expect(parseBackupName(naming, backupName(naming, at))).toEqual(at);
});
