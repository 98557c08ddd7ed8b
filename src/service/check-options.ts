import path from 'node:path';
import type { Snapshotter } from '../child/snapshotter.js';
import { VERIFY_LEVELS } from '../catalog/manifest.js';
import type { NotifyOptions } from '../notify/options.js';
import { keep } from '../retention/keep.js';
import type { KeepRules } from '../retention/keep.js';
import type { RetentionPolicy } from '../retention/policy.js';
import type { DatabaseSource } from '../sources/database-source.js';
import type { BackupStore } from '../stores/backup-store.js';
import {
  INTERVAL_IS,
  parseDuration,
  parseInterval,
  parseTimeout,
  parseWait,
  TIMEOUT_IS,
  WAIT_IS,
} from '../util/duration.js';
import type { Duration } from '../util/duration.js';
import { isRecord } from '../util/is-record.js';
import type { Logger } from '../util/logger.js';
import {
  areAssertions,
  ASSERTIONS_ARE,
  hasMethods,
  isPath,
  isPublicName,
  SOURCE_METHODS,
  STORE_METHODS,
} from '../util/method-options.js';
import { validate } from '../util/validate.js';
import type { Valibot } from '../util/validate.js';
import { isEnabledBy } from './environment.js';

/** The options as the schema makes them: checked, with their defaults, durations in milliseconds and rules as a policy. */
export type CheckedOptions = ReturnType<typeof checkOptions>;

/** @throws BackupError `ERR_BACKUP_OPTIONS`, naming the option, the value and what is allowed */
// eslint-disable-next-line @typescript-eslint/explicit-function-return-type -- the type is what valibot infers
export function checkOptions(options: unknown, env: NodeJS.ProcessEnv) {
  const given = (options ?? {}) as { readonly enabled?: boolean; readonly database?: unknown };
  const enabled = given.enabled ?? isEnabledBy(env);
  return {
    ...validate('BackupService', (v) => schemaOf(v, enabled, typeof given.database === 'object'), options),
    enabled,
  };
}

// Each message finishes the sentence "It must be …".
// eslint-disable-next-line @typescript-eslint/explicit-function-return-type -- as above
function schemaOf(v: Valibot, enabled: boolean, isObject: boolean) {
  // eslint-disable-next-line @typescript-eslint/explicit-function-return-type -- as above
  const milliseconds = (parse: (value: unknown) => number | undefined, message: string) =>
    v.pipe(
      v.custom<Duration>((value) => parse(value) !== undefined, message),
      v.transform((value) => parse(value)!),
    );
  // eslint-disable-next-line @typescript-eslint/explicit-function-return-type -- as above
  const object = <T>(names: readonly string[], message: string) =>
    v.custom<T>((value) => hasMethods(value, names), message);
  return v.strictObject({
    database: isObject
      ? v.custom<DatabaseSource>(isSource, 'the path of a SQLite database file, or a source such as rqlite({ … })')
      : enabled
        ? databaseFile(v)
        : v.pipe(v.string('a text'), v.nonEmpty('a text that is not empty')),
    directory: v.optional(v.custom<string>(isPath, 'the path of a folder, no address')),
    interval: v.optional(milliseconds(parseInterval, INTERVAL_IS), '7d'),
    retention: v.optional(policy(v)),
    verify: v.optional(v.picklist(VERIFY_LEVELS, '"quick" or "full"'), 'quick'),
    onFailure: v.optional(v.picklist(['continue', 'abort'], '"continue" or "abort"'), 'continue'),
    retryAfter: v.optional(milliseconds(parseWait, WAIT_IS), '5m'),
    timeout: v.optional(milliseconds(parseTimeout, TIMEOUT_IS), '10m'),
    recheckInterval: v.optional(
      milliseconds(parseDuration, 'a duration such as "7d", "12h" or "90s", or a number of milliseconds from 0 up'),
      '1s',
    ),
    assertions: v.optional(
      v.pipe(
        v.custom<readonly string[]>(areAssertions, ASSERTIONS_ARE),
        v.transform((statements) => [...statements]),
      ),
      [],
    ),
    verifyEvery: v.optional(
      milliseconds(
        atLeast(60_000),
        'a duration of at least a minute, such as "7d"; none where backups are verified by hand only',
      ),
    ),
    labels: v.optional(
      v.record(
        v.string('a text'),
        v.string('a text'),
        'words by label, such as { "Invoices.remove": "before an invoice was deleted" }',
      ),
      {},
    ),
    logger: v.optional(object<Logger>(['info', 'warn', 'error'], 'an object with the methods info, warn and error')),
    snapshotter: v.optional(
      object<Snapshotter>(
        ['create', 'createSync', 'verify', 'inspect', 'restore', 'protect'],
        'an object with the methods create, createSync, verify, inspect, restore and protect',
      ),
    ),
    enabled: v.optional(v.boolean('true or false')),
    copies: v.optional(stores(v), []),
    notify: v.optional(v.custom<NotifyOptions>(isRecord, 'an object, such as { heartbeat: "https://hc-ping.com/…" }')),
  });
}

