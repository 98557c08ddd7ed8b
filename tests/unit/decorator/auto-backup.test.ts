import fs from 'node:fs';
import { AutoBackup, BackupService, withAutoBackup } from 'sqlite-autobackup';
import type { AutoBackupOptions, BackupServiceOptions } from 'sqlite-autobackup';
import { fakeSnapshotter } from '../../support/fake-snapshotter';
import { memoryLogger } from '../../support/memory-logger';
import { useTempFolder } from '../../support/temp-folder';

const folder = useTempFolder();
const snapshots = fakeSnapshotter();

// What is tested here happens around the snapshot, so a fake one will do; real ones are in tests/integration and faults.
beforeEach(() => {
  snapshots.requests.length = 0;
  snapshots.failure = undefined;
});

const serviceWith = (options: Partial<BackupServiceOptions> = {}) =>
  new BackupService({ database: folder.file('app.db'), snapshotter: snapshots, logger: memoryLogger(), ...options });
const backups = () => folder.list().filter((name) => name.startsWith('app_backup_'));

describe('when a backup is due', () => {
  test('it stands before the method runs, and the label names what it was taken for', async () => {
    const seen = withAutoBackup(async () => backups().length, { service: serviceWith(), label: 'a sale' });
    expect(await seen()).toBe(1);
    expect(snapshots.requests).toEqual([expect.objectContaining({ label: 'a sale' })]);
  });

  test('all calls at once wait for the same one', async () => {
    const seen = withAutoBackup(async () => backups().length, { service: serviceWith() });
    expect(await Promise.all(Array.from({ length: 50 }, () => seen()))).toEqual(Array(50).fill(1));
    expect(snapshots.requests).toHaveLength(1);
  });

  test('with blocking, a method returns its value after it', () => {
    const seen = withAutoBackup((n: number) => backups().length + n, { service: serviceWith(), blocking: true });
    expect(seen(10)).toBe(11);
    expect(seen(20)).toBe(21);
    expect(snapshots.requests).toHaveLength(1);
  });
});

describe('when nothing is due', () => {
  const promise = Promise.resolve('done');
  const watched = ['readdirSync', 'lstatSync', 'statSync', 'readFileSync', 'openSync'] as const;

  async function callsOf(service: BackupService): Promise<{ same: boolean; looks: number }> {
    const method = withAutoBackup(() => promise, { service });
    await service.createBackup();
    service.checkDue();
    const spies = watched.map((name) => jest.spyOn(fs, name));
    const same = method() === promise && method() === promise;
    const looks = spies.reduce((sum, spy) => sum + spy.mock.calls.length, 0);
    spies.forEach((spy) => spy.mockRestore());
    return { same, looks };
  }

  test('the very promise of the method is returned, and no file is looked at', async () => {
    expect(await callsOf(serviceWith())).toEqual({ same: true, looks: 0 });
  });

  test('a folder that changed is noticed after recheckInterval', async () => {
    const service = serviceWith({ recheckInterval: 20 });
    const method = withAutoBackup(() => promise, { service });
    await method();
    for (const name of backups()) fs.rmSync(folder.file(name));
    while (service.knownFresh) await new Promise((resolve) => setTimeout(resolve, 5));
    await method();
    expect(snapshots.requests).toHaveLength(2);
  });
});

