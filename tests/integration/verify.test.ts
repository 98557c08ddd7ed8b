import fs from 'node:fs';
import { BackupService } from 'sqlite-autobackup';
import type { Backup, BackupServiceOptions, Manifest } from 'sqlite-autobackup';
import { backupNaming } from '#dist/catalog/backup-name.js';
import { prune } from '#dist/service/prune.js';
import { runSync } from '#dist/util/file-work.js';
import { memoryLogger } from '../support/memory-logger';
import { isolatedChildOf, isRunning, noIsolatedChild, until } from '../support/processes';
import { createState, stateOf } from '../support/states';
import { useTempFolder } from '../support/temp-folder';
import { contentsOf, failureOf, filesOf } from '../support/whole-backups';

const folder = useTempFolder();
const ROWS = 'SELECT count(*) > 0 FROM state';
const ENDLESS = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n';
let logger: ReturnType<typeof memoryLogger>;
let service: BackupService;
let backup: Backup;

const serviceWith = (options: Partial<BackupServiceOptions> = {}) => {
  logger = memoryLogger();
  return new BackupService({ database: folder.file('app.db'), logger, ...options });
};
const manifestOf = ({ path }: Backup) =>
  JSON.parse(fs.readFileSync(path.replace(/db$/, 'json'), 'utf8')) as Manifest & Record<string, unknown>;
const found = async (name = backup.name) => (await service.listBackups()).find((each) => each.name === name)!;

beforeEach(async () => {
  createState(folder.file('app.db'), 'wal', { tag: 'a', rows: 40 }).close();
  service = serviceWith({ assertions: [ROWS] });
  backup = await service.createBackup();
});

/** Changes a byte in the middle of the file, where there is row data: no structure suffers. */
function changeOneByte() {
  const bytes = fs.readFileSync(backup.path);
  bytes[50_000]! ^= 1;
  fs.writeFileSync(backup.path, bytes);
}

test.each(['hash', 'quick', 'full', 'drill'] as const)(
  'level %s: a good backup passes, the result is in the manifest, in the list and in the status',
  async (level) => {
    const before = Date.now();
    const manifest = manifestOf(backup);
    const report = await service.verifyBackup(backup.name, { level });
    const assertions = [{ sql: ROWS, ok: true }];
    expect(report).toMatchObject({ name: backup.name, level, ok: true, problems: [], recorded: true });
    expect(report.sha256).toBe(backup.sha256);
    if (level === 'drill') expect(report.assertions).toEqual(assertions);
    else expect(report).not.toHaveProperty('assertions');

    const { lastVerification, ...rest } = manifestOf(backup);
    expect(rest).toEqual(manifest);
    expect(lastVerification).toEqual({
      level,
      ok: true,
      at: expect.any(String) as string,
      ...(level === 'drill' && { assertions }),
    });
    expect(Date.parse(lastVerification!.at)).toBeGreaterThanOrEqual(before);
    expect(await found()).toMatchObject({ lastVerification, createdAt: backup.createdAt });
    expect((await service.status()).lastVerification).toEqual({
      name: backup.name,
      level,
      ok: true,
      at: new Date(lastVerification!.at),
    });
    expect(logger.lines.at(-1)).toContain(`info Backup verified (${level}): ${backup.name} is good`);
    expect(filesOf(folder.path).filter((name) => name.includes('partial'))).toEqual([]);
  },
);

test.each(['hash', 'quick', 'full', 'drill'] as const)(
  'level %s finds a single changed byte; from then on the backup does not count, and stays',
  async (level) => {
    changeOneByte();
    expect(service.shouldBackup()).toBe(false);
    const report = await service.verifyBackup(backup.name, { level });
    expect(report).toMatchObject({ ok: false, recorded: true });
    expect(report.problems).toContain('its sha256 is not the one in its manifest');

    expect(await found()).toMatchObject({ problem: 'failed verification', lastVerification: { ok: false, level } });
    expect(service.checkDue()).toMatchObject({ due: true, reason: 'none' });
    expect(service.getLatestBackup()).toBeUndefined();
    const { lastVerification, warnings } = await service.status();
    expect(lastVerification).toMatchObject({ ok: false, name: backup.name });
    expect(warnings).toContain(`${backup.name} does not count as a backup: failed verification.`);
    expect(logger.lines.join('\n')).toContain(`error Backup verified (${level}): ${backup.name} is BAD: its sha256`);

    const { status } = await service.backupIfDue();
    expect(status).toBe('created');
    const { kept } = await service.pruneBackups({ dryRun: true });
    expect(kept.find((each) => each.backup.name === backup.name)!.reasons).toEqual(['failed verification']);
  },
);

