import path from 'node:path';
import { BackupService, directoryStore, keep } from 'sqlite-autobackup';
import type { BackupServiceOptions } from 'sqlite-autobackup';
import { resolveOptions } from '#dist/service/options.js';
import { thrownBy } from '../../support/errors';
import { fakeSnapshotter } from '../../support/fake-snapshotter';
import { memoryLogger } from '../../support/memory-logger';
import { aBackup } from '../../support/planted-backups';

const database = path.resolve('/shop/app.db');

function resolve(options: object) {
  return resolveOptions(options as BackupServiceOptions, {});
}

test('with nothing but a database, every option has its documented default', () => {
  expect(resolve({ database })).toMatchObject({
    database,
    directory: path.dirname(database),
    naming: { prefix: 'app_backup_', extension: '.db' },
    intervalMs: 7 * 86_400_000,
    verify: 'quick',
    onFailure: 'continue',
    retryAfterMs: 300_000,
    timeoutMs: 600_000,
    recheckMs: 1_000,
  });
});

test('the rules of a retention policy stand for keep() of them', () => {
  const backups = [3, 2, 1].map((day) => aBackup(new Date(2026, 10, day)));
  const decide = ({ retention }: ReturnType<typeof resolve>) => retention(backups, { now: new Date() });
  const rules = resolve({ database, retention: { last: 1, monthly: 1 } });
  expect(decide(rules)).toEqual(decide(resolve({ database, retention: keep({ last: 1, monthly: 1 }) })));
  expect(decide(rules).remove).toEqual(backups.slice(1));
  expect(thrownBy(() => resolve({ database, retention: { least: 1 } }))).toMatchObject({
    code: 'ERR_BACKUP_OPTIONS',
    message: expect.stringMatching(/keep\(\{ least: 1 \}\): unknown rule.*last, within, daily/s) as string,
  });
});

test('a relative path counts from the working directory at the time of the call', () => {
  const resolved = resolve({ database: 'instance/app.db', directory: 'backups' });
  expect(resolved.database).toBe(path.join(process.cwd(), 'instance', 'app.db'));
  expect(resolved.directory).toBe(path.join(process.cwd(), 'backups'));
  expect(resolve({ database: 'instance/app.db' }).directory).toBe(path.join(process.cwd(), 'instance'));
});

const logger = memoryLogger();
const snapshotter = fakeSnapshotter();
const policy = keep({ last: 1 });
test.each([
  [{ database: 'shop.sqlite' }, { naming: { prefix: 'shop_backup_', extension: '.sqlite' } }],
  [{ database: 'shop' }, { naming: { prefix: 'shop_backup_', extension: '' } }],
  [{ interval: '12h' }, { intervalMs: 43_200_000 }],
  [{ interval: 0 }, { intervalMs: 0 }],
  [{ retention: policy }, { retention: policy }],
  [{ verify: 'full' }, { verify: 'full' }],
  [{ onFailure: 'abort' }, { onFailure: 'abort' }],
  [{ retryAfter: 0 }, { retryAfterMs: 0 }],
  [{ timeout: '1ms' }, { timeoutMs: 1 }],
  [{ timeout: 1000 }, { timeoutMs: 1000 }],
  [{ timeout: '90s' }, { timeoutMs: 90_000 }],
  [{ recheckInterval: 0 }, { recheckMs: 0 }],
  [{ logger }, { logger }],
  [{ logger: console }, { logger: console }],
  [{ snapshotter }, { snapshotter }],
  [
    { directory: undefined, interval: undefined, verify: undefined },
    { intervalMs: 7 * 86_400_000, verify: 'quick' },
  ],
])('%j is accepted', (given, expected) => {
  expect(resolve({ database, ...given })).toMatchObject(expected);
});

