import { inspect } from 'node:util';
import { oneLine } from './printable.js';

/** A value as an error message shows it: short, on one line, and without secrets. */
export function show(value: unknown): string {
  // Before its quotes are escaped, behind which no secret would be found. inspect() never throws, unlike JSON.stringify() on a
  // BigInt or a cycle.
  const safe =
    typeof value === 'string'
      ? JSON.stringify(withoutSecrets(value))
      : withoutEntries(OPTION_ENTRY, withoutSecrets(inspect(value, { depth: 1, breakLength: Infinity })));
  // Neither JSON nor inspect() escapes what ends a line or turns it round but is no ASCII.
  const line = oneLine(safe);
  return line.length > MAX_LENGTH ? `${line.slice(0, MAX_LENGTH)}…` : line;
}

const MAX_LENGTH = 300;

/** Does an option of this name (`tls.key`: in another) hold a secret, or stand beside one, so that its value is never shown? */
export function isSecretName(name: string): boolean {
  return /(?:^|\.)(?:auth|tls|url|encrypt|notify|mail|headers|bucket|prefix|region|endpoint|nodes|kmsKeyId|storageClass|serverSideEncryption)(?:\.|$)|secret|passw|passphrase|token|credential|identit|private|authorization|heartbeat|webhook|transport|(access|api|encryption).?key/i.test(
    name,
  );
}

/**
 * Takes secrets out of a text that somebody else wrote: identities of age, and what stands before the host of an address. The
 * time grows with the length only: no pattern may begin anew at each character of a long word.
 */
export function withoutSecrets(text: string): string {
  return (
    withoutEntries(SECRET_ENTRY, text)
      .replace(/AGE-SECRET-KEY-1[0-9A-Z]*/gi, 'AGE-SECRET-KEY-1…')
      .replace(/(?<=:\/\/)[^\s/@"']+@/g, '…@')
      // A URL's credentials may come without a scheme: `key:secret@host`.
      .replace(/(?<![^\s/@"'])[^\s/@"']+@/g, (user) => (/[^:]:+[^:@]/.test(user) ? '…@' : user))
      .replace(/([?&](?:[\w-]{0,99}(?:signature|token|secret|password|credential)[\w-]{0,99})=)[^\s&"']+/gi, '$1…')
  );
}

/**
 * `secretAccessKey: `, as inspect() and JSON write it before a value. SQLite's "unrecognized token: ", "unknown tokenizer: " and
 * "error in view tokens: " are none.
 */
const SECRET_ENTRY =
  /(?:^|[\s{,])(?<!\b(?:unrecognized|table|view|trigger|index) )["']?[\w-]{0,99}(?:secret|passw|passphrase|token(?!iz)|credential|identit|privatekey|authorization|accesskey|apikey)[\w-]{0,99}["']?\s*:\s*/gi;

/** Names that tell nothing in a text of others, and in options stand before an address with a key in it, or before a secret. */
const OPTION_ENTRY =
  /(?:^|[\s{,])["']?(?:auth|tls|url|encrypt|headers|[\w-]{0,99}(?:heartbeat|webhook|transport|private)[\w-]{0,99})["']?\s*:\s*/gi;

/** The value is a text, a list, an object or a word; no part of the text is read twice. */
function withoutEntries(entry: RegExp, text: string): string {
  let safe = '';
  let end = 0;
  for (const name = new RegExp(entry); name.exec(text);) {
    const start = name.lastIndex;
    safe += text.slice(end, start);
    end = name.lastIndex = endOfValue(text, start);
    if (end > start) safe += '…';
  }
  return safe + text.slice(end);
}

/** Behind the value that begins there; one that is not closed, since the text was cut, goes on to the end. */
function endOfValue(text: string, start: number): number {
  const token = /["'`[\]{}]|$/g;
  const first = text[start];
  if (first === undefined || !`"'\`[{`.includes(first)) {
    const word = /[^\s,}]*/y;
    word.lastIndex = start;
    word.test(text);
    return word.lastIndex;
  }
  let depth = 0;
  for (token.lastIndex = start; token.lastIndex < text.length;) {
    const [mark] = token.exec(text)!;
    if (mark === '') return text.length;
    if ('[{'.includes(mark)) depth++;
    else if (']}'.includes(mark)) depth--;
    else token.lastIndex = endOfQuoted(text, token.lastIndex, mark);
    if (depth <= 0) return token.lastIndex;
  }
  return text.length;
}

function endOfQuoted(text: string, start: number, quote: string): number {
  for (let at = start; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === quote) return at + 1;
  }
  return text.length;
}
