import fs from 'node:fs';
import { BackupService, keep } from 'sqlite-autobackup';
import type { BackupServiceOptions, SnapshotControl } from 'sqlite-autobackup';
import { rejectionOf, thrownBy } from '../../support/errors';
import { fakeSnapshotter } from '../../support/fake-snapshotter';
import { memoryLogger } from '../../support/memory-logger';
import { DAY, HOUR, writeBackup } from '../../support/planted-backups';
import { PACKAGE, runNode } from '../../support/run-node';
import { useTempFolder } from '../../support/temp-folder';

// Around the snapshot, with a fake one; tests/integration/backup-service.test.ts has the real one.
const folder = useTempFolder();
let snapshots: ReturnType<typeof fakeSnapshotter>;
let logger: ReturnType<typeof memoryLogger>;

const serviceWith = (options: Partial<BackupServiceOptions> = {}) =>
  new BackupService({ database: folder.file('app.db'), snapshotter: snapshots, logger, ...options });
const planted = (ageMs: number, options = {}) => writeBackup(folder.path, new Date(Date.now() - ageMs), options);
const tick = () => new Promise(setImmediate);

/** Waits until the snapshotter has been asked so many times: a look at the folder comes first. */
async function asked(times: number): Promise<void> {
  for (let turns = 0; snapshots.controls.length < times && turns < 10_000; turns++) await tick();
  expect(snapshots.controls).toHaveLength(times);
}

/** Holds back every snapshot until `open()`. */
function gate(): () => void {
  let open!: () => void;
  snapshots.gate = new Promise<void>((resolve) => (open = resolve));
  return open;
}

beforeEach(() => {
  snapshots = fakeSnapshotter();
  logger = memoryLogger();
});

describe('is a backup due', () => {
  test('without one, with one as old as the interval, and not with a younger one', () => {
    expect(serviceWith().checkDue()).toEqual({ due: true, reason: 'none' });
    planted(7 * DAY);
    expect(serviceWith().checkDue()).toMatchObject({ due: true, reason: 'too-old' });
    const name = planted(7 * DAY - HOUR);
    expect(serviceWith().checkDue()).toMatchObject({ due: false, reason: 'fresh', latest: { name } });
    expect(serviceWith().shouldBackup()).toBe(false);
    expect(serviceWith({ interval: '1d' }).shouldBackup()).toBe(true);
    expect(serviceWith({ interval: 0 }).shouldBackup()).toBe(true);
  });

  test('files that do not count are warned of once each', () => {
    planted(DAY, { manifest: { sizeBytes: 1 } });
    const service = serviceWith();
    for (let i = 0; i < 3; i++) expect(service.checkDue().reason).toBe('none');
    expect(logger.lines).toEqual([expect.stringMatching(/^warn Backup not counted: app_.*\(damaged\)$/)]);
  });

  test('"fresh" is believed from the look that found it; a deleted backup ends the belief', async () => {
    const name = planted(HOUR);
    const service = serviceWith({ recheckInterval: '1h' });
    expect(service.knownFresh).toBe(false);
    service.checkDue();
    expect(service.knownFresh).toBe(true);
    await service.deleteBackup(name);
    expect(service.knownFresh).toBe(false);
    expect((await service.backupIfDue()).status).toBe('created');
  });
});

