import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { BackupService } from 'sqlite-autobackup';
import type { Backup, BackupServiceOptions } from 'sqlite-autobackup';
import { memoryLogger } from '../support/memory-logger';
import { patience } from '../support/patience';
import { isRunning, isolatedChildOf, noIsolatedChild, until } from '../support/processes';
import { DIST } from '../support/run-node';
import { createState } from '../support/states';
import { useTempFolder } from '../support/temp-folder';
import { filesOf } from '../support/whole-backups';

// Drills whose assertions have no end: what bounds them in time and in memory.
const folder = useTempFolder();
const ROWS = 'SELECT count(*) > 0 FROM state';
const ENDLESS = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n';
let backup: Backup;

const serviceWith = (options: Partial<BackupServiceOptions> = {}) =>
  new BackupService({ database: folder.file('app.db'), logger: memoryLogger(), ...options });

beforeEach(async () => {
  createState(folder.file('app.db'), 'wal', { tag: 'a', rows: 40 }).close();
  backup = await serviceWith().createBackup();
});

test('an assertion that never ends has failed when the time is over; the others are told, and nothing runs on', async () => {
  const impatient = serviceWith({ timeout: patience(8_000) });
  await noIsolatedChild();
  let child: number | undefined;
  const report = await impatient.verifyBackup(backup.name, {
    level: 'drill',
    assertions: [ROWS, ENDLESS, ROWS],
    onProgress: () => (child ??= isolatedChildOf(process.pid)),
  });
  expect(report.assertions).toEqual([
    { sql: ROWS, ok: true },
    { sql: ENDLESS, ok: false, error: expect.stringMatching(/^it did not end within [\d.]+ s$/) },
    { sql: ROWS, ok: false, error: 'it was not asked, since the one before did not end' },
  ]);
  expect(report).toMatchObject({ ok: false, recorded: true });
  await until(() => !isRunning(child!));
  expect(filesOf(folder.path).filter((name) => name.includes('partial'))).toEqual([]);
});

test('an assertion that eats memory has failed before the machine has none left; the one before it is told', async () => {
  // Two texts of 400 MB, grown in two steps each and held for ever by an aggregate that has no end: one alone may have 512 MB at most
  // in SQLite as it is built here, and would get near to it in small steps, each of which may copy all of it.
  const grown = (bytes: number) => `length(group_concat(iif(i <= 2, hex(zeroblob(${bytes})), ''), ''))`;
  const HUNGRY =
    'WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) ' +
    `SELECT ${grown(100_000_000)} + ${grown(100_000_001)} FROM n`;
  const report = await serviceWith({ timeout: patience(300_000) }).verifyBackup(backup.name, {
    level: 'drill',
    assertions: [ROWS, HUNGRY, ROWS],
  });
  expect(report.assertions).toEqual([
    { sql: ROWS, ok: true },
    { sql: HUNGRY, ok: false, error: 'it took more than 512 MB of memory' },
    { sql: ROWS, ok: false, error: 'it was not asked, since the one before did not end' },
  ]);
  await noIsolatedChild();
});

test('a drill with an assertion that never ends, ends by itself, also where nobody is left to end it', () => {
  const request = { kind: 'verify', database: folder.file('app.db'), directory: folder.path, name: backup.name };
  const { stdout, error } = spawnSync(process.execPath, [path.join(DIST, 'isolated', 'main.js')], {
    input: JSON.stringify({ ...request, level: 'drill', assertions: [ENDLESS], timeoutMs: patience(5_000) }),
    encoding: 'utf8',
    timeout: 600_000,
    killSignal: 'SIGKILL',
  });
  expect(error).toBeUndefined();
  expect(stdout).toContain('it did not end within');
  expect(filesOf(folder.path).filter((name) => name.includes('partial'))).toEqual([]);
});

test('the time of a drill is counted from the start of the process, as its parent counts, however long it takes to get going', () => {
  const SLEPT_MS = 4_000;
  const sleep = `Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${SLEPT_MS});`;
  fs.writeFileSync(folder.file('slow.js'), sleep);
  const timeoutMs = patience(12_000);
  const request = { kind: 'verify', database: folder.file('app.db'), directory: folder.path, name: backup.name };
  const main = path.join(DIST, 'isolated', 'main.js');
  const { stdout } = spawnSync(process.execPath, ['-r', folder.file('slow.js'), main], {
    input: JSON.stringify({ ...request, level: 'drill', assertions: [ENDLESS], timeoutMs }),
    encoding: 'utf8',
  });
  const boundMs = 1_000 * Number(/it did not end within ([\d.]+) s/.exec(stdout)?.[1]);
  // Some time is kept for tidying up, and a fifth of what is left then for telling what was found. It is told in tenths of a second.
  const keptMs = Math.min(3_000, timeoutMs / 5);
  expect(boundMs).toBeLessThanOrEqual(0.8 * (timeoutMs - keptMs - SLEPT_MS) + 100);
  expect(boundMs).toBeGreaterThan(0);
});
