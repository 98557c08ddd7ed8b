import fs from 'node:fs';
import path from 'node:path';
import { isBackupService } from '../service/backup-service.js';
import { BESIDE_THIS_FILE, realPath } from '../util/absolute-path.js';
import { parseInterval } from '../util/duration.js';
import { isBackupError } from '../util/errors.js';
import { BackupService } from '../index.js';
import type { BackupServiceOptions, KeepRules } from '../index.js';
import { backupNaming } from '../catalog/backup-name.js';
import { keepEverything, onlyOnce, readPolicyRecord } from '../retention/recorded-policy.js';
import { runSync } from '../util/file-work.js';
import { findConfig, findConfigOf, loadConfig } from './config-file.js';
import type { Configured } from './config-file.js';
import type { Context, Flags } from './context.js';
import { usageError } from './usage-error.js';

export interface Opened {
  readonly service: BackupService;
  /** `undefined`: nobody but the service knows. */
  readonly intervalMs: number | undefined;
  readonly configFile: string | undefined;
  /** Options of the configuration that are relative paths, so that the app may mean another place. */
  readonly relativePaths: readonly string[];
}

export interface OpenOptions {
  /** The command itself tells of backups that do not count. */
  readonly silent?: boolean;
  /** Receives what the service warns of; default: the terminal. */
  readonly onWarning?: (message: string) => void;
  /**
   * The policy that a prune applies: these rules, or (`'recorded'`) the configuration's, else the one that the folder keeps. Without
   * it and without a configuration nothing is pruned: the app's policy is not known here.
   */
  readonly retention?: KeepRules | 'recorded';
}

/** The service that the flags and the configuration file mean. */
export async function openService(context: Context, options: OpenOptions = {}): Promise<Opened> {
  const { flags, terminal } = context;
  const { silent = false, onWarning = (message: string): void => terminal.warn(message), retention } = options;
  const cwd = process.cwd();
  const { configFile, configured } = await readConfiguration(context, cwd, silent);
  if (isBackupService(configured)) {
    refuseOverrides(flags, configFile!);
    if (typeof retention === 'object') throw fixedPolicy(configFile!);
    return { service: configured, intervalMs: undefined, configFile, relativePaths: [] };
  }
  if (!configured && flags.service !== undefined) {
    throw usageError('--service needs a configuration file.', 'Name it with --config.');
  }

  const fromFile = configured ?? {};
  const anchored = configFile === undefined ? {} : anchorPaths(fromFile, flags, path.dirname(configFile), cwd);
  const { database, directory, interval, timeout } = flags;
  const given: Partial<BackupServiceOptions> = {
    ...fromFile,
    ...anchored,
    ...(database !== undefined && { database }),
    ...(directory !== undefined && { directory }),
    ...(interval !== undefined && { interval }),
    ...(timeout !== undefined && { timeout }),
    ...(!configured && retention !== 'recorded' && !hasEnvironmentPolicy() && { retention: keepEverything }),
    ...(typeof retention === 'object' && { retention: onlyOnce(retention) }),
    // The commands print the outcome themselves.
    logger: { info: () => {}, warn: (message) => silent || onWarning(message), error: () => {} },
  };
  const service = construct(given, configFile);
  if (!configured && retention === 'recorded') ensureKnownPolicy(service);
  return {
    service,
    intervalMs: parseInterval(given.interval ?? '7d'),
    configFile,
    relativePaths: Object.keys(anchored),
  };
}

interface Configuration {
  readonly configFile: string | undefined;
  readonly configured: Configured | undefined;
}

