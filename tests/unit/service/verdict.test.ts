import { BackupError, sayAnswer, sayVerdict, verdict } from 'sqlite-autobackup';
import type { Backup, BackupErrorCode, CopyStatus, ServiceStatus } from 'sqlite-autobackup';
import { ENGLISH } from '#dist/service/verdict-words.js';
import { aBackup, aManifest, DAY, HOUR, MINUTE } from '../../support/planted-backups';

const NOW = Date.parse('2026-11-24T12:00:00.000Z');
const ago = (ms: number) => new Date(NOW - ms);
const LATEST = aBackup(ago(2 * HOUR), { manifest: aManifest({ verifiedAt: ago(2 * HOUR).toISOString() }) });
const FREE = 56e9;

const error = (code: BackupErrorCode) => new BackupError(code, 'It went wrong.', { step: 'copy', hint: 'Mend it.' });
const failure = (code: BackupErrorCode, retryInMs = 4 * MINUTE) => ({
  lastFailure: { error: error(code), at: ago(MINUTE), retryAt: new Date(NOW + retryInMs) },
});
const unreadable = (code: BackupErrorCode) => ({
  database: {
    path: '/shop/app.db',
    sizeBytes: 40_960,
    journalMode: undefined,
    error: error(code),
    lookedAt: undefined,
  },
});
const noLatest = { latest: undefined, due: { due: true, reason: 'none' } } as const;
const store = (name: string, more: Partial<CopyStatus> = {}): CopyStatus => ({
  store: name,
  host: 'till',
  copyCount: 26,
  copyBytes: 1e6,
  latest: { name: LATEST.name, createdAt: LATEST.createdAt, shippedAt: LATEST.createdAt },
  pending: [],
  pendingSince: undefined,
  shippingNow: undefined,
  lastError: undefined,
  ...more,
});
const lastError = {
  code: 'ERR_BACKUP_STORE_MISSING',
  message: 'gone',
  name: undefined,
  at: ago(HOUR),
  failures: 9,
  retryAt: ago(-HOUR),
} as const;
const away = (name: string) =>
  store(name, { pending: ['c', 'b', 'a'], pendingSince: ago(9 * DAY), latest: undefined, lastError });

/** Everything is in order. */
function status(more: Partial<ServiceStatus> = {}): ServiceStatus {
  return {
    database: { path: '/shop/app.db', sizeBytes: 800_000, journalMode: 'wal', error: undefined, lookedAt: ago(0) },
    directory: '/shop',
    due: { due: false, reason: 'fresh', latest: LATEST, ageMs: 2 * HOUR, dueAt: new Date(NOW + 6 * DAY) },
    latest: LATEST,
    backupCount: 26,
    backupBytes: 1e7,
    problems: [],
    freeBytes: FREE,
    neededBytes: 800_000,
    runningSince: undefined,
    inProgress: undefined,
    lastFailure: undefined,
    lastVerification: undefined,
    lastDrill: { name: LATEST.name, ok: true, at: ago(DAY) },
    provenWithinMs: 30 * DAY,
    onlyHere: undefined,
    copies: [store('NAS')],
    warnings: [],
    ...more,
  };
}

/** `level`, then one line an answer: mark, code, action, words. */
function judged(of: ServiceStatus | BackupError | undefined): string[] {
  const { level, answers } = verdict(of, NOW);
  return [
    `${level}: ${sayVerdict(verdict(of, NOW), NOW)}`,
    ...answers
      .filter(({ mark }) => mark !== 'good')
      .map((answer) => `${answer.question} ${answer.mark} ${answer.code} -> ${answer.action ?? 'nothing'}`),
  ];
}

const ONE_HOUR_OLD: Backup = { ...LATEST, manifest: aManifest() };

