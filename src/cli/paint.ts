import { randomUUID } from 'node:crypto';
import pc from 'picocolors';
import { oneLine } from '../util/printable.js';

/** What makes a part of a line stand out. */
export interface Colors {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly green: (text: string) => string;
  readonly red: (text: string) => string;
  readonly yellow: (text: string) => string;
}

/** Nobody who writes a label or a table's name can know it: a colour of theirs is no colour of ours. */
const MARK = randomUUID();
const MARKED = new RegExp(`${MARK}(\\[\\d+m)`);

/** With `on`, texts are marked until {@link asLine} writes the escape sequences. */
export function colors(on: boolean): Colors {
  const known = pc.createColors(on);
  const marked =
    (paint: (text: string) => string) =>
    (text: string): string => {
      const [before = '', after = ''] = paint('\n').split('\n');
      return `${before.replace('\u001b', MARK)}${text}${after.replace('\u001b', MARK)}`;
    };
  return {
    bold: marked(known.bold),
    dim: marked(known.dim),
    green: marked(known.green),
    red: marked(known.red),
    yellow: marked(known.yellow),
  };
}

/** One line as it is written: it stays one, whatever others have written into it, and no escape sequence is in it but ours. */
export function asLine(line: string): string {
  return line
    .split(MARKED)
    .map((part, i) => (i % 2 === 1 ? `\u001b${part}` : oneLine(part)))
    .join('');
}
