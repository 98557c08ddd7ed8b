import path from 'node:path';
import { backupNaming } from '../catalog/backup-name.js';
import type { BackupNaming } from '../catalog/backup-name.js';
import { VERIFY_LEVELS } from '../catalog/manifest.js';
import type { VerifyLevel } from '../catalog/manifest.js';
import { checkNameLengths } from '../catalog/name-lengths.js';
import { absolutePath } from '../util/absolute-path.js';
import { INTERVAL_IS, parseDuration, parseInterval, parseWait, WAIT_IS } from '../util/duration.js';
import type { Duration } from '../util/duration.js';
import { BackupError } from '../util/errors.js';
import { winstonLogger } from '../util/logger.js';
import type { LoadableLogger, Logger } from '../util/logger.js';
import { DEFAULT_RULES, keep } from '../retention/keep.js';
import type { KeepRules } from '../retention/keep.js';
import type { RetentionPolicy } from '../retention/policy.js';
import { formatPolicy, isOnlyOnce } from '../retention/recorded-policy.js';
import { childProcessSnapshotter } from '../child/child-snapshotter.js';
import type { Snapshotter } from '../child/snapshotter.js';
import { notifications } from '../notify/index.js';
import type { NotifyOptions } from '../notify/options.js';
import type { DatabaseSource, SourceRecipe } from '../sources/database-source.js';
import type { BackupStore } from '../stores/backup-store.js';
import { areAssertions, ASSERTIONS_ARE, hasMethods, SOURCE_METHODS, STORE_METHODS } from '../util/method-options.js';
import { show } from '../util/show.js';
import { validate, wrongOption } from '../util/validate.js';
import type { Valibot } from '../util/validate.js';

/** Options of a `BackupService`. Only `database` is required; an unknown key is an error. */
export interface BackupServiceOptions {
  /**
   * Path of the live SQLite database; a relative one counts from the working directory at the time of the call. The file
   * must exist when a backup is taken, not before. This process never opens it.
   *
   * Or a source that is no file of this machine, such as `rqlite({ … })` of `sqlite-autobackup/rqlite`.
   */
  database: string | DatabaseSource;
  /** Folder for the backups; must exist and be writable. Default: the database's own folder. Required with a source. */
  directory?: string;
  /**
   * A backup is due when the newest one is this old or older.
   *
   * @default '7d'. A number is milliseconds: `7` and `'7'` are refused. Either 0 (always due), or at least a minute.
   */
  interval?: Duration;
  /**
   * Decides which backups stay after a new one was taken. It never runs after a failed attempt. The rules alone, `{ last: 20 }`, mean
   * `keep()` of them, so that a JSON file can hold them.
   *
   * @default `keep({ last: 20, weekly: 8, monthly: 12 })`; `keep({ last: N })` where the environment has
   * `BACKUP_RETENTION_COUNT=N`
   */
  retention?: RetentionPolicy | KeepRules;
  /**
   * How a new backup is checked before it counts. `'quick'` (default): PRAGMA quick_check; `'full'`: PRAGMA
   * integrity_check, which also compares every index with its table and takes about three times as long.
   */
  verify?: VerifyLevel;
  /**
   * What a decorated method does when the backup before it fails. `'continue'` (default): the failure is logged and
   * emitted, and the method runs. `'abort'`: the call is rejected with the BackupError, and the method does not run.
   */
  onFailure?: 'continue' | 'abort';
  /**
   * After a failure, due checks start no further attempt before this; `createBackup()` always tries.
   *
   * @default '5m'. A number is milliseconds: `5` and `'5'` are refused.
   */
  retryAfter?: Duration;
  /**
   * For one attempt, waiting for another process's backup included; then the child process is killed and the attempt has
   * failed. Default `'10m'`. At least 1 ms.
   */
  timeout?: Duration;
  /**
   * How long a decorated method believes "not due" without looking at the folder again. Default `'1s'`. 0: it looks every
   * time, at a cost of some 20 µs. Calls of the service itself always look.
   */
  recheckInterval?: Duration;
  /**
   * What must be true of every restored backup: each one SELECT that returns one truthy value, such as
   * `'SELECT count(*) > 0 FROM invoices'`. `verifyBackup(name, { level: 'drill' })` asks them. Default: none.
   */
  assertions?: readonly string[];
  /**
   * How old the last check of the newest backup may get before it is checked again, by a restore drill with the `assertions`:
   * in a child process, one at a time, behind the next call or look at the page. Default: never by itself.
   */
  verifyEvery?: Duration;
  /**
   * Words for people in the place of method names, in the dashboard and the command line:
   * `{ 'InvoicesController.remove': 'before an invoice was deleted' }`. Default: none; the names are shown.
   */
  labels?: Readonly<Record<string, string>>;
  /** Default: winston to the console, loaded with the first line. Anything with info, warn and error. */
  logger?: Logger;
  /** Default: SQLite's online backup API in a child process. */
  snapshotter?: Snapshotter;
  /**
   * Stores off the machine that every backup is copied to in the background: `directoryStore('/mnt/nas')`, `s3Store({ … })`
   * of `sqlite-autobackup/s3`. Default: none.
   */
  copies?: BackupStore[];
  /**
   * `false`: nothing is ever taken, in tests for example, and one line in the log says so. `database` may be anything then,
   * `':memory:'` too; `createBackup()` and `restoreBackup()` reject with `ERR_BACKUP_DISABLED`.
   *
   * @default what the environment has in `BACKUP_ENABLED` (`false`, `0`, `off` or `no` switch off); otherwise `true`
   */
  enabled?: boolean;
  /** Who is told what goes wrong: a heartbeat, webhooks, mail. Default: nobody; failures are logged and emitted. */
  notify?: NotifyOptions;
}

