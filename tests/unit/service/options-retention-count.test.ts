import { BackupService, keep } from 'sqlite-autobackup';
import { resolveOptions } from '#dist/service/options.js';
import { DAY, aBackup } from '../../support/planted-backups';
import { thrownBy } from '../../support/errors';

const database = '/shop/app.db';
const backups = Array.from({ length: 30 }, (_, i) => aBackup(new Date(Date.UTC(2026, 10, 24, 9) - i * DAY)));

function keptUnder(text: string | undefined): number {
  const { retention } = resolveOptions({ database }, { BACKUP_RETENTION_COUNT: text });
  return retention(backups, { now: new Date() }).keep.length;
}

test.each([undefined, '', '  '])('without a number in it (%j), history survives a burst', (text) => {
  const documented = keep({ last: 20, weekly: 8, monthly: 12 })(backups, { now: new Date() }).keep.length;
  expect(documented).toBeGreaterThan(20);
  expect(keptUnder(text)).toBe(documented);
});

test.each([
  ['1', 1],
  ['5', 5],
  [' 25 ', 25],
  ['999999999', 30],
])('BACKUP_RETENTION_COUNT=%j keeps the last so many: %d of 30', (text, count) => {
  expect(keptUnder(text)).toBe(count);
});

test.each(['0', '-1', '1.5', 'five', '5x', '1e3', '0x10', '05', '9999999999'])(
  'BACKUP_RETENTION_COUNT=%s is refused, with the variable, its value and what is allowed',
  (text) => {
    const error = thrownBy(() => keptUnder(text));
    expect(error).toMatchObject({ code: 'ERR_BACKUP_OPTIONS', step: 'options' });
    expect(error.message).toContain(`BACKUP_RETENTION_COUNT is "${text}"`);
    expect(error.hint).toBe('Set it to how many backups to keep, a whole number of 1 or more, or unset it.');
  },
);

test('a retention in the code wins, whatever the variable holds', () => {
  const retention = keep({ last: 3 });
  for (const text of ['7', 'nonsense']) {
    expect(resolveOptions({ database, retention }, { BACKUP_RETENTION_COUNT: text }).retention).toBe(retention);
  }
});

test('the variable is read from the environment of the process', () => {
  const before = process.env['BACKUP_RETENTION_COUNT'];
  process.env['BACKUP_RETENTION_COUNT'] = 'nonsense';
  try {
    expect(thrownBy(() => new BackupService({ database })).message).toContain('"nonsense"');
  } finally {
    if (before === undefined) delete process.env['BACKUP_RETENTION_COUNT'];
    else process.env['BACKUP_RETENTION_COUNT'] = before;
  }
});
