import type { AutoBackupOptions } from './options.js';

/** Names a call for the log, the manifest and the events: `'Class.method'` unless the options say otherwise. */
export type LabelOf = (self: unknown, args: readonly unknown[]) => string;

/** Long enough for "delete invoice 42 of the shop in …", short enough for a line of the log. */
const MAX_LENGTH = 200;

/**
 * Returns a short text on one line, whatever the app's function does and whatever `self` is: a label must not stop the
 * call that it names.
 */
export function labelOf(option: AutoBackupOptions['label'], nameFor: (self: unknown) => string): LabelOf {
  return (self, args) => {
    const given = attempt(() => (typeof option === 'function' ? option(self, ...args) : option));
    // An async function by mistake: its rejection must not end the app.
    if (given instanceof Promise) given.catch(() => {});
    return oneLine(given) ?? oneLine(attempt(() => nameFor(self))) ?? 'a protected method';
  };
}

/** Names the class of an instance, of a prototype, or (for a static method) the class itself. A class can have a static method `name()`. */
export function classNameOf(self: unknown): string {
  const owner = typeof self === 'function' ? self : (self as object | null | undefined)?.constructor;
  return typeof owner?.name === 'string' && owner.name !== '' ? owner.name : '(anonymous)';
}

function oneLine(text: unknown): string | undefined {
  if (typeof text !== 'string') return undefined;
  const clean = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  return clean === '' ? undefined : Array.from(clean).slice(0, MAX_LENGTH).join('');
}

function attempt(call: () => unknown): unknown {
  try {
    return call();
  } catch {
    return undefined;
  }
}