test('a failed drill is not undone by a right hash, but by a drill that passes', async () => {
  await service.verifyBackup(backup.name, { level: 'drill', assertions: ['SELECT 0'] });
  expect((await found()).problem).toBe('failed verification');
  await service.verifyBackup(backup.name, { level: 'hash' });
  expect(await found()).toMatchObject({ problem: 'failed verification', lastVerification: { level: 'drill' } });
  await service.verifyBackup(backup.name, { level: 'drill' });
  expect(await found()).not.toHaveProperty('problem');
});

describe('a drill', () => {
  test.each<[string, string, string]>([
    ['returns something false', 'SELECT count(*) > 1000 FROM state', 'it returned 0'],
    ['returns nothing', 'SELECT id FROM state WHERE 0', 'it returned no row'],
    ['returns NULL', 'SELECT NULL', 'it returned null'],
    ['returns an empty text', "SELECT ''", 'it returned ""'],
    ['returns two rows', 'SELECT id FROM state LIMIT 2', 'it returned more than one row'],
    ['asks a table that is not there', 'SELECT count(*) FROM invoices', 'no such table: invoices'],
    ['asks a column that is not there', 'SELECT max(total) FROM state', 'no such column: total'],
    ['throws', "SELECT json('{')", 'malformed JSON'],
  ])('fails where an assertion %s, and says so', async (_what, sql, error) => {
    const report = await service.verifyBackup(backup.name, { level: 'drill', assertions: [ROWS, sql, ROWS] });
    const good = { sql: ROWS, ok: true };
    expect(report.assertions).toEqual([good, { sql, ok: false, error }, good]);
    expect(report.ok).toBe(false);
    expect(report.problems).toEqual([`assertion failed: ${sql} (${error})`]);
    expect(manifestOf(backup).lastVerification).toMatchObject({ ok: false, assertions: report.assertions });
    expect(filesOf(folder.path).filter((name) => name.startsWith('app_backup'))).toEqual([
      backup.name,
      backup.name.replace(/db$/, 'json'),
    ]);
  });

  test.each<[string, string, string]>([
    ['is no SQL', 'SELECT FROM WHERE', 'near "FROM": syntax error'],
    ['ends too early', 'SELECT count(*) > 0 FROM state WHERE', 'incomplete input'],
    ['is two statements', 'SELECT 1; SELECT 1', 'The supplied SQL string contains more than one statement'],
    ['has two columns', 'SELECT id, tag FROM state LIMIT 1', 'it must have one column'],
    ['calls a function of the app', 'SELECT price_of(id) FROM state LIMIT 1', 'no such function: price_of'],
    ['has a parameter', 'SELECT count(*) > ? FROM state', 'Too few parameter values were provided'],
    ['writes', "WITH x AS (SELECT 1) INSERT INTO state SELECT 99, 'x', x'00' RETURNING id", 'it is not a SELECT'],
  ])('refuses an assertion that %s, and the backup is as good as before', async (_what, sql, fault) => {
    const untouched = contentsOf(folder.path);
    const drill = () => service.verifyBackup(backup.name, { level: 'drill', assertions: [ROWS, sql] });
    const { message } = await failureOf(drill, 'ERR_BACKUP_OPTIONS');
    expect(message).toContain(`The assertion ${JSON.stringify(sql)} cannot be asked: ${fault}.`);
    expect(contentsOf(folder.path)).toEqual(untouched);
    expect(service.getLatestBackup()).toMatchObject({ name: backup.name });
  });

  test('is told of a wrong statement before a large backup is read, and of a damaged backup rather than of one', async () => {
    changeOneByte();
    const assertions = ['SELECT FROM WHERE'];
    await failureOf(() => service.verifyBackup(backup.name, { level: 'drill', assertions }), 'ERR_BACKUP_OPTIONS');
    const report = await service.verifyBackup(backup.name, {
      level: 'drill',
      assertions: ['SELECT id, tag FROM state'],
    });
    expect(report.problems).toEqual(['its sha256 is not the one in its manifest']);
  });

  test('assertions are checked before anything is done', async () => {
    for (const assertions of [['DELETE FROM state'], ['PRAGMA integrity_check'], 'SELECT 1', [1], ['ATTACH x AS y']]) {
      const wrong = assertions as string[];
      await failureOf(
        () => service.verifyBackup(backup.name, { level: 'drill', assertions: wrong }),
        'ERR_BACKUP_OPTIONS',
      );
      expect(() => serviceWith({ assertions: wrong })).toThrow(expect.objectContaining({ code: 'ERR_BACKUP_OPTIONS' }));
    }
    expect(manifestOf(backup)).not.toHaveProperty('lastVerification');
  });

  test('that is killed leaves a scratch folder, which the next attempt sweeps; one that goes on keeps its own', async () => {
    const scratches = () => filesOf(folder.path).filter((name) => name.endsWith('.partial'));
    const controller = new AbortController();
    let asking = false;
    const going = failureOf(
      () =>
        service.verifyBackup(backup.name, {
          level: 'drill',
          assertions: [ENDLESS],
          signal: controller.signal,
          onProgress: ({ step }) => (asking ||= step === 'drill'),
        }),
      'ERR_BACKUP_CANCELLED',
    );
    await until(() => asking);
    const [own] = scratches();
    // As a drill leaves it that was killed together with its parent.
    const dead = `.${backup.name.replace(/\.db$/, '')}.abcdef012345.partial`;
    fs.mkdirSync(folder.file(dead));
    fs.writeFileSync(folder.file(dead, 'app.db'), 'x');
    fs.writeFileSync(folder.file(dead, 'owner.lock'), '');
    const beside = await serviceWith().createBackup();
    expect(stateOf(beside.path)).toEqual({ tag: 'a', rows: 40 });
    expect(scratches()).toEqual([own]);
    controller.abort();
    await going;
    expect(scratches()).toEqual([]);
  });

  test('that is cancelled leaves nothing behind', async () => {
    await noIsolatedChild();
    const controller = new AbortController();
    let child: number | undefined;
    await failureOf(
      () =>
        service.verifyBackup(backup.name, {
          level: 'drill',
          assertions: [ENDLESS],
          signal: controller.signal,
          onProgress({ step }) {
            child ??= isolatedChildOf(process.pid);
            if (step === 'drill') setTimeout(() => controller.abort(), 100);
          },
        }),
      'ERR_BACKUP_CANCELLED',
    );
    expect(isRunning(child!)).toBe(false);
    expect(filesOf(folder.path).filter((name) => name.includes('partial'))).toEqual([]);
  });
});