// eslint-disable-next-line @typescript-eslint/explicit-function-return-type -- as above
function policy(v: Valibot) {
  return v.pipe(
    v.custom<RetentionPolicy | KeepRules>(
      (value) => typeof value === 'function' || isRecord(value),
      'a policy such as keep({ last: 20 }), or a function',
    ),
    v.transform((given) => (typeof given === 'function' ? given : keep(given))),
  );
}

// eslint-disable-next-line @typescript-eslint/explicit-function-return-type -- as above
function stores(v: Valibot) {
  return v.pipe(
    v.custom<readonly BackupStore[]>(
      isListOfStores,
      'an array of stores, such as [directoryStore("/mnt/nas")]: each has a name that no other one has, without a password or a token in it, and the methods ' +
        'list, put, open and remove',
    ),
    v.transform((stores) => [...stores]),
  );
}

function atLeast(least: number): (value: unknown) => number | undefined {
  return (value) => {
    const milliseconds = parseDuration(value);
    return milliseconds !== undefined && milliseconds >= least ? milliseconds : undefined;
  };
}

function isSource(value: unknown): value is DatabaseSource {
  if (!hasMethods(value, SOURCE_METHODS)) return false;
  const { name, description, recipe } = value as Partial<DatabaseSource>;
  const isFileName = typeof name === 'string' && /^(?!\.{1,2}$)[^/\\\p{Cc}]+$/u.test(name);
  return isFileName && isPublicName(description) && typeof recipe?.module === 'string';
}

function isListOfStores(value: unknown): boolean {
  if (!Array.isArray(value)) return false;
  const isNamed = (store: { name?: unknown }): boolean => isPublicName(store.name);
  return (
    value.every((store: BackupStore) => hasMethods(store, STORE_METHODS) && isNamed(store)) &&
    new Set(value.map(({ name }: BackupStore) => name)).size === value.length
  );
}

// eslint-disable-next-line @typescript-eslint/explicit-function-return-type -- as above
function databaseFile(v: Valibot) {
  return v.pipe(
    v.custom<string>((value) => typeof value === 'string' && value !== '', 'the path of a SQLite database file'),
    v.check((value) => !value.includes('\0'), 'a path without NUL characters'),
    v.check(
      (value) => !/^(file:|[a-z][a-z\d+.-]+:\/\/)/i.test(value) && value !== ':memory:',
      'the path of a file on disk: no "file:" URI or other address, and an in-memory database cannot be backed up (in tests: enabled: false)',
    ),
    v.check((value) => !/\s$/.test(value), 'a path that does not end in white space, which better-sqlite3 cuts off'),
    v.check((value) => !/[\\/]\.{0,2}$/.test(value), 'the path of a file, not of a folder'),
    v.check(
      (value) => path.extname(value).toLowerCase() !== '.json',
      'a path whose extension is not .json, which the manifests beside the backups use',
    ),
  );
}
