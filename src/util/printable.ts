/** Line breaks of every kind, with the white space around them. */
const LINE_BREAKS = /(?<!\s)\s*[\n\r\v\f\u0085\u2028\u2029]+\s*/g;
/** Characters that move the cursor, colour, ring, or change the direction of writing. */
const INVISIBLE = /[\p{Cc}\p{Bidi_Control}\p{Surrogate}\u2028\u2029]/gu;
/** What a page may hold as it is, surrogates excepted. By numbers: with `u` and properties, a look takes ten times as long. */
const PLAIN = /^[\t-\r -~\xa0-\u061b\u061d-\u200d\u2010-\u2027\u202f-\u2065\u206a-\ud7ff\ue000-\uffff]*$/;

/**
 * A text that somebody else wrote (a label, the name of a table, what a driver says) as one line for a log or a terminal: it
 * cannot add a line of its own, nor hide a part of it. What is not visible is shown as its escape.
 */
export function oneLine(text: string): string {
  return escaped(text.replace(LINE_BREAKS, ' | ').replaceAll('\t', ' '));
}

/** A text whose line breaks are our own (a JSON document, the help) or data: nothing else that is not visible is passed on. */
export function forTerminal(text: string): string {
  return text.replaceAll('\t', ' ').split('\n').map(escaped).join('\n');
}

/** A page as it is sent: between its tags nothing that is not visible, or that turns what stands behind it. Attributes stay. */
export function forPage(html: string): string {
  if (PLAIN.test(html)) return html;
  return html.replace(/(?<=>)[^<]+/g, (text) =>
    text.replace(INVISIBLE, (char) => (/\s/.test(char) && char < ' ' ? char : escape(char))),
  );
}

/** As a text in JavaScript may hold it. */
export function escaped(text: string): string {
  return text.replace(INVISIBLE, escape);
}

function escape(char: string): string {
  return `\\u${char.codePointAt(0)!.toString(16).padStart(4, '0')}`;
}
