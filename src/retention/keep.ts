import type { Backup } from '../catalog/backup.js';
import { INTERVAL_IS, parseInterval } from '../util/duration.js';
import type { Duration } from '../util/duration.js';
import { BackupError } from '../util/errors.js';
import { pause, runSync, slicesOf } from '../util/file-work.js';
import type { FileWork } from '../util/file-work.js';
import { isRecord } from '../util/is-record.js';
import { show } from '../util/show.js';
import { similarName } from '../util/similar.js';
import type { KeptBackup, RetentionDecision, RetentionPolicy } from './policy.js';

/** How many to keep. Rules add up: a backup stays if any rule keeps it. An absent rule (or 0) keeps nothing by itself. */
export interface KeepRules {
  /**
   * The newest so many; `Infinity` for all. Equal contents (by sha256) count once, so that many backups of an unchanged
   * database push no other state out; places that are left go to the newest of the others.
   */
  last?: number;
  /**
   * All that are at most this much older than the newest backup. A gap that is longer than this, and much longer than what is
   * usual between the backups, is not counted: the shop was closed, or the clock is wrong. Nor is the gap between the only two
   * backups. At least a minute.
   */
  within?: Duration;
  /** The newest of each of the last so many days that have a backup; days in local time. */
  daily?: number;
  /** The same for weeks, Monday to Sunday. */
  weekly?: number;
  monthly?: number;
  yearly?: number;
}

/** The rules of a service that was given no policy: history survives a burst of backups. */
export const DEFAULT_RULES: KeepRules = Object.freeze({ last: 20, weekly: 8, monthly: 12 });

// Registered, so that two copies of the package in one process know each other's policies.
const RULES = Symbol.for('sqlite-autobackup.keep-rules');

/** The rules that `keep()` made a policy of; `undefined` for a policy that is code. */
export function rulesOf(policy: RetentionPolicy): KeepRules | undefined {
  return (policy as { [RULES]?: KeepRules })[RULES];
}

/**
 * Makes the usual retention policy: keeps what any of the rules keeps.
 *
 * @example keep({ last: 20, weekly: 8, monthly: 12 }) // the default
 * @example keep({ last: 5, daily: 7, weekly: 5, monthly: 12 })
 * @example keep({ last: Infinity }) // everything
 * @throws BackupError `ERR_BACKUP_OPTIONS` for an unknown rule, a count that is not a whole number of 0 or more (or
 *   `Infinity`), or a length of time below a minute
 */
export function keep(rules: KeepRules): RetentionPolicy {
  checkRules(rules);
  const own = Object.freeze({ ...rules });
  const policy: RetentionPolicy = (backups) => runSync(decideByRules(own, backups));
  return Object.assign(policy, { [RULES]: own });
}

/** What these rules keep and remove, with pauses for the app. */
export function* decideByRules(rules: KeepRules, backups: readonly Backup[]): FileWork<RetentionDecision> {
  const { counts, withinMs } = checkRules(rules);
  const reasons = new Map<Backup, string[]>();
  const add = (backup: Backup, reason: string): void => {
    const before = reasons.get(backup);
    if (before) before.push(reason);
    else reasons.set(backup, [reason]);
  };

  let place = 0;
  for (const slice of slicesOf(lastOf(backups, counts.last))) {
    yield* pause();
    for (const backup of slice)
      add(backup, counts.last === Infinity ? 'all stay' : `last ${++place} of ${counts.last}`);
  }
  const { young, warnings } = withinOf(backups, withinMs);
  for (const slice of slicesOf(young)) {
    yield* pause();
    for (const backup of slice) add(backup, `within ${rules.within}`);
  }
  for (const period of Object.keys(periods) as Period[]) {
    for (const [name, backup] of yield* newestOfEach(period, counts[period], backups)) add(backup, `${period} ${name}`);
  }

  const keep: KeptBackup[] = [];
  const remove: Backup[] = [];
  for (const slice of slicesOf(backups)) {
    yield* pause();
    for (const backup of slice) {
      const own = reasons.get(backup);
      if (own) keep.push({ backup, reasons: own });
      else remove.push(backup);
    }
  }
  return { keep, remove, ...(warnings.length > 0 && { warnings }) };
}

/** By name, the newest backup of each of the last so many periods that have one. */
function* newestOfEach(period: Period, count: number, backups: readonly Backup[]): FileWork<Map<string, Backup>> {
  const newest = new Map<string, Backup>();
  for (const slice of slicesOf(count > 0 ? backups : [])) {
    yield* pause();
    for (const backup of slice) {
      const name = periods[period](backup.createdAt);
      if (newest.has(name)) continue;
      if (newest.size === count) return newest;
      newest.set(name, backup);
    }
  }
  return newest;
}

/** The newest so many, one of each contents first, in the order of their age. */
function lastOf(backups: readonly Backup[], count: number): readonly Backup[] {
  if (count >= backups.length) return backups;
  const contents = new Set<string>();
  const first: Backup[] = [];
  const again: Backup[] = [];
  for (const backup of backups) {
    // There may be very many more.
    if (first.length === count) return first;
    const known = backup.sha256 !== undefined && contents.has(backup.sha256);
    if (backup.sha256 !== undefined) contents.add(backup.sha256);
    (known ? again : first).push(backup);
  }
  const chosen = new Set([...first, ...again].slice(0, count));
  return backups.filter((backup) => chosen.has(backup));
}

