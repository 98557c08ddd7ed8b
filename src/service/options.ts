import path from 'node:path';
import { backupNaming } from '../catalog/backup-name.js';
import type { BackupNaming } from '../catalog/backup-name.js';
import type { VerifyLevel } from '../catalog/manifest.js';
import { checkNameLengths } from '../catalog/name-lengths.js';
import { absolutePath } from '../util/absolute-path.js';
import type { Duration } from '../util/duration.js';
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
import { wrongOption } from '../util/validate.js';
import { checkOptions } from './check-options.js';
import type { CheckedOptions } from './check-options.js';
import { retentionFrom } from './environment.js';

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
   * failed. At least 1 ms.
   *
   * @default '10m'. A number is milliseconds: `10` and `'10'` are refused.
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
 * User options become resolved options. Reads `BACKUP_ENABLED` and `BACKUP_RETENTION_COUNT` from `env`; touches no file.
 *
 * @throws BackupError `ERR_BACKUP_OPTIONS`, naming the option, the value and what is allowed
 */
export function resolveOptions(options: BackupServiceOptions, env: NodeJS.ProcessEnv = process.env): ResolvedOptions {
  const given = checkOptions(options, env);
  if (given.notify) notifications().checkNotifyOptions(given.notify);
  const place = whereIs(given);
  const naming = backupNaming(place.database);
  if (given.enabled) checkNameLengths({ directory: place.directory, naming }, place.database);
  const retention = given.retention ?? retentionFrom(env);
  const resolved: Omit<ResolvedOptions, 'notify'> = {
    ...place,
    naming,
    wrongMtimes: new Set<string>(),
    intervalMs: given.interval,
    retention: retention ?? keep(DEFAULT_RULES),
    policyRecord: retention && !isOnlyOnce(retention) ? formatPolicy(retention) : undefined,
    verify: given.verify,
    onFailure: given.onFailure,
    retryAfterMs: given.retryAfter,
    timeoutMs: given.timeout,
    recheckMs: given.recheckInterval,
    assertions: given.assertions,
    verifyEveryMs: given.verifyEvery,
    labels: Object.freeze(given.labels),
    logger: given.logger ?? winstonLogger(),
    snapshotter: given.snapshotter ?? childProcessSnapshotter(),
    copies: Object.freeze(given.copies),
    enabled: given.enabled,
    ownSnapshotter: given.snapshotter !== undefined,
  };
  return Object.freeze(Object.defineProperty(resolved, 'notify', { value: given.notify }) as ResolvedOptions);
}

type Place = Pick<ResolvedOptions, 'source' | 'database' | 'directory' | 'relativeTo'>;

function whereIs({ database: given, directory, enabled }: CheckedOptions): Place {
  const relativeTo = (paths: readonly string[]): string | undefined =>
    paths.every((one) => path.isAbsolute(one)) ? undefined : process.cwd();
  if (typeof given === 'object') {
    if (directory === undefined) {
      throw wrongOption('BackupService: the option "directory" is missing.', 'A database that is no file needs it.');
    }
    const folder = absolutePath(directory);
    return {
      source: given,
      database: path.join(folder, given.name),
      directory: folder,
      relativeTo: relativeTo([directory]),
    };
  }
  const database = enabled || given !== ':memory:' ? absolutePath(given) : given;
  return {
    source: undefined,
    database,
    directory: absolutePath(directory ?? path.dirname(database)),
    relativeTo: relativeTo([given, directory ?? database]),
  };
}

/** What a request says of the live database. */
export function liveDatabase({ database, source }: Pick<ResolvedOptions, 'database' | 'source'>): {
  readonly database: string;
  readonly source?: SourceRecipe;
} {
  return { database, ...(source && { source: source.recipe }) };
}
