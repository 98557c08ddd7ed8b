import type { Backup } from '../index.js';
import { isGood } from './advice.js';
import { BY_HAND } from './operations.js';

// Which backups the list shows, in which order: by the address alone, so that it works without a script. Pure.

/** The ways to narrow the list down to what somebody looks for. */
export const CHIPS = ['all', 'change', 'hand', 'protected', 'pending', 'next', 'problem'] as const;
export type Chip = (typeof CHIPS)[number];

export const SORTS = ['date', 'label', 'size'] as const;
export type Sort = (typeof SORTS)[number];

export interface Choice {
  readonly search: string;
  readonly chip: Chip;
  readonly sort: Sort;
  readonly descending: boolean;
  readonly page: number;
}

/** What the list knows of the backups beside themselves. */
export interface Known {
  /** The names of those that the next backup removes. */
  readonly goNext: ReadonlySet<string>;
  /** The texts by which a backup can be found beside its name: its date, the words for its label. */
  readonly textsOf: (backup: Backup) => readonly string[];
}

const MAX_SEARCH = 100;

export function readChoice(query: (name: string) => string | undefined): Choice {
  return {
    search: (query('q') ?? '').trim().slice(0, MAX_SEARCH),
    chip: CHIPS.find((chip) => chip === query('show')) ?? 'all',
    sort: SORTS.find((sort) => sort === query('sort')) ?? 'date',
    descending: query('order') !== 'asc',
    page: Math.max(1, Math.trunc(Number(query('page'))) || 1),
  };
}

/** The address of the list with this choice, without what goes without saying. */
export function addressOf({ search, chip, sort, descending, page }: Choice): string {
  const fields = new URLSearchParams({
    ...(search !== '' && { q: search }),
    ...(chip !== 'all' && { show: chip }),
    ...((sort !== 'date' || !descending) && { sort, order: descending ? 'desc' : 'asc' }),
    ...(page > 1 && { page: String(page) }),
  });
  const query = fields.toString();
  return `${query === '' ? '' : `?${query}`}#backups`;
}

export function isShownBy(chip: Chip, backup: Backup, { goNext }: Known): boolean {
  switch (chip) {
    case 'all':
      return true;
    case 'change':
      return isMethod(backup.label);
    case 'hand':
      return backup.label !== undefined && backup.manifest?.kind !== 'safety' && !isMethod(backup.label);
    case 'protected':
      return backup.protected;
    case 'pending':
      return backup.copies?.some(({ state }) => state === 'pending') === true;
    case 'next':
      return goNext.has(backup.name);
    case 'problem':
      return backup.problem !== undefined || backup.lastVerification?.ok === false;
  }
}

/** `InvoicesController.remove`, as a protected method is named by itself. A person's note has a space in it, most often. */
function isMethod(label: string | undefined): boolean {
  return label !== undefined && label !== BY_HAND && /^[\p{L}\p{N}_$#()]+\.[\p{L}\p{N}_$#]+$/u.test(label);
}

/** The backups that a choice shows, in its order; equal ones stay newest first. */
export function choose(backups: readonly Backup[], choice: Choice, known: Known): Backup[] {
  const words = fold(choice.search).split(/\s+/).filter(Boolean);
  const found = backups.filter((backup) => {
    if (!isShownBy(choice.chip, backup, known)) return false;
    if (words.length === 0) return true;
    const text = fold([backup.name, backup.label ?? '', ...known.textsOf(backup)].join(' '));
    return words.every((word) => text.includes(word));
  });
  const key = KEYS[choice.sort];
  const sign = choice.descending ? -1 : 1;
  return found.sort((a, b) => {
    const [x, y] = [key(a), key(b)];
    return x === y ? 0 : x < y ? -sign : sign;
  });
}

const KEYS: Readonly<Record<Sort, (backup: Backup) => number | string>> = {
  date: ({ createdAt }) => createdAt.getTime(),
  size: ({ sizeBytes }) => sizeBytes,
  label: ({ label = '' }) => label.toLowerCase(),
};

/** Without upper case and accents: nobody types them into a search. */
function fold(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
}

/** How much each backup is larger than the whole one before it; absent for the first. `backups` are newest first. */
export function growths(backups: readonly Backup[]): ReadonlyMap<string, number> {
  const whole = backups.filter(({ problem }) => problem === undefined);
  return new Map(whole.slice(0, -1).map(({ name, sizeBytes }, i) => [name, sizeBytes - whole[i + 1]!.sizeBytes]));
}

/** The backup to go back to for a moment: the newest good one that is not later; and the first one after it. */
export function around(
  backups: readonly Backup[],
  at: Date,
): { readonly before: Backup | undefined; readonly after: Backup | undefined } {
  const good = backups.filter(isGood);
  return {
    before: good.find(({ createdAt }) => createdAt <= at),
    after: good.findLast(({ createdAt }) => createdAt > at),
  };
}