/** Every option with its value, checked and frozen. */
export interface ResolvedOptions {
  /** Absolute path of the file; of a source the path that it would have in the backup folder, from which names are made. */
  readonly database: string;
  readonly source: DatabaseSource | undefined;
  readonly directory: string;
  readonly naming: BackupNaming;
  /** Names of backups whose modification times are known to be wrong; the runner adds to them. */
  readonly wrongMtimes: Set<string>;
  readonly intervalMs: number;
  readonly retention: RetentionPolicy;
  /** The policy as the backup folder keeps it; `undefined`: none was given, and `retention` is only the default. */
  readonly policyRecord: string | undefined;
  readonly verify: VerifyLevel;
  readonly onFailure: 'continue' | 'abort';
  readonly retryAfterMs: number;
  readonly timeoutMs: number;
  readonly recheckMs: number;
  readonly assertions: readonly string[];
  /** `undefined`: backups are verified only when somebody asks. */
  readonly verifyEveryMs: number | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly logger: LoadableLogger;
  readonly snapshotter: Snapshotter;
  readonly copies: readonly BackupStore[];
  readonly enabled: boolean;
  /** Not enumerable: addresses are secrets. */
  readonly notify: NotifyOptions | undefined;
  /** The snapshotter is the user's own. */
  readonly ownSnapshotter: boolean;
  /** The working directory, where a path that was given counts from it. */
  readonly relativeTo: string | undefined;
}

/**
 * User options become resolved options. Reads `BACKUP_RETENTION_COUNT` from `env`; touches no file.
 *
 * @throws BackupError `ERR_BACKUP_OPTIONS`, naming the option, the value and what is allowed
 */
export function resolveOptions(options: BackupServiceOptions, env: NodeJS.ProcessEnv = process.env): ResolvedOptions {
  const enabled = isEnabled(options, env);
  const isObject = typeof (options as { database?: unknown } | undefined)?.database === 'object';
  validate('BackupService', (v) => schemaOf(v, enabled, isObject), options);
  if (options.notify) notifications().checkNotifyOptions(options.notify);
  const { source, database, directory } = whereIs(options, enabled);
  const naming = backupNaming(database);
  if (enabled) checkNameLengths({ directory, naming }, database);
  const isRelative = [source ? '/' : options.database, options.directory ?? database].some(
    (given) => typeof given === 'string' && !path.isAbsolute(given),
  );
  const retention = toPolicy(options.retention) ?? retentionFromEnvironment(env);
  const resolved: Omit<ResolvedOptions, 'notify'> = {
    database,
    source,
    directory,
    naming,
    wrongMtimes: new Set<string>(),
    intervalMs: parseInterval(options.interval ?? '7d')!,
    retention: retention ?? keep(DEFAULT_RULES),
    policyRecord: retention && !isOnlyOnce(retention) ? formatPolicy(retention) : undefined,
    verify: options.verify ?? 'quick',
    onFailure: options.onFailure ?? 'continue',
    retryAfterMs: parseDuration(options.retryAfter ?? '5m')!,
    timeoutMs: parseDuration(options.timeout ?? '10m')!,
    recheckMs: parseDuration(options.recheckInterval ?? '1s')!,
    assertions: [...(options.assertions ?? [])],
    verifyEveryMs: options.verifyEvery === undefined ? undefined : parseInterval(options.verifyEvery)!,
    labels: Object.freeze({ ...options.labels }),
    logger: options.logger ?? winstonLogger(),
    snapshotter: options.snapshotter ?? childProcessSnapshotter(),
    copies: Object.freeze([...(options.copies ?? [])]),
    enabled,
    ownSnapshotter: options.snapshotter !== undefined,
    relativeTo: isRelative ? process.cwd() : undefined,
  };
  return Object.freeze(Object.defineProperty(resolved, 'notify', { value: options.notify }) as ResolvedOptions);
}

