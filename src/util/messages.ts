import { messageOf } from './errors.js';
import type { BackupError } from './errors.js';
import { localTime, seconds, size } from './format.js';

/** The reason for a backup. `moment` is set where a protected operation, not a person, caused it. */
export interface Purpose {
  readonly label?: string | undefined;
  readonly moment?: 'before' | 'after' | undefined;
}

/** The part of a backup that a message names. Structural: this folder knows nothing of the catalog. */
interface NamedBackup {
  readonly name: string;
  readonly sizeBytes: number;
  readonly manifest?: { readonly findings?: readonly string[] } | undefined;
}

interface RestoredBackup extends NamedBackup {
  readonly path: string;
  readonly safetyBackup?: string;
  readonly movedAside: readonly string[];
  readonly durationMs: number;
}

interface VerifiedBackup {
  readonly name: string;
  readonly level: string;
  readonly ok: boolean;
  readonly problems: readonly string[];
  readonly findings?: readonly string[];
  readonly durationMs: number;
}

interface RecoveredRows {
  readonly inserted: Readonly<Record<string, number>>;
  readonly relinked: Readonly<Record<string, number>>;
  readonly overwritten: Readonly<Record<string, number>>;
  readonly kept: Readonly<Record<string, number>>;
  readonly skipped: Readonly<Record<string, number>>;
  readonly safetyBackup?: string;
}

