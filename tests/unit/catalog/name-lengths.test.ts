import path from 'node:path';
import { backupNaming } from '#dist/catalog/backup-name.js';
import { checkNameLengths } from '#dist/catalog/name-lengths.js';
import { thrownBy } from '../../support/errors';

const check = (database: string, platform: NodeJS.Platform, directory = path.dirname(database)) =>
  checkNameLengths({ directory, naming: backupNaming(database) }, database, platform);

test('names are measured in bytes, and in UTF-16 units on Windows', () => {
  const name = (letter: string, count: number) => `/shop/${letter.repeat(count)}.db`;
  expect(() => check(name('x', 202), 'linux')).not.toThrow();
  expect(thrownBy(() => check(name('x', 203), 'linux')).message).toContain('at most 205 bytes');
  expect(() => check(name('é', 101), 'linux')).not.toThrow();
  expect(thrownBy(() => check(name('é', 102), 'linux')).code).toBe('ERR_BACKUP_OPTIONS');
  expect(() => check(name('é', 202), 'win32')).not.toThrow();
  expect(thrownBy(() => check(name('é', 203), 'win32')).code).toBe('ERR_BACKUP_OPTIONS');
});

test('an extension counts where it is used: finished backups have it, unfinished ones do not', () => {
  expect(() => check(`/shop/${'x'.repeat(202)}.sqlite3`, 'linux')).not.toThrow();
  expect(() => check(`/shop/app.${'x'.repeat(228)}`, 'linux')).not.toThrow();
  expect(thrownBy(() => check(`/shop/app.${'x'.repeat(229)}`, 'linux')).message).toContain('at most 232 bytes');
});

test('a path that SQLite could not open is refused; not on Windows, which has limits of its own', () => {
  const directory = `/${'d'.repeat(200)}/${'e'.repeat(255)}`;
  expect(() => check('/shop/app.db', 'linux', directory.slice(0, -2))).not.toThrow();
  expect(thrownBy(() => check('/shop/app.db', 'linux', directory)).hint).toContain('"directory"');
  expect(() => check('/shop/app.db', 'win32', directory)).not.toThrow();
});