const INTERVAL = "such as '7d' for seven days or '12h' (a bare number is milliseconds): 0, or at least a minute";
const TIMEOUT = 'a duration of at least 1 ms with its unit, such as "10m" or "90s"; a bare number is milliseconds';
const DURATION = 'a duration such as "7d", "12h" or "90s", or a number of milliseconds from 0 up';
test.each([
  ['database', 5, '5', 'the path of a SQLite database file'],
  ['database', '', '""', 'the path of a SQLite database file'],
  ['database', undefined, 'missing', 'the path of a SQLite database file'],
  ['database', ':memory:', '":memory:"', 'an in-memory database cannot be backed up'],
  ['database', 'file:app.db', '"file:app.db"', 'no "file:" URI'],
  ['database', 'app.db ', '"app.db "', 'does not end in white space'],
  ['database', 'a\0b', String.raw`"a\u0000b"`, 'a path without NUL characters'],
  ['database', 'instance/', '"instance/"', 'the path of a file, not of a folder'],
  ['database', 'instance/..', '"instance/.."', 'the path of a file, not of a folder'],
  ['database', 'app.JSON', '"app.JSON"', 'whose extension is not .json'],
  ['directory', '', '""', 'the path of a folder'],
  ['directory', 5, '5', 'the path of a folder'],
  ['directory', 'a\0b', String.raw`"a\u0000b"`, 'the path of a folder'],
  ['interval', '7 moons', '"7 moons"', INTERVAL],
  ['interval', -1, '-1', INTERVAL],
  ['interval', null, 'null', INTERVAL],
  ['interval', 7n, '7n', INTERVAL],
  // `BACKUP_INTERVAL_DAYS = 7` in the original.
  ['interval', 7, '7', INTERVAL],
  ['interval', '7', '"7"', INTERVAL],
  ['interval', '59s', '"59s"', INTERVAL],
  ['interval', 0.1, '0.1', INTERVAL],
  ['retention', [5], '[ 5 ]', 'a policy such as keep({ last: 20 }), or a function'],
  ['retention', null, 'null', 'a policy such as keep({ last: 20 }), or a function'],
  ['retention', 20, '20', 'a policy such as keep({ last: 20 }), or a function'],
  ['verify', 'none', '"none"', '"quick" or "full"'],
  ['verify', false, 'false', '"quick" or "full"'],
  ['onFailure', 'throw', '"throw"', '"continue" or "abort"'],
  ['retryAfter', 'soon', '"soon"', DURATION],
  ['timeout', 0, '0', TIMEOUT],
  ['timeout', 7, '7', TIMEOUT],
  ['timeout', '30', '"30"', TIMEOUT],
  ['timeout', 'never', '"never"', TIMEOUT],
  ['verifyEvery', '59s', '"59s"', 'a duration of at least a minute'],
  ['recheckInterval', -1, '-1', DURATION],
  ['assertions', 'SELECT 1', '"SELECT 1"', 'a list of SELECT statements'],
  ['assertions', ['DROP TABLE invoices'], '[ ', 'a list of SELECT statements'],
  ['logger', {}, '{}', 'an object with the methods info, warn and error'],
  ['logger', { info() {}, warn() {} }, '{ info: ', 'an object with the methods info, warn and error'],
  ['logger', null, 'null', 'an object with the methods info, warn and error'],
  ['snapshotter', {}, '{}', 'an object with the methods create, createSync, verify, inspect, restore and protect'],
])('%s: %j is refused, with the option, the value and what is allowed', (option, value, shown, allowed) => {
  const error = thrownBy(() => resolve({ database, [option]: value }));
  expect(error).toMatchObject({ code: 'ERR_BACKUP_OPTIONS', step: 'options' });
  expect(error.message).toContain(`BackupService: the option "${option}" is ${shown}`);
  expect(error.hint).toMatch(/^It must be .*\.$/);
  expect(error.hint).toContain(allowed);
});

test('a misspelled option is told before what is missing because of it', () => {
  const error = thrownBy(() => resolve({ datbase: database }));
  expect(error.message).toContain('BackupService: there is no option "datbase". Did you mean "database"?');
});

test('two stores of one name are refused: their records would be one', () => {
  const [nas, disk] = [directoryStore('/mnt/nas'), directoryStore('/mnt/disk')];
  expect(resolve({ database, copies: [nas, disk] }).copies).toEqual([nas, disk]);
  const error = thrownBy(() => resolve({ database, copies: [nas, directoryStore('/mnt/nas')] }));
  expect(error.hint).toContain('each has a name that no other one has');
});

test.each(['intervall', 'path', 'toString'])('the unknown option "%s" is refused, with those that there are', (key) => {
  const error = thrownBy(() => resolve({ database, [key]: 1 }));
  expect(error.message).toContain(`BackupService: there is no option "${key}".`);
  const meant = key === 'intervall' ? 'Did you mean "interval"? ' : '';
  expect(error.hint).toBe(
    `${meant}The options are database, directory, interval, retention, verify, onFailure, retryAfter, timeout, recheckInterval, assertions, verifyEvery, labels, logger, snapshotter, enabled, copies, notify.`,
  );
});

test.each([[undefined], [null], ['app.db'], [5]])('%j instead of options is refused', (options) => {
  const error = thrownBy(() => new BackupService(options as unknown as BackupServiceOptions));
  expect(error).toMatchObject({ code: 'ERR_BACKUP_OPTIONS', hint: 'They must be an object.' });
});

test("the caller's object is neither changed nor asked again later, and the result is frozen", () => {
  const given = Object.freeze({ database, interval: '1d', onFailure: 'abort' as const });
  const resolved = resolve(given);
  expect(given).toEqual({ database, interval: '1d', onFailure: 'abort' });
  expect(Object.isFrozen(resolved)).toBe(true);

  const changing: BackupServiceOptions = { database, onFailure: 'abort' };
  const service = new BackupService(changing);
  changing.onFailure = 'continue';
  changing.database = '/elsewhere/app.db';
  expect(service).toMatchObject({ onFailure: 'abort', database, directory: path.dirname(database) });
});

test('a service may be made before its database and its folder exist', () => {
  expect(() => new BackupService({ database: '/nowhere/yet/app.db' })).not.toThrow();
});
