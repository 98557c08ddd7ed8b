import { BACKUP_ERROR_CODES } from 'sqlite-autobackup';
import { DASHBOARD_ERRORS } from '#dist/dashboard/http-error.js';
import { adviceFor, lossOf, newestGood, permitted } from '#dist/dashboard/advice.js';
import { textsFor } from '#dist/dashboard/texts/index.js';
import { aBackup } from '../../support/planted-backups';

const NO_RIGHTS = Object.fromEntries(
  ['view', 'create', 'download', 'delete', 'restore', 'browse', 'recover'].map((right) => [right, false]),
) as never as Parameters<typeof permitted>[1];

test.each([...Object.keys(BACKUP_ERROR_CODES), ...Object.keys(DASHBOARD_ERRORS), 'CLOCK', 'ERR_FROM_THE_FUTURE'])(
  '%s has advice in both languages, and a button of its own if any',
  (code) => {
    const { kind, action } = adviceFor(code);
    for (const locale of ['en', 'es'] as const) {
      const texts = textsFor(locale, null);
      expect(texts.advice[kind].length).toBeGreaterThan(10);
      if (action) expect(texts.adviceButtons[action].length).toBeGreaterThan(5);
      // What has just failed is not what helps.
      expect(texts.advice[kind]).not.toMatch(/back up now|copia ahora/i);
    }
  },
);

test.each([
  ['ERR_BACKUP_SOURCE_MISSING', 'databaseGone', 'go-back'],
  ['ERR_BACKUP_SOURCE_INVALID', 'databaseDamaged', 'go-back'],
  ['ERR_BACKUP_SOURCE_CORRUPT', 'databaseDamaged', 'go-back'],
  ['ERR_BACKUP_DIRECTORY_MISSING', 'folderAway', 'look-again'],
  ['ERR_BACKUP_LIST_FAILED', 'folderAway', 'look-again'],
  ['ERR_BACKUP_NO_SPACE', 'diskFull', 'make-room'],
  ['ERR_BACKUP_DIRECTORY_NOT_WRITABLE', 'folderRights', 'look-again'],
  ['ERR_BACKUP_LOCK_TIMEOUT', 'busy', 'look-again'],
  ['ERR_BACKUP_DAMAGED', 'otherBackup', 'see-backups'],
  ['ERR_BACKUP_CANCELLED', 'cancelled', undefined],
  ['ERR_BACKUP_RECOVER_CONFLICT', 'conflict', undefined],
  ['CLOCK', 'wrongClock', 'look-again'],
  ['ERR_UNHEARD_OF', 'askHelp', undefined],
])('%s: %s, with the button %s', (code, kind, action) => {
  expect(adviceFor(code)).toEqual({ kind, action });
});

test('a button is for those who may press it', () => {
  expect(permitted('go-back', { ...NO_RIGHTS, view: true })).toBe(false);
  expect(permitted('go-back', { ...NO_RIGHTS, restore: true })).toBe(true);
  expect(permitted('make-room', { ...NO_RIGHTS, delete: true })).toBe(true);
  expect(permitted('look-again', NO_RIGHTS)).toBe(true);
  expect(permitted(undefined, NO_RIGHTS)).toBe(false);
});

describe('which backup to go back to', () => {
  const broken = aBackup('2026-11-27 09:00:00', { problem: 'damaged' });
  const newest = aBackup('2026-11-26 09:00:00');
  const kept = aBackup('2026-11-25 09:00:00', { protected: true });
  const failed = aBackup('2026-11-24 09:00:00', { lastVerification: { level: 'quick', ok: false, at: '' } });
  const old = aBackup('2026-11-23 09:00:00');
  const all = [broken, newest, kept, failed, old];

  test('the newest one that nothing speaks against', () => {
    expect(newestGood(all)).toBe(newest);
    expect(newestGood([broken])).toBeUndefined();
  });

  test('one that is only dated ahead, where there is no other', () => {
    const ahead = aBackup('2099-11-27 09:00:00', { problem: 'dated in the future' });
    expect(newestGood([ahead, broken])).toBe(ahead);
    expect(newestGood([ahead, old])).toBe(old);
  });

  test('deleting the newest or the only good one is a loss', () => {
    expect(lossOf([newest.name], all)).toBe('newest');
    expect(lossOf([newest.name], [broken, newest, failed])).toBe('only-good');
    expect(lossOf([old.name], all)).toBeUndefined();
  });
});
