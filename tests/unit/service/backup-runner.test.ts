import fs from 'node:fs';
import { BackupError, BackupService, keep } from 'sqlite-autobackup';
import type { BackupServiceOptions, SnapshotResult } from 'sqlite-autobackup';
import { rejectionOf, thrownBy } from '../../support/errors';
import { fakeSnapshotter } from '../../support/fake-snapshotter';
import { memoryLogger } from '../../support/memory-logger';
import { aManifest, DAY, writeBackup } from '../../support/planted-backups';
import { PACKAGE, runNode } from '../../support/run-node';
import { useTempFolder } from '../../support/temp-folder';

const folder = useTempFolder();
let snapshots: ReturnType<typeof fakeSnapshotter>;
let logger: ReturnType<typeof memoryLogger>;
let events: [string, Record<string, unknown>][];

function serviceWith(options: Partial<BackupServiceOptions> = {}): BackupService {
  const service = new BackupService({ database: folder.file('app.db'), snapshotter: snapshots, logger, ...options });
  for (const event of ['created', 'failed', 'pruned', 'deleted'] as const) {
    service.on(event, (payload) => events.push([event, payload as Record<string, unknown>]));
  }
  return service;
}
const names = () => events.map(([event]) => event);
const old = (days: number) => writeBackup(folder.path, new Date(Date.now() - days * DAY));

beforeEach(() => {
  snapshots = fakeSnapshotter();
  logger = memoryLogger();
  events = [];
});

describe('a success', () => {
  test('is logged and emitted with its label, name, size and duration', async () => {
    const outcome = await serviceWith().backupIfDue({ label: 'Shop.sell' });
    const { backup } = outcome as Extract<typeof outcome, { status: 'created' }>;
    expect(logger.lines).toEqual([`info Automatic backup created before Shop.sell: ${backup.name} (4 kB), 0.01 s`]);
    expect(events).toEqual([['created', { backup, label: 'Shop.sell', durationMs: 12 }]]);
  });

  test('ends the waiting after a failure', async () => {
    const service = serviceWith();
    snapshots.failure = new Error('no');
    await rejectionOf(service.backupIfDue());
    snapshots.failure = undefined;
    await service.createBackup();
    fs.rmSync(service.getLatestBackup()!.path);
    expect(service.checkDue().reason).toBe('none');
  });

  test('is judged by the artifact: a snapshotter that only says so has failed, and nothing is pruned', async () => {
    const [first, second] = [old(20), old(30)];
    const lie = { name: second, path: folder.file('nowhere'), createdAt: new Date(), sizeBytes: 7, protected: false };
    const said: SnapshotResult = { status: 'created', backup: lie, durationMs: 1 };
    const liar = { ...snapshots, create: async () => said, createSync: () => said };
    const service = serviceWith({ snapshotter: liar, retention: keep({ last: 1 }) });
    expect((await rejectionOf(service.createBackup())).code).toBe('ERR_BACKUP_VERIFY_FAILED');
    expect(thrownBy(() => service.createBackupSync()).code).toBe('ERR_BACKUP_VERIFY_FAILED');
    expect(names()).toEqual(['failed', 'failed']);
    expect((await service.listBackups()).map(({ name }) => name)).toEqual([first, second]);
  });

  test('is not believed where the manifest that stands there contradicts the file', async () => {
    const create = async (): Promise<SnapshotResult> => {
      const name = writeBackup(folder.path, new Date(), { manifest: { sizeBytes: 1 } });
      const { size: sizeBytes } = fs.statSync(folder.file(name));
      const backup = { name, path: folder.file(name), createdAt: new Date(), sizeBytes, protected: false };
      return { status: 'created', backup, durationMs: 1 };
    };
    const service = serviceWith({ snapshotter: { ...snapshots, create } });
    expect((await rejectionOf(service.createBackup())).code).toBe('ERR_BACKUP_VERIFY_FAILED');
  });

  test('of another process is no "created", and prunes nothing', async () => {
    old(20);
    const latest = {
      name: old(0),
      path: '',
      createdAt: new Date(),
      sizeBytes: 4096,
      protected: false,
      manifest: aManifest(),
    };
    fs.utimesSync(folder.file(latest.name), new Date(Date.now() - 9 * DAY), new Date(Date.now() - 9 * DAY));
    const faster = { ...snapshots, create: async (): Promise<SnapshotResult> => ({ status: 'fresh', latest }) };
    const service = serviceWith({ snapshotter: faster, retention: keep({ last: 1 }) });
    expect(await service.backupIfDue({ label: 'Shop.sell' })).toMatchObject({ status: 'fresh', latest });
    expect(events).toEqual([]);
    expect(logger.lines).toEqual([expect.stringContaining('not needed before Shop.sell: another process has made')]);
    expect(await service.listBackups()).toHaveLength(2);
  });
});

