import fs from 'node:fs';
import path from 'node:path';
import { isBackupService } from '../service/backup-service.js';
import { parseInterval } from '../util/duration.js';
import { isBackupError } from '../util/errors.js';
import { BackupService } from '../index.js';
import type { BackupServiceOptions } from '../index.js';
import { findConfig, loadConfig } from './config-file.js';
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

/**
 * The service that the flags and the configuration file mean.
 *
 * @param silent the command itself tells of backups that do not count
 */
export async function openService({ flags, terminal }: Context, { silent = false } = {}): Promise<Opened> {
  const cwd = process.cwd();
  const configFile = flags.config === undefined ? defaultConfig(flags, cwd) : path.resolve(flags.config);
  const configured = configFile === undefined ? undefined : await loadConfig(configFile, flags.service);
  if (isBackupService(configured)) {
    refuseOverrides(flags, configFile!);
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
    // The commands print the outcome themselves.
    logger: { info: () => {}, warn: (message) => silent || terminal.warn(message), error: () => {} },
  };
  const service = construct(given, configFile);
  return {
    service,
    intervalMs: parseInterval(given.interval ?? '7d'),
    configFile,
    relativePaths: Object.keys(anchored),
  };
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

function refuseOverrides(flags: Flags, configFile: string): void {
  const given = (['database', 'directory', 'interval', 'timeout'] as const).find((flag) => flags[flag] !== undefined);
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
    if (realPath(fromHere) !== undefined && realPath(fromHere) !== realPath(fromFile)) {
      throw usageError(
        `"${option}" is ${JSON.stringify(value)} in the configuration: "${fromFile}", or "${fromHere}"?`,
        'Make it absolute, path.join(__dirname, …), or call the command in the folder of the configuration.',
      );
    }
    anchored[option] = fromFile;
  }
  return anchored;
}

function realPath(file: string): string | undefined {
  try {
    return fs.realpathSync(file);
  } catch {
    return undefined;
  }
}

function construct(options: Partial<BackupServiceOptions>, configFile: string | undefined): BackupService {
  try {
    return new BackupService(options as BackupServiceOptions);
  } catch (error) {
    if (configFile === undefined || !isBackupError(error)) throw error;
    throw usageError(`In "${configFile}": ${error.what}`, error.hint, error);
  }
}
