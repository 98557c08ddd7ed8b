import fs from 'node:fs';
import path from 'node:path';
import { checkLedger } from '../support/databases';
import { DAY, localTime, writeBackup } from '../support/planted-backups';
import { backupNames, contentsOf } from '../support/whole-backups';
import { keysOf, SLOW, useCli, useShop } from './support';
import type { Ran } from './support';

const cli = useCli();
const shop = useShop();
const run = (...args: string[]): Promise<Ran> => cli.run([...args, '--database', 'app.db'], { cwd: shop.path });

const BACKUP_KEYS = [
  'name',
  'path',
  'createdAt',
  'ageMs',
  'sizeBytes',
  'label',
  'sha256',
  'verified',
  'lastVerification',
  'protected',
  'problem',
  'findings[]',
  'importedAt',
  'pageCount',
  'durationMs',
  'copies[]',
];
const within = (prefix: string, keys = BACKUP_KEYS) => keys.map((key) => `${prefix}.${key}`);

/** Everybody's backup, so that it does not become a hard-to-read test: taken through the program. */
async function take(...more: string[]): Promise<string> {
  const { code, json, stderr } = await cli.run(['create', '--json', '--database', 'app.db', ...more], {
    cwd: shop.path,
  });
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return json<{ backup: { name: string } }>().backup.name;
}

describe('create', () => {
  test('takes a whole backup, says so on standard output, and what it does on standard error', async () => {
    const { code, stdout, stderr } = await run('create', '--label', 'before the upgrade');
    const [name] = backupNames(shop.path);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(new RegExp(`^Created ${name} \\(\\d.* kB, \\d+\\.\\d\\d s\\)\n$`)) as string,
    });
    expect(stderr.replace(SLOW, '').split('\n').filter(Boolean)).toEqual(['copying', 'checking', 'publishing']);
    expect(checkLedger(shop.file(name!))).toEqual({ entries: 1 });
    expect(fs.statSync(shop.file(name!)).mode & 0o777).toBe(0o600);
  });

  test('--json has the backup, in UTC and bytes', async () => {
    const { code, json } = await run('create', '--json', '--label', 'before the upgrade');
    expect(code).toBe(0);
    const { status, backup, durationMs } = json<{
      status: string;
      backup: Record<string, unknown>;
      durationMs: number;
    }>();
    expect(keysOf(json())).toEqual([
      'status',
      ...within('backup'),
      'durationMs',
      'removed[]',
      'warnings[]',
      'copies[]',
    ]);
    expect(status).toBe('created');
    expect(durationMs).toBeGreaterThan(0);
    expect(backup).toMatchObject({
      label: 'before the upgrade',
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      sizeBytes: fs.statSync(shop.file(String(backup['name']))).size,
      verified: 'quick',
      protected: false,
      problem: null,
    });
  });

  test('--if-due takes the first one, then ends with 3 until it is as old as the interval', async () => {
    expect(await run('create', '--if-due')).toMatchObject({ code: 0 });
    const [name] = backupNames(shop.path);
    const second = await run('create', '--if-due');
    expect(second).toMatchObject({ code: 3, stderr: '' });
    expect(second.stdout).toContain(`Nothing is due: ${name} was taken`);
    const asJson = await run('create', '--if-due', '--json');
    expect(asJson.code).toBe(3);
    expect(keysOf(asJson.json())).toEqual(['status', ...within('latest'), 'ageMs']);
    expect(backupNames(shop.path)).toHaveLength(1);

    expect(await run('create', '--if-due', '--interval', '0')).toMatchObject({ code: 0 });
    expect(backupNames(shop.path)).toHaveLength(2);
  });

  test('tells which old ones retention removed, and that a removal failed without calling the backup a failure', async () => {
    const old = writeBackup(shop.path, localTime('2026-01-01 10:00:00'));
    const env = { BACKUP_RETENTION_COUNT: '1' };
    const { code, stdout, stderr } = await cli.run(['create', '--database', 'app.db'], { cwd: shop.path, env });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Created /);
    expect(stderr).toContain(`Removed 1 old backup: ${old}`);

    shop.write(
      'autobackup.config.cjs',
      'module.exports = { database: "app.db", retention: () => { throw new Error("no idea"); } };',
    );
    const failed = await cli.run(['create', '--json'], { cwd: shop.path });
    expect(failed.code).toBe(0);
    expect(failed.stderr).toContain('warning: The retention policy failed: no idea');
    expect(failed.json()).toMatchObject({ status: 'created', warnings: [expect.stringContaining('no idea')] });
  });

  test('--quiet says nothing', async () => {
    expect(await run('create', '--quiet')).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect(await run('create', '--if-due', '-q')).toMatchObject({ code: 3, stdout: '', stderr: '' });
    expect(await run('delete', backupNames(shop.path)[0]!, '-yq')).toMatchObject({ code: 0, stdout: '', stderr: '' });
  });

  test('a missing database is a failure that says what to do; --quiet prints it all the same', async () => {
    for (const more of [[], ['--quiet']]) {
      const { code, stdout, stderr } = await cli.run(['create', '--database', 'no.db', ...more], { cwd: shop.path });
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(
        /^error: There is no database at ".*no\.db"\.\n {7}Correct the "database" option[^]* restore latest/,
      );
      expect(stderr).toContain('ERR_BACKUP_SOURCE_MISSING');
    }
    const { code, json } = await cli.run(['create', '--database', 'no.db', '--json'], { cwd: shop.path });
    expect({ code, error: json()['error'] }).toMatchObject({
      code: 1,
      error: { code: 'ERR_BACKUP_SOURCE_MISSING', step: 'space' },
    });
  });
});

