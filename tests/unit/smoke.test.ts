import { AutoBackup } from 'sqlite-autobackup';
import { parseDuration } from '#dist/duration.js';

test('the package is there', () => {
  expect(typeof AutoBackup).toBe('function');
  expect(parseDuration('7d')).toBe(604_800_000);
});
