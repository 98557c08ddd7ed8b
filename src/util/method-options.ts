import { INTERVAL_IS, parseDuration, parseInterval, parseTimeout, TIMEOUT_IS } from './duration.js';
import { isRecord } from './is-record.js';
import { VERIFICATION_LEVELS } from './levels.js';
import { withoutSecrets } from './show.js';
import { validate } from './validate.js';
import type { Valibot } from './validate.js';

// The options of public methods and functions. The compiler checks them in TypeScript; in JavaScript a misspelled
// `dryRun` would delete, and a controller in the place of its signal would not cancel.

const WHICH_COPY = ['before', 'host', 'database'] as const;
const HOW_TO_VERIFY = ['level', 'assertions', 'identities', 'scratch'] as const;

const CALLS = {
  shouldBackup: ['interval'],
  checkDue: ['interval'],
  checkDueAsync: ['interval'],
  backupIfDue: ['label', 'moment', 'interval', 'signal', 'onProgress'],
  backupIfDueSync: ['label', 'moment', 'interval'],
  createBackup: ['label', 'signal', 'onProgress'],
  createBackupSync: ['label'],
  verifyBackup: ['level', 'assertions', 'signal', 'onProgress'],
  restoreBackup: ['to', 'whileWritten', 'signal', 'onProgress'],
  protectBackup: ['signal', 'onProgress'],
  pruneBackups: ['dryRun'],
  status: ['wait'],
  acceptOnlyHere: ['by'],
  importBackup: ['fileName', 'takenAt', 'label', 'sizeBytes', 'maxBytes', 'signal', 'onProgress'],
  activity: ['limit', 'before'],
  shipPending: ['signal'],
  startMonitor: ['every'],
  diffBackup: ['against', 'tables', 'rows', 'skip', 'signal', 'onProgress'],
  recoverRows: [
    'table',
    'where',
    'removed',
    'related',
    'onConflict',
    'triggers',
    'create',
    'set',
    'dryRun',
    'plan',
    'sql',
    'timeout',
    'signal',
    'onProgress',
  ],
  queryBackup: ['rows', 'bytes', 'timeout', 'signal', 'onProgress'],
  'service.listCopies': ['from', 'allHosts', 'signal'],
  'service.verifyCopy': ['from', ...WHICH_COPY, ...HOW_TO_VERIFY, 'signal'],
  'service.pullBackup': ['from', ...WHICH_COPY, 'identities', 'signal', 'onProgress'],
  listCopies: ['host', 'database', 'signal'],
  verifyCopy: ['store', 'name', ...WHICH_COPY, ...HOW_TO_VERIFY, 'snapshotter', 'signal'],
  pullBackup: ['store', 'name', ...WHICH_COPY, 'to', 'identities', 'signal', 'onProgress'],
} as const satisfies Record<string, readonly (keyof Entries)[]>;

/**
 * @throws BackupError `ERR_BACKUP_OPTIONS`, naming the method, the option, the value and what is allowed
 */
export function checkMethodOptions(method: keyof typeof CALLS, options: unknown): void {
  validate(
    method.replace('service.', ''),
    (v) => {
      const all = entries(v);
      // `from` is the name of a store for a service, and the store itself for the functions.
      const chosen = CALLS[method].map((key) => [key === 'store' ? 'from' : key, all[key]] as const);
      return v.strictObject(Object.fromEntries(chosen));
    },
    options,
  );
}

/** @throws BackupError `ERR_BACKUP_OPTIONS`: it is not a store */
export function checkStore(method: 'listCopies', store: unknown): void {
  validate(method, (v) => v.strictObject({ store: entries(v).store }), { store });
}

/** A list of single SELECTs, as far as that can be seen without a database. */
export function areAssertions(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((sql) => typeof sql === 'string' && /^\s*(select|with)\b/i.test(sql));
}

export const ASSERTIONS_ARE = 'a list of SELECT statements, such as ["SELECT count(*) > 0 FROM invoices"]';

/** Does the value have these methods? */
export function hasMethods(value: unknown, names: readonly string[]): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    names.every((name) => typeof (value as Record<string, unknown>)[name] === 'function')
  );
}

/** The methods that a value must have to be a source. */
export const SOURCE_METHODS = ['inspect', 'snapshot', 'restore'] as const;

/** Is it a name that everybody may see: of a store, of a source? Such names are in logs, on the page and on the disk. */
export function isPublicName(name: unknown): name is string {
  return typeof name === 'string' && name !== '' && withoutSecrets(name) === name;
}

/** Addresses have passwords in them, and a folder would be made of one. */
export function isPath(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && !value.includes('\0') && !/^[a-z][a-z\d+.-]+:\/\//i.test(value);
}

export const STORE_METHODS = ['list', 'put', 'open', 'remove'];

type Entries = ReturnType<typeof entries>;