describe('list', () => {
  test('has a line for each, newest first, with what there is to know', async () => {
    const foreign = writeBackup(shop.path, new Date(Date.now() - 3 * DAY));
    const future = writeBackup(shop.path, new Date(Date.now() + DAY));
    const name = await take('--label', 'nightly');
    const { code, stdout, stderr } = await run('list');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^NAME +AGE +TAKEN +SIZE +CHECKED +PROTECTED +NOTE$/);
    expect(lines[1]).toContain(`${future} `);
    expect(lines[1]).toContain('DOES NOT COUNT: dated in the future');
    expect(lines[2]).toMatch(new RegExp(`^${name}  .* quick +- +nightly$`));
    expect(lines[3]).toMatch(new RegExp(`^${foreign}  3 days ago +\\d{4}-\\d\\d-\\d\\d .* never +-$`));
    // Columns stand below their heads.
    for (const line of lines.slice(1)) expect(line[lines[0]!.indexOf('TAKEN')]).toMatch(/\d/);
  });

  test('--json has the same keys for every backup', async () => {
    writeBackup(shop.path, new Date(Date.now() - 3 * DAY));
    await take();
    const { json } = await run('list', '--json');
    const { backups } = json<{ backups: object[] }>();
    const keys = BACKUP_KEYS.map((key) => key.replace('[]', ''));
    expect(Object.keys(json())).toEqual(['directory', 'backups']);
    expect(backups.map((backup) => Object.keys(backup))).toEqual([keys, keys]);
  });

  test('without backups it says so; without a folder it fails', async () => {
    expect(await run('list')).toMatchObject({ code: 0, stdout: `There are no backups in "${shop.path}".\n` });
    const missing = await run('list', '--directory', 'nowhere');
    expect(missing).toMatchObject({ code: 1, stdout: '' });
    expect(missing.stderr).toContain('ERR_BACKUP_DIRECTORY_MISSING');
  });
});

describe('status', () => {
  test('begins with the verdict, shows what there is and why one is due, and ends with 1 while there is no backup', async () => {
    const before = await run('status');
    expect(before.code).toBe(1);
    expect(before.stdout).toMatch(/^Not safe: There is no backup yet\n\n/);
    expect(before.stdout).toMatch(/^database +\S+app\.db +[\d.]+ kB, WAL$/m);
    expect(before.stdout).toMatch(/^due +yes +there is no whole backup yet$/m);
    const name = await take();
    const after = await run('status');
    expect(after.code).toBe(0);
    expect(after.stdout).toMatch(/^Safe here, 2 things to do: No restore was ever tried\n\n/);
    expect(after.stdout).toMatch(/^backups +\S+ +1 backup, .* free$/m);
    expect(after.stdout).toMatch(new RegExp(`^newest +${name} +.*ago|just now`, 'm'));
    expect(after.stdout).toMatch(/^due +no +in 7 days, on \d{4}-\d\d-\d\d/m);
  });

  test('--json', async () => {
    const empty = await run('status', '--json');
    expect(empty.json()).toMatchObject({
      due: { due: true, reason: 'none', latest: null },
      latest: null,
      backupCount: 0,
    });
    const name = await take();
    const { code, json } = await run('status', '--json');
    expect(code).toBe(0);
    expect(keysOf(json())).toEqual([
      'level',
      'kind',
      'sentence',
      ...within('answers[]', ['question', 'mark', 'code', 'action', 'at', 'next', 'name', 'error', 'count']),
      ...within('answers[]', ['freeBytes', 'neededBytes', 'by', 'stores', 'say']),
      ...within('database', ['path', 'sizeBytes', 'journalMode', 'error', 'lookedAt']),
      'directory',
      ...within('due', ['due', 'reason', 'latest', 'ageMs', 'dueAt', 'retryAt']),
      ...within('latest'),
      'backupCount',
      'backupBytes',
      'freeBytes',
      'neededBytes',
      'runningSince',
      'inProgress',
      'lastFailure',
      'lastVerification',
      'lastDrill',
      'onlyHere',
      'copies[]',
      'warnings[]',
    ]);
    expect(json()).toMatchObject({ due: { due: false, reason: 'fresh', latest: name }, latest: { name } });
  });
});

