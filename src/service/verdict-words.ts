import { BACKUP_ERROR_CODES } from '../util/errors.js';
import type { BackupErrorCode } from '../util/errors.js';
import { ago, localTime, size } from '../util/format.js';
import type { StoreAnswer, Verdict, VerdictAnswer, VerdictCode, VerdictQuestion } from './verdict-types.js';

/** How dates and sizes are written; a page has its own language's. */
export interface VerdictFormats {
  /** `2 days ago`, `in 4 minutes` */
  readonly age: (date: Date, now: number) => string;
  readonly date: (date: Date) => string;
  readonly size: (bytes: number) => string;
  readonly reason: (code: BackupErrorCode) => string;
  readonly store: (name: string) => string;
}

/** An answer in words: the fact, and its meaning. */
export interface VerdictWords {
  readonly say: string;
  readonly more?: string | undefined;
}

/** The words of one language. */
export interface VerdictDictionary {
  readonly questions: Readonly<Record<VerdictQuestion, string>>;
  readonly headline: (verdict: Verdict) => string;
  readonly answers: Readonly<Record<VerdictCode, (facts: VerdictFacts) => VerdictWords>>;
}

/** The facts of an answer, written as text for its words. A fact that it lacks is `''`. */
export interface VerdictFacts {
  readonly ago: string;
  readonly next: string;
  readonly nextDate: string;
  readonly name: string;
  readonly reason: string;
  readonly free: string;
  readonly needed: string;
  readonly count: number;
  readonly by: string;
  readonly stores: readonly (StoreAnswer & { readonly name: string; readonly waits: string; readonly why: string })[];
}

/** The words of an answer, in a language and its formats. Pure. */
export function answerIn(
  dictionary: VerdictDictionary,
  formats: VerdictFormats,
  answer: VerdictAnswer,
  now: number,
): VerdictWords {
  const { at, next, name = '', error, freeBytes, neededBytes, count = 0, by = '', stores = [] } = answer;
  const age = (date: Date | undefined): string => (date ? formats.age(date, now) : '');
  return dictionary.answers[answer.code]({
    ago: age(at),
    next: age(next),
    nextDate: next ? formats.date(next) : '',
    name,
    reason: error ? formats.reason(error) : '',
    free: freeBytes === undefined ? '' : formats.size(freeBytes),
    needed: neededBytes === undefined ? '' : formats.size(neededBytes),
    count,
    by,
    stores: stores.map((store) => ({
      ...store,
      name: formats.store(store.store),
      waits: age(store.since),
      why: store.error ? formats.reason(store.error) : '',
    })),
  });
}

const backups = (count: number): string => (count === 1 ? '1 backup' : `${count} backups`);
const things = (count: number): string => (count === 1 ? 'one thing to do' : `${count} things to do`);
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
/** `USB disk: 3 backups wait, the oldest from 9 days ago (it cannot be reached)` */
const behind = ({ name, pending, waits, why }: VerdictFacts['stores'][number]): string =>
  pending === 0
    ? `${name}: nothing there yet`
    : `${name}: ${backups(pending)} waiting, the oldest from ${waits}${why && ` (${why})`}`;

