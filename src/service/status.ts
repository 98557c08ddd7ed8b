import type { Backup, BackupProblem } from '../catalog/backup.js';
import type { DueCheck } from '../catalog/due-check.js';
import { listBackups } from '../catalog/list-backups.js';
import type { FolderLook } from '../catalog/list-backups.js';
import type { VerificationLevel } from '../catalog/manifest.js';
import type { BackupError } from '../util/errors.js';
import type { CopyStatus } from '../offsite/service-shippers.js';
import type { LastFailure } from './backup-runner.js';
import { goNext, outlook } from './rules.js';
import type { Outlook } from './rules.js';
import type { DatabaseFacts } from '../child/protocol.js';
import type { ResolvedOptions } from './options.js';
import { files, pause, slicesOf } from '../util/file-work.js';
import type { FileWork } from '../util/file-work.js';
import { SPARE_BYTES } from '../util/free-room.js';
import type { DatabaseLook } from './database-looks.js';
import type { DueBackups } from './due-backups.js';
import { findRunning } from './running-backup.js';
import type { RunningBackup } from './running-backup.js';
import type { ServiceContext } from './service-context.js';
import { readDrill, readOnlyHere } from './folder-records.js';
import type { DrillRecord, OnlyHere } from './folder-records.js';

/** The contents of a status page: {@link BackupService.status}. */
export interface ServiceStatus {
  readonly database: {
    /** The path of the file; of another source its description. */
    readonly path: string;
    /** `undefined`: there is no file, or the source did not answer. */
    readonly sizeBytes: number | undefined;
    /** `'wal'`, or `'delete'` for every rollback-journal mode; `undefined` while it can't be read. */
    readonly journalMode: string | undefined;
    /** Why the database could not be looked at; its message is among the `warnings` too. */
    readonly error: BackupError | undefined;
    /** When it was read; `undefined`: it could not be, or nobody has waited for it (`wait: false`). */
    readonly lookedAt: Date | undefined;
  };
  readonly directory: string;
  readonly due: DueCheck;
  readonly latest: Backup | undefined;
  readonly backupCount: number;
  /** The size of all backups together. */
  readonly backupBytes: number;
  /** Backups that do not count, newest first. */
  readonly problems: readonly { readonly name: string; readonly problem: BackupProblem }[];
  /** The free space on the disk of the backup folder, for this process; `undefined`: a network disk that doesn't know. */
  readonly freeBytes: number | undefined;
  /** The room that one backup needs there, its manifest and a little more included; `undefined`: unknown. */
  readonly neededBytes: number | undefined;
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
  /** The last restore drill of any backup, also of one that has gone since. */
  readonly lastDrill: DrillRecord | undefined;
  /** How old a verification and a drill may be and still prove something: twice `verifyEvery`, else 30 days. */
  readonly provenWithinMs: number;
  /** That the backups are on this computer only was accepted: {@link BackupService.acceptOnlyHere}. */
  readonly onlyHere: OnlyHere | undefined;
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

/** How long a proof holds without `verifyEvery`: one that nobody has repeated may be of a disk that has gone bad since. */
const PROVEN_MS = 30 * 86_400_000;

/** Options of `status()`. */
export interface StatusOptions {
  /**
   * `false`: no child process and no locked database is waited for. What the last look at the database has found is told.
   *
   * @default true
   */
  wait?: boolean | undefined;
}

/** @throws BackupError where the backup folder cannot be read */
export async function readStatus(context: ServiceContext, { wait = true }: StatusOptions = {}): Promise<ServiceStatus> {
  const { options, gate } = context;
  return statusOf(context, { wait, list: () => gate.run(listBackups(options, Date.now())) });
}

/** All that the first page shows, by one look at the folder that opens no file which it knows. */
export interface Overview extends Pick<Outlook, 'goNext'> {
  readonly status: ServiceStatus;
  readonly backups: readonly Backup[];
}

/** @throws BackupError where the backup folder cannot be read */
export async function readOverview(context: ServiceContext): Promise<Overview> {
  const { options, gate, known } = context;
  const look = await known.look();
  const listed = look.backups;
  const status = await statusOf(context, { wait: false, list: () => Promise.resolve(listed), look });
  const backups = await withCopies(context, listed);
  return { status, backups, goNext: await gate.run(goNext(options, listed)) };
}

/** @throws BackupError where the backup folder cannot be read */
export async function readOutlook(context: ServiceContext): Promise<Outlook & Pick<Overview, 'backups'>> {
  const { options, gate, known } = context;
  const listed = await known.list();
  return { backups: await withCopies(context, listed), ...(await gate.run(outlook(options, listed))) };
}

/** @throws BackupError where the backup folder cannot be read */
export async function readKnownBackups(context: ServiceContext): Promise<readonly Backup[]> {
  return withCopies(context, await context.known.list());
}

async function withCopies({ copies, gate }: ServiceContext, listed: readonly Backup[]): Promise<readonly Backup[]> {
  return copies ? gate.run(copies.annotate(listed)) : listed;
}

interface HowToLook {
  readonly wait: boolean;
  readonly list: () => Promise<readonly Backup[]>;
  /** The look at the folder that the list is from. */
  readonly look?: FolderLook;
}

async function statusOf(context: ServiceContext, { wait, list, look }: HowToLook): Promise<ServiceStatus> {
  const { options, due: dueBackups, runner, copies: stores, gate, looks } = context;
  const { database, source, directory } = options;
  const { runningSince, lastFailure } = runner;
  const looking = options.enabled && wait ? looks.look() : looks.last;
  const found = await gate.run(lookAround(options, dueBackups, look));
  const { due, sizeBytes } = found;
  const backups = await list();
  const tally = await gate.run(tallyOf(backups));
  const seen = await looking;
  const latest = 'latest' in due ? due.latest : undefined;
  // A page has looked: what it shows as old is done again behind it. A command ends too soon for that.
  if (!wait && latest && options.enabled) context.proofs.wake(latest);
  const copies = stores ? await gate.run(stores.status(backups)) : [];
  return {
    database: {
      path: source?.description ?? database,
      sizeBytes: source ? sizeIn(seen?.facts) : sizeBytes,
      journalMode: seen?.facts?.journalMode,
      error: seen?.error,
      lookedAt: seen?.facts && seen.at,
    },
    directory,
    due,
    latest,
    backupCount: backups.length,
    backupBytes: tally.bytes,
    problems: tally.bad.map(({ name, problem }) => ({ name, problem: problem! })),
    freeBytes: found.freeBytes,
    neededBytes: found.neededBytes ?? (latest && latest.sizeBytes + SPARE_BYTES),
    runningSince,
    lastFailure,
    copies,
    lastVerification: tally.verified,
    lastDrill: newer(found.lastDrill, tally.drilled),
    provenWithinMs: options.verifyEveryMs === undefined ? PROVEN_MS : 2 * options.verifyEveryMs,
    onlyHere: found.onlyHere,
    inProgress: found.inProgress,
    warnings: warningsOf(options, seen, tally.bad, latest, copies),
  };
}

function sizeIn(facts: DatabaseFacts | undefined): number | undefined {
  return facts && facts.pageCount * facts.pageSize;
}

function warningsOf(
  { enabled }: ResolvedOptions,
  seen: DatabaseLook | undefined,
  bad: readonly Backup[],
  latest: Backup | undefined,
  copies: readonly CopyStatus[],
): string[] {
  const warnings: string[] = [];
  if (!enabled) warnings.push('Backups are switched off: none will be taken.');
  if (seen?.trouble !== undefined) warnings.push(seen.trouble);
  if (seen?.facts && seen.facts.journalMode !== 'wal') {
    warnings.push(
      'The database is in rollback-journal mode: while a backup is copied, writers wait. ' +
        'PRAGMA journal_mode=WAL, run once, lets them go on.',
    );
  }
  for (const { name, problem, problemDetail } of bad) {
    warnings.push([`${name} does not count as a backup: ${problem}.`, problemDetail ?? []].flat().join(' '));
  }
  for (const finding of latest?.findings ?? []) {
    warnings.push(`${latest!.name} is whole, and SQLite says of its contents: ${finding}.`);
  }
  for (const { store, pending, pendingSince, lastError } of copies) {
    if (!pendingSince || !lastError) continue;
    warnings.push(
      `${pending.length} of the backups have no copy in ${store}, the oldest from ${pendingSince.toISOString()}: ` +
        lastError.message,
    );
  }
  return warnings;
}

/** All that is asked of the folder, in one go. */
function* lookAround(
  options: ResolvedOptions,
  dueBackups: DueBackups,
  look: FolderLook | undefined,
): FileWork<
  Pick<ServiceStatus, 'due' | 'freeBytes' | 'neededBytes' | 'inProgress' | 'lastDrill' | 'onlyHere'> & {
    sizeBytes: number | undefined;
  }
> {
  const due = yield* dueBackups.check(options.intervalMs, look);
  const { blocks, bavail, bsize } = yield* files.statfs(options.directory);
  const sizeBytes = yield* sizeOf(options.database);
  const walBytes = (yield* sizeOf(`${options.database}-wal`)) ?? 0;
  return {
    due,
    sizeBytes,
    // Some network and FUSE disks answer with zeros: they do not know.
    freeBytes: blocks === 0 ? undefined : bavail * bsize,
    neededBytes: sizeBytes === undefined ? undefined : sizeBytes + walBytes + SPARE_BYTES,
    lastDrill: yield* readDrill(options),
    onlyHere: yield* readOnlyHere(options),
    inProgress: yield* findRunning(options, look?.names),
  };
}

/** `undefined` where it is not there, or may not be looked at: then the facts have the error. */
function* sizeOf(file: string): FileWork<number | undefined> {
  try {
    return (yield* files.stat(file))?.size;
  } catch {
    return undefined;
  }
}

/** What a status says of all backups together. */
interface Tally {
  readonly bytes: number;
  /** Those that do not count. */
  readonly bad: readonly Backup[];
  readonly verified: LatestVerification | undefined;
  /** Before the folder kept a record of drills, only the manifests did, and not for long. */
  readonly drilled: LatestVerification | undefined;
}

/** With pauses for the app: there may be very many. */
function* tallyOf(backups: readonly Backup[]): FileWork<Tally> {
  const bad: Backup[] = [];
  let bytes = 0;
  let verified: LatestVerification | undefined;
  let drilled: LatestVerification | undefined;
  for (const slice of slicesOf(backups)) {
    yield* pause();
    for (const backup of slice) {
      bytes += backup.sizeBytes;
      if (backup.problem) bad.push(backup);
      const { name, lastVerification: last } = backup;
      if (!last) continue;
      const found = { name, level: last.level, ok: last.ok, at: new Date(last.at) };
      if (!verified || found.at > verified.at) verified = found;
      if (last.level === 'drill' && (!drilled || found.at > drilled.at)) drilled = found;
    }
  }
  return { bytes, bad, verified, drilled };
}

function newer(a: DrillRecord | undefined, b: DrillRecord | undefined): DrillRecord | undefined {
  const found = a && b ? (a.at >= b.at ? a : b) : (a ?? b);
  return found && { name: found.name, ok: found.ok, at: found.at };
}