function whereIs(
  options: BackupServiceOptions,
  enabled: boolean,
): Pick<ResolvedOptions, 'source' | 'database' | 'directory'> {
  const { database: given } = options;
  if (typeof given === 'object') {
    if (options.directory === undefined) {
      throw wrongOption('BackupService: the option "directory" is missing.', 'A database that is no file needs it.');
    }
    const directory = absolutePath(options.directory);
    return { source: given, database: path.join(directory, given.name), directory };
  }
  const database = enabled || given !== ':memory:' ? absolutePath(given) : given;
  return { source: undefined, database, directory: absolutePath(options.directory ?? path.dirname(database)) };
}

/** @throws BackupError `ERR_BACKUP_OPTIONS` for a `BACKUP_ENABLED` that is neither yes nor no */
function isEnabled(options: unknown, env: NodeJS.ProcessEnv): boolean {
  const { enabled } = (options ?? {}) as Partial<BackupServiceOptions>;
  if (enabled !== undefined) return enabled;
  const text = (env['BACKUP_ENABLED'] ?? '').trim().toLowerCase();
  if (['false', '0', 'off', 'no'].includes(text)) return false;
  if (['', 'true', '1', 'on', 'yes'].includes(text)) return true;
  throw new BackupError('ERR_BACKUP_OPTIONS', `The environment variable BACKUP_ENABLED is ${show(text)}.`, {
    step: 'options',
    hint: 'Set it to true or false, or unset it.',
  });
}

function toPolicy(retention: RetentionPolicy | KeepRules | undefined): RetentionPolicy | undefined {
  return retention === undefined || typeof retention === 'function' ? retention : keep(retention);
}

function retentionFromEnvironment(env: NodeJS.ProcessEnv): RetentionPolicy | undefined {
  const text = env['BACKUP_RETENTION_COUNT'];
  if (text === undefined || text.trim() === '') return undefined;
  if (!/^[1-9]\d{0,8}$/.test(text.trim())) {
    throw new BackupError(
      'ERR_BACKUP_OPTIONS',
      `The environment variable BACKUP_RETENTION_COUNT is ${JSON.stringify(text)}.`,
      { step: 'options', hint: 'Set it to how many backups to keep, a whole number of 1 or more, or unset it.' },
    );
  }
  return keep({ last: Number(text) });
}

function isSource(value: unknown): value is DatabaseSource {
  if (!hasMethods(value, SOURCE_METHODS)) return false;
  const { name, description, recipe } = value as Partial<DatabaseSource>;
  const isFileName = typeof name === 'string' && /^(?!\.{1,2}$)[^/\\\p{Cc}]+$/u.test(name);
  return isFileName && typeof description === 'string' && typeof recipe?.module === 'string';
}

function isListOfStores(value: unknown): boolean {
  if (!Array.isArray(value)) return false;
  const isNamed = (store: { name?: unknown }): boolean => typeof store.name === 'string' && store.name !== '';
  return (
    value.every((store: BackupStore) => hasMethods(store, STORE_METHODS) && isNamed(store)) &&
    new Set(value.map(({ name }: BackupStore) => name)).size === value.length
  );
}

