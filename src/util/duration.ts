import type ms from 'ms';

/**
 * A length of time: a number of milliseconds, or a text that the `ms` package reads: `'7d'`, `'12 hours'`, `'90s'`.
 * A text without a unit is milliseconds too.
 */
export type Duration = number | string;

/** Milliseconds, or `undefined` where the value is no duration of zero or more. */
export function parseDuration(value: unknown): number | undefined {
  // Loaded with the first service, like all that only options need: requiring this package stays cheap.
  const parse = require('ms') as typeof ms;
  const milliseconds =
    typeof value === 'number'
      ? value
      : // ms throws on the empty text and on texts over 100 characters; neither is a duration.
        typeof value === 'string' && value.length > 0 && value.length <= 100
        ? parse(value as ms.StringValue)
        : undefined;
  return milliseconds !== undefined && Number.isFinite(milliseconds) && milliseconds >= 0 ? milliseconds : undefined;
}
