import fs from 'node:fs';
import { keep } from 'sqlite-autobackup';
import type { RetentionPolicy } from 'sqlite-autobackup';
import { prune } from '#dist/service/prune.js';
import { runSync } from '#dist/util/file-work.js';
import { thrownBy } from '../../support/errors';
import { DAY, NAMING, writeBackup } from '../../support/planted-backups';
import { useTempFolder } from '../../support/temp-folder';

// Before the folder's own clean-up, which deletes files.
afterEach(() => jest.restoreAllMocks());
const folder = useTempFolder();
let names: string[];

// Newest first.
beforeEach(() => {
  names = [1, 2, 3, 4].map((days) => writeBackup(folder.path, new Date(Date.now() - days * DAY), { manifest: true }));
});

const run = (retention: RetentionPolicy, dryRun = false, justMade?: string) =>
  runSync(prune({ directory: folder.path, naming: NAMING, retention }, dryRun, justMade));
const databases = () =>
  folder
    .list()
    .filter((name) => name.endsWith('.db'))
    .reverse();

test('what the policy does not keep is removed with its manifest, and reported with what stays and why', () => {
  const report = run(keep({ last: 2 }));
  expect(databases()).toEqual(names.slice(0, 2));
  expect(folder.list().filter((name) => name.endsWith('.json'))).toHaveLength(2);
  expect(report).toMatchObject({ dryRun: false, failed: [] });
  expect(report.removed.map(({ name }) => name)).toEqual(names.slice(2));
  expect(report.kept.map(({ backup, reasons }) => [backup.name, ...reasons])).toEqual([
    [names[0], 'last 1 of 2', 'newest'],
    [names[1], 'last 2 of 2'],
  ]);
});

test('a dry run reports the same and removes nothing', () => {
  const before = folder.list();
  const dry = run(keep({ last: 2 }), true);
  expect(dry.dryRun).toBe(true);
  expect(folder.list()).toEqual(before);
  expect({ ...run(keep({ last: 2 })), dryRun: true }).toEqual(dry);
});

test('a policy that changes the path and the name of what it is given deletes no other file by it', () => {
  fs.writeFileSync(folder.file('app.db'), 'live');
  const redirect: RetentionPolicy = (shown) => {
    for (const backup of shown) Object.assign(backup, { path: folder.file('app.db'), name: 'app.db' });
    return { keep: [{ backup: shown[0]!, reasons: ['mine'] }], remove: shown.slice(1) };
  };
  const report = run(redirect);
  expect(report.removed.map(({ name }) => name)).toEqual(names.slice(1));
  expect(databases()).toEqual([names[0], 'app.db']);
});

test('files that are not backups of this database stay', () => {
  const others = ['app.db', 'app_backup_20200101_000000.sqlite', 'app_backup_20200101_000000.db.bak', 'notes.txt'];
  for (const name of [...others, 'shop_backup_20200101_000000.db']) fs.writeFileSync(folder.file(name), 'x');
  fs.mkdirSync(folder.file('app_backup_20200102_000000.db'));
  fs.writeFileSync(folder.file('app_backup_20200103_000000.db'), '');
  const before = folder.list();
  run(keep({ last: 1 }));
  const gone = before.filter((name) => !folder.list().includes(name));
  expect(gone.sort()).toEqual(
    names
      .slice(1)
      .flatMap((name) => [name, name.replace(/db$/, 'json')])
      .sort(),
  );
});

test('one that cannot be deleted stops none of the others, and is reported', () => {
  const real = fs.rmSync;
  jest.spyOn(fs, 'rmSync').mockImplementation((file, options) => {
    if (String(file).includes(names[2]!.replace('.db', '.')))
      throw Object.assign(new Error('EBUSY: open elsewhere'), { code: 'EBUSY' });
    real(file, options);
  });
  const report = run(keep({ last: 1 }));
  expect(report.removed.map(({ name }) => name)).toEqual([names[1], names[3]]);
  expect(report.failed).toEqual([
    {
      backup: expect.objectContaining({ name: names[2] }),
      error: expect.objectContaining({ code: 'ERR_BACKUP_DELETE_FAILED' }),
    },
  ]);
  expect(databases()).toEqual([names[0], names[2]]);
});

test('one that another process removed in between is removed', () => {
  const policy: RetentionPolicy = (shown, context) => {
    fs.rmSync(folder.file(names[3]!));
    return keep({ last: 3 })(shown, context);
  };
  expect(run(policy)).toMatchObject({ removed: [{ name: names[3] }], failed: [] });
  expect(folder.list()).not.toContain(names[3]!.replace(/db$/, 'json'));
});

test('a policy that fails removes nothing', () => {
  const before = folder.list();
  const error = thrownBy(() =>
    run(() => {
      throw new Error('no idea');
    }),
  );
  expect(error.code).toBe('ERR_BACKUP_RETENTION_FAILED');
  expect(folder.list()).toEqual(before);
});

test('a folder that cannot be listed is an error, never an empty folder', () => {
  fs.rmSync(folder.path, { recursive: true, maxRetries: 50, retryDelay: 20 });
  const policy = jest.fn(keep({ last: 1 }));
  expect(thrownBy(() => run(policy)).code).toBe('ERR_BACKUP_DIRECTORY_MISSING');
  expect(policy).not.toHaveBeenCalled();
});

test('what was just made stays, also where it is not the newest', () => {
  const { kept } = run(keep({ last: 1 }), false, names[2]);
  expect(databases()).toEqual([names[0], names[2]]);
  expect(kept.map(({ reasons }) => reasons)).toEqual([['last 1 of 1', 'newest'], ['just made']]);
});

test("the policy's warnings are in the report, of a dry run too", () => {
  writeBackup(folder.path, new Date(Date.now() - 400 * DAY), { manifest: true });
  expect(run(keep({ within: '30d' }), true).warnings).toHaveLength(1);
  expect(run(keep({ within: '30d' })).warnings![0]).toContain('Is the clock right?');
  expect(databases()).toHaveLength(5);
});