const GOLDEN: [string, Partial<ServiceStatus> | BackupError | undefined, string[]][] = [
  ['everything is in order', {}, ['good: Safe: The last backup is from 2 hours ago']],
  [
    'the live database is random bytes, with a fresh backup',
    unreadable('ERR_BACKUP_SOURCE_INVALID'),
    [
      'bad: Not safe: The database cannot be used: The path holds a folder, an empty file or something that is not a SQLite database',
      'recent bad database-unusable -> restore',
    ],
  ],
  [
    'the live database is damaged',
    unreadable('ERR_BACKUP_SOURCE_CORRUPT'),
    [
      'bad: Not safe: The database cannot be used: The database itself is damaged, so no good copy can be made of it',
      'recent bad database-unusable -> restore',
    ],
  ],
  [
    'the live database may not be read by this process',
    unreadable('ERR_BACKUP_SOURCE_UNREADABLE'),
    [
      'bad: Not safe: The database cannot be used: The database file exists but this process may not read it, or the disk fails',
      'recent bad database-unusable -> restore',
    ],
  ],
  [
    'the live database is locked, and so was not looked at',
    unreadable('ERR_BACKUP_SOURCE_LOCKED'),
    [
      'unknown: Not known: The database could not be looked at: Another connection kept the database exclusively locked',
      'recent unknown database-unseen -> look-again',
    ],
  ],
  [
    'nobody has waited for the look at the database',
    { database: { ...status().database, journalMode: undefined, lookedAt: undefined } },
    ['unknown: Not known: The database is being looked at', 'recent unknown database-unseen -> nothing'],
  ],
  [
    'the database is gone',
    { database: { ...unreadable('ERR_BACKUP_SOURCE_MISSING').database, sizeBytes: undefined } },
    ['bad: Not safe: The database is gone', 'recent bad database-gone -> restore'],
  ],
  [
    'the database is gone, and so is every backup',
    {
      ...noLatest,
      backupCount: 0,
      database: { ...unreadable('ERR_BACKUP_SOURCE_MISSING').database, sizeBytes: undefined },
    },
    [
      'bad: Not safe: The database is gone',
      'recent bad database-gone -> look-again',
      'proven unknown nothing-to-prove -> nothing',
      'elsewhere unknown nothing-to-copy -> nothing',
    ],
  ],
  [
    'of two stores one is away for nine days',
    { copies: [store('NAS'), away('USB disk')] },
    [
      'warning: Safe here, one thing to do: USB disk: 3 backups waiting, the oldest from 9 days ago (The folder or the bucket of a store does not exist)',
      'elsewhere warning stores-behind -> copy-elsewhere',
    ],
  ],
  [
    'nothing was sent for nine days, without an error',
    { copies: [store('NAS', { pending: ['a'], pendingSince: ago(9 * DAY) })] },
    [
      'warning: Safe here, one thing to do: NAS: 1 backup waiting, the oldest from 9 days ago',
      'elsewhere warning stores-behind -> copy-elsewhere',
    ],
  ],
  [
    'a backup is on its way to the store',
    { copies: [store('NAS', { pending: ['a'], pendingSince: ago(MINUTE) })] },
    ['good: Safe: The last backup is from 2 hours ago'],
  ],
  [
    'the store has nothing, and nothing waits for it',
    { copies: [store('NAS', { latest: undefined })] },
    [
      'warning: Safe here, one thing to do: NAS: nothing there yet',
      'elsewhere warning stores-behind -> copy-elsewhere',
    ],
  ],
  [
    'there is no store',
    { copies: [] },
    ['warning: Safe here, one thing to do: Only on this computer', 'elsewhere warning only-here -> copy-elsewhere'],
  ],
  [
    'there is no store, and the owner has accepted that',
    { copies: [], onlyHere: { at: ago(90 * DAY), by: 'Ana' } },
    ['good: Safe: The last backup is from 2 hours ago'],
  ],
  [
    '184 kB are free, and a backup needs 168 kB',
    { freeBytes: 184 * 1024, neededBytes: 168 * 1024 },
    ['warning: Safe here, one thing to do: 184 kB free, a backup needs 168 kB', 'room warning tight -> free-space'],
  ],
  [
    'there is room for exactly two',
    { freeBytes: 336, neededBytes: 168 },
    ['good: Safe: The last backup is from 2 hours ago'],
  ],
  [
    'there is no room for one',
    { freeBytes: 100 * 1024, neededBytes: 168 * 1024 },
    ['bad: Not safe: 100 kB free, a backup needs 168 kB', 'room bad full -> free-space'],
  ],
  [
    'the disk does not tell what is free',
    { freeBytes: undefined },
    ['unknown: Not known: The disk does not tell how much is free', 'room unknown space-unknown -> nothing'],
  ],
  [
    'the last backup failed, the disk being full',
    { ...failure('ERR_BACKUP_NO_SPACE'), freeBytes: 1024, neededBytes: 4096 },
    [
      'bad: Not safe: The last backup failed: The disk of the backup folder is full',
      'recent bad failed -> free-space',
      'room bad full -> free-space',
    ],
  ],
  [
    'the last backup failed for a reason that passes: the button is never what has just failed',
    failure('ERR_BACKUP_LOCK_TIMEOUT'),
    [
      'bad: Not safe: The last backup failed: Another process held the backup lock for the whole timeout',
      'recent bad failed -> look-again',
    ],
  ],
  [
    'there is no backup yet',
    { ...noLatest, backupCount: 0, lastDrill: undefined },
    [
      'bad: Not safe: There is no backup yet',
      'recent bad no-backup -> back-up',
      'proven unknown nothing-to-prove -> nothing',
      'elsewhere unknown nothing-to-copy -> nothing',
    ],
  ],
  [
    'all backups are dated ahead of the clock',
    { ...noLatest, backupCount: 2, problems: ['a', 'b'].map((name) => ({ name, problem: 'dated in the future' })) },
    [
      'bad: Not safe: The clock of this computer is wrong, or was',
      'recent bad dated-ahead -> fix-clock',
      'proven unknown nothing-to-prove -> nothing',
      'elsewhere unknown nothing-to-copy -> nothing',
    ],
  ],
  [
    'one backup is dated ahead of the clock',
    { problems: [{ name: 'a', problem: 'dated in the future' }] },
    ['warning: One thing to do: 1 backup dated ahead of the clock', 'recent warning clock -> fix-clock'],
  ],
  [
    'no backup is whole',
    { ...noLatest, backupCount: 1, problems: [{ name: 'a', problem: 'damaged' }] },
    [
      'bad: Not safe: No backup can be used',
      'recent bad unusable -> back-up',
      'proven unknown nothing-to-prove -> nothing',
      'elsewhere unknown nothing-to-copy -> nothing',
    ],
  ],
  [
    'a backup is due',
    { due: { due: true, reason: 'too-old', latest: LATEST, ageMs: 8 * DAY } },
    ['warning: One thing to do: The last backup is from 2 hours ago', 'recent warning due -> back-up'],
  ],
  [
    'backups are switched off',
    { due: { due: false, reason: 'disabled' } },
    ['warning: One thing to do: Backups are switched off', 'recent warning disabled -> nothing'],
  ],
  [
    'a verification has found a backup broken',
    {
      lastVerification: { name: 'a', level: 'quick', ok: false, at: ago(HOUR) },
      problems: [{ name: 'a', problem: 'failed verification' }],
    },
    ['bad: Not safe: A backup is broken', 'proven bad verify-failed -> show-backups'],
  ],
  [
    'the last drill failed',
    { lastDrill: { name: 'a', ok: false, at: ago(HOUR) } },
    ['bad: Not safe: The last restore drill failed', 'proven bad drill-failed -> drill'],
  ],
  [
    'an older backup is damaged',
    { problems: [{ name: 'a', problem: 'damaged' }] },
    ['warning: Safe here, one thing to do: 1 backup cannot be used', 'proven warning broken-backups -> show-backups'],
  ],
  [
    'the newest backup is another program’s and was never checked',
    { latest: aBackup(ago(2 * HOUR)) },
    ['warning: Safe here, one thing to do: The newest backup was never checked', 'proven warning unverified -> verify'],
  ],
  [
    'a restore was never tried',
    { lastDrill: undefined },
    ['warning: Safe here, one thing to do: No restore was ever tried', 'proven warning never-drilled -> drill'],
  ],
  [
    'the newest backup was last checked too long ago',
    { latest: { ...ONE_HOUR_OLD, manifest: aManifest({ verifiedAt: ago(31 * DAY).toISOString() }) } },
    [
      'warning: Safe here, one thing to do: The newest backup was last checked 31 days ago',
      'proven warning verify-old -> drill',
    ],
  ],
  [
    'the last drill was too long ago',
    { lastDrill: { name: 'a', ok: true, at: ago(31 * DAY) } },
    [
      'warning: Safe here, one thing to do: The last restore drill was 31 days ago',
      'proven warning drill-old -> drill',
    ],
  ],
  [
    'two things are to be done: the worst is said',
    { copies: [], lastDrill: { name: 'a', ok: false, at: ago(HOUR) } },
    [
      'bad: Not safe: The last restore drill failed',
      'proven bad drill-failed -> drill',
      'elsewhere warning only-here -> copy-elsewhere',
    ],
  ],
  [
    'the backup folder is away',
    error('ERR_BACKUP_DIRECTORY_MISSING'),
    [
      'bad: Not safe: The backup folder is not there',
      'recent bad folder-missing -> look-again',
      'proven unknown not-asked -> nothing',
      'elsewhere unknown not-asked -> nothing',
      'room unknown not-asked -> nothing',
    ],
  ],
  [
    'the backup folder cannot be read',
    error('ERR_BACKUP_LIST_FAILED'),
    [
      'bad: Not safe: It is not known which backups there are',
      'recent bad folder-unreadable -> look-again',
      'proven unknown not-asked -> nothing',
      'elsewhere unknown not-asked -> nothing',
      'room unknown not-asked -> nothing',
    ],
  ],
  [
    'the connection is lost, so that nobody can be asked',
    undefined,
    [
      'unknown: Not known: Not known just now',
      'recent unknown not-asked -> look-again',
      'proven unknown not-asked -> nothing',
      'elsewhere unknown not-asked -> nothing',
      'room unknown not-asked -> nothing',
    ],
  ],
];