/** In English, for the terminal, health pages, alarms and the page. */
export const ENGLISH: VerdictDictionary = {
  questions: { recent: 'Recent', proven: 'Proven', elsewhere: 'Elsewhere', room: 'Room' },
  headline({ level, recent, answers }) {
    const todo = answers.filter(({ mark }) => mark !== 'good').length;
    if (level === 'good') return 'Safe';
    if (level === 'bad') return 'Not safe';
    if (level === 'unknown') return 'Not known';
    return recent.mark === 'good' ? `Safe here, ${things(todo)}` : capital(things(todo));
  },
  answers: {
    'not-asked': () => ({ say: 'Not known just now', more: 'Nobody could be asked.' }),
    'folder-missing': () => ({
      say: 'The backup folder is not there',
      more: 'Its disk may not be plugged in or mounted.',
    }),
    'folder-unreadable': ({ reason }) => ({ say: 'It is not known which backups there are', more: reason }),
    disabled: () => ({ say: 'Backups are switched off', more: 'None is taken.' }),
    failed: ({ reason, next, free, needed, ago: last }) => ({
      say: `The last backup failed: ${reason}`,
      more: [
        free && needed && `${free} free, a backup needs ${needed}.`,
        last ? `The newest one is from ${last}.` : 'There is none yet.',
        next ? `Next try ${next}.` : 'Next try with the next change.',
      ]
        .filter(Boolean)
        .join(' '),
    }),
    'no-backup': () => ({ say: 'There is no backup yet', more: 'The first one is made before the next change.' }),
    'dated-ahead': ({ count }) => ({
      say: 'The clock of this computer is wrong, or was',
      more: `${capital(backups(count))}, all dated ahead of it: they count when their time has come. Set the clock right.`,
    }),
    unusable: ({ count }) => ({
      say: 'No backup can be used',
      more: `There ${count === 1 ? 'is' : 'are'} ${count}, and none is whole.`,
    }),
    'database-gone': ({ ago: last }) => ({
      say: 'The database is gone',
      more: last ? `The newest backup is from ${last}: go back to it.` : 'There is no backup of it either.',
    }),
    'database-unusable': ({ reason, ago: last }) => ({
      say: `The database cannot be used: ${reason}`,
      more: last ? `The newest backup is from ${last}: go back to it.` : 'There is no backup of it either.',
    }),
    'database-unseen': ({ reason, ago: last }) => ({
      say: reason ? `The database could not be looked at: ${reason}` : 'The database is being looked at',
      more: last && `The newest backup is from ${last}.`,
    }),
    clock: ({ count, ago: last }) => ({
      say: `${capital(backups(count))} dated ahead of the clock`,
      more: `Set this computer's clock right. The newest backup that counts is from ${last}.`,
    }),
    due: ({ ago: last }) => ({
      say: `The last backup is from ${last}`,
      more: 'The next one is made before the next change.',
    }),
    fresh: ({ ago: last, nextDate }) => ({
      say: `The last backup is from ${last}`,
      more: `Next: before the first change after ${nextDate}`,
    }),
    'nothing-to-prove': () => ({ say: 'There is nothing to try yet' }),
    'verify-failed': ({ name, ago: when }) => ({
      say: 'A backup is broken',
      more: `${name}, found ${when}. Do not use it.`,
    }),
    'drill-failed': ({ name, ago: when }) => ({ say: 'The last restore drill failed', more: `With ${name}, ${when}.` }),
    'broken-backups': ({ count }) => ({
      say: `${capital(backups(count))} cannot be used`,
      more: 'The others can. Delete what is broken.',
    }),
    unverified: () => ({ say: 'The newest backup was never checked', more: 'Another program made it.' }),
    'never-drilled': ({ ago: when }) => ({
      say: 'No restore was ever tried',
      more: `The newest backup was checked ${when}. A drill restores it elsewhere and looks.`,
    }),
    'verify-old': ({ ago: when }) => ({
      say: `The newest backup was last checked ${when}`,
      more: 'Disks go bad. Check it again.',
    }),
    'drill-old': ({ ago: when }) => ({ say: `The last restore drill was ${when}`, more: 'Try one again.' }),
    drilled: ({ ago: when }) => ({ say: `A restore drill passed ${when}` }),
    'nothing-to-copy': () => ({ say: 'There is nothing to copy yet' }),
    'only-here': () => ({
      say: 'Only on this computer',
      more: 'If it is stolen, burns or its disk breaks, the backups go with it. Add a store to "copies", or accept that.',
    }),
    'only-here-accepted': ({ by, ago: when }) => ({
      say: 'Only on this computer',
      more: `Accepted${by && ` by ${by}`} ${when}.`,
    }),
    'stores-behind': ({ stores }) => {
      const late = stores.filter(({ mark }) => mark !== 'good');
      const current = stores.filter(({ mark }) => mark === 'good').map(({ name }) => `${name}: up to date`);
      return { say: behind(late[0]!), more: [...late.slice(1).map(behind), ...current].join('. ') || undefined };
    },
    'stores-shipping': ({ stores }) => ({
      say: `On its way to ${stores
        .filter(({ pending }) => pending > 0)
        .map(({ name }) => name)
        .join(', ')}`,
    }),
    'stores-current': ({ stores }) => ({
      say: `Also in ${stores.map(({ name }) => name).join(', ')}`,
      more: 'Up to date.',
    }),
    'space-unknown': () => ({ say: 'The disk does not tell how much is free' }),
    full: ({ free, needed }) => ({
      say: `${free} free, a backup needs ${needed}`,
      more: 'The next backup will fail. Free some space.',
    }),
    tight: ({ free, needed }) => ({
      say: `${free} free, a backup needs ${needed}`,
      more: 'There is no room for the next two. Free some space.',
    }),
    enough: ({ free, needed }) => ({ say: `${free} free`, more: `A backup needs ${needed}.` }),
  },
};

/** As the log and the terminal write. Of a code it says what docs/errors.md does, and names no path. */
const PLAIN: VerdictFormats = {
  age: (date, now) => ago(now - date.getTime()),
  date: localTime,
  size,
  reason: (code) => BACKUP_ERROR_CODES[code].replace(/\.$/, ''),
  store: (name) => name,
};

/** One answer in a sentence, in English: `The last backup is from 2 days ago`. */
export function sayAnswer(answer: VerdictAnswer, now: number): string {
  return answerIn(ENGLISH, PLAIN, answer, now).say;
}

/**
 * The whole verdict in a line, in English: `Safe here, one thing to do: Only on this computer`.
 *
 * @example
 * sayVerdict(verdict(await backups.status(), Date.now()), Date.now());
 */
export function sayVerdict(judged: Verdict, now: number): string {
  return `${ENGLISH.headline(judged)}: ${sayAnswer(judged.worst, now)}`;
}
