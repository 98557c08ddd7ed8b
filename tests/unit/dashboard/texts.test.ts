import fs from 'node:fs';
import path from 'node:path';
import { BACKUP_ERROR_CODES } from 'sqlite-autobackup';
import { DAY, HOUR, MINUTE, SECOND } from '../../support/planted-backups';
import { DASHBOARD_ERRORS } from '#dist/dashboard/http-error.js';
import { textsFor } from '#dist/dashboard/texts/index.js';

const languages = { en: textsFor('en', null), es: textsFor('es', null) };

/** `columns.date: string`, for each text. */
function shape(value: object, at = ''): string[] {
  return Object.entries(value)
    .filter(([key]) => key !== 'format')
    .flatMap(([key, text]: [string, unknown]) =>
      typeof text === 'object' && text !== null ? shape(text, `${at}${key}.`) : [`${at}${key}: ${typeof text}`],
    );
}

test('both languages have the same texts, and none is empty', () => {
  expect(shape(languages.es).sort()).toEqual(shape(languages.en).sort());
  expect(shape(languages.en).length).toBeGreaterThan(100);
  expect(JSON.stringify(languages)).not.toContain('""');
});

test('everything that can fail while a backup is taken, restored or deleted has a reason in words', () => {
  const ofPrograms = /OPTIONS|CONFIGURED|DECORATOR|NOT_ASYNC|BACKING_OFF|INVALID_NAME|PEER|STORE|COPY|PULL/;
  const codes = Object.keys(BACKUP_ERROR_CODES).filter((code) => !ofPrograms.test(code));
  expect(codes.filter((code) => !(code in languages.en.reasons))).toEqual([]);
});

test('docs/dashboard.md has every code of the dashboard with its status, and no other', () => {
  const page = fs.readFileSync(path.join(__dirname, '..', '..', '..', 'docs', 'dashboard.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `(ERR_DASHBOARD_\w+)` \| (\d+) \|/gm)].map(([, code, status]) => [
    code,
    Number(status),
  ]);
  expect(Object.fromEntries(rows)).toEqual(DASHBOARD_ERRORS);
  expect(Object.keys(languages.en.errors).sort()).toEqual(Object.keys(DASHBOARD_ERRORS).sort());
});

test.each([
  [0, '0 bytes', '0 bytes'],
  [1_023, '1,020 bytes', '1020 bytes'],
  [1_024, '1 kB', '1 kB'],
  [3 * 1024 ** 2, '3 MB', '3 MB'],
  [3_500_000, '3.34 MB', '3,34 MB'],
  [1024 ** 3 - 1, '1,020 MB', '1020 MB'],
  [5 * 1024 ** 5, '5,120 TB', '5120 TB'],
])('%d bytes are %s', (bytes, en, es) => {
  expect([languages.en.format.size(bytes), languages.es.format.size(bytes)]).toEqual([en, es]);
});

test.each([
  [-3 * SECOND, 'just now', 'ahora mismo'],
  [3 * SECOND, 'just now', 'ahora mismo'],
  [-59 * SECOND, '59 seconds ago', 'hace 59 segundos'],
  [-MINUTE, '1 minute ago', 'hace 1 minuto'],
  [-26 * HOUR, '1 day ago', 'hace 1 día'],
  [-9 * DAY, '9 days ago', 'hace 9 días'],
  [-400 * DAY, '1 year ago', 'hace 1 año'],
  [4 * MINUTE + SECOND, 'in 4 minutes', 'dentro de 4 minutos'],
])('%d ms from now is %s', (ms, en, es) => {
  const now = Date.now();
  const at = new Date(now + ms);
  expect([languages.en.format.age(at, now), languages.es.format.age(at, now)]).toEqual([en, es]);
});
