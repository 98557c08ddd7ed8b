import { validate } from '../util/validate.js';
import type { Valibot } from '../util/validate.js';

// What the methods of a service take besides a name. The compiler checks it for TypeScript; in JavaScript a misspelled `dryRun`
// would delete, and a controller in the place of its signal would not cancel.

const CALLS = {
  backupIfDue: ['label', 'moment', 'signal', 'onProgress'],
  backupIfDueSync: ['label', 'moment'],
  createBackup: ['label', 'signal', 'onProgress'],
  createBackupSync: ['label'],
  verifyBackup: ['level', 'assertions', 'signal', 'onProgress'],
  restoreBackup: ['to', 'signal', 'onProgress'],
  pruneBackups: ['dryRun'],
} as const;

/**
 * @throws BackupError `ERR_BACKUP_OPTIONS`, naming the method, the option, the value and what is allowed
 */
export function checkMethodOptions(method: keyof typeof CALLS, options: unknown): void {
  validate(method, (v) => v.strictObject(pick(entries(v), CALLS[method])), options);
}

function pick<T, K extends keyof T>(from: T, keys: readonly K[]): Pick<T, K> {
  return Object.fromEntries(keys.map((key) => [key, from[key]])) as Pick<T, K>;
}

// Each message finishes the sentence "It must be …". What is unknown here is checked where it is used.
// eslint-disable-next-line @typescript-eslint/explicit-function-return-type -- the type is what valibot infers
function entries(v: Valibot) {
  return {
    label: v.optional(v.string('a text')),
    moment: v.optional(v.picklist(['before', 'after'], '"before" or "after"')),
    // null too: `fetch()` and others use it for "no signal".
    signal: v.nullish(v.custom<AbortSignal>(isSignal, 'an AbortSignal, such as the signal of an AbortController')),
    onProgress: v.nullish(v.function('a function')),
    dryRun: v.optional(v.boolean('true or false')),
    level: v.optional(v.unknown()),
    assertions: v.optional(v.unknown()),
    to: v.optional(v.unknown()),
  };
}

/** By its shape: a polyfill's is one too. */
function isSignal(value: unknown): boolean {
  const { aborted, addEventListener } = (value ?? {}) as Partial<Record<keyof AbortSignal, unknown>>;
  return typeof aborted === 'boolean' && typeof addEventListener === 'function';
}