describe('calls at the same time', () => {
  test('of backupIfDue make one backup, and all have the same outcome', async () => {
    const service = serviceWith();
    const created = jest.fn();
    service.on('created', created);
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => service.backupIfDue()));
    expect(new Set(outcomes).size).toBe(1);
    expect([snapshots.requests.length, created.mock.calls.length]).toEqual([1, 1]);
  });

  test('who wants one of this moment gets none that had begun before', async () => {
    const service = serviceWith({ interval: 0 });
    const open = gate();
    const first = service.backupIfDue();
    await asked(1);
    const second = service.backupIfDue();
    open();
    expect([(await first).status, (await second).status]).toEqual(['created', 'created']);
    expect(snapshots.requests).toHaveLength(2);
  });

  test('a stricter call does not take the answer that a laxer one gets', async () => {
    planted(2 * HOUR);
    const service = serviceWith();
    const outcomes = await Promise.all([service.backupIfDue(), service.backupIfDue({ interval: '1h' })]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fresh', 'created']);
  });

  test('of createBackup wait for one another, and one that fails holds up none', async () => {
    let fail!: (error: Error) => void;
    const { create } = snapshots;
    snapshots.create = jest.fn(create).mockImplementationOnce(() => new Promise((_, reject) => (fail = reject)));
    const service = serviceWith();
    const first = rejectionOf(service.createBackup());
    const second = service.createBackup();
    await tick();
    expect(snapshots.create).toHaveBeenCalledTimes(1);
    fail(new Error('no'));
    expect((await first).code).toBe('ERR_BACKUP_CHILD_FAILED');
    expect(await second).toMatchObject({ sizeBytes: 4096 });
    expect(snapshots.create).toHaveBeenCalledTimes(2);
  });

  test('who gives up before their turn leaves the line at once, and the others keep their order', async () => {
    const service = serviceWith();
    const open = gate();
    const first = service.createBackup();
    const controller = new AbortController();
    const impatient = rejectionOf(service.createBackup({ label: 'never', signal: controller.signal }));
    const third = service.createBackup({ label: 'third' });
    controller.abort('closing');
    expect(await impatient).toMatchObject({ code: 'ERR_BACKUP_CANCELLED', cause: 'closing' });
    await tick();
    expect(snapshots.requests).toHaveLength(1);
    open();
    await Promise.all([first, third]);
    expect(snapshots.requests.map(({ label }) => label)).toEqual([undefined, 'third']);
    const late = service.createBackup({ signal: AbortSignal.abort() });
    expect((await rejectionOf(late)).code).toBe('ERR_BACKUP_CANCELLED');
  });

  test('whenIdle resolves when none is running or waiting for its turn, and at once when there is none', async () => {
    const service = serviceWith();
    await service.whenIdle();
    const open = gate();
    const ended: string[] = [];
    void service.createBackup().then(() => ended.push('first'));
    const idle = service.whenIdle().then(() => ended.push('idle'));
    await tick();
    void service.createBackup().then(() => ended.push('second'));
    void service.backupIfDue().then(() => ended.push('due'));
    open();
    await idle;
    expect(ended.at(-1)).toBe('idle');
    expect(ended).toHaveLength(4);

    const due = serviceWith({ interval: 0 });
    const openDue = gate();
    const outcome = due.backupIfDue();
    const idleDue = due.whenIdle().then(() => ended.push('idle again'));
    await tick();
    expect(ended).not.toContain('idle again');
    openDue();
    await Promise.all([outcome, idleDue]);
  });

  test('who gives up is told so, and the others have their backup', async () => {
    const service = serviceWith();
    const open = gate();
    const controller = new AbortController();
    const impatient = rejectionOf(service.backupIfDue({ signal: controller.signal }));
    const patient = service.backupIfDue();
    await asked(1);
    controller.abort();
    expect((await impatient).code).toBe('ERR_BACKUP_CANCELLED');
    expect(snapshots.controls[0]!.signal!.aborted).toBe(false);
    open();
    expect((await patient).status).toBe('created');
  });

  test('the last one who gives up cancels the attempt, and the next call starts another', async () => {
    const service = serviceWith();
    const open = gate();
    const controller = new AbortController();
    const only = service.backupIfDue({ signal: controller.signal });
    await asked(1);
    controller.abort();
    expect(snapshots.controls[0]!.signal!.aborted).toBe(true);
    const next = service.backupIfDue();
    await asked(2);
    open();
    await Promise.all([only, next]);
    expect(snapshots.requests).toHaveLength(2);
  });
});