describe('prune', () => {
  const env = { BACKUP_RETENTION_COUNT: '1' };
  const prune = (...args: string[]) => cli.run(['prune', '--database', 'app.db', ...args], { cwd: shop.path, env });

  test('--dry-run says what would go and why the rest stays, and removes nothing', async () => {
    const old = writeBackup(shop.path, localTime('2026-01-01 10:00:00'));
    const young = writeBackup(shop.path, localTime('2026-01-02 10:00:00'));
    const untouched = contentsOf(shop.path);
    const { code, stdout } = await prune('--dry-run');
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^keep +${young} +4 kB +last 1 of 1; newest$`, 'm'));
    expect(stdout).toMatch(new RegExp(`^remove +${old} +4 kB$`, 'm'));
    expect(stdout).toContain('Would remove 1 backup (4 kB); 1 stay.');
    expect(contentsOf(shop.path)).toEqual(untouched);

    const { json } = await prune('--dry-run', '--json');
    expect(keysOf(json())).toEqual([
      'dryRun',
      ...within('kept[].backup'),
      'kept[].reasons[]',
      ...within('removed[]'),
      'failed[]',
    ]);
  });

  test('removes them without asking, and ends with 3 when there is nothing to remove', async () => {
    const old = writeBackup(shop.path, localTime('2026-01-01 10:00:00'));
    const young = writeBackup(shop.path, localTime('2026-01-02 10:00:00'));
    const { code, stdout } = await prune();
    expect({ code, left: backupNames(shop.path) }).toEqual({ code: 0, left: [young] });
    expect(stdout).toContain(`remove  ${old}`);
    expect(stdout).toContain('Removed 1 backup');
    for (const more of [[], ['--dry-run'], ['--json']]) expect(await prune(...more)).toMatchObject({ code: 3 });
  });
});

describe('delete', () => {
  test('without a terminal it needs --yes, shows what would go, and changes nothing', async () => {
    const name = await take();
    const untouched = contentsOf(shop.path);
    const { code, stdout, stderr } = await run('delete', name);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(new RegExp(`^delete +${name} .*\n +This is the newest whole backup\\.\n`));
    expect(stderr).toContain('Add --yes. Nothing was changed.');
    expect(contentsOf(shop.path)).toEqual(untouched);
  });

  test('with --yes it deletes them, by name or by path', async () => {
    const a = writeBackup(shop.path, localTime('2026-01-01 10:00:00'));
    const b = writeBackup(shop.path, localTime('2026-01-02 10:00:00'), { manifest: true });
    const { code, json } = await run('delete', a, path.join(shop.path, b), '--yes', '--json');
    expect({ code, deleted: json() }).toEqual({ code: 0, deleted: { deleted: [a, b] } });
    expect(shop.list()).toEqual(['app.db']);
  });

  test.each([
    ['one name is wrong', 'nothing.db', 1, 'ERR_BACKUP_NOT_FOUND'],
    ['one is a file that is no backup', 'app.db', 1, 'ERR_BACKUP_NOT_FOUND'],
    ['one is named by its age', 'latest', 2, 'ERR_BACKUP_OPTIONS'],
  ])('nothing is deleted if %s', async (_, wrong, exit, expected) => {
    const name = writeBackup(shop.path, localTime('2026-01-01 10:00:00'));
    const { code, json } = await run('delete', name, wrong, '--yes', '--json');
    expect({ code, error: json()['error'] }).toMatchObject({ code: exit, error: { code: expected } });
    expect(shop.list()).toEqual([name, 'app.db'].sort());
  });

  test('a protected one is refused, with how to lift it, and so is the whole call', async () => {
    const name = writeBackup(shop.path, localTime('2026-01-01 10:00:00'), { manifest: { protected: true } });
    const other = writeBackup(shop.path, localTime('2026-01-02 10:00:00'));
    const { code, stderr } = await run('delete', other, name, '--yes');
    expect(code).toBe(1);
    expect(stderr).toContain(`"${name}" is protected.`);
    expect(stderr).toContain(`sqlite-autobackup unprotect ${name}`);
    expect(backupNames(shop.path)).toEqual([name, other]);
  });
});