describe('when the backup fails', () => {
  const ran: string[] = [];
  const method = (options: AutoBackupOptions) => withAutoBackup(async () => void ran.push('ran'), options);
  beforeEach(() => {
    ran.length = 0;
    snapshots.failure = new Error('no such luck');
  });

  test('the method runs with onFailure continue, the default', async () => {
    await method({ service: serviceWith() })();
    await method({ service: serviceWith({ onFailure: 'abort' }), onFailure: 'continue' })();
    expect(ran).toEqual(['ran', 'ran']);
  });

  test('it does not run with abort, of the service or of the method', async () => {
    const failed = { code: 'ERR_BACKUP_CHILD_FAILED', cause: { cause: snapshots.failure } };
    await expect(method({ service: serviceWith({ onFailure: 'abort' }) })()).rejects.toMatchObject(failed);
    await expect(method({ service: serviceWith(), onFailure: 'abort' })()).rejects.toMatchObject(failed);
    expect(ran).toEqual([]);
  });

  test('until retryAfter it is not tried again; with abort the method does not run meanwhile', async () => {
    const service = serviceWith();
    const careful = method({ service, onFailure: 'abort' });
    await expect(careful()).rejects.toMatchObject({ code: 'ERR_BACKUP_CHILD_FAILED' });
    snapshots.failure = undefined;
    await expect(careful()).rejects.toMatchObject({
      code: 'ERR_BACKUP_BACKING_OFF',
      cause: { code: 'ERR_BACKUP_CHILD_FAILED' },
    });
    await method({ service })();
    expect(ran).toEqual(['ran']);
    expect(snapshots.requests).toHaveLength(1);
  });

  test('with retryAfter 0 the next call tries again', async () => {
    const careful = method({ service: serviceWith({ retryAfter: 0 }), onFailure: 'abort' });
    await expect(careful()).rejects.toMatchObject({ code: 'ERR_BACKUP_CHILD_FAILED' });
    snapshots.failure = undefined;
    await careful();
    expect(ran).toEqual(['ran']);
  });

  test('a blocking method continues or throws in the same way; around an async function it rejects', async () => {
    const service = serviceWith();
    expect(withAutoBackup(() => 1, { service, blocking: true })()).toBe(1);
    const careful = withAutoBackup(() => 1, { service, blocking: true, onFailure: 'abort' });
    expect(careful).toThrow(expect.objectContaining({ code: 'ERR_BACKUP_BACKING_OFF' }));
    const later = withAutoBackup(async () => 1, { service, blocking: true, onFailure: 'abort' });
    await expect(later()).rejects.toMatchObject({ code: 'ERR_BACKUP_BACKING_OFF' });
  });
});

describe('which service', () => {
  class Shop {
    constructor(readonly backups: unknown) {}
    @AutoBackup({ service: (self: Shop) => self.backups as BackupService })
    async sell(): Promise<string> {
      return 'sold';
    }
    @AutoBackup()
    async close(): Promise<never> {
      throw new Error('it must not run');
    }
  }

  test('is asked of the object that the method is called on', async () => {
    const service = serviceWith();
    expect(await new Shop(service).sell()).toBe('sold');
    expect(snapshots.requests).toHaveLength(1);
  });

  test('may be a double in the place of one, as a test puts it into a container', async () => {
    const backupIfDue = jest.fn();
    expect(await new Shop({ backupIfDue }).sell()).toBe('sold');
    expect(backupIfDue.mock.calls).toEqual([[{ label: 'Shop.sell' }]]);
  });

  test('must be one: anything else is named, and the method does not run', async () => {
    const error = { code: 'ERR_BACKUP_NOT_CONFIGURED', message: expect.stringContaining('Shop.sell was not run') };
    for (const wrong of [undefined, null, {}, { backupIfDue: true }]) {
      await expect(new Shop(wrong).sell()).rejects.toMatchObject(error);
    }
  });

  test('is the default; without one the method does not run, and the message has three ways out', async () => {
    const promise = new Shop(undefined).close();
    await expect(promise).rejects.toMatchObject({ code: 'ERR_BACKUP_NOT_CONFIGURED' });
    await expect(promise).rejects.toThrow(
      /Shop\.close was not run.*configureAutoBackup\(.*@AutoBackup\(\{ service \}\).*service: \(self\) =>/,
    );
    const blocking = withAutoBackup(() => 1, { blocking: true });
    expect(blocking).toThrow(expect.objectContaining({ code: 'ERR_BACKUP_NOT_CONFIGURED' }));
  });
});

test('a method that returns no promise is refused at each call without blocking', async () => {
  const sum = withAutoBackup((() => 3) as unknown as () => Promise<number>, { service: serviceWith(), label: 'sum' });
  for (let i = 0; i < 2; i++) await expect(sum()).rejects.toThrow(/sum has run.*blocking: true/);
});

test('wrong options of the decorator are refused where it is written', () => {
  const wrong = (options: unknown) => () => AutoBackup(options as AutoBackupOptions);
  expect(wrong({ timing: 'during' })).toThrow(/option "timing" is "during"\. It must be "before" or "after"/);
  expect(wrong({ before: true })).toThrow(/no option "before"\. The options are service, timing/);
  expect(wrong({ service: {} })).toThrow(/option "service" is \{\}/);
  expect(wrong({ timing: 'after', onFailure: 'abort' })).toThrow(/nothing is left to abort/);
  expect(() => withAutoBackup(5 as never)).toThrow(/withAutoBackup\(\) was given 5/);
  class Shop {}
  for (const type of [Shop, class extends Shop {}, class {}]) {
    expect(() => withAutoBackup(type as never)).toThrow(/AutoBackup\(\) was put on the class "/);
  }
  const methods = { class() {}, async class2() {}, classic() {}, classes: function classes() {} };
  for (const method of Object.values(methods)) expect(() => withAutoBackup(method as never)).not.toThrow();
});