describe("another program's backup, without a manifest,", () => {
  beforeEach(() => {
    fs.rmSync(backup.path.replace(/db$/, 'json'));
  });

  test('has no hash to compare with, and passes the other levels; none of that makes it a manifest', async () => {
    const hash = await service.verifyBackup(backup.name, { level: 'hash' });
    expect(hash.problems).toEqual(['it has no manifest, so there is no hash to compare with']);
    for (const level of ['quick', 'full', 'drill'] as const) {
      expect(await service.verifyBackup(backup.name, { level })).toMatchObject({ ok: true, recorded: false });
    }
    expect(await found()).not.toHaveProperty('manifest');
    expect(await found()).not.toHaveProperty('problem');
  });

  test('gets a manifest when it is protected, its age stays what it was, and retention and delete refuse it', async () => {
    const before = await found();
    await service.protectBackup(backup.name);
    const after = await found();
    expect(after).toMatchObject({ protected: true, createdAt: before.createdAt, sha256: backup.sha256 });
    expect(after).not.toHaveProperty('verified');
    expect(after).not.toHaveProperty('problem');
    expect(after.manifest).toMatchObject({
      pageSize: 4096,
      pageCount: backup.manifest!.pageCount,
      journalMode: 'delete',
    });
    await failureOf(() => service.deleteBackup(backup.name), 'ERR_BACKUP_PROTECTED', backup.name);
    expect(await service.verifyBackup(backup.name, { level: 'full' })).toMatchObject({ ok: true, recorded: true });
    await service.protectBackup(backup.name, false);
    await service.deleteBackup(backup.name);
  });

  test.each(['quick', 'full', 'drill'] as const)(
    'with a record that does not fit into its cell is damaged at level %s, and is not restored: its row cannot be read',
    async (level) => {
      const bytes = fs.readFileSync(backup.path);
      // The header of a record of `state`: its length, NULL for the rowid, a text of one letter, and a blob of 3,000 bytes.
      const header = Buffer.from([0x05, 0x00, 0x0f, 0xae, 0x7c]);
      // Of all: some stand in room that is free by now. A text of 57 letters is longer than what its cell has.
      for (let at = bytes.indexOf(header); at >= 0; at = bytes.indexOf(header, at)) bytes[at + 2] = 0x7f;
      fs.writeFileSync(backup.path, bytes);
      const { ok, problems } = await service.verifyBackup(backup.name, { level });
      expect({ ok, problems }).toEqual({ ok: false, problems: ['database disk image is malformed'] });
      await failureOf(() => service.restoreBackup(backup.name, { to: folder.file('to.db') }), 'ERR_BACKUP_DAMAGED');
    },
  );

  test('is not protected if it is no database', async () => {
    fs.writeFileSync(backup.path, 'garbage '.repeat(1000));
    const before = contentsOf(folder.path);
    await failureOf(() => service.protectBackup(backup.name), 'ERR_BACKUP_DAMAGED', backup.name);
    expect(contentsOf(folder.path)).toEqual(before);
  });
});

