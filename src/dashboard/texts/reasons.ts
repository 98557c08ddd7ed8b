import { storeName } from '../../service/redact.js';

// Why a backup stays, as retention says it, in the language of the page. Reasons of an app's own policy stay as they are.

type Say = (match: readonly string[]) => string;

const KNOWN: readonly (readonly [RegExp, { readonly en: Say; readonly es: Say }])[] = [
  [
    /^last (\d+) of (\d+)$/,
    { en: ([, n, all]) => `number ${n} of the last ${all}`, es: ([, n, all]) => `la ${n} de las últimas ${all}` },
  ],
  [/^all stay$/, { en: () => 'all stay', es: () => 'se quedan todas' }],
  [
    /^within (\S+)$/,
    { en: ([, time]) => `within ${time} of the newest`, es: ([, time]) => `a menos de ${time} de la más reciente` },
  ],
  [/^daily (\S+)$/, { en: ([, day]) => `the last of the day ${day}`, es: ([, day]) => `la última del día ${day}` }],
  [
    /^weekly (\S+)$/,
    { en: ([, week]) => `the last of the week ${week}`, es: ([, week]) => `la última de la semana ${week}` },
  ],
  [
    /^monthly (\S+)$/,
    { en: ([, month]) => `the last of the month ${month}`, es: ([, month]) => `la última del mes ${month}` },
  ],
  [
    /^yearly (\S+)$/,
    { en: ([, year]) => `the last of the year ${year}`, es: ([, year]) => `la última del año ${year}` },
  ],
  [/^newest$/, { en: () => 'the newest', es: () => 'la más reciente' }],
  [/^just made$/, { en: () => 'just made', es: () => 'recién hecha' }],
  [/^newest verified$/, { en: () => 'the newest that was checked', es: () => 'la más reciente comprobada' }],
  [/^protected$/, { en: () => 'protected', es: () => 'protegida' }],
  [
    /^the policy keeps nothing, so nothing is removed$/,
    { en: ([all]) => all!, es: () => 'la política no conserva nada, así que no se quita nada' },
  ],
  [/^not removed by the policy$/, { en: ([all]) => all!, es: () => 'la política no la quita' }],
  [
    /^the app's own retention policy is not known here$/,
    { en: ([all]) => all!, es: () => 'aquí no se conoce la política de la aplicación' },
  ],
  [/^not yet copied to (.+)$/s, { en: ([all]) => all!, es: ([, store]) => `aún sin copiar a ${store}` }],
];

/** @param stores their names, of which folders above are not told on the web */
export function sayReason(full: string, locale: 'en' | 'es', stores: readonly string[]): string {
  const reason = stores.reduce((text, store) => text.replaceAll(store, storeName(store)), full);
  for (const [pattern, say] of KNOWN) {
    const match = pattern.exec(reason);
    if (match) return say[locale](match);
  }
  return reason;
}
