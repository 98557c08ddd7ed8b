import fs from 'node:fs';
import { BackupService, keep } from 'sqlite-autobackup';
import type { Backup } from 'sqlite-autobackup';
import { addEntry, checkLedger, createLedger } from '../support/databases';
import { memoryLogger } from '../support/memory-logger';
import { DAY, HOUR, writeBackup } from '../support/planted-backups';
import { useScripts } from '../support/processes';
import { DIST, runNode } from '../support/run-node';
import { useTempFolder } from '../support/temp-folder';
import { backupNames, checkBackups } from '../support/whole-backups';

const start = useScripts();
const folder = useTempFolder();
let directory: string;

beforeEach(() => {
  createLedger(folder.file('app.db'), 'wal').close();
  directory = folder.file('backups');
  fs.mkdirSync(directory);
});

function service(logger = memoryLogger()): BackupService {
  return new BackupService({ database: folder.file('app.db'), directory, logger, retention: keep({ last: 1 }) });
}

describe.each([
  ['as the original names it', false],
  ['with its manifest, as it is left when the clock is set back', true],
])('a backup dated in the future, %s', (_, manifest) => {
  test('does not count, is warned of once, and a new one is taken', async () => {
    const future = writeBackup(directory, new Date(Date.now() + 2 * DAY), { manifest });
    const logger = memoryLogger();
    const backups = service(logger);

    for (let i = 0; i < 3; i++) expect(backups.checkDue()).toEqual({ due: true, reason: 'none' });
    const outcome = await backups.backupIfDue();
    expect(outcome.status).toBe('created');
    const { name } = (outcome as { backup: Backup }).backup;
    expect(backups.getLatestBackup()?.name).toBe(name);
    expect(await backups.backupIfDue()).toMatchObject({ status: 'fresh', latest: { name } });
    expect(logger.lines.filter((line) => line.startsWith('warn'))).toEqual([expect.stringContaining(future)]);
    expect(logger.lines.filter((line) => line.includes('in the future'))).toHaveLength(1);
  });

  test('is listed with its problem, and neither pruned nor a reason to prune another', async () => {
    const future = writeBackup(directory, new Date(Date.now() + 2 * DAY), { manifest });
    const newest = writeBackup(directory, new Date(Date.now() - DAY));
    const old = writeBackup(directory, new Date(Date.now() - 2 * DAY));
    const backups = service();

    expect(await backups.listBackups()).toMatchObject([
      { name: future, problem: 'dated in the future' },
      { name: newest },
      { name: old },
    ]);
    const { removed } = await backups.pruneBackups();
    expect(removed.map(({ name }) => name)).toEqual([old]);
    expect(backupNames(directory)).toEqual([newest, future]);
  });
});

interface Planted {
  /** When each was taken, oldest first, and what the service says of it; ISO texts. */
  taken: string[];
  listed: { name: string; createdAt: string }[];
  latest: string;
}

describe.each([
  ['America/New_York', '2025-11-02T04:00:00Z', 'back'],
  ['America/New_York', '2025-03-09T05:00:00Z', 'forward'],
  ['Europe/Berlin', '2025-10-26T00:00:00Z', 'back'],
  ['Europe/Berlin', '2025-03-30T00:00:00Z', 'forward'],
])('while the clocks of %s go, from %s on, %s by an hour', (TZ, from) => {
  const plant = (kind: 'ours' | 'original') =>
    start('around-clock-change.js', [folder.file('app.db'), directory, from, kind], {
      env: { ...process.env, TZ },
    }).next<Planted>();

  test('each of our backups has its own name, its right time, and its place in the order', async () => {
    const { taken, listed, latest } = await plant('ours');
    expect(new Set(listed.map(({ name }) => name)).size).toBe(taken.length);
    expect(listed.map(({ createdAt }) => createdAt)).toEqual([...taken].reverse());
    expect(latest).toBe(listed[0]!.name);
  });

  test('one of the original, which has only a name in local time, is never taken for newer than it is', async () => {
    const { taken, listed } = await plant('original');
    const times = listed.map(({ createdAt }) => Date.parse(createdAt)).reverse();
    taken.forEach((text, i) => {
      expect(times[i]).toBeLessThanOrEqual(Date.parse(text));
      expect(times[i]).toBeGreaterThanOrEqual(Date.parse(text) - HOUR);
    });
  });
});

