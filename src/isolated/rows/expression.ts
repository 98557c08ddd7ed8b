/** A text, a quoted name, a comment, or any other character of SQL. */
export const TOKEN = /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|--[^\n]*|\/\*[^]*?\*\/|[^]/g;

/**
 * Why a text, put between parentheses, would be more or less than one expression; `undefined`: nothing speaks against it. Whether
 * it is one in the end is SQLite's to say. This only makes sure that it can't leave the parentheses.
 */
export function whyNoExpression(text: string): string | undefined {
  let depth = 0;
  let empty = true;
  for (const [token] of text.matchAll(TOKEN)) {
    if (/^(--|\/\*)./.test(token) || /^\s$/.test(token)) continue;
    empty = false;
    if (token === ';') return 'it has a semicolon';
    if (token.length === 1 && /['"`[]/.test(token)) return `a ${token} in it has no end`;
    if (token === '(') depth++;
    if (token === ')' && --depth < 0) return 'it closes a parenthesis that it did not open';
  }
  if (/\/\*(?:(?!\*\/)[^])*$/.test(text.replace(TOKEN, (token) => (token.length > 1 ? ' ' : token)))) {
    return 'a comment in it has no end';
  }
  if (depth > 0) return 'it does not close a parenthesis';
  return empty ? 'it is empty' : undefined;
}

/** Is it, whatever else, an expression without a function, a subquery or a table? Then it reads each row once, and gathers nothing. */
export function callsNothing(text: string): boolean {
  return !/\(|\b(IN|MATCH)\b/i.test(text);
}