// Each message finishes the sentence "It must be …".
// eslint-disable-next-line @typescript-eslint/explicit-function-return-type -- the type is what valibot infers
function entries(v: Valibot) {
  // eslint-disable-next-line @typescript-eslint/explicit-function-return-type -- as above
  const check = (allowed: (value: unknown) => boolean, message: string) => v.custom<unknown>(allowed, message);
  const file = (value: unknown): boolean => typeof value === 'string' && value !== '' && !value.includes('\0');
  return {
    label: v.optional(v.string('a text')),
    moment: v.optional(v.picklist(['before', 'after'], '"before" or "after"')),
    interval: v.optional(check((value) => parseInterval(value) !== undefined, INTERVAL_IS)),
    // null too: `fetch()` and others use it for "no signal".
    signal: v.nullish(check(isSignal, 'an AbortSignal, such as the signal of an AbortController')),
    onProgress: v.nullish(v.function('a function')),
    dryRun: v.optional(v.boolean('true or false')),
    whileWritten: v.optional(v.boolean('true or false')),
    wait: v.optional(v.boolean('true or false')),
    by: v.optional(v.string('a text: who accepts it')),
    level: v.optional(
      v.picklist(VERIFICATION_LEVELS, `one of ${VERIFICATION_LEVELS.map((level) => `"${level}"`).join(', ')}`),
    ),
    assertions: v.optional(check(areAssertions, ASSERTIONS_ARE)),
    to: v.optional(check(file, 'the path of a new file')),
    name: v.optional(check(file, 'the name of a backup, or "latest"')),
    from: v.optional(check(file, 'the name of a store in "copies"')),
    store: check(
      (value) => hasMethods(value, STORE_METHODS) && isPublicName((value as { name?: unknown }).name),
      'a store, such as directoryStore("/mnt/nas")',
    ),
    allHosts: v.optional(v.boolean('true or false')),
    before: v.optional(check((value) => value instanceof Date && !Number.isNaN(value.getTime()), 'a valid Date')),
    host: v.optional(v.string('the name of a machine')),
    database: v.optional(v.string('the file name of a database, such as "app.db"')),
    identities: v.optional(
      check(
        (value) => Array.isArray(value) && value.every((each) => typeof each === 'string'),
        'a list of age identities, each a text that begins with AGE-SECRET-KEY-1',
      ),
    ),
    against: v.optional(check(file, "'live', or the name of a backup")),
    tables: v.optional(v.array(v.string('a list of names of tables'), 'a list of names of tables')),
    rows: v.optional(check(whole(0, 1_000_000), 'a whole number from 0 to 1,000,000')),
    skip: v.optional(check(whole(0, 1e9), 'a whole number from 0 to 1,000,000,000')),
    limit: v.optional(check(whole(1, 100_000), 'a whole number from 1 to 100,000')),
    bytes: v.optional(check(whole(1, 1e8), 'a number of bytes from 1 to 100,000,000')),
    table: check(file, 'the name of a table'),
    where: v.optional(check(file, 'an SQL expression, such as "id = 42"')),
    removed: v.optional(v.boolean('true or false')),
    related: v.optional(v.boolean('true or false')),
    onConflict: v.optional(
      v.picklist(['overwrite', 'skip', 'as-new', 'keep'], '"overwrite", "skip", "as-new" or "keep"'),
    ),
    triggers: v.optional(v.boolean('true or false')),
    create: v.optional(v.boolean('true or false')),
    set: v.optional(check(isRow, 'an object of values by column, such as { status: "open" }')),
    plan: v.optional(check(file, 'the "plan" of a report')),
    sql: v.optional(check(file, 'the path of a new file')),
    timeout: v.optional(check((value) => parseTimeout(value) !== undefined, TIMEOUT_IS)),
    every: v.optional(
      check((value) => (parseDuration(value) ?? 0) >= 100, 'a duration of at least 100 ms, such as "1h"'),
    ),
    fileName: v.optional(v.string('a text: what the file is called')),
    takenAt: v.optional(check((value) => value instanceof Date && !Number.isNaN(value.getTime()), 'a valid Date')),
    sizeBytes: v.optional(check(whole(0, Number.MAX_SAFE_INTEGER), 'a whole number of bytes')),
    maxBytes: v.optional(check(whole(1, Number.MAX_SAFE_INTEGER), 'a whole number of bytes from 1')),
    scratch: v.optional(check(file, 'the path of a folder')),
    snapshotter: v.optional(
      check((value) => hasMethods(value, ['verify']), 'a snapshotter, such as childProcessSnapshotter()'),
    ),
  };
}

/** By its shape: a polyfill's is one too. */
function isSignal(value: unknown): boolean {
  const { aborted, addEventListener } = (value ?? {}) as Partial<Record<keyof AbortSignal, unknown>>;
  return typeof aborted === 'boolean' && typeof addEventListener === 'function';
}

function whole(least: number, most: number): (value: unknown) => boolean {
  return (value) => Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
}

function isRow(value: unknown): boolean {
  if (!isRecord(value)) return false;
  return Object.values(value).every(
    (each) => each === null || ['number', 'bigint', 'string'].includes(typeof each) || each instanceof Uint8Array,
  );
}
