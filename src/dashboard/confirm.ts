import { textsFor } from './texts/index.js';

/** The words that confirm a restore, in each language: `restore`, `restaurar`. */
const WORDS: ReadonlySet<string> = new Set((['en', 'es'] as const).map((locale) => textsFor(locale, null).restoreWord));

/** Did somebody type what confirms a restore: the short word of either language, or the backup's name? Pure. */
export function isConfirmed(typed: unknown, name: string): boolean {
  if (typeof typed !== 'string') return false;
  const text = typed.trim();
  return text === name || WORDS.has(text.toLowerCase());
}
