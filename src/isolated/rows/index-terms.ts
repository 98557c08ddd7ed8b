// What a partial or an expression index compares: it is in the text of its declaration only.
import { TOKEN } from './expression.js';

export interface IndexTerms {
  /** SQL over the columns of the table, each what a part of the index compares. */
  readonly terms: readonly string[];
  /** SQL: which rows the index has. */
  readonly where: string;
}

/** @returns `undefined` where the text is no CREATE INDEX as SQLite writes one */
export function readIndexTerms(sql: string): IndexTerms | undefined {
  // Names, texts and comments are blotted out, at the same places: what is left are words, commas and parentheses.
  const masked = sql.replace(TOKEN, (token) => {
    if (token.length === 1) return token;
    return (/^(--|\/\*)/.test(token) ? ' ' : '\0').repeat(token.length);
  });
  const open = masked.indexOf('(');
  if (open < 0) return undefined;
  const terms: string[] = [];
  let depth = 0;
  let start = open + 1;
  for (let at = open; at < masked.length; at++) {
    const character = masked[at];
    if (character === '(') depth++;
    else if (character === ')') depth--;
    if (depth > 1 || (depth === 1 && character !== ',')) continue;
    terms.push(withoutOrder(sql.slice(start, at), masked.slice(start, at)));
    start = at + 1;
    if (depth === 0) break;
  }
  if (depth !== 0) return undefined;
  const rest = /^\s*WHERE\b/i.exec(masked.slice(start));
  // A comment at the end would swallow what comes after it.
  const where = rest ? `${sql.slice(start + rest[0].length)}\n` : 'TRUE';
  return { terms, where };
}

function withoutOrder(term: string, masked: string): string {
  return `${term.slice(0, term.length - (/\s(ASC|DESC)\s*$/i.exec(masked)?.[0].length ?? 0))}\n`;
}
