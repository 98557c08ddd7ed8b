import path from 'node:path';
import type { Backup } from '../catalog/backup.js';
import { isPartialName } from '../catalog/backup-name.js';
import type { DueCheck } from '../catalog/due-check.js';
import { listBackups } from '../catalog/list-backups.js';
import type { VerificationLevel } from '../catalog/manifest.js';
import { isBackupError, messageOf } from '../util/errors.js';
import type { BackupError } from '../util/errors.js';
import type { CopyStatus } from '../offsite/service-shippers.js';
import type { LastFailure } from './backup-runner.js';
import type { ResolvedOptions } from './options.js';
import { files } from '../util/file-work.js';
import type { FileWork } from '../util/file-work.js';
import type { DueBackups } from './due-backups.js';
import type { ServiceContext } from './service-context.js';
import type { DatabaseFacts } from '../child/protocol.js';

/** The contents of a status page: {@link BackupService.status}. */
export interface ServiceStatus {
  readonly database: {
    readonly path: string;
    /** `undefined`: there is no file. */
    readonly sizeBytes: number | undefined;
    /** `'wal'`, or `'delete'` for every rollback-journal mode; `undefined` while it can't be read. */
    readonly journalMode: string | undefined;
    /** Why the database could not be looked at; its message is among the `warnings` too. */
    readonly error: BackupError | undefined;
  };
  readonly directory: string;
  readonly due: DueCheck;
  readonly latest: Backup | undefined;
  readonly backupCount: number;
  /** The size of all backups together. */
  readonly backupBytes: number;
  /** The free space on the disk of the backup folder, for this process. */
  readonly freeBytes: number;
  /** When the attempt of this process began that runs now. */
  readonly runningSince: Date | undefined;
  /** The backup that is being made now, by whatever process. */
  readonly inProgress: RunningBackup | undefined;
  /** The last failure of this process, while no later attempt has succeeded. */
  readonly lastFailure: LastFailure | undefined;
  /** One entry for each store in `copies`, from what is known on this machine; no store is asked. */
  readonly copies: readonly CopyStatus[];
  /** The newest verification of any backup; `undefined`: none was ever verified after it was taken. */
  readonly lastVerification: LatestVerification | undefined;
  /** Warnings for the owner, each a full sentence: a journal mode in which writers wait, backups that do not count. */
  readonly warnings: readonly string[];
}

/** The latest verification among the backups that are there. */
export interface LatestVerification {
  /** The name of the backup. */
  readonly name: string;
  readonly level: VerificationLevel;
  readonly ok: boolean;
  readonly at: Date;
}

/** A backup in the making, as far as its unfinished file tells. */
export interface RunningBackup {
  /** Written so far. */
  readonly doneBytes: number;
  /** The size that the database has now, and so about that of the backup; never less than `doneBytes`. */
  readonly totalBytes: number;
}

/** For a look that hangs; a locked database is waited for much shorter (isolated/inspect.ts). */
const INSPECT_TIMEOUT_MS = 30_000;

