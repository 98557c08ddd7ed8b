import { en } from './en.js';
import type { Dictionary } from './en.js';
import { es } from './es.js';
import { formatsOf } from './format.js';
import type { Formats } from './format.js';

/** A dictionary and the formats of its language. */
export type Texts = Dictionary & { readonly format: Formats };

const LANGUAGES: Readonly<Record<'en' | 'es', Texts>> = {
  en: { ...en, format: formatsOf('en') },
  es: { ...es, format: formatsOf('es') },
};

/** @param accepted an Accept-Language header, used where the locale is left to the browser */
export function textsFor(locale: 'en' | 'es' | undefined, accepted: string | null): Texts {
  return LANGUAGES[locale ?? preferred(accepted ?? '')];
}

function preferred(accepted: string): 'en' | 'es' {
  const ranked = accepted
    .slice(0, 1_000)
    .split(',')
    .map((part) => {
      const [tag = '', ...parameters] = part.trim().toLowerCase().split(';');
      const q = parameters.map((parameter) => /^\s*q=([\d.]+)$/.exec(parameter)?.[1]).find(Boolean);
      return { language: tag.split('-')[0], weight: q === undefined ? 1 : Number(q) };
    })
    .filter(({ language, weight }) => (language === 'en' || language === 'es') && weight > 0)
    .sort((a, b) => b.weight - a.weight);
  return ranked[0]?.language === 'es' ? 'es' : 'en';
}

/** The meaning of a code for the owner of the shop. Messages of the core are not shown, since they name files. */
export function reasonFor(code: string, texts: Texts): string {
  return texts.reasons[code] ?? texts.otherReason(code);
}