describe('a server that gives new files a time from years ago', () => {
  const YEARS = 3650 * DAY;
  const behind = () => {
    const create: typeof snapshots.create = async (request, control) => {
      const result = await snapshots.create(request, control);
      const { path } = (result as Extract<SnapshotResult, { status: 'created' }>).backup;
      fs.utimesSync(path, new Date(Date.now() - YEARS), new Date(Date.now() - YEARS));
      return result;
    };
    return { ...snapshots, create };
  };

  test('makes no backup due at once, is said once, and nothing is removed by it', async () => {
    const older = Array.from({ length: 20 }, (_, i) => old(8 + i));
    const service = serviceWith({ snapshotter: behind(), retention: keep({ last: 2 }), retryAfter: 0 });
    for (let i = 0; i < 25; i += 1) await service.backupIfDue();
    expect(snapshots.requests).toHaveLength(1);
    expect(service.checkDue().reason).toBe('fresh');
    expect((await service.listBackups()).map(({ name }) => name)).toEqual(expect.arrayContaining(older));
    expect(logger.lines.filter((line) => line.includes('the clock of its disk or server is wrong'))).toHaveLength(1);
    // A file that is touched afterwards is another matter: on a disk that is right, it makes the backup old.
    expect(names()).toEqual(['created']);
  });
});

test('touching the newest backup eight days back makes it old, whoever made it', async () => {
  const service = serviceWith();
  const backup = await service.createBackup();
  expect(service.shouldBackup()).toBe(false);
  fs.utimesSync(backup.path, new Date(Date.now() - 8 * DAY), new Date(Date.now() - 8 * DAY));
  expect(service.shouldBackup()).toBe(true);
});

