import fs from 'node:fs';
import { BackupService, keep } from 'sqlite-autobackup';
import type { Backup } from 'sqlite-autobackup';
import { addEntry, checkLedger, createLedger } from '../support/databases';
import { memoryLogger } from '../support/memory-logger';
import { DAY, HOUR, writeBackup } from '../support/planted-backups';
import { useScripts } from '../support/processes';
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
