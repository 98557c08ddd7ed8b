import type { Backup } from '../catalog/backup.js';
import { parseDuration } from '../util/duration.js';
import type { Duration } from '../util/duration.js';
import { BackupError } from '../util/errors.js';
import { show } from '../util/validate.js';
import type { RetentionPolicy } from './policy.js';

/** How many to keep. Rules add up: a backup stays if any rule keeps it. An absent rule (or 0) keeps nothing by itself. */
export interface KeepRules {
  /** The newest so many. */
  last?: number;
  /** All that are at most this much older than the newest backup; so a shop that was closed for a year loses nothing. */
  within?: Duration;
  /** The newest of each of the last so many days that have a backup; days in local time. */
  daily?: number;
  /** The same for weeks, Monday to Sunday. */
  weekly?: number;
  monthly?: number;
  yearly?: number;
}

/**
 * The usual retention policy.
 *
 * @example keep({ last: 20 }) // the default
 * @example keep({ last: 5, daily: 7, weekly: 5, monthly: 12 })
 * @throws BackupError `ERR_BACKUP_OPTIONS` for an unknown rule or a value that is not a whole number of 0 or more
 */
export function keep(rules: KeepRules): RetentionPolicy {
  const { counts, withinMs } = checkRules(rules);
  return (backups) => {
    const reasons = new Map<Backup, string[]>();
    const add = (backup: Backup, reason: string): void => {
      reasons.set(backup, [...(reasons.get(backup) ?? []), reason]);
    };

    backups.slice(0, counts.last).forEach((backup, i) => add(backup, `last ${i + 1} of ${counts.last}`));
    const newest = backups[0];
    for (const backup of newest && withinMs > 0 ? backups : []) {
      if (newest!.createdAt.getTime() - backup.createdAt.getTime() <= withinMs) add(backup, `within ${rules.within}`);
    }
    for (const [period, nameOf] of Object.entries(periods)) {
      const seen = new Set<string>();
      for (const backup of backups) {
        const name = nameOf(backup.createdAt);
        if (seen.has(name)) continue;
        if (seen.size === counts[period as Period]) break;
        seen.add(name);
        add(backup, `${period} ${name}`);
      }
    }

    return {
      keep: backups.filter((b) => reasons.has(b)).map((backup) => ({ backup, reasons: reasons.get(backup)! })),
      remove: backups.filter((b) => !reasons.has(b)),
    };
  };
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
  if (typeof rules !== 'object' || (rules as KeepRules | null) === null || Array.isArray(rules)) {
    throw new BackupError('ERR_BACKUP_OPTIONS', `keep(${show(rules)}): the rules are no object.`, {
      step: 'options',
      hint: 'Write keep({ last: 20 }).',
    });
  }
  for (const [rule, value] of Object.entries(rules)) {
    if (value === undefined) continue;
    if (rule === 'within') {
      withinMs = parseDuration(value) ?? fail('within', value, 'a duration such as "30d", or milliseconds');
    } else if (!Object.hasOwn(counts, rule)) {
      fail(rule, value, 'one of last, within, daily, weekly, monthly, yearly', 'unknown rule');
    } else {
      if (!Number.isSafeInteger(value) || (value as number) < 0) fail(rule, value, 'a whole number of 0 or more');
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
