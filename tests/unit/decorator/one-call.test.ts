import { promisify, types } from 'node:util';
import {
  AutoBackup,
  BackupError,
  BackupService,
  configureAutoBackup,
  refusalOf,
  withAutoBackup,
} from 'sqlite-autobackup';
import type { AutoBackupOptions, BackupServiceOptions } from 'sqlite-autobackup';
import { recordingService, resetAutoBackup, withoutBackups } from 'sqlite-autobackup/testing';
import { fakeSnapshotter } from '../../support/fake-snapshotter';
import { memoryLogger } from '../../support/memory-logger';
import { useTempFolder } from '../../support/temp-folder';

const folder = useTempFolder();
let snapshots: ReturnType<typeof fakeSnapshotter>;
beforeEach(() => {
  resetAutoBackup();
  snapshots = fakeSnapshotter();
});
afterAll(resetAutoBackup);

const serviceWith = (options: Partial<BackupServiceOptions> = {}) =>
  new BackupService({ database: folder.file('app.db'), snapshotter: snapshots, logger: memoryLogger(), ...options });

describe('the options of a call', () => {
  test('get the object and the arguments', async () => {
    const backups = recordingService();
    class Invoices {
      readonly backups = backups;
      @AutoBackup({
        service: (self: Invoices, id: number) => (id > 0 ? self.backups : serviceWith()),
        when: (_self: Invoices, id: number) => id !== 5,
        label: (_self: Invoices, id: number, why?: string) => `delete invoice ${id}, ${why}`,
        interval: '1h',
      })
      async remove(id: number, why?: string): Promise<string> {
        return `${id} ${why}`;
      }
    }
    expect(await new Invoices().remove(42, 'paid')).toBe('42 paid');
    expect(await new Invoices().remove(5)).toBe('5 undefined');
    expect(backups.calls).toEqual([{ method: 'backupIfDue', label: 'delete invoice 42, paid', interval: 3_600_000 }]);
  });

  test('interval: 0 takes one for each call, and one younger than the interval is enough', async () => {
    const service = serviceWith();
    await withAutoBackup(async () => {}, { service })();
    await withAutoBackup(async () => {}, { service, interval: '1h' })();
    expect(snapshots.requests).toHaveLength(1);
    await withAutoBackup(async () => {}, { service, interval: 0 })();
    expect(snapshots.requests).toHaveLength(2);
  });

  test('a signal that is aborted keeps the method from running, fresh or not, and is no failure of the backup', async () => {
    for (const fresh of [false, true]) {
      const service = serviceWith();
      if (fresh) await service.backupIfDue();
      let ran = 0;
      const signal = () => AbortSignal.abort(new Error('gone'));
      const method = withAutoBackup(async () => void (ran += 1), { service, signal, label: 'a sale' });
      await expect(method()).rejects.toThrow('a sale was not run: its AbortSignal was aborted');
      expect(ran).toBe(0);
      expect(service.lastFailure).toBeUndefined();
    }
  });

  test('are refused where they are wrong', async () => {
    const wrong = (options: unknown) => () => AutoBackup(options as AutoBackupOptions);
    expect(wrong({ interval: 7 })).toThrow(/option "interval" is 7\. .*'7d'/);
    expect(wrong({ when: true })).toThrow(/option "when" is true/);
    expect(wrong({ signal: AbortSignal.abort() })).toThrow(/option "signal" is/);
    expect(wrong({ label: '  ' })).toThrow(/option "label" is/);
    const service = serviceWith();
    // Also one of a library, or a lazy one: it would count as true.
    for (const answer of [Promise.resolve(false), { then() {} }]) {
      const when = (() => answer) as never;
      await expect(withAutoBackup(async () => {}, { service, when })()).rejects.toThrow(
        /"when" function returned a promise/,
      );
    }
  });
});

test('a label can’t stop a call', async () => {
  const backups = recordingService();
  const labels: unknown[] = [
    () => {
      throw new Error('no label');
    },
    () => 7,
    async () => Promise.reject(new Error('no label')),
    () => 'two\nlines \u202e',
    () => 'x'.repeat(5_000),
  ];
  for (const label of labels) {
    const method = withAutoBackup(async () => 'ran', { service: backups, label: label as string });
    Object.defineProperty(method, 'name', { value: 'wipe' });
    expect(await method()).toBe('ran');
  }
  class Named {
    static name(): string {
      return 'Named';
    }
    @AutoBackup({ service: backups })
    async wipe(): Promise<void> {}
  }
  await new Named().wipe();
  const hostile = new Proxy(
    {},
    {
      get() {
        throw new Error('no entry');
      },
    },
  );
  await Reflect.apply(Named.prototype.wipe, hostile, []);
  const [first, second, third, ...rest] = backups.labels;
  expect([first, second, third]).toEqual(Array(3).fill('anonymous function'));
  expect(rest).toEqual(['two lines', 'x'.repeat(200), '(anonymous).wipe', '(anonymous).wipe']);
});

