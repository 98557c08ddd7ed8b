import fs from 'node:fs';
import nodeModule from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { BackupError, systemCode } from '../util/errors.js';
import { packageInfo } from '../util/package-info.js';
import { errorToWire } from './protocol.js';
import type { ChildMessage } from './protocol.js';

/** Tells a process that it was started as a child of this package. */
const MARKER = 'SQLITE_AUTOBACKUP_CHILD';

export function childOptions(): {
  cwd: string;
  env: NodeJS.ProcessEnv;
  stdio: ['pipe', 'pipe', 'pipe'];
  windowsHide: true;
} {
  // The app's --require, --import or --inspect must not run in the child. Windows ignores the case of names.
  const inherited = Object.entries(process.env).filter(([name]) => name.toUpperCase() !== 'NODE_OPTIONS');
  const env: NodeJS.ProcessEnv = { ...Object.fromEntries(inherited), ELECTRON_RUN_AS_NODE: '1', [MARKER]: '1' };
  return { cwd: realFolder(), env, stdio: ['pipe', 'pipe', 'pipe'], windowsHide: true };
}

/** `[main]`; under Yarn Plug'n'Play, where packages are in archives, with what makes Node find them. */
export function childArguments(main: string): string[] {
  const { findPnpApi } = nodeModule as { findPnpApi?: (file: string) => unknown };
  const pnp = process.versions['pnp'] !== undefined && findPnpApi?.(main);
  return pnp ? ['--require', require.resolve('pnpapi'), main] : [main];
}

/**
 * A folder that exists on a disk: the app's working directory may be gone, and this file may be inside an archive (`app.asar`,
 * Plug'n'Play), which the system cannot change to.
 */
function realFolder(): string {
  return [os.tmpdir(), path.dirname(process.execPath)].find(isFolder) ?? path.parse(process.execPath).root;
}

function isFolder(folder: string): boolean {
  try {
    return fs.statSync(folder).isDirectory();
  } catch {
    return false;
  }
}

/**
 * Refuses to make a service in a child that should have been Node running `isolated/main.js`, and is the app once more: a single
 * executable application, or Electron without RunAsNode. It would take a backup, and so start itself again, and again. Nothing
 * but the start of a child sets the marker, and `isolated/` does not come here.
 *
 * The parent is told why, as by any child.
 *
 * @throws BackupError `ERR_BACKUP_CHILD_FAILED`
 */
export function refuseToBeTheChild(): void {
  if (process.env[MARKER] === undefined) return;
  const error = notNode();
  const message: ChildMessage = { type: 'error', error: errorToWire(error) };
  try {
    fs.writeSync(1, `\n${JSON.stringify(message)}\n`);
  } catch {
    // The parent has gone, or does not read: it learns from the end of this process.
  }
  throw error;
}

/** @throws BackupError `ERR_BACKUP_CHILD_FAILED` where a child would not be what is needed */
export function ensureChildCanRun(): void {
  // Looked at once: what is installed does not change under a running app in a way that this would tell.
  if (isFit) return;
  const unfit = childUnfit();
  if (unfit) throw unfit;
  isFit = true;
}

let isFit = false;

/** The code of the child process. */
export const CHILD_MAIN = path.join(__dirname, '..', 'isolated', 'main.js');

/** Why no child can do the work here; `undefined` if nothing is known against it. */
export function childUnfit(): BackupError | undefined {
  if (isSingleExecutable()) return notNode();
  if (!fs.existsSync(CHILD_MAIN)) {
    return new BackupError('ERR_BACKUP_CHILD_FAILED', `"${CHILD_MAIN}" is missing.`, {
      step: 'start',
      hint: 'If the app is bundled, mark "sqlite-autobackup" as external, so that its files stay as they are.',
    });
  }
  return driverUnfit();
}

function isSingleExecutable(): boolean {
  const { getBuiltinModule } = process as { getBuiltinModule?: (name: string) => { isSea(): boolean } | undefined };
  return getBuiltinModule?.('node:sea')?.isSea() ?? false;
}

function notNode(): BackupError {
  return new BackupError('ERR_BACKUP_CHILD_FAILED', `"${process.execPath}" is the app itself, not Node.`, {
    step: 'start',
    hint:
      'Backups are taken by a child process that runs Node. A single executable application cannot start one: run the app ' +
      'with Node. In Electron leave the fuse RunAsNode on.',
  });
}

/**
 * Why the installed better-sqlite3 cannot be loaded by this Node; `undefined` if nothing is known against it. A package that was
 * installed under a newer Node does not fail politely: better-sqlite3 13 ends Node 20 with a segmentation fault.
 */
export function driverUnfit(node: string = process.versions.node, driver = installedDriver()): BackupError | undefined {
  if (!driver) {
    return new BackupError('ERR_BACKUP_CHILD_FAILED', 'The package better-sqlite3 is not installed.', {
      step: 'start',
      hint: 'It is a dependency of sqlite-autobackup: run "npm install" again, and do not bundle either of the two.',
    });
  }
  const oldest = oldestNode(driver.node);
  if (oldest === undefined || !isOlder(node, oldest)) return undefined;
  const { version } = driver;
  return new BackupError('ERR_BACKUP_CHILD_FAILED', `better-sqlite3 ${version} does not run in Node ${node}.`, {
    step: 'start',
    hint:
      `It needs Node ${driver.node}. Run the app with Node ${oldest.join('.')} or newer, or install a better-sqlite3 for this ` +
      `Node: npm install better-sqlite3@12 (sqlite-autobackup needs Node ${packageInfo().engines.node}).`,
  });
}

interface Driver {
  readonly version: string;
  /** The `engines.node` of its package.json. */
  readonly node: string;
}

export function installedDriver(): Driver | undefined {
  try {
    const file = require.resolve('better-sqlite3/package.json');
    const { version, engines } = JSON.parse(fs.readFileSync(file, 'utf8')) as {
      version: string;
      engines?: { node?: string };
    };
    return { version, node: engines?.node ?? '*' };
  } catch (error) {
    // With no free file descriptor nothing can be read, which says nothing about what is installed.
    return systemCode(error) === 'MODULE_NOT_FOUND' && canReadFiles() ? undefined : UNKNOWN_DRIVER;
  }
}

const UNKNOWN_DRIVER: Driver = { version: 'of unknown version', node: '*' };

function canReadFiles(): boolean {
  try {
    fs.closeSync(fs.openSync(__filename, 'r'));
    return true;
  } catch {
    return false;
  }
}

type Version = readonly [major: number, minor: number];

/** The oldest Node that a range such as `20.x || 22.x` or `>=22.12` allows; `undefined` if it has no lower bound. */
function oldestNode(range: string): Version | undefined {
  const bounds = range.split('||').map((part) => /^\s*(?:>=|\^|~|=)?\s*v?(\d+)(?:\.(\d+))?/.exec(part));
  if (bounds.some((bound) => !bound)) return undefined;
  return bounds
    .map((bound): Version => [Number(bound![1]), Number(bound![2] ?? 0)])
    .reduce((oldest, bound) => (isOlder(bound.join('.'), oldest) ? bound : oldest));
}

function isOlder(version: string, [major, minor]: Version): boolean {
  const [ownMajor = 0, ownMinor = 0] = version.split('.').map(Number);
  return ownMajor < major || (ownMajor === major && ownMinor < minor);
}
