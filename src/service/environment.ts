import { keep } from '../retention/keep.js';
import type { RetentionPolicy } from '../retention/policy.js';
import { BackupError } from '../util/errors.js';
import { show } from '../util/show.js';

/**
 * Are backups switched on by `BACKUP_ENABLED`? They are where it is not set.
 *
 * @throws BackupError `ERR_BACKUP_OPTIONS` for a text that is neither yes nor no
 */
export function isEnabledBy(env: NodeJS.ProcessEnv): boolean {
  const text = (env['BACKUP_ENABLED'] ?? '').trim().toLowerCase();
  if (['false', '0', 'off', 'no'].includes(text)) return false;
  if (['', 'true', '1', 'on', 'yes'].includes(text)) return true;
  throw wrongVariable('BACKUP_ENABLED', show(text), 'Set it to true or false, or unset it.');
}

/**
 * The policy of `BACKUP_RETENTION_COUNT`, if it is set.
 *
 * @throws BackupError `ERR_BACKUP_OPTIONS` for a text that is no whole number of 1 or more
 */
export function retentionFrom(env: NodeJS.ProcessEnv): RetentionPolicy | undefined {
  const text = env['BACKUP_RETENTION_COUNT'];
  if (text === undefined || text.trim() === '') return undefined;
  if (!/^[1-9]\d{0,8}$/.test(text.trim())) {
    const hint = 'Set it to how many backups to keep, a whole number of 1 or more, or unset it.';
    throw wrongVariable('BACKUP_RETENTION_COUNT', show(text), hint);
  }
  return keep({ last: Number(text) });
}

function wrongVariable(name: string, value: string, hint: string): BackupError {
  const what = `The environment variable ${name} is ${value}.`;
  return new BackupError('ERR_BACKUP_OPTIONS', what, { step: 'options', hint });
}