const DAY_MS = 86_400_000;
/** A gap as long as this means that the shop was closed, or that a clock is wrong. Backups by the quarter are nearer to each other. */
const LEAP_MS = 100 * DAY_MS;
/** From this length on the owner is told of a gap that is not counted. */
const TOLD_MS = 30 * DAY_MS;

/**
 * The backups of at most that age, counted from the newest. Time in which no backup was made for unusually long is not counted:
 * under a clock that is ahead every real backup would be too old. Once newer backups fill the time, the older ones go.
 */
function withinOf(backups: readonly Backup[], withinMs: number): { young: Backup[]; warnings: string[] } {
  const young: Backup[] = [];
  const warnings: string[] = [];
  if (withinMs === 0) return { young, warnings };
  const gaps = backups.slice(1).map(({ createdAt }, i) => backups[i]!.createdAt.getTime() - createdAt.getTime());
  // Numbers in order, without a call of ours for each pair.
  const sorted = Float64Array.from(gaps).sort();
  let ageMs = 0;
  for (const [i, backup] of backups.entries()) {
    const gapMs = gaps[i - 1] ?? 0;
    if (!isLeap(gapMs, withinMs, sorted)) ageMs += gapMs;
    else if (gapMs > TOLD_MS) {
      warnings.push(
        `"${backups[i - 1]!.name}" is dated ${Math.round(gapMs / DAY_MS)} days after the backup before it. Is the clock right? ` +
          'The retention rule "within" does not count that time.',
      );
    }
    if (ageMs > withinMs) break;
    young.push(backup);
  }
  return { young, warnings };
}

/** Is a gap longer than the rule, and much longer than what is usual between these backups? Pure. @param gaps all, in order */
function isLeap(gapMs: number, withinMs: number, gaps: ArrayLike<number>): boolean {
  if (gapMs <= withinMs) return false;
  if (gapMs > LEAP_MS) return true;
  // The middle one of the others.
  const middle = Math.floor((gaps.length - 1) / 2);
  const usual = gaps[gapMs <= gaps[middle]! ? middle + 1 : middle];
  // Of two backups nobody can tell whether the clock is wrong: the older one stays until a third is there.
  return usual === undefined || gapMs > Math.max(DAY_MS, 3 * usual);
}

type Period = 'daily' | 'weekly' | 'monthly' | 'yearly';

/** The name of the period that a date falls in, in local time. */
const periods: Record<Period, (date: Date) => string> = {
  daily: (d) => `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`,
  weekly: isoWeek,
  monthly: (d) => `${d.getFullYear()}-${two(d.getMonth() + 1)}`,
  yearly: (d) => String(d.getFullYear()),
};

/** `2026-W48`. A week belongs to the year that its Thursday is in (ISO 8601). */
function isoWeek(date: Date): string {
  const weekday = (date.getDay() + 6) % 7;
  // Computed in UTC from the local calendar day, so that no clock change shifts it.
  const thursday = new Date(Date.UTC(date.getFullYear(), date.getMonth(), date.getDate() - weekday + 3));
  const dayOfYear = (thursday.getTime() - Date.UTC(thursday.getUTCFullYear(), 0, 1)) / 86_400_000;
  return `${thursday.getUTCFullYear()}-W${two(Math.floor(dayOfYear / 7) + 1)}`;
}

function two(n: number): string {
  return String(n).padStart(2, '0');
}

function checkRules(rules: KeepRules): { counts: Record<'last' | Period, number>; withinMs: number } {
  const counts = { last: 0, daily: 0, weekly: 0, monthly: 0, yearly: 0 };
  let withinMs = 0;
  if (!isRecord(rules)) {
    throw new BackupError('ERR_BACKUP_OPTIONS', `keep(${show(rules)}): the rules are not an object.`, {
      step: 'options',
      hint: 'Write keep({ last: 20 }).',
    });
  }
  for (const [rule, value] of Object.entries(rules)) {
    if (value === undefined) continue;
    if (rule === 'within') {
      withinMs =
        parseInterval(value) ?? fail('within', value, INTERVAL_IS.replace('7d', '30d').replace('seven', 'thirty'));
    } else if (!Object.hasOwn(counts, rule)) {
      const known = ['last', 'within', 'daily', 'weekly', 'monthly', 'yearly'];
      const meant = similarName(rule, known);
      const which = `one of ${known.join(', ')}`;
      fail(rule, value, meant === undefined ? which : `"${meant}": it is ${which}`, 'unknown rule');
    } else {
      const isCount = (Number.isSafeInteger(value) && (value as number) >= 0) || value === Infinity;
      if (!isCount) fail(rule, value, 'a whole number of 0 or more, or Infinity');
      counts[rule as 'last' | Period] = value as number;
    }
  }
  return { counts, withinMs };
}

function fail(rule: string, value: unknown, allowed: string, problem = 'wrong value'): never {
  throw new BackupError('ERR_BACKUP_OPTIONS', `keep({ ${rule}: ${show(value)} }): ${problem}.`, {
    step: 'options',
    hint: `Use ${allowed}.`,
  });
}
