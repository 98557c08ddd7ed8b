/* eslint-disable @typescript-eslint/no-explicit-any -- options for a method of any class with any parameters */
import { isBackupService } from '../service/backup-service.js';
import type { BackupService } from '../service/backup-service.js';
import type { Duration } from '../util/duration.js';
import { BackupError } from '../util/errors.js';
import { lazy } from '../util/lazy.js';
import { validate } from '../util/validate.js';
import type { Valibot } from '../util/validate.js';

/** Its functions get the object that the method is called on, and the arguments of the call. */
export interface AutoBackupOptions<This = any, Args extends any[] = any[]> {
  /**
   * The service, or a function that returns the one of this call: `(self) => self.backups`, or one for each tenant.
   *
   * @default the service of `configureAutoBackup()`
   */
  service?: BackupService | ((self: This, ...args: Args) => BackupService);
  /**
   * `'before'`: the method runs when a backup stands. `'after'`: the method runs and, if it succeeds, a backup is taken in
   * the background if one is due; the answer does not wait for it, and its failure is only logged and emitted.
   *
   * @default 'before'
   */
  timing?: 'before' | 'after';
  /**
   * When the backup before the method fails: `'continue'` (log, emit, run the method) or `'abort'` (reject with the
   * BackupError, do not run it). Not with `timing: 'after'`, where nothing is left to abort.
   *
   * @default the service's, `'continue'`
   */
  onFailure?: 'continue' | 'abort';
  /**
   * For methods that return a value, not a promise: a due backup blocks the thread, some 100 ms for a small database.
   * With `timing: 'after'` nothing blocks.
   *
   * @default false
   */
  blocking?: boolean;
  /**
   * The name of the call in the log, the manifest, the events and the errors; a function may say more: `(self, id) =>
   * \`delete invoice ${id}\``. It is cut at 200 characters. If the function fails, the default is used.
   *
   * @default 'Class.method'
   */
  label?: string | ((self: This, ...args: Args) => string);
  /**
   * How old the newest backup may be for this method: `'1h'`, or milliseconds. `0`: each call has a new one.
   *
   * @default the service's, seven days
   */
  interval?: Duration;
  /**
   * Is this call a dangerous one? If it returns `false`, the method runs as if it were not decorated.
   *
   * @default every call is
   */
  when?: (self: This, ...args: Args) => boolean;
  /**
   * The signal that says that nobody waits for the answer any more. If it is aborted before the method runs, the method does
   * not run, and the call is rejected with `ERR_BACKUP_CANCELLED`.
   */
  signal?: (self: This, ...args: Args) => AbortSignal | null | undefined;
}

const durations = lazy('service core', () => require('../util/duration.js') as typeof import('../util/duration.js'));

/** The resolved options of one decorator. */
export interface Layer {
  readonly service: AutoBackupOptions['service'];
  /** The property in which a framework's container puts the service of the app that an object belongs to. */
  readonly injected: symbol | undefined;
  readonly timing: 'before' | 'after';
  readonly onFailure: 'continue' | 'abort' | undefined;
  readonly blocking: boolean;
  readonly label: AutoBackupOptions['label'];
  readonly intervalMs: number | undefined;
  readonly when: AutoBackupOptions['when'];
  readonly signal: AutoBackupOptions['signal'];
}

/**
 * @throws BackupError `ERR_BACKUP_OPTIONS`, naming the option, the value and what is allowed
 */
export function resolveLayer(options: AutoBackupOptions = {}, injected?: symbol): Layer {
  const { timing, onFailure, interval: intervalMs, ...given } = validate('AutoBackup', schemaOf, options);
  if (timing === 'after' && onFailure === 'abort') {
    throw new BackupError('ERR_BACKUP_OPTIONS', "AutoBackup: onFailure: 'abort' was given with timing: 'after'.", {
      step: 'options',
      hint: 'When the backup comes after the method, nothing is left to abort: leave one of the two out.',
    });
  }
  const { service, blocking, label, when, signal } = given;
  return { service, injected, timing, onFailure, blocking, label, intervalMs, when, signal };
}

/** Would the second one do nothing that the first has not done? */
export function sameLayer(a: Layer, b: Layer): boolean {
  return (Object.keys(a) as (keyof Layer)[]).every((key) => a[key] === b[key]);
}

// eslint-disable-next-line @typescript-eslint/explicit-function-return-type -- the type is what valibot infers
function schemaOf(v: Valibot) {
  return v.strictObject({
    service: v.optional(
      v.custom<AutoBackupOptions['service']>(
        (value) => isBackupService(value) || typeof value === 'function',
        'a BackupService, or a function that returns one',
      ),
    ),
    timing: v.optional(v.picklist(['before', 'after'], '"before" or "after"'), 'before'),
    onFailure: v.optional(v.picklist(['continue', 'abort'], '"continue" or "abort"')),
    blocking: v.optional(v.boolean('true or false'), false),
    label: v.optional(
      v.custom<AutoBackupOptions['label']>(
        (value) => typeof value === 'function' || (typeof value === 'string' && value.trim() !== ''),
        'a text that is not empty, or a function that returns one',
      ),
    ),
    interval: v.optional(
      v.pipe(
        v.custom<Duration>((value) => durations().parseInterval(value) !== undefined, durations().INTERVAL_IS),
        v.transform((value) => durations().parseInterval(value)!),
      ),
    ),
    when: v.optional(v.custom<AutoBackupOptions['when']>(isFunction, 'a function that returns true or false')),
    signal: v.optional(v.custom<AutoBackupOptions['signal']>(isFunction, 'a function that returns an AbortSignal')),
  });
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function';
}