test.each(GOLDEN)('%s', (_, given, expected) => {
  expect(judged(given === undefined || given instanceof BackupError ? given : status(given))).toEqual(expected);
});

/** Green has its reasons too, in words: what was looked at, and when. */
const GOOD: [string, Partial<ServiceStatus>, string, string][] = [
  ['a fresh backup', {}, 'recent fresh', 'The last backup is from 2 hours ago'],
  ['a drill that has passed', {}, 'proven drilled', 'A restore drill passed 1 day ago'],
  [
    'a drill of a backup that has gone since',
    { lastDrill: { name: 'gone.db', ok: true, at: ago(30 * DAY) } },
    'proven drilled',
    'A restore drill passed 30 days ago',
  ],
  ['each store has all', { copies: [store('NAS'), store('USB')] }, 'elsewhere stores-current', 'Also in NAS, USB'],
  [
    'a backup is on its way for not too long, to one of two stores',
    { copies: [store('NAS'), store('USB', { pending: ['a'], pendingSince: ago(HOUR) })] },
    'elsewhere stores-shipping',
    'On its way to USB',
  ],
  [
    'that there is no store was accepted',
    { copies: [], onlyHere: { at: ago(90 * DAY), by: 'Ana' } },
    'elsewhere only-here-accepted',
    'Only on this computer',
  ],
  ['room for exactly two', { freeBytes: 2 * 168_000, neededBytes: 168_000 }, 'room enough', '328.13 kB free'],
];

