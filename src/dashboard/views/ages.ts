import { html } from 'hono/html';
import type { Formats } from '../texts/format.js';
import type { Html } from './view.js';

// An age in the middle of a sentence is marked up as a time, so that the script lets it tick. Until then it is between two
// characters that no text has.

const [START, MIDDLE, END] = ['\u0001', '\u0002', '\u0003'];

/** Writes ages that {@link withAges} marks up. */
export function markedAge(age: Formats['age']): Formats['age'] {
  return (date, now) => `${START}${date.toISOString()}${MIDDLE}${age(date, now)}${END}`;
}

/** The text, with its ages as `<time>`. */
export function withAges(text: string): Html {
  const parts = text.split(START).flatMap((part, i) => {
    if (i === 0) return [html`${part}`];
    const [moment = '', rest = ''] = part.split(MIDDLE);
    const [age = '', after = ''] = rest.split(END);
    return [html`<time datetime="${moment}" data-age>${age}</time>${after}`];
  });
  return html`${parts}`;
}

/** A moment as an age. */
export function ageOf(date: Date, format: Formats, now: number): Html {
  return html`<time datetime="${date.toISOString()}" data-age>${format.age(date, now)}</time>`;
}
