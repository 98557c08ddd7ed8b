import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { isBackupService } from '../service/backup-service.js';
import { realPath } from '../util/absolute-path.js';
import { messageOf, systemCode } from '../util/errors.js';
import type { BackupService, BackupServiceOptions } from '../index.js';
import { usageError } from './usage-error.js';

/** The export of a configuration file, once one service is chosen from it. */
export type Configured = BackupService | BackupServiceOptions;

const TYPESCRIPT = ['.ts', '.mts', '.cts'];
const EXTENSIONS = ['.js', '.cjs', '.mjs', '.json', ...TYPESCRIPT];
const FORM =
  'Export the options of one service ({ database: "app.db" }), a BackupService, or several of either by name.';

/** The one configuration file of the default name in `folder`, if there is one. */
export function findConfig(folder: string): string | undefined {
  const found = EXTENSIONS.map((extension) => `autobackup.config${extension}`).filter((name) =>
    fs.existsSync(path.join(folder, name)),
  );
  if (found.length > 1) {
    throw usageError(`"${folder}" has ${found.join(' and ')}.`, 'Say which one counts with --config, or remove one.');
  }
  return found[0] === undefined ? undefined : path.join(folder, found[0]);
}

/**
 * Loads a configuration file and chooses the service `name` in it. While it is loaded, its folder is the working
 * directory: a relative path means the same wherever the command is called, in a finished service too.
 */
export async function loadConfig(file: string, name: string | undefined): Promise<Configured> {
  const extension = path.extname(file);
  if (!EXTENSIONS.includes(extension)) {
    throw usageError(
      `"${file}" is not a configuration file.`,
      `Its extension must be one of ${EXTENSIONS.join(', ')}.`,
    );
  }
  if (!fs.statSync(file, { throwIfNoEntry: false })?.isFile()) {
    throw usageError(`There is no configuration file "${file}".`, 'Correct --config.');
  }
  return choose(await loadFile(file), name, file);
}

/** Every service that a file configures. */
async function loadAll(file: string): Promise<Configured[]> {
  const exported = await loadFile(file);
  return (isConfigured(exported) ? [exported] : Object.values(isObject(exported) ? exported : {})).filter(isConfigured);
}

async function loadFile(file: string): Promise<unknown> {
  const before = process.cwd();
  process.chdir(path.dirname(file));
  try {
    return path.extname(file) === '.json' ? readJson(file) : await importFile(file);
  } catch (cause) {
    if (cause instanceof Error && cause.name === 'BackupError') throw cause;
    if (systemCode(cause) === 'ERR_UNKNOWN_FILE_EXTENSION' && TYPESCRIPT.includes(path.extname(file))) {
      throw usageError(
        `"${file}" is TypeScript, which Node ${process.versions.node} does not read.`,
        'Use Node 22.18 or newer, call the command with NODE_OPTIONS="--import tsx" (npm install tsx), or make the file an autobackup.config.mjs.',
        cause,
      );
    }
    throw usageError(
      `"${file}" could not be loaded (${messageOf(cause)}).`,
      'Correct the file; Node must load it.',
      cause,
    );
  } finally {
    process.chdir(before);
  }
}

/**
 * The configuration of this very database, in one of the default files here or beside it. One that cannot be loaded is told
 * and left out: it may be of another database.
 */
export async function findConfigOf(
  database: string,
  cwd: string,
  warn: (message: string) => void,
): Promise<{ configFile: string; configured: Configured } | undefined> {
  for (const folder of new Set([cwd, path.dirname(database)])) {
    try {
      const configFile = findConfig(folder);
      if (configFile === undefined || (folder !== cwd && !isTrusted(configFile))) continue;
      const configured = (await loadAll(configFile)).find((each) => isOf(each, database, [folder, cwd]));
      if (configured) return { configFile, configured };
    } catch (error) {
      warn(messageOf(error));
    }
  }
  return undefined;
}

/** The file is code that would run as whoever calls the command. */
function isTrusted(file: string): boolean {
  if (process.platform === 'win32') return true;
  const { uid, mode } = fs.statSync(file);
  return (uid === 0 || uid === process.geteuid?.()) && (mode & 0o022) === 0;
}

function isOf(configured: Configured, database: string, folders: readonly string[]): boolean {
  const given: unknown = configured.database;
  if (typeof given !== 'string') return false;
  return folders.some((folder) => realPath(path.resolve(folder, given)) === realPath(path.resolve(database)));
}

function readJson(file: string): unknown {
  const text = fs.readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  try {
    return JSON.parse(text);
  } catch (error) {
    // Some of these messages quote what stands around the mistake, which may be a secret, instead of saying where it is.
    const quoted = /(?:, )?(?:\.\.\.)?"([^]*)"(?:\.\.\.)? is not valid JSON$/;
    const [, around] = quoted.exec(messageOf(error)) ?? [];
    if (around === undefined) throw error;
    const line = text.slice(0, text.indexOf(around) + around.length / 2).split('\n').length;
    // eslint-disable-next-line preserve-caught-error -- as said: its message has it
    throw new SyntaxError(messageOf(error).replace(quoted, ` about line ${line} of JSON`));
  }
}

async function importFile(file: string): Promise<unknown> {
  const { default: exported } = (await import(pathToFileURL(file).href)) as { default?: unknown };
  // Compilers turn `export default` into this shape in CommonJS.
  const compiled = exported as { __esModule?: boolean; default?: unknown } | null | undefined;
  return compiled?.__esModule ? compiled.default : exported;
}

function choose(exported: unknown, name: string | undefined, file: string): Configured {
  if (isConfigured(exported)) {
    if (name === undefined) return exported;
    throw usageError(`"${file}" configures one service, not several by name.`, 'Leave --service out.');
  }
  const services = Object.entries(isObject(exported) ? exported : {});
  if (services.length === 0 || !services.every(([, each]) => isConfigured(each))) {
    throw usageError(`"${file}" configures no service.`, FORM);
  }
  const names = services.map(([each]) => each).join(', ');
  if (name === undefined && services.length > 1) {
    throw usageError(`"${file}" configures several services.`, `Say which one with --service: ${names}.`);
  }
  const chosen = name === undefined ? services[0] : services.find(([each]) => each === name);
  if (!chosen) throw usageError(`"${file}" configures no service "${name}".`, `There are: ${names}.`);
  return chosen[1] as Configured;
}

function isConfigured(value: unknown): value is Configured {
  return isBackupService(value) || (isObject(value) && 'database' in value);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
