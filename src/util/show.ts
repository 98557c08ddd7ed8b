import { inspect } from 'node:util';

/** A value as an error message shows it: short, on one line, and without secrets. */
export function show(value: unknown): string {
  // inspect() never throws, unlike JSON.stringify() on a BigInt or a cycle.
  const safe = withoutSecrets(
    typeof value === 'string' ? JSON.stringify(value) : inspect(value, { depth: 1, breakLength: Infinity }),
  );
  return safe.length > MAX_LENGTH ? `${safe.slice(0, MAX_LENGTH)}…` : safe;
}

const MAX_LENGTH = 300;

/** Does an option of this name hold a secret, so that its value is never shown? */
export function isSecretName(name: string): boolean {
  return /^(auth|tls)$|secret|passw|passphrase|token|credential|identit|private|authorization|heartbeat|webhook|transport|^url$|(access|api|encryption).?key/i.test(
    name,
  );
}

/**
 * Takes secrets out of a text that somebody else wrote: identities of age, and what stands before the host of an address. The
 * time grows with the length only: no pattern may begin anew at each character of a long word.
 */
export function withoutSecrets(text: string): string {
  return (
    text
      .replace(/AGE-SECRET-KEY-1[0-9A-Z]*/gi, 'AGE-SECRET-KEY-1…')
      .replace(/(?<=:\/\/)[^\s/@"']+@/g, '…@')
      // A URL's credentials may come without a scheme: `key:secret@host`.
      .replace(/(?<![^\s/@"'])[^\s/@"']+@/g, (user) => (/[^:]:+[^:@]/.test(user) ? '…@' : user))
      .replace(SECRET_ENTRY, '$1…')
      .replace(/([?&](?:[\w-]{0,99}(?:signature|token|secret|password|credential)[\w-]{0,99})=)[^\s&"']+/gi, '$1…')
  );
}

/** `secretAccessKey: 'abc'`, as inspect() and JSON write it, with a text, a list or an object behind the colon. */
const SECRET_ENTRY =
  /((?:^|[\s{,])["']?[\w-]{0,99}(?:secret|passw|passphrase|token|credential|identit|privatekey|authorization|accesskey|apikey)[\w-]{0,99}["']?\s*:\s*)('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`[^`]*`|\[[^\]]*\]|\{[^}]*\}|[^\s,}]+)/gi;
