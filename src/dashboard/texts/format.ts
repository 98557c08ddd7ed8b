/** Numbers and dates in one language, in this computer's time zone. */
export interface Formats {
  /** The language and the region whose habits they follow, `en-GB`. */
  readonly locale: string;
  /** `24 Nov 2026, 09:30`; with its seconds where another one has the same minute */
  readonly date: (date: Date, seconds?: boolean) => string;
  /** `09:30`, `09:30:12` */
  readonly time: (date: Date, seconds?: boolean) => string;
  /** `today`, `yesterday`, `Tuesday, 24 November 2026` */
  readonly dayName: (date: Date, now: number) => string;
  /** `2026-11-24`, as a field for a date has it */
  readonly isoDay: (date: Date) => string;
  /** `Europe/Madrid`: the zone of all times on the page */
  readonly zone: string;
  /** `7 days`, `12 hours` */
  readonly duration: (milliseconds: number) => string;
  /** `24 Nov 2026` */
  readonly day: (date: Date) => string;
  readonly month: (date: Date) => string;
  /** `2 days ago`, `in 4 minutes` */
  readonly age: (date: Date, now: number) => string;
  /** `3.4 MB`, of 1024 each, as in the log */
  readonly size: (bytes: number) => string;
  readonly number: (value: number) => string;
  readonly seconds: (milliseconds: number) => string;
}

const UNITS = [
  ['year', 365 * 86_400],
  ['month', 30 * 86_400],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
] as const;

/** Nobody counts these, and two clocks may differ by as much. */
const JUST_NOW_S = 10;

const DAY_MS = 86_400_000;

/** Days of the calendar of this computer, counted: some have an hour more or less. */
function dayNumber(date: Date): number {
  return Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) / DAY_MS;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const SIZES = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

/** @param locale the language and the region whose habits they follow, `en-GB` */
export function formatsOf(language: 'en' | 'es', locale: string = language): Formats {
  const date = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' });
  const dateSeconds = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium' });
  const time = new Intl.DateTimeFormat(locale, { timeStyle: 'short' });
  const timeSeconds = new Intl.DateTimeFormat(locale, { timeStyle: 'medium' });
  const fullDay = new Intl.DateTimeFormat(locale, { dateStyle: 'full' });
  const days = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  const day = new Intl.DateTimeFormat(locale, { dateStyle: 'medium' });
  const month = new Intl.DateTimeFormat(locale, { month: 'short' });
  const relative = new Intl.RelativeTimeFormat(locale);
  const number = new Intl.NumberFormat(locale);
  const seconds = new Intl.NumberFormat(locale, { style: 'unit', unit: 'second', maximumFractionDigits: 2 });
  const sizes = SIZES.map(
    (unit) =>
      new Intl.NumberFormat(locale, {
        style: 'unit',
        unit,
        unitDisplay: unit === 'byte' ? 'long' : 'short',
        maximumSignificantDigits: 3,
      }),
  );
  const justNow = { en: 'just now', es: 'ahora mismo' }[language];
  return {
    locale,
    date: (value, withSeconds = false) => (withSeconds ? dateSeconds : date).format(value),
    time: (value, withSeconds = false) => (withSeconds ? timeSeconds : time).format(value),
    dayName(value, now) {
      const passed = dayNumber(value) - dayNumber(new Date(now));
      return capital(passed === 0 || passed === -1 ? days.format(passed, 'day') : fullDay.format(value));
    },
    isoDay: (value) => new Date(dayNumber(value) * DAY_MS).toISOString().slice(0, 10),
    zone: date.resolvedOptions().timeZone,
    duration(milliseconds) {
      const [unit, length] = UNITS.find(
        ([, size]) => milliseconds / 1_000 >= size && milliseconds % (size * 1_000) === 0,
      ) ?? ['second' as const, 1];
      const value = milliseconds / 1_000 / length;
      return new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long' }).format(value);
    },
    day: (value) => day.format(value),
    month: (value) => month.format(value),
    age(value, now) {
      const passed = (value.getTime() - now) / 1_000;
      if (Math.abs(passed) < JUST_NOW_S) return justNow;
      const [unit, length] = UNITS.find(([, size]) => Math.abs(passed) >= size) ?? (['second', 1] as const);
      // What is to come in 6 days and 23 hours is "in 7 days"; what has passed is counted by whole units, as ages are.
      return relative.format(passed > 0 ? Math.round(passed / length) : Math.trunc(passed / length), unit);
    },
    size(bytes) {
      const power = bytes < 1 ? 0 : Math.min(SIZES.length - 1, Math.floor(Math.log2(bytes) / 10));
      // From 1000 to 1023, three digits would round to a wrong number.
      const value = bytes / 1024 ** power;
      return sizes[power]!.format(value >= 1_000 ? Math.round(value / 10) * 10 : value);
    },
    number: (value) => number.format(value),
    seconds: (milliseconds) => seconds.format(milliseconds / 1_000),
  };
}