test('the wrapper is of the kind of its function, and the variants of a transaction are protected', async () => {
  const service = recordingService();
  const wrapped = withAutoBackup(async () => 1, { service });
  expect(Object.prototype.toString.call(wrapped)).toBe('[object AsyncFunction]');
  expect(wrapped).toBeInstanceOf((async () => {}).constructor);
  expect(wrapped.constructor.name).toBe('AsyncFunction');
  // It looks at the syntax of the function, and a function with that syntax can't hand out the method's own promise.
  expect(types.isAsyncFunction(wrapped)).toBe(false);
  expect(withAutoBackup(() => 1, { service, blocking: true }).constructor).toBe(Function);

  const run = () => 'deleted';
  const transaction = Object.assign(run, {
    default: run,
    immediate: () => 'at once',
    [promisify.custom]: async () => 'soon',
  });
  Object.assign(transaction.immediate, { deferred: transaction.default, immediate: transaction.immediate });
  const safe = withAutoBackup(transaction, { service, blocking: true });
  const immediate = safe.immediate as unknown as Record<string, () => string>;
  expect([safe(), safe.default(), safe.immediate()]).toEqual(['deleted', 'deleted', 'at once']);
  expect([immediate['deferred']!(), immediate['immediate']!()]).toEqual(['deleted', 'at once']);
  expect(await promisify(safe as never)()).toBe('soon');
  expect(service.calls).toHaveLength(6);
});

test('what does the same work under another name is protected, and what does other work stays as it is', async () => {
  const service = recordingService();
  const cancel = () => 'cancelled';
  // As lodash's debounce(), p-limit, async's memoize() and Bottleneck's wrap() have them.
  const variants = { flush: () => 1, map: () => 2, unmemoized: () => 3, withOptions: () => 4 };
  const safe = withAutoBackup(
    Object.assign(() => 0, { ...variants, cancel }),
    { service, blocking: true },
  );
  expect([safe.flush(), safe.map(), safe.unmemoized(), safe.withOptions()]).toEqual([1, 2, 3, 4]);
  expect(service.calls).toHaveLength(4);
  expect(safe.cancel).toBe(cancel);

  // Behind a getter, as setTimeout() has promisify.custom.
  const timer = () => 'later';
  Object.defineProperty(timer, promisify.custom, { configurable: true, get: () => async () => 'promised' });
  expect(await promisify(withAutoBackup(timer, { service, blocking: true }) as never)()).toBe('promised');
  expect(service.calls).toHaveLength(5);
});

test('a second decorator without a label leaves the label of the first', async () => {
  const service = recordingService();
  const remove = withAutoBackup(async (_id: number) => {}, { service, label: (_self, id) => `delete invoice ${id}` });
  await withAutoBackup(remove, { service, onFailure: 'abort' })(42);
  await withAutoBackup(remove, { service, label: 'the outer one' })(42);
  expect(service.labels).toEqual(['delete invoice 42', 'the outer one']);
});

test('two decorators on one method: both services back up, a stricter option holds, and what is equal is done once', async () => {
  const [main, orders] = [recordingService(), recordingService()];
  const method = async () => 'ran';
  const both = withAutoBackup(withAutoBackup(method, { service: orders }), { service: main });
  expect(await both()).toBe('ran');
  expect([main.calls.length, orders.calls.length]).toEqual([1, 1]);
  main.failWith(new Error('no such luck'));
  const service = () => main;
  const outerStrict = withAutoBackup(withAutoBackup(method, { service: main }), { service, onFailure: 'abort' });
  const innerStrict = withAutoBackup(withAutoBackup(method, { service, onFailure: 'abort' }), { service: main });
  for (const strict of [outerStrict, innerStrict]) {
    await expect(strict()).rejects.toMatchObject({ code: 'ERR_BACKUP_CHILD_FAILED' });
  }
  expect(main.calls).toHaveLength(3);
});

test('calls that joined one attempt have errors of their own, with their label; the cause is shared', async () => {
  snapshots.failure = new Error('no such luck');
  const service = serviceWith({ onFailure: 'abort' });
  const call = (label: string) =>
    withAutoBackup(async () => {}, { service, label })().catch((error: unknown) => error as Error);
  const [a, b] = await Promise.all([call('sale 1'), call('sale 2')]);
  expect(a).not.toBe(b);
  expect([a!.message, b!.message]).toEqual([
    expect.stringMatching(/^sale 1 was not run: /),
    expect.stringMatching(/^sale 2 /),
  ]);
  expect(a!.cause).toBe(b!.cause);
  expect(refusalOf(a)).toMatchObject({ status: 503, retryAfter: expect.any(Number) });
  expect(JSON.stringify(refusalOf(a))).not.toContain(folder.path);
  expect(refusalOf(new Error('another'))).toBeUndefined();
});

