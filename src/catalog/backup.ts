import type { Manifest, VerificationRecord, VerifyLevel } from './manifest.js';

/** A finished backup in the folder. */
export interface Backup {
  /** `app_backup_20261124_093000.db` */
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  /**
   * The moment that its age is counted from: the older of its recorded time (its manifest's, else its name's) and the file's
   * modification time. So touching a file eight days back makes it old, and copying an old file does not make it new. A file
   * that still has the modification time with which it was published was not touched: its disk's clock may be years behind.
   */
  readonly createdAt: Date;
  readonly sizeBytes: number;
  readonly label?: string;
  readonly sha256?: string;
  /** The level it was verified at when it was taken. Backups that another program made have none. */
  readonly verified?: VerifyLevel;
  /** The latest `verifyBackup()` of it, from its manifest. */
  readonly lastVerification?: VerificationRecord;
  /**
   * Lists what SQLite says about the rows and indexes of a backup whose pages are good, and what it could not judge: in its latest
   * verification, else when it was taken. Absent if there is nothing.
   */
  readonly findings?: readonly string[];
  readonly protected: boolean;
  readonly manifest?: Manifest;
  /** Why it counts neither as fresh nor as prunable; a backup without a problem has none. */
  readonly problem?: BackupProblem;
  /** What is to be done about the {@link Backup.problem}, in full sentences, where more is known than its name. */
  readonly problemDetail?: string;
  /** Describes its copies off the machine, one entry for each store in `copies`; only in what `listBackups()` returns. */
  readonly copies?: readonly BackupCopy[];
}

/** Describes a backup's copy in a store, from what this machine knows. No store is asked. */
export interface BackupCopy {
  /** The store's name. */
  readonly store: string;
  /**
   * `'copied'`: there, and read back. `'pending'`: still to be shipped. `'removed'`: the store's retention has removed it.
   * `'skipped'`: not shipped, as it has no manifest or a problem, or as the store's retention would remove it at once.
   */
  readonly state: 'copied' | 'pending' | 'removed' | 'skipped';
  /** When it was shipped, or removed. */
  readonly at?: Date;
  /** The size of the object in the store. */
  readonly sizeBytes?: number;
  /** Says why the last try failed. */
  readonly error?: string;
}

/** The reason why a listed backup does not count as a backup. */
export type BackupProblem =
  /** Its time is more than a minute ahead of the clock. */
  | 'dated in the future'
  /** Its size is not the one its manifest records. */
  | 'damaged'
  /** A manifest is there but cannot be read, so it is unknown whether the backup is protected. */
  | 'unreadable manifest'
  /** A manifest is there, but this user may not read it: see {@link Backup.problemDetail}. */
  | 'manifest not permitted'
  /** It has no manifest, and the child process has found that it is no whole database, or the live one. */
  | 'not a database'
  /** Its last verification found something wrong. */
  | 'failed verification';

/** Is there a manifest whose contents are not known, so that the backup may be protected? */
export function hasHiddenManifest({ problem }: Backup): boolean {
  return problem === 'unreadable manifest' || problem === 'manifest not permitted';
}

/** How far ahead of the clock a backup may be dated and still count: clocks of two hosts differ a little. */
const CLOCK_TOLERANCE_MS = 60_000;

/**
 * Is a backup, or a copy in a store, dated so far ahead that it doesn't count? Otherwise one that was made under a wrong clock
 * would be the latest for years. Pure.
 */
export function isFromTheFuture(createdAt: Date | number, now: number): boolean {
  return Number(createdAt) > now + CLOCK_TOLERANCE_MS;
}

/** Describes a file that has the name of a backup. */
export interface BackupFile {
  readonly name: string;
  readonly path: string;
  readonly nameTime: Date;
  readonly sizeBytes: number;
  readonly mtimeMs: number;
  /** The disk has given it a modification time that is known to be wrong. */
  readonly mtimeIsWrong?: boolean;
  readonly manifest: FoundManifest;
  /** It was looked at, and is no backup. */
  readonly isKnownBad?: boolean;
  readonly problemDetail?: string | undefined;
}

