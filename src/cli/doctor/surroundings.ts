import { messageOf, isBackupError } from '../../util/errors.js';
import { childProcessSnapshotter } from '../../index.js';
import { probe } from '../../child/probe.js';
import type { ProbeReport } from '../../child/protocol.js';
import { BESIDE_THIS_FILE } from '../../util/absolute-path.js';
import { size } from '../format.js';
import type { Opened } from '../open-service.js';
import { fail, failWith, ok, warn } from './check.js';
import type { Check } from './check.js';
import { describeHolder, holdersOf } from './lock-holder.js';
import { fileSize, lockFile } from './paths.js';

/** For a look that hangs; a locked database is waited for much shorter (isolated/inspect.ts). */
const TIMEOUT_MS = 30_000;

export function checkNode(version: string, needed: string): Check {
  const [major, minor] = version.split('.').map(Number) as [number, number];
  const [neededMajor, neededMinor] = needed.replace(/^\D+/, '').split('.').map(Number) as [number, number];
  const enough = major > neededMajor || (major === neededMajor && minor >= neededMinor);
  return enough
    ? ok('node', `Node ${version}.`)
    : fail('node', `Node ${version} is too old.`, `This package needs Node ${needed}: update it.`);
}

export function checkConfig({ configFile, relativePaths, service }: Opened): Check {
  if (configFile === undefined) {
    return ok('config', `No configuration file: "${service.database}" and the options were given on the command line.`);
  }
  if (relativePaths.length === 0) return ok('config', `"${configFile}".`);
  const names = relativePaths.map((name) => `"${name}"`).join(' and ');
  return warn(
    'config',
    `In "${configFile}" ${names} ${relativePaths.length > 1 ? 'are relative paths' : 'is a relative path'}, here counted from the ` +
      "file's folder, by the app from its working directory.",
    `Make it absolute, so that both mean the same file: ${BESIDE_THIS_FILE}.`,
  );
}

/** better-sqlite3 in the child, and the lock. */
export async function checkChild({ service }: Opened, signal: AbortSignal): Promise<Check[]> {
  const { database, directory } = service;
  let report: ProbeReport;
  try {
    report = await probe({ database, directory, timeoutMs: TIMEOUT_MS }, { signal });
  } catch (error) {
    if (!isBackupError(error)) throw error;
    const childFailed = error.code === 'ERR_BACKUP_CHILD_FAILED';
    return [failWith(childFailed ? 'sqlite' : 'lock', error)];
  }
  const { betterSqlite3, sqlite } = report.versions;
  return [ok('sqlite', `better-sqlite3 ${betterSqlite3}, SQLite ${sqlite}.`), lockCheck(report.lock, service)];
}

function lockCheck(lock: ProbeReport['lock'], { database, directory }: Opened['service']): Check {
  if (lock === 'none') return ok('lock', 'No lock yet: no backup has been taken here.');
  if (lock === 'free') return ok('lock', 'The backup lock is free.');
  const file = lockFile(database, directory);
  const by = holdersOf(file).map(describeHolder);
  return warn(
    'lock',
    `The backup lock "${file}" is held${by.length > 0 ? ` by ${by.join(' and ')}` : ''}.`,
    'A backup or a restore is running: wait for it. If it hangs, end its process; the lock goes with it. Never delete the lock file meanwhile.',
  );
}

export async function checkDatabase({ service }: Opened): Promise<Check[]> {
  const { database, source } = service;
  try {
    const { journalMode, pageCount, pageSize } = await childProcessSnapshotter().inspect({
      database,
      ...(source && { source: source.recipe }),
      timeoutMs: TIMEOUT_MS,
    });
    const bytes = source ? pageCount * pageSize : fileSize(database);
    const found = `"${source?.description ?? database}" can be read: ${size(bytes)}, ${pageCount} pages of ${pageSize} bytes`;
    const wal = fileSize(`${database}-wal`);
    return [
      ok('database', `${found}${wal > 0 ? `, and a WAL of ${size(wal)}` : ''}.`),
      journalMode === 'wal'
        ? ok('journal-mode', 'WAL: nobody waits while a backup is copied.')
        : warn(
            'journal-mode',
            'Rollback journal: writers wait while a backup is copied.',
            'Run this once, with the app stopped: PRAGMA journal_mode=WAL',
          ),
    ];
  } catch (error) {
    if (!isBackupError(error)) throw error;
    if (error.code !== 'ERR_BACKUP_SOURCE_LOCKED') return [failWith('database', error)];
    const by = [database, `${database}-shm`].flatMap((file) => holdersOf(file).map(describeHolder));
    return [
      warn(
        'database',
        `"${database}" is locked${by.length > 0 ? ` by ${[...new Set(by)].join(' and ')}` : ''}.`,
        `${error.hint} A backup waits for it for 30 s.`,
      ),
    ];
  }
}

/** A check that could not be made, for a reason that no other check tells. */
export function unknown(id: string, error: unknown): Check {
  return isBackupError(error)
    ? failWith(id, error)
    : fail(id, `This could not be checked (${messageOf(error)}).`, 'See the permissions of the folder.');
}
