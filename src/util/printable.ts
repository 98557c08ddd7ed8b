/** Line breaks of every kind, with the white space around them. */
const LINE_BREAKS = /(?<!\s)\s*[\n\r\v\f\u0085\u2028\u2029]+\s*/g;
/** Characters that move the cursor, colour, ring, or change the direction of writing. */
const INVISIBLE = /[\p{Cc}\p{Bidi_Control}\p{Surrogate}\u2028\u2029]/gu;

/**
 * A text that somebody else wrote (a label, the name of a table, what a driver says) as one line for a log or a terminal: it
 * cannot add a line of its own, nor hide a part of it. What is not visible is shown as its escape.
 */
export function oneLine(text: string): string {
  return escaped(text.replace(LINE_BREAKS, ' | '));
}

/** A line break, or a colour as picocolors writes it. */
// eslint-disable-next-line no-control-regex -- an escape sequence begins with one
const OUR_OWN = /(\n|\u001b\[(?:0|[1-4]|7|9|2[2-9]|3\d|4\d|9\d)m)/;

/** A text of several lines, with the colours of this program, for a terminal. */
export function forTerminal(text: string): string {
  return text
    .split(OUR_OWN)
    .map((part, i) => (i % 2 === 1 ? part : escaped(part)))
    .join('');
}

function escaped(text: string): string {
  return text.replace(INVISIBLE, (char) =>
    char === '\t' ? ' ' : `\\u${char.codePointAt(0)!.toString(16).padStart(4, '0')}`,
  );
}