/** Every line that the service logs, for people: what happened, of what size, how long it took, what for. */
export const messages = {
  created: (purpose: Purpose, backup: NamedBackup, durationMs: number) =>
    `${subject(purpose)} created${reason(purpose)}: ${file(backup)}, ${seconds(durationMs)}${found(backup.manifest?.findings)}`,
  madeByOther: (purpose: Purpose, latest: NamedBackup) =>
    `${subject(purpose)} not needed${reason(purpose)}: another process has made ${file(latest)}`,
  failed: (purpose: Purpose, error: BackupError, retryAt: Date) =>
    `${subject(purpose)} FAILED${reason(purpose)} [${error.code}]: ${error.message} ` +
    `No further automatic attempt before ${localTime(retryAt)}.`,
  setUp: (fault: BackupError) => `Backups will fail as this is set up [${fault.code}]: ${fault.message}`,
  disabled: (by: string) => `Backups are switched off (${by}): none will be taken`,
  cancelled: (purpose: Purpose) => `${subject(purpose)} cancelled${reason(purpose)}`,
  skipped: (purpose: Purpose, retryAt: Date) =>
    `${subject(purpose)} skipped${reason(purpose)}: the last attempt failed, next try after ${localTime(retryAt)}`,
  pruned: (removed: readonly NamedBackup[], kept: number) =>
    `Old backups removed: ${removed.map(file).join(', ')}; ${kept} kept`,
  wrongMtime: (backup: { readonly name: string }) =>
    `${backup.name} has a modification time from before it was made: the clock of its disk or server is wrong. Its age is ` +
    'counted from its own record, and no old backups are removed.',
  pruneFailed: (error: BackupError) => `Removing old backups FAILED [${error.code}]: ${error.message}`,
  deleted: (backup: NamedBackup) => `Backup deleted: ${file(backup)}`,
  copied: (backup: NamedBackup, store: string, storedBytes: number, durationMs: number) =>
    `Backup copied: ${file(backup)} to ${store} as ${size(storedBytes)}, read back, ${seconds(durationMs)}`,
  copyFailed: (store: string, name: string | undefined, error: BackupError, retryAt?: Date) =>
    `Copying ${name ?? 'backups'} to ${store} FAILED [${error.code}]: ${error.message}` +
    (retryAt ? ` Next try after ${localTime(retryAt)}.` : ''),
  deletedBeforeCopied: (backup: NamedBackup, store: string) =>
    `Not copied to ${store}: ${file(backup)}, which was deleted meanwhile`,
  copiesPruned: (store: string, removed: readonly string[], kept: number) =>
    `Old copies removed from ${store}: ${removed.join(', ')}; ${kept} kept`,
  copyPruneFailed: (store: string, name: string | undefined, error: BackupError) =>
    `Looking after the copies in ${store} FAILED${name === undefined ? '' : ` at ${name}`} [${error.code}]: ${error.message}`,
  sweepFailed: (store: string, error: BackupError) =>
    `Unfinished uploads in ${store} could not be removed [${error.code}]: ${error.message}`,
  missedCopies: (removed: readonly NamedBackup[]) =>
    `Removed before they were copied off the machine, as the disk has no room to keep them longer: ${removed.map(file).join(', ')}`,
  restored: ({ name, path, safetyBackup, movedAside, sizeBytes, durationMs }: RestoredBackup) =>
    `Backup restored: ${name} (${size(sizeBytes)}) to "${path}", ${seconds(durationMs)}` +
    (safetyBackup === undefined ? '' : `; the state before is in ${safetyBackup}, protected`) +
    (movedAside.length === 0 ? '' : `; the old files are ${movedAside.join(', ')}`),
  restoreFailed: (name: string, error: BackupError) => `Restoring ${name} FAILED [${error.code}]: ${error.message}`,
  recovered: (name: string, report: RecoveredRows) =>
    `Rows recovered from ${name}: ` +
    (['inserted', 'relinked', 'overwritten', 'kept', 'skipped'] as const)
      .flatMap((done) => counts(done, report[done]))
      .join(', ') +
    `; the state before is in ${report.safetyBackup}, protected`,
  recoverFailed: (name: string, table: string, error: BackupError) =>
    `Recovering rows of "${table}" from ${name} FAILED [${error.code}]: ${error.message}`,
  imported: (backup: NamedBackup, called: string, alreadyThere: boolean) =>
    alreadyThere
      ? `${JSON.stringify(called)} was brought in again: it is ${file(backup)}`
      : `Backup brought in from elsewhere: ${file(backup)}, from ${JSON.stringify(called)}, protected. It does not count as fresh.`,
  protected: (name: string, on: boolean) => `Backup ${on ? 'protected' : 'no longer protected'}: ${name}`,
  verified: ({ name, level, ok, problems, findings, durationMs }: VerifiedBackup) =>
    `Backup verified (${level}): ${name} ${ok ? 'is good' : `is BAD: ${problems.join('; ')}`}, ${seconds(durationMs)}${found(findings)}`,
  ignored: (backup: {
    readonly name: string;
    readonly problem?: string;
    readonly problemDetail?: string;
    readonly createdAt: Date;
  }) =>
    `Backup not counted: ${backup.name} (${backup.problem}${backup.problem === 'dated in the future' ? `, ${localTime(backup.createdAt)}: check the clock` : ''})` +
    (backup.problemDetail === undefined ? '' : `: ${backup.problemDetail}`),
  alarm: (text: string) => `ALARM: ${text}`,
  notNotified: (channel: string, why: string, retryAt: Date) =>
    `A message did not reach ${channel}: ${why}. Next try after ${localTime(retryAt)}.`,
  alarmsNotRecorded: (why: string) =>
    `Which alarms were told cannot be kept in the backup folder (${why}): other processes may tell them again.`,
  activityFailed: (error: unknown) => `The record of activity could not be written: ${messageOf(error)}`,
  listenerFailed: (event: string, error: unknown) =>
    `A listener of "${event}" failed: ${error instanceof Error ? error.stack : String(error)}`,
};

/** `inserted 1 of invoices and 5 of items`; none where there are no rows */
function counts(what: string, tables: Readonly<Record<string, number>>): string[] {
  const each = Object.entries(tables).map(([table, count]) => `${count} of ${table}`);
  return each.length === 0 ? [] : [`${what} ${each.join(' and ')}`];
}

function subject({ moment }: Purpose): string {
  return moment ? 'Automatic backup' : 'Backup';
}

/** ` before InvoicesController.create`, ` (nightly)`, or nothing */
function reason({ label, moment }: Purpose): string {
  if (label === undefined) return '';
  return moment ? ` ${moment} ${label}` : ` (${label})`;
}

function file(backup: NamedBackup): string {
  return `${backup.name} (${size(backup.sizeBytes)})`;
}

function found(findings: readonly string[] = []): string {
  if (findings.length === 0) return '';
  const more = findings.length > 3 ? ` (and ${findings.length - 3} more)` : '';
  return `; it is whole, and SQLite says of its contents: ${findings.slice(0, 3).join('; ')}${more}`;
}
