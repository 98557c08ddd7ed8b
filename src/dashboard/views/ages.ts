import { html } from 'hono/html';
import type { Formats } from '../texts/format.js';
import type { Html, View } from './view.js';

// Ages tick on a page that is left open, all of them: the script finds them by their markup. One in the middle of a sentence is between
// characters that no text has, until the sentence is put together.

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

/** A moment as an age, for a sentence of {@link withAges}. */
export function markedAgeOf({ texts, now }: View, date: Date): string {
  return markedAge(texts.format.age)(date, now);
}

/** A moment as an age that stands by itself. */
export function ageOf({ texts, now }: View, date: Date): Html {
  return html`<time datetime="${date.toISOString()}" data-age>${texts.format.age(date, now)}</time>`;
}
