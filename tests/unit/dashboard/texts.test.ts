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

test('dates are as the region of the browser writes them, in the language of the page', () => {
  const at = new Date(2026, 10, 24, 21, 30);
  const dateFor = (locale: 'en' | 'es' | undefined, accepted: string): string =>
    textsFor(locale, accepted).format.date(at).replace(/\s/g, ' ');
  expect(dateFor(undefined, 'en-GB,en;q=0.9')).toBe('24 Nov 2026, 21:30');
  expect(dateFor(undefined, 'en-US')).toBe('Nov 24, 2026, 9:30 PM');
  expect(dateFor(undefined, 'de-DE, EN-au;q=0.8')).toBe(dateFor('en', 'en-AU'));
  expect(textsFor(undefined, 'es-MX').format.number(1234.5)).toBe('1,234.5');
  expect(textsFor(undefined, 'es-ES').format.number(12345.5)).toBe('12.345,5');
  // The owner's choice of a language leaves the region of that language.
  expect(dateFor('en', 'es-ES,en-GB;q=0.5')).toBe('24 Nov 2026, 21:30');
  expect(dateFor('es', 'en-GB')).toBe(dateFor('es', ''));
});

test('a region that nobody has formats for makes none: a client may name many', () => {
  expect(textsFor(undefined, 'en-ZZ')).toBe(textsFor('en', null));
  expect(textsFor(undefined, 'en-GB-oxendict')).toBe(textsFor(undefined, 'en-GB'));
  expect(textsFor(undefined, 'en-'.repeat(500))).toBe(textsFor('en', null));
  expect(textsFor(undefined, 'en-GB;q=0')).toBe(textsFor('en', null));
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
