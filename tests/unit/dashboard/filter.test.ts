import type { Known } from '#dist/dashboard/filter.js';
import { addressOf, around, choose, growths, readChoice } from '#dist/dashboard/filter.js';
import { readMoment } from '#dist/dashboard/views/go-back.js';
import { sayReason } from '#dist/dashboard/texts/reasons.js';
import { aBackup, aManifest, localTime } from '../../support/planted-backups';

const known: Known = { goNext: new Set<string>(), textsOf: () => [] };
const choice = (query: Record<string, string>) => readChoice((name) => query[name]);
const BACKUPS = [
  aBackup('2026-11-24 09:30:00', { label: 'InvoicesController.remove', sizeBytes: 500 }),
  aBackup('2026-11-23 09:30:00', { label: 'Antes del inventário', sizeBytes: 900, protected: true }),
  aBackup('2026-11-22 09:30:00', { label: 'dashboard', sizeBytes: 400, problem: 'damaged' }),
  aBackup('2026-11-21 09:30:00', {
    label: 'before restoring x',
    sizeBytes: 700,
    manifest: aManifest({ kind: 'safety' }),
  }),
];
const names = (query: Record<string, string>, more = known) =>
  choose(BACKUPS, choice(query), more).map(({ name }) => BACKUPS.findIndex((backup) => backup.name === name));

test('what an address says is read, and nonsense is as if it were not there', () => {
  expect(choice({})).toEqual({ search: '', chip: 'all', sort: 'date', descending: true, page: 1 });
  expect(choice({ q: ' x ', show: 'hand', sort: 'size', order: 'asc', page: '3' })).toEqual({
    ...{ search: 'x', chip: 'hand', sort: 'size', descending: false, page: 3 },
  });
  expect(choice({ show: 'constructor', sort: '__proto__', page: '-2', q: 'x'.repeat(300) })).toEqual({
    ...{ search: 'x'.repeat(100), chip: 'all', sort: 'date', descending: true, page: 1 },
  });
});

test('an address and the choice that it was made of are the same, and what goes without saying is not in it', () => {
  expect(addressOf(choice({}))).toBe('#backups');
  const query = { q: 'a b', show: 'protected', sort: 'date', order: 'asc', page: '2' };
  const address = new URL(addressOf(choice(query)), 'http://x/');
  expect(Object.fromEntries(address.searchParams)).toEqual(query);
});

test('chips: before a change, by hand, protected, with a problem, removed next; a safety backup is none of the first two', () => {
  expect(names({ show: 'change' })).toEqual([0]);
  expect(names({ show: 'hand' })).toEqual([1, 2]);
  expect(names({ show: 'protected' })).toEqual([1]);
  expect(names({ show: 'problem' })).toEqual([2]);
  expect(names({ show: 'next' }, { ...known, goNext: new Set([BACKUPS[3]!.name]) })).toEqual([3]);
});

test('every word of a search must be there, whatever its case and its accents', () => {
  expect(names({ q: 'INVENTARIO antes' })).toEqual([1]);
  expect(names({ q: 'inventario nada' })).toEqual([]);
  expect(names({ q: '20261124' })).toEqual([0]);
  expect(
    names({ q: 'deleted' }, { ...known, textsOf: ({ label }) => (label?.includes('remove') ? ['was deleted'] : []) }),
  ).toEqual([0]);
});

test('sorted by size and by label, both ways', () => {
  expect(names({ sort: 'size' })).toEqual([1, 3, 0, 2]);
  expect(names({ sort: 'size', order: 'asc' })).toEqual([2, 0, 3, 1]);
  expect(names({ sort: 'label', order: 'asc' })).toEqual([1, 3, 2, 0]);
});

test('growth is against the whole backup before it', () => {
  expect([...growths(BACKUPS)]).toEqual([
    [BACKUPS[0]!.name, -400],
    [BACKUPS[1]!.name, 200],
  ]);
});

test('the backup before a moment and the one after it, of those that can be gone back to', () => {
  const at = (text: string) => {
    const { before, after } = around(BACKUPS, localTime(text));
    return [before, after].map((backup) => (backup ? BACKUPS.indexOf(backup) : undefined));
  };
  expect(at('2026-11-22 12:00:00')).toEqual([3, 1]);
  expect(at('2026-11-25 12:00:00')).toEqual([0, undefined]);
  expect(at('2026-11-01 12:00:00')).toEqual([undefined, 3]);
});

test('a day means its end, and a day that there is not means nothing', () => {
  expect(readMoment('2026-11-22')).toEqual(new Date(2026, 10, 22, 23, 59, 59, 999));
  expect(readMoment('2026-11-22T08:30')).toEqual(new Date(2026, 10, 22, 8, 30, 59, 999));
  for (const nonsense of [undefined, '', '2026-02-31', '2026-13-01', 'yesterday', '2026-11-22T8']) {
    expect(readMoment(nonsense)).toBeUndefined();
  }
});

test.each([
  ['last 3 of 20', 'number 3 of the last 20', 'la 3 de las últimas 20'],
  ['weekly 2026-W48', 'the last of the week 2026-W48', 'la última de la semana 2026-W48'],
  ['newest verified', 'the newest that was checked', 'la más reciente comprobada'],
  ['not yet copied to /mnt/nas', 'not yet copied to nas', 'aún sin copiar a nas'],
  ['a reason of an app', 'a reason of an app', 'a reason of an app'],
])('why a backup stays, in both languages and without folders: %s', (reason, en, es) => {
  expect([sayReason(reason, 'en', ['/mnt/nas']), sayReason(reason, 'es', ['/mnt/nas'])]).toEqual([en, es]);
});