/**
 * `undefined`: there is none; `'unreadable'`: there is one, but it cannot be read or is not a manifest; `'forbidden'`: this user
 * may not read it.
 */
export type FoundManifest = Manifest | 'unreadable' | 'forbidden' | undefined;

/**
 * The furthest a manifest's time may lie from its name's: a name is local time, and zones span 26 hours (UTC-12 to
 * UTC+14). A manifest outside that contradicts its name, and the older of the two is believed.
 */
export const NAME_TOLERANCE_MS = 26 * 3_600_000;

/** FAT keeps modification times to two seconds. */
export const MTIME_TOLERANCE_MS = 2_000;

export function toBackup(file: BackupFile, now: number): Backup {
  const manifest = typeof file.manifest === 'object' ? file.manifest : undefined;
  const recorded = recordedTime(file.nameTime, manifest);
  const problem = findProblem(file, manifest, recorded, now);
  const findings = findingsOf(manifest);
  return {
    name: file.name,
    path: file.path,
    createdAt: new Date(isTouched(file, manifest) ? Math.min(recorded, Math.floor(file.mtimeMs)) : recorded),
    sizeBytes: file.sizeBytes,
    protected: manifest?.protected ?? false,
    ...(manifest && { sha256: manifest.sha256, manifest }),
    ...(manifest?.verified && { verified: manifest.verified }),
    ...(manifest?.lastVerification && { lastVerification: manifest.lastVerification }),
    ...(findings?.length && { findings }),
    ...(manifest?.label !== undefined && { label: manifest.label }),
    ...(problem && { problem }),
    ...(problem && file.problemDetail !== undefined && { problemDetail: file.problemDetail }),
  };
}

function findingsOf(manifest: Manifest | undefined): readonly string[] | undefined {
  const last = manifest?.lastVerification;
  // A hash says nothing about the contents.
  return last && last.level !== 'hash' ? last.findings : manifest?.findings;
}

/** Newest first; equal times in the order of their names, so that the order is always the same. */
export function newestFirst(a: Backup, b: Backup): number {
  return b.createdAt.getTime() - a.createdAt.getTime() || (a.name < b.name ? 1 : -1);
}

/** When a backup was taken, by its own record: its manifest's time, else its name's. Pure. */
export function recordedTime(nameTime: Date, manifest: Pick<Manifest, 'createdAt'> | undefined): number {
  if (!manifest) return nameTime.getTime();
  const manifestTime = Date.parse(manifest.createdAt);
  const differs = Math.abs(manifestTime - nameTime.getTime()) > NAME_TOLERANCE_MS;
  return differs ? Math.min(manifestTime, nameTime.getTime()) : manifestTime;
}

/** Is its modification time believed? Not where the file still has the one that its disk gave it when it was published. */
function isTouched({ mtimeMs, mtimeIsWrong = false }: BackupFile, manifest: Manifest | undefined): boolean {
  if (mtimeIsWrong) return false;
  return manifest?.mtimeMs === undefined || Math.abs(mtimeMs - manifest.mtimeMs) > MTIME_TOLERANCE_MS;
}

/**
 * Has a backup that was made this moment a modification time from before it was made? Then its disk's clock, or its server, is
 * not to be believed. Pure.
 *
 * @param backup as it reads right after it was made
 */
export function hasWrongMtime(backup: Backup, nameTime: Date): boolean {
  return recordedTime(nameTime, backup.manifest) - backup.createdAt.getTime() > CLOCK_TOLERANCE_MS;
}

function findProblem(
  file: BackupFile,
  manifest: Manifest | undefined,
  recorded: number,
  now: number,
): BackupProblem | undefined {
  if (isFromTheFuture(recorded, now)) return 'dated in the future';
  if (manifest && manifest.sizeBytes !== file.sizeBytes) return 'damaged';
  if (file.manifest === 'unreadable') return 'unreadable manifest';
  if (file.manifest === 'forbidden') return 'manifest not permitted';
  if (!manifest && file.isKnownBad) return 'not a database';
  if (manifest?.lastVerification?.ok === false) return 'failed verification';
  return undefined;
}
