import ms from 'ms';

/**
 * A length of time: a number of milliseconds, or a text that the `ms` package reads: `'7d'`, `'12 hours'`, `'90s'`.
 * A text without a unit is milliseconds too.
 */
export type Duration = number | string;

/** Milliseconds, or `undefined` where the value is no duration of zero or more. */
export function parseDuration(value: unknown): number | undefined {
  const milliseconds =
    typeof value === 'number'
      ? value
      : // ms throws on the empty text and on texts over 100 characters; neither is a duration.
        typeof value === 'string' && value.length > 0 && value.length <= 100
        ? ms(value as ms.StringValue)
        : undefined;
  return milliseconds !== undefined && milliseconds >= 0 && milliseconds <= LONGEST_MS ? milliseconds : undefined;
}

/** A thousand years: with more, a date that is counted from it may be none. */
const LONGEST_MS = 1000 * 365.25 * 86_400_000;

/**
 * How long something is waited for, in milliseconds. `undefined` where the value is no duration, or a bare number between 0 and
 * a second: `5` is meant as five minutes, or seconds, and would be five milliseconds.
 */
export function parseWait(value: unknown): number | undefined {
  const milliseconds = parseDuration(value);
  const isBare = typeof value === 'number' || (typeof value === 'string' && /^[\d.\s]*$/.test(value));
  return isBare && milliseconds !== undefined && milliseconds > 0 && milliseconds < 1000 ? undefined : milliseconds;
}

/** Finishes the sentence "It must be …", for a wait. */
export const WAIT_IS =
  'a duration such as "7d", "12h" or "90s", or a number of milliseconds from 0 up; a bare number below 1000 has most likely lost ' +
  "its unit: '5m' is five minutes";

/** The same for what ends after that time: of nothing at all there is no use. */
export function parseTimeout(value: unknown): number | undefined {
  const milliseconds = parseWait(value);
  return milliseconds !== undefined && milliseconds >= 1 ? milliseconds : undefined;
}

/** Finishes the sentence "It must be …", for a timeout. */
export const TIMEOUT_IS =
  'a duration of at least 1 ms with its unit, such as "10m" or "90s"; a bare number is milliseconds, and one below 1000 has most ' +
  'likely lost its unit';

/** The shortest interval besides 0. Whoever gives a shorter one has most likely left the unit out. */
const SHORTEST_INTERVAL_MS = 60_000;

/** Finishes the sentence "It must be …", for an interval. */
export const INTERVAL_IS =
  "a length of time with its unit, such as '7d' for seven days or '12h' (a bare number is milliseconds): 0, or at least a minute";

/**
 * How often something is to be done, in milliseconds: 0 (each time), or at least a minute. `undefined` where the value is
 * neither: `7` and `'7'` are meant as seven days, and would be seven milliseconds.
 */
export function parseInterval(value: unknown): number | undefined {
  const milliseconds = parseDuration(value);
  return milliseconds === 0 || (milliseconds !== undefined && milliseconds >= SHORTEST_INTERVAL_MS)
    ? milliseconds
    : undefined;
}
