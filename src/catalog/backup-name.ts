import path from 'node:path';

/**
 * How the files that belong to one database are named. `app.db` -> `app_backup_20261124_093000.db`, its manifest
 * `app_backup_20261124_093000.json`, the lock `.app_backup.lock`, unfinished work `.app_backup_….partial`.
 */
export interface BackupNaming {
  /** `'app_backup_'` */
  readonly prefix: string;
  /** `'.db'`, or `''` for a database without one */
  readonly extension: string;
}

export function backupNaming(database: string): BackupNaming {
  const { name, ext } = path.parse(database);
  return { prefix: `${name}_backup_`, extension: ext };
}

/** The name of a backup taken at `date`, in local time, as the original implementation wrote it. */
export function backupName(naming: BackupNaming, date: Date): string {
  return naming.prefix + stamp(date) + naming.extension;
}

/** The local time that a backup's name records, or `undefined` if the name is not one of this database's backups. */
export function parseBackupName(naming: BackupNaming, fileName: string): Date | undefined {
  return isOwnName(naming, fileName) ? parseStamp(stampIn(naming, fileName)) : undefined;
}

/** Everything about a name that is not its digits. Cheap: a folder may hold very many files, and each look sees all of them. */
function isOwnName(naming: BackupNaming, fileName: string): boolean {
  return isOfItsLength(naming, fileName) && fileName.startsWith(naming.prefix) && fileName.endsWith(naming.extension);
}

function isOfItsLength({ prefix, extension }: BackupNaming, fileName: string): boolean {
  const isLong = fileName.length === prefix.length + STAMP_LENGTH + extension.length;
  return isLong && fileName[prefix.length + 'YYYYMMDD'.length] === '_';
}

function stampIn({ prefix }: BackupNaming, fileName: string): string {
  return fileName.slice(prefix.length, prefix.length + STAMP_LENGTH);
}

/**
 * The same for a name of which only the upper and lower case differs. Where the file system makes no such difference, it is
 * one of this database's backups all the same: `WIN\\APP.DB` and `win\\app.db` are one database.
 */
export function parseBackupNameOfAnyCase(naming: BackupNaming, fileName: string): Date | undefined {
  if (!isOfItsLength(naming, fileName)) return undefined;
  return parseBackupName(inLowerCase(naming), fileName.toLowerCase());
}

function inLowerCase({ prefix, extension }: BackupNaming): BackupNaming {
  return { prefix: prefix.toLowerCase(), extension: extension.toLowerCase() };
}

/**
 * The names that may be those of this database's backups, in any case, the newest last. Their digits are not read, and need not be
 * a time; where clocks were put forward, a name may tell an hour later than the next. Pure.
 *
 * @param names of a folder; most systems have them in order already
 */
