import { en } from './en.js';
import type { Dictionary } from './en.js';
import { es } from './es.js';
import { formatsOf } from './format.js';
import type { Formats } from './format.js';

/** A dictionary and the formats of its language. */
export type Texts = Dictionary & { readonly format: Formats };

type Language = 'en' | 'es';

const DICTIONARIES: Readonly<Record<Language, Dictionary>> = { en, es };
const made = new Map<string, Texts>();

/**
 * @param locale the language; absent: the browser's
 * @param accepted an Accept-Language header. Dates and numbers are as its region writes them: 24/11 is 11/24 in few of them.
 */
export function textsFor(locale: Language | undefined, accepted: string | null): Texts {
  const wanted = ranked(accepted ?? '');
  const language = locale ?? wanted[0]?.language ?? 'en';
  const region = wanted.find((each) => each.language === language)?.region;
  const tag = region === undefined ? language : `${language}-${region}`;
  // Only regions that have formats of their own are kept, however many a client may name.
  const known = new Intl.DateTimeFormat(tag).resolvedOptions().locale;
  let texts = made.get(known);
  if (!texts) made.set(known, (texts = { ...DICTIONARIES[language], format: formatsOf(language, known) }));
  return texts;
}

/** `en-GB,es;q=0.8`: the languages that there are, what is liked best first. */
function ranked(accepted: string): { language: Language; region: string | undefined }[] {
  return accepted
    .slice(0, 1_000)
    .split(',')
    .flatMap((part) => {
      const [tag = '', ...parameters] = part.trim().split(';');
      const q = parameters.map((parameter) => /^\s*q=([\d.]+)$/i.exec(parameter)?.[1]).find(Boolean);
      const [, language, region] = /^(en|es)(?:-([a-z]{2}|\d{3}))?(?:-|$)/i.exec(tag.trim()) ?? [];
      const weight = q === undefined ? 1 : Number(q);
      if (language === undefined || !(weight > 0)) return [];
      return [{ language: language.toLowerCase() as Language, region: region?.toUpperCase(), weight }];
    })
    .sort((a, b) => b.weight - a.weight);
}

/** The meaning of a code for the owner of the shop. Messages of the core are not shown, since they name files. */
export function reasonFor(code: string, texts: Texts): string {
  return texts.reasons[code] ?? texts.otherReason(code);
}