describe('protectBackup', () => {
  test('changes that and nothing else in the manifest, also keys of a later version, and tells it', async () => {
    const file = backup.path.replace(/db$/, 'json');
    fs.writeFileSync(file, JSON.stringify({ ...manifestOf(backup), formatVersion: 2, later: { a: 1 } }));
    const before = manifestOf(backup);
    const told: unknown[] = [];
    service.on('protected', (payload) => told.push(payload));
    await service.protectBackup(backup.name);
    expect(manifestOf(backup)).toEqual({ ...before, protected: true });
    expect(fs.statSync(file).mode & 0o777).toBe(0o600);
    await service.protectBackup(backup.name);
    await service.protectBackup(backup.name, false);
    expect(manifestOf(backup)).toEqual(before);
    const { name } = backup;
    expect(told).toEqual([
      { name, protected: true },
      { name, protected: true },
      { name, protected: false },
    ]);
    expect(logger.lines.at(-1)).toBe(`info Backup no longer protected: ${name}`);
  });

  test('keeps it from a prune that was planned before', async () => {
    const newer = await service.createBackup();
    const naming = backupNaming(folder.file('app.db'));
    const retention = jest.fn((backups: readonly Backup[]) => {
      const file = backup.path.replace(/db$/, 'json');
      // Another process protects it while the policy thinks.
      fs.writeFileSync(file, JSON.stringify({ ...manifestOf(backup), protected: true }));
      return { keep: [{ backup: backups[0]!, reasons: ['newest'] }], remove: [backups[1]!] };
    });
    const { removed, failed } = runSync(prune({ directory: folder.path, naming, retention }, false));
    expect(removed).toEqual([]);
    expect(failed).toEqual([
      {
        backup: expect.objectContaining({ name: backup.name }),
        error: expect.objectContaining({ code: 'ERR_BACKUP_PROTECTED' }),
      },
    ]);
    expect(filesOf(folder.path)).toEqual(expect.arrayContaining([backup.name, newer.name]));
  });

  test('refuses a manifest that cannot be read, and leaves it as it is', async () => {
    const file = backup.path.replace(/db$/, 'json');
    fs.writeFileSync(file, 'torn {');
    await failureOf(() => service.protectBackup(backup.name), 'ERR_BACKUP_MANIFEST_FAILED');
    await failureOf(() => service.protectBackup(backup.name, false), 'ERR_BACKUP_MANIFEST_FAILED');
    expect(fs.readFileSync(file, 'utf8')).toBe('torn {');
    await failureOf(() => service.protectBackup(backup.name, 'no' as never), 'ERR_BACKUP_OPTIONS');
  });
});