test.each(GOOD)('good: %s', (_, given, expected, words) => {
  const [question, code] = expected.split(' ');
  const { level, answers } = verdict(status(given), NOW);
  const answer = answers.find((each) => each.question === question)!;
  expect({ level, mark: answer.mark, code: answer.code }).toEqual({ level: 'good', mark: 'good', code });
  expect(sayAnswer(answer, NOW)).toBe(words);
});

test('there is no answer without a state here that leads to it', () => {
  const given = [...GOLDEN.map(([, of]) => of), ...GOOD.map(([, of]) => of)];
  const said = given.flatMap((of) =>
    verdict(of === undefined || of instanceof BackupError ? of : status(of), NOW).answers.map(({ code }) => code),
  );
  expect([...new Set(said)].sort()).toEqual(Object.keys(ENGLISH.answers).sort());
});

test('a store that is away says which backups wait, in a sentence of its own', () => {
  const { elsewhere } = verdict(status({ copies: [away('USB disk'), store('NAS')] }), NOW);
  expect(sayAnswer(elsewhere, NOW)).toContain('USB disk: 3 backups waiting');
  expect(elsewhere.stores!.map(({ store: name, mark }) => [name, mark])).toEqual([
    ['USB disk', 'warning'],
    ['NAS', 'good'],
  ]);
});

test('a store whose last try has failed needs looking after at once, while anything waits for it', () => {
  const copies = (pending: string[]) => [store('NAS', { pending, pendingSince: ago(MINUTE), lastError })];
  const { elsewhere } = verdict(status({ copies: copies(['a']) }), NOW);
  expect(elsewhere).toMatchObject({ mark: 'warning', code: 'stores-behind', error: lastError.code });
  expect(verdict(status({ copies: copies([]) }), NOW).elsewhere).toMatchObject({
    mark: 'good',
    code: 'stores-current',
  });
});

test('a database that has no size is gone, although nothing went wrong in looking at it', () => {
  const database = { path: '/shop/app.db', sizeBytes: undefined, journalMode: undefined, error: undefined };
  const { recent } = verdict(status({ database: { ...database, lookedAt: undefined } }), NOW);
  expect(recent).toMatchObject({ mark: 'bad', code: 'database-gone', action: 'restore' });
});

test('the next try is told while it is still to come', () => {
  const next = (retryInMs: number) =>
    verdict(status(failure('ERR_BACKUP_CHILD_FAILED', retryInMs)), NOW).recent.next?.getTime();
  expect([next(4 * MINUTE), next(0), next(-MINUTE)]).toEqual([NOW + 4 * MINUTE, undefined, undefined]);
});