test('the age counts the time that has passed, also where a clock change repeats or skips an hour', () => {
  // In Berlin, 25 October 2026 has 02:30 twice, and 29 March 2026 has no 02:30.
  const results = runNode<Record<string, number>>(
    `
    const { toBackup } = require('${DIST}/catalog/backup.js');
    const { backupName, parseBackupName } = require('${DIST}/catalog/backup-name.js');
    const naming = { prefix: 'app_backup_', extension: '.db' };
    const minutes = (utc, nowUtc, withManifest) => {
      const taken = new Date(utc), now = Date.parse(nowUtc);
      const name = backupName(naming, taken);
      const manifest = withManifest ? { createdAt: taken.toISOString(), sizeBytes: 1 } : undefined;
      const file = { name, path: name, nameTime: parseBackupName(naming, name), sizeBytes: 1, mtimeMs: now, manifest };
      return (now - toBackup(file, now).createdAt.getTime()) / 60_000;
    };
    console.log(JSON.stringify({
      repeatedFirst: minutes('2026-10-25T00:30:00Z', '2026-10-25T02:30:00Z', true),
      repeatedSecond: minutes('2026-10-25T01:30:00Z', '2026-10-25T02:30:00Z', true),
      byNameFirst: minutes('2026-10-25T00:30:00Z', '2026-10-25T02:30:00Z', false),
      byNameSecond: minutes('2026-10-25T01:30:00Z', '2026-10-25T02:30:00Z', false),
      overTheGap: minutes('2026-03-29T00:30:00Z', '2026-03-29T01:30:00Z', false),
      sevenDaysOverTheChange: minutes('2026-10-20T10:00:00Z', '2026-10-27T10:00:00Z', false),
    }));`,
    { env: { TZ: 'Europe/Berlin' } },
  );
  expect(results).toEqual({
    repeatedFirst: 120,
    repeatedSecond: 60,
    byNameFirst: 120,
    // A name alone can't tell the two; it counts as the older one, so a backup is rather taken too early.
    byNameSecond: 120,
    overTheGap: 60,
    sevenDaysOverTheChange: 7 * 24 * 60,
  });
});

test('processes in different time zones agree on which backup is the newest and on its age', async () => {
  const args = [folder.file('app.db'), directory];
  const inZone = (TZ: string) => start('backup-on-go.js', args, { env: { ...process.env, TZ } });
  const [east, west] = [inZone('Pacific/Auckland'), inZone('Pacific/Honolulu')];
  await Promise.all([east.next(), west.next()]);

  const eastern = await east.ask<string>('go');
  const western = await west.ask<string>('go');
  expect(western < eastern).toBe(true);
  expect(await east.ask('latest')).toEqual({ name: western, due: false });
  expect(await west.ask('latest')).toEqual({ name: western, due: false });
  expect(checkBackups(directory)).toEqual([western, eastern]);
});

test('backups taken in one second have names of their own, at least a second apart, and are whole', async () => {
  const db = createLedger(folder.file('shop.db'), 'wal');
  addEntry(db);
  const shop = new BackupService({ database: folder.file('shop.db'), directory, logger: memoryLogger() });
  const other = start('backup-on-go.js', [folder.file('shop.db'), directory]);
  expect(await other.next()).toBe('ready');
  other.tell('go');
  const made = await Promise.all([shop.createBackup(), shop.createBackup()]);
  const names = [...made.map(({ name }) => name), await other.next<string>()].sort();
  db.close();

  expect(new Set(names).size).toBe(3);
  expect(await shop.listBackups()).toHaveLength(3);
  for (const name of names) {
    expect(checkLedger(`${directory}/${name}`)).toEqual({ entries: 1 });
    expect(await shop.verifyBackup(name)).toMatchObject({ ok: true });
  }
});