export function namesInOrder(naming: BackupNaming, names: readonly string[]): string[] {
  const lower = inLowerCase(naming);
  const own: string[] = [];
  const others: string[] = [];
  for (const name of names) {
    if (isOwnName(naming, name)) own.push(name);
    else if (isOfItsLength(naming, name) && isOwnName(lower, name.toLowerCase())) others.push(name);
  }
  if (others.length === 0) return own.sort();
  const key = (name: string): string => stampIn(naming, name) + name;
  return [...own, ...others].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** `app_backup_20261124_093000.db` -> `app_backup_20261124_093000.json` */
export function manifestName(naming: BackupNaming, name: string): string {
  return `${name.slice(0, name.length - naming.extension.length)}.json`;
}

/** A name as this database writes it, of one that {@link parseBackupNameOfAnyCase} knows. */
export function withOwnCase({ prefix, extension }: BackupNaming, fileName: string): string {
  return prefix + stampIn({ prefix, extension }, fileName) + extension;
}

/** The record of the app's retention policy. */
export function policyRecordName(naming: BackupNaming): string {
  return recordName(naming, 'policy');
}

/** A small record of what is worth knowing of the folder: `.app_backup.drill.json`. */
export function recordName(naming: BackupNaming, record: string): string {
  return `.${naming.prefix.slice(0, -1)}.${record}.json`;
}

/** The record of activity, as JSON lines. */
export function activityName(naming: BackupNaming): string {
  return `.${naming.prefix.slice(0, -1)}.activity.jsonl`;
}

/** A full file of it. Sorted by name, they are sorted by time. */
export function rotatedActivityName(naming: BackupNaming, now: Date, token: string): string {
  return `.${naming.prefix.slice(0, -1)}.activity-${now.toISOString().replace(/\W/g, '')}-${token}.jsonl`;
}

export function isActivityName(naming: BackupNaming, fileName: string): boolean {
  const start = `.${naming.prefix.slice(0, -1)}.activity`;
  return fileName.startsWith(start) && /^(-\w+-\w+)?\.jsonl$/.test(fileName.slice(start.length));
}

/** The record of other programs' files that are no databases. */
export function foreignRecordName(naming: BackupNaming): string {
  return `.${naming.prefix.slice(0, -1)}.foreign.json`;
}

export function lockName(naming: BackupNaming): string {
  return `.${naming.prefix.slice(0, -1)}.lock`;
}

/** Unfinished work. `token` keeps apart two owners that could both believe they hold the lock. */
export function partialName(naming: BackupNaming, name: string, token: string): string {
  return `.${name.slice(0, name.length - naming.extension.length)}.${token}.partial`;
}

/** A partial of this database or one of its side files (`-journal`, `-wal`, `-shm`, the manifest's). */
export function isPartialName(naming: BackupNaming, fileName: string): boolean {
  const start = `.${naming.prefix}`;
  if (!fileName.startsWith(start)) return false;
  const rest = fileName.slice(start.length);
  return parseStamp(rest.slice(0, STAMP_LENGTH)) !== undefined && /^\.[\w-]+\.partial/.test(rest.slice(STAMP_LENGTH));
}

/** Is it the unfinished text of one of this database's records, or a trial of its lock? */
export function isRecordPartialName(naming: BackupNaming, fileName: string): boolean {
  const start = `.${naming.prefix.slice(0, -1)}.`;
  const hidden = fileName.startsWith(`.${start}`) ? fileName.slice(1) : fileName;
  return hidden.startsWith(start) && /\.(lock|json)\.[0-9a-f]{12}\.partial(-journal|-wal|-shm)?$/.test(hidden);
}

const STAMP_LENGTH = 'YYYYMMDD_HHMMSS'.length;

function stamp(date: Date): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  const day = `${String(date.getFullYear()).padStart(4, '0')}${two(date.getMonth() + 1)}${two(date.getDate())}`;
  return `${day}_${two(date.getHours())}${two(date.getMinutes())}${two(date.getSeconds())}`;
}

function parseStamp(text: string): Date | undefined {
  if (!/^\d{8}_\d{6}$/.test(text)) return undefined;
  // Not by the groups of the expression: a page reads a thousand names, and they take twice the time.
  const digits = (from: number, to: number): number => Number(text.slice(from, to));
  const [year, month, day] = [digits(0, 4), digits(4, 6), digits(6, 8)];
  const [hour, minute, second] = [digits(9, 11), digits(11, 13), digits(13, 15)];
  // A clock that stands at the epoch, west of Greenwich, is in 1969.
  if (year < 1969 || hour > 23 || minute > 59 || second > 59) return undefined;
  // Date.UTC has no clock changes, so it tells a real calendar day from 30 February. A local time that a clock change
  // skipped is still a name that a machine in another zone may have written; JavaScript moves it forward by the gap.
  if (new Date(Date.UTC(year, month - 1, day)).getUTCMonth() !== month - 1) return undefined;
  return new Date(year, month - 1, day, hour, minute, second);
}