/** @throws BackupError where the backup folder cannot be read */
export async function readStatus({
  options,
  due: dueBackups,
  runner,
  copies: stores,
  gate,
}: ServiceContext): Promise<ServiceStatus> {
  const { database, directory } = options;
  const { runningSince, lastFailure } = runner;
  const warnings: string[] = [];
  let inspectError: BackupError | undefined;
  if (!options.enabled) warnings.push('Backups are switched off: none will be taken.');
  const inspected = (options.enabled ? inspect(options) : Promise.resolve(undefined)).catch((error: unknown) => {
    // Facts that are not known are no reason to show nothing, not even where a user's own snapshotter fails in its own way.
    if (isBackupError(error)) inspectError = error;
    warnings.push(isBackupError(error) ? error.message : `The database could not be looked at: ${messageOf(error)}.`);
    return undefined;
  });
  const { due, backups, freeBytes, sizeBytes, inProgress } = await gate.run(look(options, dueBackups));
  const facts = await inspected;
  if (facts && facts.journalMode !== 'wal') {
    warnings.push(
      'The database is in rollback-journal mode: while a backup is copied, writers wait. ' +
        'PRAGMA journal_mode=WAL, run once, lets them go on.',
    );
  }
  for (const { name, problem } of backups) {
    if (problem) warnings.push(`${name} does not count as a backup: ${problem}.`);
  }
  const latest = 'latest' in due ? due.latest : undefined;
  for (const finding of latest?.findings ?? []) {
    warnings.push(`${latest!.name} is whole, and SQLite says of its contents: ${finding}.`);
  }
  const copies = stores ? await gate.run(stores.status(backups)) : [];
  for (const { store, pending, pendingSince, lastError } of copies) {
    if (!pendingSince || !lastError) continue;
    warnings.push(
      `${pending.length} of the backups have no copy in ${store}, the oldest from ${pendingSince.toISOString()}: ` +
        lastError.message,
    );
  }
  return {
    database: {
      path: database,
      sizeBytes,
      journalMode: facts?.journalMode,
      error: inspectError,
    },
    directory,
    due,
    latest,
    backupCount: backups.length,
    backupBytes: backups.reduce((sum, backup) => sum + backup.sizeBytes, 0),
    freeBytes,
    runningSince,
    lastFailure,
    copies,
    lastVerification: latestVerification(backups),
    inProgress,
    warnings,
  };
}

/** All that is asked of the folder, in one go. */
function* look(
  options: ResolvedOptions,
  dueBackups: DueBackups,
): FileWork<
  Pick<ServiceStatus, 'due' | 'freeBytes' | 'inProgress'> & { backups: Backup[]; sizeBytes: number | undefined }
> {
  const due = yield* dueBackups.check(options.intervalMs);
  const backups = yield* listBackups(options, Date.now());
  const { bavail, bsize } = yield* files.statfs(options.directory);
  const sizeBytes = yield* sizeOf(options.database);
  return { due, backups, sizeBytes, freeBytes: bavail * bsize, inProgress: yield* findRunning(options) };
}

/** `undefined` where it is not there, or may not be looked at: then the facts have the error. */
function* sizeOf(file: string): FileWork<number | undefined> {
  try {
    return (yield* files.stat(file))?.size;
  } catch {
    return undefined;
  }
}

function latestVerification(backups: readonly Backup[]): LatestVerification | undefined {
  return backups
    .flatMap(({ name, lastVerification: last }) =>
      last ? [{ name, level: last.level, ok: last.ok, at: new Date(last.at) }] : [],
    )
    .sort((a, b) => b.at.getTime() - a.at.getTime())[0];
}

/** A file that nobody has written to for so long was left by a process that died. The check at the end takes its time. */
const ABANDONED_MS = 120_000;

/** By `readdir` and `stat` alone, so it may be asked often. */
export function* findRunning({ database, directory, naming }: ResolvedOptions): FileWork<RunningBackup | undefined> {
  try {
    for (const name of yield* files.readdir(directory)) {
      if (!name.endsWith('.partial') || !isPartialName(naming, name)) continue;
      const stats = yield* files.stat(path.join(directory, name));
      if (!stats || stats.mtimeMs < Date.now() - ABANDONED_MS) continue;
      const doneBytes = stats.size;
      const size = (yield* files.stat(database))?.size ?? 0;
      return { doneBytes, totalBytes: Math.max(doneBytes, size) };
    }
  } catch {
    // A folder that can't be read is the due check's to report.
  }
  return undefined;
}

function inspect({ database, timeoutMs, snapshotter }: ResolvedOptions): Promise<DatabaseFacts> {
  return snapshotter.inspect({ database, timeoutMs: Math.min(timeoutMs, INSPECT_TIMEOUT_MS) });
}

/** Does the database hold anything else than this backup of it? `undefined`: that could not be looked at. */
export async function hasChangedSince(options: ResolvedOptions, backup: Backup): Promise<boolean | undefined> {
  const { database, timeoutMs, snapshotter } = options;
  const since = { path: backup.path, createdAt: backup.createdAt.toISOString() };
  try {
    return (await snapshotter.inspect({ database, timeoutMs, since })).changed;
  } catch {
    return undefined;
  }
}
