import { isRecord } from './is-record.js';

// JSON that other people and programs can write: each field is checked by a rule. A table of rules names every field of its
// type, or the compiler refuses it. It is not done with the schema library, which takes 7 ms to load in each child process.
/** A rule's answer for a value that breaks it. */
export const WRONG = Symbol('wrong');

/** Returns the checked value, without the keys that it does not know. */
export type Rule<T> = (value: unknown) => T | typeof WRONG;

/** A text of at most `maxLength` UTF-16 units that matches `pattern`. */
export function text(maxLength: number, pattern = /^/): Rule<string> {
  return (value) => (typeof value === 'string' && value.length <= maxLength && pattern.test(value) ? value : WRONG);
}

/** A number from `min` to `max`. */
export function between(min: number, max: number): Rule<number> {
  return (value) => (typeof value === 'number' && value >= min && value <= max ? value : WRONG);
}

/** A whole number from 0, or `min`, that JavaScript holds exactly. */
export function whole(min = 0): Rule<number> {
  return (value) => (Number.isSafeInteger(value) && (value as number) >= min ? (value as number) : WRONG);
}

export function yesOrNo(value: unknown): boolean | typeof WRONG {
  return typeof value === 'boolean' ? value : WRONG;
}

export function oneOf<const T>(allowed: readonly T[]): Rule<T> {
  return (value) => allowed.find((each) => each === value) ?? WRONG;
}

/**
 * A moment, as `Date.prototype.toISOString()` writes it, of the years 1969 to 9999. A clock that stands at the epoch, west of
 * Greenwich, is in 1969.
 */
export function moment(value: unknown): string | typeof WRONG {
  const written = typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/.test(value);
  return written && Date.parse(value) >= Date.UTC(1969, 0) ? value : WRONG;
}

export function listOf<T>(rule: Rule<T>, maxLength: number): Rule<readonly T[]> {
  return (value) => {
    if (!Array.isArray(value) || value.length > maxLength) return WRONG;
    const checked = value.map(rule);
    return checked.includes(WRONG) ? WRONG : (checked as T[]);
  };
}

/** An object whose keys are data. */
export function mapOf<T>(rule: Rule<T>): Rule<Readonly<Record<string, T>>> {
  return (value) => {
    if (!isRecord(value)) return WRONG;
    const checked = Object.entries(value).map(([key, each]) => [key, rule(each)] as const);
    return checked.some(([, each]) => each === WRONG) ? WRONG : (Object.fromEntries(checked) as Record<string, T>);
  };
}

export function optional<T>(rule: Rule<T>): Rule<T | undefined> {
  return (value) => (value === undefined ? undefined : rule(value));
}

/** Holds a rule for each key of `T`, the optional ones included. */
export type Rules<T> = { readonly [K in keyof Required<T>]: Rule<T[K]> };

export function recordOf<T extends object>(rules: Rules<T>): Rule<T> {
  const entries = Object.entries<Rule<unknown>>(rules);
  return (value) => {
    if (!isRecord(value)) return WRONG;
    const checked: Record<string, unknown> = {};
    for (const [key, rule] of entries) {
      const result = rule(Object.hasOwn(value, key) ? value[key] : undefined);
      if (result === WRONG) return WRONG;
      if (result !== undefined) checked[key] = result;
    }
    return checked as T;
  };
}

/** The JSON value in `json`, or {@link WRONG} if it isn't JSON. */
export function parseJson(json: string): unknown {
  try {
    const value = JSON.parse(json) as unknown;
    return isShallow(value) ? value : WRONG;
  } catch {
    return WRONG;
  }
}

/** Deeper than any record of ours, and far from what makes JSON.stringify() run out of stack. */
const MAX_DEPTH = 64;

function isShallow(value: unknown): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) return false;
    level = level.flatMap((each) =>
      typeof each === 'object' && each !== null ? (Object.values(each) as unknown[]) : [],
    );
  }
  return true;
}