/** `--database` alone: the configuration counts that is here or beside the database, if it is of this database. */
async function readConfiguration({ flags, terminal }: Context, cwd: string, silent: boolean): Promise<Configuration> {
  const { database } = flags;
  if (flags.config === undefined && database !== undefined && flags.service === undefined) {
    const found = await findConfigOf(path.resolve(database), cwd, (message) => silent || terminal.warn(message));
    // A finished service cannot be given what the flags ask for besides.
    const fits = found && !(isBackupService(found.configured) && overrideIn(flags));
    return fits ? found : { configFile: undefined, configured: undefined };
  }
  const configFile = flags.config === undefined ? defaultConfig(flags, cwd) : path.resolve(flags.config);
  return { configFile, configured: configFile === undefined ? undefined : await loadConfig(configFile, flags.service) };
}

function defaultConfig({ database, service }: Flags, cwd: string): string | undefined {
  if (database !== undefined) return undefined;
  const found = findConfig(cwd);
  if (found !== undefined || service !== undefined) return found;
  throw usageError(
    'Which database?',
    'Name it with --database <file>, or a configuration with --config <file>, or put autobackup.config.cjs in this folder.',
  );
}

function hasEnvironmentPolicy(): boolean {
  return (process.env['BACKUP_RETENTION_COUNT'] ?? '').trim() !== '';
}

/** @throws a usage error where nothing says which backups are to stay */
function ensureKnownPolicy({ database, directory }: BackupService): void {
  if (hasEnvironmentPolicy()) return;
  const recorded = runSync(readPolicyRecord({ directory, naming: backupNaming(database) }));
  if (typeof recorded === 'object' && recorded.retention !== 'code') return;
  throw usageError(
    recorded === undefined
      ? "Which backups are to stay? The app's retention policy is not known here."
      : "Which backups are to stay? The app's retention policy is code, or its record in the folder cannot be read.",
    'Give rules, such as --keep-last 20 --keep-weekly 8 --keep-monthly 12, or the configuration with --config.',
  );
}

function fixedPolicy(configFile: string): Error {
  return usageError(
    `The --keep rules cannot change the finished BackupService that "${configFile}" exports.`,
    'Leave them out, or let the file export the options instead of the service.',
  );
}

function overrideIn(flags: Flags): 'directory' | 'interval' | 'timeout' | undefined {
  return (['directory', 'interval', 'timeout'] as const).find((flag) => flags[flag] !== undefined);
}

function refuseOverrides(flags: Flags, configFile: string): void {
  const database = flags.config !== undefined && flags.database !== undefined ? 'database' : undefined;
  const given = database ?? overrideIn(flags);
  if (given === undefined) return;
  throw usageError(
    `--${given} cannot change the finished BackupService that "${configFile}" exports.`,
    'Leave the option out, or let the file export the options instead of the service.',
  );
}

/**
 * A relative path in the file counts from the file's folder. The app counts it from its own working directory; where that
 * may be this one, and leads somewhere too, guessing could restore over the wrong database.
 */
function anchorPaths(
  options: Partial<BackupServiceOptions>,
  flags: Flags,
  folder: string,
  cwd: string,
): Partial<Record<'database' | 'directory', string>> {
  const anchored: Partial<Record<'database' | 'directory', string>> = {};
  for (const option of ['database', 'directory'] as const) {
    const value: unknown = options[option];
    if (flags[option] !== undefined || typeof value !== 'string' || value === '' || path.isAbsolute(value)) continue;
    const fromFile = path.join(folder, value);
    const fromHere = path.join(cwd, value);
    if (fs.existsSync(fromHere) && realPath(fromHere) !== realPath(fromFile)) {
      throw usageError(
        `"${option}" is ${JSON.stringify(value)} in the configuration: "${fromFile}", or "${fromHere}"?`,
        `Make it absolute (${BESIDE_THIS_FILE}), or call the command in the folder of the configuration.`,
      );
    }
    anchored[option] = fromFile;
  }
  return anchored;
}

function construct(options: Partial<BackupServiceOptions>, configFile: string | undefined): BackupService {
  try {
    return new BackupService(options as BackupServiceOptions);
  } catch (error) {
    if (configFile === undefined || !isBackupError(error)) throw error;
    throw usageError(`In "${configFile}": ${error.what}`, error.hint, error);
  }
}