test.each([
  ['a failed backup', 'ERR_BACKUP_CHILD_FAILED'],
  ['a backup that failed a moment ago', 'ERR_BACKUP_BACKING_OFF'],
])('%s: the error of a call says 503 to every error handler, and has no path but in its cause', async (_, code) => {
  snapshots.failure = new Error(`no such luck in ${folder.path}`);
  const logger = memoryLogger();
  const service = serviceWith({ onFailure: 'abort', logger });
  const call = () =>
    withAutoBackup(async () => {}, { service, label: 'a sale' })().catch((error: unknown) => error as BackupError);
  const first = await call();
  const error = code === 'ERR_BACKUP_BACKING_OFF' ? await call() : first;
  expect(error).toMatchObject({ code, status: 503, statusCode: 503, cause: { code: 'ERR_BACKUP_CHILD_FAILED' } });
  expect(Number(error!.headers?.['Retry-After'])).toBeGreaterThan(0);

  // Express and routing-controllers show the stack in development, others the message or what JSON makes of the error.
  const shown = [error!.message, error!.stack, String(error), JSON.stringify(error)].join('\n');
  expect(shown).not.toContain(folder.path);
  expect(shown).not.toContain(__dirname);
  expect(shown).not.toMatch(/^\s+at /m);
  expect((error!.cause as Error).message).toContain(folder.path);
  expect(JSON.stringify(logger)).toContain(folder.path);

  // Error handlers write to it.
  Object.assign(error!, { status: 500, stack: 'hidden' });
  expect(new BackupError('ERR_BACKUP_OPTIONS', 'a', { step: 'options', hint: 'b' })).not.toHaveProperty('status');
});

test('after shutDown() began, what waits is refused; whenIdle() waits for what a backup let in', async () => {
  const service = serviceWith();
  const order: string[] = [];
  const slow = withAutoBackup(
    async () => {
      order.push('begun');
      for (let i = 0; i < 20; i++) await new Promise(setImmediate);
      order.push('done');
    },
    { service },
  );
  const running = slow();
  await service.whenIdle();
  expect(order).toEqual(['begun', 'done']);
  await running;

  let open!: () => void;
  snapshots.gate = new Promise<void>((resolve) => (open = resolve));
  const other = serviceWith({ database: folder.file('other.db') });
  const refused = withAutoBackup(async () => void order.push('half-way'), { service: other })();
  const down = other.shutDown();
  open();
  await expect(refused).rejects.toMatchObject({ code: 'ERR_BACKUP_SHUTTING_DOWN' });
  await down;
  expect(order).not.toContain('half-way');
});

describe('what can’t be replaced is named, with what to do', () => {
  const decorate = AutoBackup() as (...args: unknown[]) => unknown;
  test('a sealed method, and a method of which a decorator made a getter', () => {
    const sealed = Object.freeze({ wipe: async () => {} });
    expect(() => decorate(sealed, 'wipe', { value: sealed.wipe })).toThrow(
      /which is sealed.*below the decorator that seals/,
    );
    const target = { wipe: async () => {} };
    expect(() => decorate(target, 'wipe', { get: () => target.wipe })).toThrow(
      /has made an accessor.*below that decorator/,
    );
  });

  test('a frozen descriptor is replaced', () => {
    const value = async () => {};
    const descriptor = Object.freeze({ value, configurable: true, writable: true });
    expect(decorate({}, 'wipe', descriptor)).not.toBe(descriptor);
  });
});

describe('for the tests of an app', () => {
  test('withoutBackups(): nothing is configured, nothing is taken, whatever the service', async () => {
    const again = withoutBackups();
    const service = serviceWith();
    expect(await withAutoBackup(async () => 'ran')()).toBe('ran');
    expect(await withAutoBackup(async () => 'ran', { service })()).toBe('ran');
    expect(withAutoBackup(() => 'ran', { service, blocking: true })()).toBe('ran');
    expect(snapshots.requests).toEqual([]);
    again();
    await expect(withAutoBackup(async () => 'ran')()).rejects.toMatchObject({ code: 'ERR_BACKUP_NOT_CONFIGURED' });
  });

  test('a recording service is configured like one, and resetAutoBackup() forgets it', async () => {
    const backups = recordingService();
    configureAutoBackup(backups);
    await withAutoBackup(async () => {}, { label: 'a sale' })();
    expect(backups.labels).toEqual(['a sale']);
    resetAutoBackup();
    await expect(withAutoBackup(async () => {})()).rejects.toMatchObject({ code: 'ERR_BACKUP_NOT_CONFIGURED' });
  });
});
