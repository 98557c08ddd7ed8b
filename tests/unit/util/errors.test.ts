import { BACKUP_ERROR_CODES, BackupError, isBackupError } from 'sqlite-autobackup';
import type * as errors from '#dist/util/errors.js';
import { messageOf, systemCode } from '#dist/util/errors.js';

const cause = Object.assign(new Error('disk full'), { code: 'ENOSPC' });
const error = new BackupError('ERR_BACKUP_NO_SPACE', 'No space left.', { step: 'copy', hint: 'Free some.', cause });

test('an error says what happened and what to do, and carries code, step, hint and cause for programs', () => {
  expect(error.message).toBe('No space left. Free some.');
  expect(error).toMatchObject({ name: 'BackupError', code: 'ERR_BACKUP_NO_SPACE', step: 'copy', hint: 'Free some.' });
  expect(error.cause).toBe(cause);
  expect(error).toBeInstanceOf(Error);
  expect(error.stack).toContain('BackupError: No space left.');
});

test('an error without a cause has no such property', () => {
  const plain = new BackupError('ERR_BACKUP_TIMEOUT', 'Too slow.', { step: 'copy', hint: 'Wait.' });
  expect('cause' in plain).toBe(false);
});

test('what marks a BackupError shows in no log and no JSON', () => {
  expect(
    Object.getOwnPropertySymbols(error).every((key) => !Object.prototype.propertyIsEnumerable.call(error, key)),
  ).toBe(true);
  expect(Object.keys(JSON.parse(JSON.stringify(error)) as object).sort()).toEqual(['code', 'hint', 'name', 'step']);
});

test.each(Object.entries(BACKUP_ERROR_CODES))('%s is explained in one sentence', (code, meaning) => {
  expect(code).toMatch(/^ERR_BACKUP_[A-Z_]+$/);
  expect(meaning).toMatch(/^[A-Z`c].*\.$/);
});

describe('isBackupError', () => {
  test('knows its own, with the right code only', () => {
    expect(isBackupError(error)).toBe(true);
    expect(isBackupError(error, 'ERR_BACKUP_NO_SPACE')).toBe(true);
    expect(isBackupError(error, 'ERR_BACKUP_TIMEOUT')).toBe(false);
  });

  test.each([
    ['undefined', undefined],
    ['null', null],
    ['a text', 'ERR_BACKUP_NO_SPACE'],
    ['a plain error', new Error('no')],
    ['an error with such a code', Object.assign(new Error('no'), { code: 'ERR_BACKUP_NO_SPACE' })],
    ['an error with such a name', Object.assign(new Error('no'), { name: 'BackupError' })],
  ])('does not take %s for one', (_what, value) => {
    expect(isBackupError(value)).toBe(false);
    expect(isBackupError(value, 'ERR_BACKUP_NO_SPACE')).toBe(false);
  });

  test('survives two copies of the package in one process', () => {
    let other!: typeof errors;
    jest.isolateModules(() => {
      other = require('#dist/util/errors.js') as typeof errors;
    });
    const foreign = new other.BackupError('ERR_BACKUP_TIMEOUT', 'Too slow.', { step: 'copy', hint: 'Wait.' });
    expect(foreign).not.toBeInstanceOf(BackupError);
    expect(isBackupError(foreign, 'ERR_BACKUP_TIMEOUT')).toBe(true);
    expect(other.isBackupError(error, 'ERR_BACKUP_NO_SPACE')).toBe(true);
  });
});

test('the code of a system error is read; anything else has none', () => {
  expect(systemCode(cause)).toBe('ENOSPC');
  expect(['x', null, undefined, 5, {}, { code: 5 }].map(systemCode)).toEqual(['', '', '', '', '', '']);
});

test('anything that was thrown has a message', () => {
  expect([new Error('a'), 'b', 5, null, undefined].map(messageOf)).toEqual(['a', 'b', '5', 'null', 'undefined']);
});