// Each message finishes the sentence "It must be …".
// eslint-disable-next-line @typescript-eslint/explicit-function-return-type -- the type is what valibot infers
function schemaOf(v: Valibot, enabled: boolean, isObject: boolean) {
  // eslint-disable-next-line @typescript-eslint/explicit-function-return-type -- as above
  const duration = (allowed: (milliseconds: number) => boolean, message: string) =>
    v.optional(
      v.custom<Duration>((value) => {
        const milliseconds = parseDuration(value);
        return milliseconds !== undefined && allowed(milliseconds);
      }, message),
    );
  const anyLength = duration(
    () => true,
    'a duration such as "7d", "12h" or "90s", or a number of milliseconds from 0 up',
  );
  const methods = (names: readonly string[]) => (value: unknown) => hasMethods(value, names);
  return v.strictObject({
    database: isObject
      ? v.custom<DatabaseSource>(isSource, 'the path of a SQLite database file, or a source such as rqlite({ … })')
      : enabled
        ? databaseFile(v)
        : v.pipe(v.string('a text'), v.nonEmpty('a text that is not empty')),
    directory: v.optional(
      v.custom<string>(
        (value) => typeof value === 'string' && value !== '' && !value.includes('\0'),
        'the path of a folder',
      ),
    ),
    interval: v.optional(v.custom<Duration>((value) => parseInterval(value) !== undefined, INTERVAL_IS)),
    retention: v.optional(
      v.custom<RetentionPolicy | KeepRules>(
        (value) =>
          typeof value === 'function' || (typeof value === 'object' && value !== null && !Array.isArray(value)),
        'a policy such as keep({ last: 20 }), or a function',
      ),
    ),
    verify: v.optional(v.picklist(VERIFY_LEVELS, '"quick" or "full"')),
    onFailure: v.optional(v.picklist(['continue', 'abort'], '"continue" or "abort"')),
    retryAfter: v.optional(v.custom<Duration>((value) => parseWait(value) !== undefined, WAIT_IS)),
    timeout: duration((value) => value >= 1, 'a duration of at least 1 ms, such as "10m"'),
    recheckInterval: anyLength,
    assertions: v.optional(v.custom<readonly string[]>(areAssertions, ASSERTIONS_ARE)),
    verifyEvery: duration(
      (value) => value >= 60_000,
      'a duration of at least a minute, such as "7d"; none where backups are verified by hand only',
    ),
    labels: v.optional(
      v.record(
        v.string('a text'),
        v.string('a text'),
        'words by label, such as { "Invoices.remove": "before an invoice was deleted" }',
      ),
    ),
    logger: v.optional(
      v.custom<Logger>(methods(['info', 'warn', 'error']), 'an object with the methods info, warn and error'),
    ),
    snapshotter: v.optional(
      v.custom<Snapshotter>(
        methods(['create', 'createSync', 'verify', 'inspect', 'restore', 'protect']),
        'an object with the methods create, createSync, verify, inspect, restore and protect',
      ),
    ),
    enabled: v.optional(v.boolean('true or false')),
    copies: v.optional(
      v.custom<BackupStore[]>(
        isListOfStores,
        'an array of stores, such as [directoryStore("/mnt/nas")]: each has a name that no other one has, and the methods ' +
          'list, put, open and remove',
      ),
    ),
    notify: v.optional(
      v.custom<NotifyOptions>(
        (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
        'an object, such as { heartbeat: "https://hc-ping.com/…" }',
      ),
    ),
  });
}

// eslint-disable-next-line @typescript-eslint/explicit-function-return-type -- as above
function databaseFile(v: Valibot) {
  return v.pipe(
    v.custom<string>((value) => typeof value === 'string' && value !== '', 'the path of a SQLite database file'),
    v.check((value) => !value.includes('\0'), 'a path without NUL characters'),
    v.check(
      (value) => !/^file:/i.test(value) && value !== ':memory:',
      'the path of a file on disk: no "file:" URI, and an in-memory database cannot be backed up (in tests: enabled: false)',
    ),
    v.check((value) => !/\s$/.test(value), 'a path that does not end in white space, which better-sqlite3 cuts off'),
    v.check((value) => !/[\\/]\.{0,2}$/.test(value), 'the path of a file, not of a folder'),
    v.check(
      (value) => path.extname(value).toLowerCase() !== '.json',
      'a path whose extension is not .json, which the manifests beside the backups use',
    ),
  );
}

/** What a request says of the live database. */
export function liveDatabase({ database, source }: Pick<ResolvedOptions, 'database' | 'source'>): {
  readonly database: string;
  readonly source?: SourceRecipe;
} {
  return { database, ...(source && { source: source.recipe }) };
}