test('explicit backups that are over are not kept in memory', () => {
  const found = runNode(
    `
      require('node:v8').setFlagsFromString('--expose-gc');
      const gc = require('node:vm').runInNewContext('gc');
      const { BackupService, childProcessSnapshotter } = require(${JSON.stringify(PACKAGE)});
      const fs = require('node:fs'), directory = process.argv[1];
      let second = 10;
      const create = async () => {
        const name = 'app_backup_20261124_0930' + second++ + '.db', path = directory + '/' + name;
        fs.writeFileSync(path, 'x');
        const backup = { name, path, createdAt: new Date(), sizeBytes: 1, protected: false };
        return { status: 'created', backup, durationMs: 1 };
      };
      const logger = { info() {}, warn() {}, error() {} };
      const snapshotter = { ...childProcessSnapshotter(), create };
      const service = new BackupService({ database: directory + '/app.db', logger, snapshotter });
      (async () => {
        const made = [];
        for (let i = 0; i < 20; i++) made.push(new WeakRef(await service.createBackup()));
        await service.whenIdle();
        await new Promise(setImmediate);
        gc();
        console.log(made.filter((each) => each.deref()).length);
      })();
    `,
    { args: [folder.path] },
  );
  // The last ones may still be on the way out.
  expect(found).toBeLessThan(10);
});

test('a snapshotter that answers "fresh" to a request for a backup in any case has failed', async () => {
  const service = serviceWith();
  const backup = await service.createBackup();
  snapshots.create = async () => ({ status: 'fresh', latest: backup });
  snapshots.createSync = () => ({ status: 'fresh', latest: backup });
  expect(await rejectionOf(service.createBackup())).toMatchObject({ code: 'ERR_BACKUP_CHILD_FAILED' });
  expect(thrownBy(() => service.createBackupSync()).message).toContain('answered "fresh"');
});

test('signal and onProgress reach the snapshotter, and progress its listener', async () => {
  const service = serviceWith();
  const control: Required<SnapshotControl> = { signal: new AbortController().signal, onProgress: jest.fn() };
  await service.createBackup({ label: 'by hand', ...control });
  expect(snapshots.controls[0]).toMatchObject(control);
  const open = gate();
  const due = serviceWith({ interval: 0 }).backupIfDue(control);
  await asked(2);
  const halfway = { step: 'copy', doneBytes: 1, totalBytes: 2 } as const;
  snapshots.controls[1]!.onProgress!(halfway);
  open();
  await due;
  expect(control.onProgress).toHaveBeenCalledWith(halfway);
});

test('the snapshotter is asked with absolute paths, the level, the timeout, and the age that is asked for', async () => {
  const service = serviceWith({ verify: 'full', timeout: '30s', interval: '2d' });
  await service.backupIfDue({ label: 'Shop.sell' });
  service.createBackupSync();
  const common = { database: folder.file('app.db'), directory: folder.path, verify: 'full', timeoutMs: 30_000 };
  expect(snapshots.requests).toEqual([
    { ...common, ifOlderThanMs: 2 * DAY, label: 'Shop.sell' },
    { ...common, ifOlderThanMs: null },
  ]);
});

