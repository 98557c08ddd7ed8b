/** The longest label, in characters. */
export const MAX_LABEL = 200;

/**
 * A label as it is kept: one line, at most {@link MAX_LABEL} characters. A label may come from a request (`label` can be a
 * function of the arguments), so an odd one is cleaned where it is given and where it is read; it never fails a backup.
 */
export function cleanLabel(label: string): string {
  // Cut first, so that a label of many megabytes costs nothing. A character has at most two units.
  const line = label
    .slice(0, MAX_LABEL * 8)
    .replace(UNPRINTABLE, ' ')
    .replace(/\p{Surrogate}/gu, '\u{fffd}')
    .trim();
  const characters = Array.from(line);
  return characters.length > MAX_LABEL ? `${characters.slice(0, MAX_LABEL - 1).join('')}…` : line;
}

/** Control characters, line and paragraph separators, and those that turn the direction of writing. */
const UNPRINTABLE = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]+/gu;
