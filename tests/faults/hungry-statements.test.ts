import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { BackupService } from 'sqlite-autobackup';
import type { Backup } from 'sqlite-autobackup';
import { createLedger } from '../support/databases';
import { memoryLogger } from '../support/memory-logger';
import { patience } from '../support/patience';
import { noIsolatedChild } from '../support/processes';
import { DIST } from '../support/run-node';
import { useTempFolder } from '../support/temp-folder';
import { failureOf, filesOf } from '../support/whole-backups';

// Statements of the user's that want more than there is: sorts and subqueries that would grow in memory, or in files of the
// system's temporary folder. Each of them ends by itself, so that a guard that is missing shows as an answer.
const numbers = (count: number): string =>
  `WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n LIMIT ${count})`;
/** 700 MB to sort: without a limit SQLite writes them into the temporary folder. */
const SORT = `${numbers(7_000)}, r AS (SELECT random() AS k, hex(zeroblob(50000)) AS t FROM n) SELECT sum(length(t)) FROM (SELECT t FROM r ORDER BY k LIMIT -1 OFFSET 1)`;
/** The same as a table that a subquery gathers. */
const GATHER = `${numbers(7_000)}, m AS MATERIALIZED (SELECT hex(zeroblob(50000)) AS t FROM n) SELECT sum(length(t)) FROM m`;
/** One text of 900 MB. */
const TEXT = `${numbers(900)} SELECT length(group_concat(hex(zeroblob(500000)), '')) FROM n`;
const ENDLESS = 'WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n';
const TOO_MUCH = 'it took more than 512 MB of memory';

// Before the folder is removed.
afterEach(async () => {
  await noIsolatedChild();
  expect(filesOf(folder.path).filter((name) => name.includes('partial'))).toEqual([]);
});
const folder = useTempFolder();
let service: BackupService;
let backup: Backup;

beforeEach(async () => {
  const database = folder.file('app.db');
  createLedger(database, 'wal', 100_000).close();
  service = new BackupService({ database, timeout: patience(120_000), logger: memoryLogger() });
  backup = await service.createBackup();
});
test.each([
  ['a large sort', SORT],
  ['a large subquery', GATHER],
])('%s as an assertion has failed, and says why', async (_name, sql) => {
  const report = await service.verifyBackup(backup.name, { level: 'drill', assertions: [sql] });
  expect(report.assertions).toEqual([{ sql, ok: false, error: TOO_MUCH }]);
});

test.each([
  ['a large sort', SORT, /it took more than 512 MB of memory/],
  // SQLite's own limit for a text is as large: whichever is met first.
  ['a long text', TEXT, /it took more than 512 MB of memory|string or blob too big/],
])('%s as a query is refused, and says why', async (_name, sql, why) => {
  const ask = () => service.queryBackup(backup.name, sql, { timeout: patience(120_000) });
  const error = await failureOf(ask, 'ERR_BACKUP_QUERY');
  expect(error.step).toBe('query');
  expect(error.message).toMatch(why);
});

test('a large sort in the where of a recovery is refused, and nothing was written', async () => {
  const before = fs.readFileSync(folder.file('app.db'));
  const where = `(${SORT}) > 0`;
  const recover = () => service.recoverRows(backup.name, { table: 'totals', where, timeout: patience(120_000) });
  await failureOf(recover, 'ERR_BACKUP_RECOVER_WHERE', TOO_MUCH);
  expect(fs.readFileSync(folder.file('app.db'))).toEqual(before);
});

test('a query of a copy that was made plain for it leaves nothing of that copy', async () => {
  const plain = folder.file('app_backup_20240101_000000.db');
  // In WAL mode, so it cannot be read where it is.
  fs.copyFileSync(folder.file('app.db'), plain);
  // Not the long text, which SQLite's own limit may end before.
  const ask = () => service.queryBackup(path.basename(plain), SORT, { timeout: patience(120_000) });
  await failureOf(ask, 'ERR_BACKUP_QUERY', TOO_MUCH);
});

test('a query that is small is answered, however often it sorts and gathers', async () => {
  const sql = `${numbers(50_000)} SELECT (SELECT count(*) FROM (SELECT DISTINCT randomblob(100) FROM n ORDER BY 1)) AS c`;
  expect((await service.queryBackup(backup.name, sql)).rows).toEqual([[50_000]]);
});

test('an answer has no more rows and bytes than were asked for, and says that there are more', async () => {
  const sql = `${numbers(50)} SELECT hex(zeroblob(500)) FROM n`;
  const ask = async (limits: { rows?: number; bytes?: number }) => {
    const { rows, truncated } = await service.queryBackup(backup.name, sql, limits);
    return [rows.length, truncated];
  };
  expect(await ask({ rows: 50 })).toEqual([50, false]);
  expect(await ask({ rows: 49 })).toEqual([49, true]);
  expect(await ask({ bytes: 10_500 })).toEqual([10, true]);
  expect(await ask({ bytes: 999 })).toEqual([0, true]);
});

test.each(['query', 'recover'])('a %s that never ends is ended also where nobody is left to do it', (kind) => {
  const request = {
    kind,
    database: folder.file('app.db'),
    directory: folder.path,
    name: backup.name,
    timeoutMs: 60_000,
  };
  const of = {
    query: { sql: ENDLESS, rows: 10, bytes: 1_000, withinMs: 500 },
    recover: { table: 'totals', where: `(${ENDLESS}) > 0`, whereMs: 500, dryRun: true, verify: 'quick' },
  }[kind];
  const { signal, stdout, error } = spawnSync(process.execPath, [path.join(DIST, 'isolated', 'main.js')], {
    input: JSON.stringify({ ...request, ...of }),
    encoding: 'utf8',
    timeout: patience(60_000),
    killSignal: 'SIGTERM',
  });
  expect(error).toBeUndefined();
  expect(signal).toBe('SIGKILL');
  expect(stdout).toContain('it did not end within 0.5 s');
});