describe('verifyBackup', () => {
  test('asks the snapshotter, "quick" by default, and gives its report', async () => {
    const name = planted(DAY);
    const report = { ok: true };
    const verify = (snapshots.verify = jest.fn().mockResolvedValue(report));
    const service = serviceWith({ timeout: '30s' });
    expect(await service.verifyBackup(name)).toBe(report);
    const asked = { database: folder.file('app.db'), directory: folder.path, name, timeoutMs: 30_000 };
    expect(verify).toHaveBeenLastCalledWith({ ...asked, level: 'quick' }, {});
    const { signal } = new AbortController();
    await service.verifyBackup(name, { level: 'full', signal });
    expect(verify).toHaveBeenLastCalledWith({ ...asked, level: 'full' }, { signal });
  });

  test('a snapshotter that fails in its own way makes a BackupError of it: verifying, restoring, protecting', async () => {
    const [name, service] = [planted(DAY), serviceWith()];
    const calls = [service.verifyBackup(name), service.restoreBackup(name), service.protectBackup(name)];
    for (const error of await Promise.all(calls.map(rejectionOf))) {
      expect(error.code).toBe('ERR_BACKUP_CHILD_FAILED');
      expect(error.message).toContain('not part of this fake');
    }
  });

  test('refuses a level that there is not, and a backup that there is not', async () => {
    const wrong = await rejectionOf(serviceWith().verifyBackup(planted(DAY), { level: 'deep' as 'full' }));
    expect([wrong.code, wrong.hint]).toEqual([
      'ERR_BACKUP_OPTIONS',
      'It must be one of "hash", "quick", "full", "drill".',
    ]);
    expect((await rejectionOf(serviceWith().verifyBackup('app_backup_20200101_000000.db'))).code).toBe(
      'ERR_BACKUP_NOT_FOUND',
    );
  });
});

describe('deleteBackup', () => {
  test.each([5, null, undefined, {}, ['app_backup_20200101_000000.db']])('refuses %p as a name', async (name) => {
    const error = await rejectionOf(serviceWith().deleteBackup(name as never));
    expect(error.code).toBe('ERR_BACKUP_INVALID_NAME');
  });

  test('removes the backup and its manifest, logs and emits it', async () => {
    const name = planted(DAY, { manifest: true });
    const service = serviceWith();
    const deleted = jest.fn();
    service.on('deleted', deleted);
    await service.deleteBackup(name);
    expect(folder.list()).toEqual([]);
    expect(deleted.mock.calls).toEqual([[{ name }]]);
    expect(logger.lines).toEqual([`info Backup deleted: ${name} (4 kB)`]);
  });
});

test('pruneBackups removes, logs and emits; a dry run does none of the three', async () => {
  const names = [1, 2, 3].map((days) => planted(days * DAY));
  const service = serviceWith({ retention: keep({ last: 1 }) });
  const pruned = jest.fn();
  service.on('pruned', pruned);
  const dry = await service.pruneBackups({ dryRun: true });
  expect(dry.removed.map(({ name }) => name)).toEqual(names.slice(1));
  expect([folder.list().length, logger.lines.length, pruned.mock.calls.length]).toEqual([3, 0, 0]);

  const report = await service.pruneBackups();
  expect(folder.list()).toEqual(['.app_backup.policy.json', names[0]]);
  expect(pruned.mock.calls).toEqual([[report]]);
  expect(logger.lines).toEqual([`info Old backups removed: ${names[1]} (4 kB), ${names[2]} (4 kB); 1 kept`]);
});

test('status shows the rest when the snapshotter can’t look at the database', async () => {
  snapshots.inspect = () => Promise.reject(new Error('no such host'));
  const status = await serviceWith().status();
  expect(status).toMatchObject({ backupCount: 0, database: { journalMode: undefined } });
  expect(status.warnings).toEqual(['The database could not be looked at: no such host.']);
});

test('status has the sum of all backups, and warns of the journal mode and of those that do not count', async () => {
  snapshots.inspect = async () => ({ journalMode: 'delete', pageSize: 4096, pageCount: 1 });
  fs.writeFileSync(folder.file('app.db'), 'x');
  planted(DAY);
  const damaged = planted(2 * DAY, { manifest: { sizeBytes: 1 } });
  const status = await serviceWith().status();
  expect(status).toMatchObject({ backupCount: 2, backupBytes: 8192, database: { sizeBytes: 1 } });
  expect(status.warnings).toEqual([
    expect.stringContaining('PRAGMA journal_mode=WAL'),
    `${damaged} does not count as a backup: damaged.`,
  ]);
});