describe('a failure', () => {
  test('of the snapshotter is a BackupError, logged and emitted with when it is tried again', async () => {
    const cause = (snapshots.failure = new Error('no such luck'));
    const service = serviceWith();
    const error = await rejectionOf(service.backupIfDue({ label: 'Shop.sell' }));
    expect(error).toMatchObject({ code: 'ERR_BACKUP_CHILD_FAILED', cause });
    const { lastFailure } = await statusOf(service);
    expect(events).toEqual([['failed', { error, label: 'Shop.sell', retryAt: lastFailure!.retryAt }]]);
    expect(lastFailure!.retryAt.getTime() - lastFailure!.at.getTime()).toBe(300_000);
    expect(logger.lines[0]).toContain('error Automatic backup FAILED before Shop.sell [ERR_BACKUP_CHILD_FAILED]');
  });

  test.each([[undefined], [null], ['ok'], [{}], [{ status: 'fresh' }], [{ status: 'created' }], [{ status: 'done' }]])(
    'is also what a snapshotter answers that is no answer: %j',
    async (said) => {
      const answer = said as unknown as SnapshotResult;
      const nonsense = { ...snapshots, create: async () => answer, createSync: () => answer };
      const service = serviceWith({ snapshotter: nonsense, retryAfter: 0 });
      const errors = [
        await rejectionOf(service.backupIfDue()),
        await rejectionOf(service.createBackup()),
        thrownBy(() => service.backupIfDueSync()),
        thrownBy(() => service.createBackupSync()),
      ];
      expect(errors.map(({ code }) => code)).toEqual(Array(4).fill('ERR_BACKUP_CHILD_FAILED'));
      expect(names()).toEqual(Array(4).fill('failed'));
      expect(service.lastFailure).toBeDefined();
      expect(service.knownFresh).toBe(false);
    },
  );

  test('is also a createSync that is async; what it rejects with is no unhandled rejection', () => {
    const found = runNode(
      `
        const { BackupService, childProcessSnapshotter } = require(${JSON.stringify(PACKAGE)});
        const unhandled = [], codes = [];
        process.on('unhandledRejection', (error) => unhandled.push(String(error)));
        const snapshotter = { ...childProcessSnapshotter(), createSync: async () => { throw new Error('no') } };
        const logger = { info() {}, warn() {}, error() {} };
        const service = new BackupService({ database: process.argv[1] + '/app.db', snapshotter, logger });
        try { service.backupIfDueSync(); } catch ({ code }) { codes.push(code); }
        try { service.createBackupSync(); } catch ({ code }) { codes.push(code); }
        process.on('exit', () => console.log(JSON.stringify({ codes, unhandled })));
      `,
      { args: [folder.path] },
    );
    expect(found).toEqual({ codes: Array(2).fill('ERR_BACKUP_CHILD_FAILED'), unhandled: [] });
  });

  test('prunes nothing, whether the backup was due or asked for', async () => {
    for (const days of [10, 20, 30]) old(days);
    snapshots.failure = new Error('no');
    const service = serviceWith({ retention: keep({ last: 1 }), retryAfter: 0 });
    await rejectionOf(service.backupIfDue());
    await rejectionOf(service.createBackup());
    thrownBy(() => service.backupIfDueSync());
    thrownBy(() => service.createBackupSync());
    expect(await service.listBackups()).toHaveLength(3);
    expect(names()).toEqual(['failed', 'failed', 'failed', 'failed']);
  });

  test('after which calls only back off says so in the log once, and once more after the next failure', async () => {
    const service = serviceWith();
    snapshots.failure = new Error('no');
    await rejectionOf(service.backupIfDue());
    for (let i = 0; i < 3; i++) expect((await service.backupIfDue()).status).toBe('backing-off');
    await rejectionOf(service.createBackup());
    expect(service.backupIfDueSync().status).toBe('backing-off');
    const skipped = logger.lines.filter((line) => line.startsWith('warn Automatic backup skipped'));
    expect(skipped).toHaveLength(2);
  });

  test('to list the folder is a failed attempt: never "fresh", never "no backups"', async () => {
    const directory = folder.file('backups');
    const service = serviceWith({ directory });
    expect((await rejectionOf(service.backupIfDue())).code).toBe('ERR_BACKUP_DIRECTORY_MISSING');
    expect(await service.backupIfDue()).toMatchObject({
      status: 'backing-off',
      error: { code: 'ERR_BACKUP_DIRECTORY_MISSING' },
    });
    expect(snapshots.requests).toEqual([]);
    expect(names()).toEqual(['failed']);
  });

  test('after the backup was published is none, where one was only due; asked for, it is reported', async () => {
    const dies = {
      ...snapshots,
      create: async (...args: Parameters<typeof snapshots.create>) => {
        await snapshots.create(...args);
        throw new Error('died at the very end');
      },
    };
    const service = serviceWith({ snapshotter: dies });
    expect(await service.backupIfDue()).toMatchObject({ status: 'fresh' });
    expect(names()).toEqual([]);
    expect((await rejectionOf(service.createBackup())).code).toBe('ERR_BACKUP_CHILD_FAILED');
  });

  test('that is a cancellation is logged, but no failure: the next call tries at once', async () => {
    const service = serviceWith();
    snapshots.failure = new BackupError('ERR_BACKUP_CANCELLED', 'Cancelled.', { step: 'copy', hint: 'Call again.' });
    expect((await rejectionOf(service.backupIfDue())).code).toBe('ERR_BACKUP_CANCELLED');
    expect([logger.lines, names()]).toEqual([['info Automatic backup cancelled'], []]);
    snapshots.failure = undefined;
    expect((await service.backupIfDue()).status).toBe('created');
  });

  test('that is a cancellation is one, also where another process has made a backup meanwhile', async () => {
    const create = async (): Promise<SnapshotResult> => {
      old(0);
      throw new BackupError('ERR_BACKUP_CANCELLED', 'The backup was cancelled.', { step: 'copy', hint: 'Call again.' });
    };
    const service = serviceWith({ snapshotter: { ...snapshots, create } });
    expect((await rejectionOf(service.backupIfDue())).code).toBe('ERR_BACKUP_CANCELLED');
  });

  test('of the pruning leaves the backup, and holds up no later attempt', async () => {
    const retention = () => {
      throw new Error('a policy');
    };
    const service = serviceWith({ retention });
    expect((await service.backupIfDue()).status).toBe('created');
    expect(events.map(([event, { retryAt }]) => [event, retryAt])).toEqual([
      ['created', undefined],
      ['failed', undefined],
    ]);
    expect(logger.lines.at(-1)).toContain('error Removing old backups FAILED [ERR_BACKUP_RETENTION_FAILED]');
    expect((await statusOf(service)).lastFailure).toBeUndefined();
  });
});

/** The fake has no facts of a database, so it says that they can't be read. */
function statusOf(service: BackupService) {
  snapshots.inspect = () =>
    Promise.reject(new BackupError('ERR_BACKUP_SOURCE_LOCKED', 'Locked.', { step: 'pin', hint: 'Wait.' }));
  return service.status();
}
