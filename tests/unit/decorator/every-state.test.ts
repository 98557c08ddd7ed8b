// Law 8: a protected call is the same in every state: what it returns, its order among other calls, and its errors.
import fc from 'fast-check';
import { AutoBackup, BackupService, isBackupError, withAutoBackup } from 'sqlite-autobackup';
import type { AutoBackupOptions } from 'sqlite-autobackup';
import { fakeSnapshotter } from '../../support/fake-snapshotter';
import { memoryLogger } from '../../support/memory-logger';
import { until } from '../../support/processes';
import { useTempFolder } from '../../support/temp-folder';

const folder = useTempFolder();

const STATES = ['fresh', 'none', 'failing', 'backing-off', 'failing again'] as const;
type State = (typeof STATES)[number];

let databases = 0;

/** A service in a state, with a fake snapshotter that takes its time. */
async function serviceIn(state: State, options: { onFailure?: 'abort' } = {}) {
  const snapshotter = fakeSnapshotter();
  const file = folder.file(`app${++databases}.db`);
  const retryAfter = state === 'failing again' ? 0 : '5m';
  const service = new BackupService({
    database: file,
    snapshotter,
    logger: memoryLogger(),
    retryAfter,
    ...options,
  });
  if (state === 'fresh') await service.createBackup();
  if (state === 'fresh') await service.backupIfDue();
  else if (state !== 'none') snapshotter.failure = new Error('no such luck');
  if (state === 'backing-off' || state === 'failing again') await service.backupIfDue().catch(() => {});
  snapshotter.gate = new Promise((resolve) => setImmediate(resolve));
  return { service, snapshotter };
}

/** A query builder: asked for its `then`, it would begin. */
class Query {
  started = 0;
  then(resolve: (value: string) => void): void {
    this.started += 1;
    resolve('deleted');
  }
}

class OtherPromise<T> extends Promise<T> {
  cancel(): void {}
}

class LazyPromise<T> extends Promise<T> {
  static started = 0;
  override then<A, B>(...args: Parameters<Promise<T>['then']>): Promise<A | B> {
    LazyPromise.started += 1;
    return super.then(...args) as Promise<A | B>;
  }
}

/** Everything that a function might do. */
const BODIES: Record<string, (id: number) => unknown> = {
  'an async function': async (id) => id,
  'an async function that throws': async (id) => {
    throw new RangeError(`no ${id}`);
  },
  'a slow one': async (id) => {
    await new Promise((resolve) => setImmediate(resolve));
    return id;
  },
  'a function that returns a promise': (id) => Promise.resolve(id),
  'a function that throws': (id) => {
    throw new RangeError(`no ${id}`);
  },
  'a function that returns a rejected promise': (id) => Promise.reject(new RangeError(`no ${id}`)),
  'a function that returns a value': (id) => id,
  'a function that returns nothing': () => undefined,
  'a query builder': () => new Query(),
  'a lazy promise': () => new LazyPromise((resolve) => resolve('deleted')),
  'a promise of another class': (id) => new OtherPromise((resolve) => resolve(id)),
  'a promise with additions': (id) => Object.assign(Promise.resolve(id), { cancel: () => 'cancelled' }),
};
const bodies = fc.constantFrom(...Object.keys(BODIES));

interface Call {
  readonly body: string;
  readonly timing: 'before' | 'after';
  readonly twice: boolean;
  /** What the caller does before the call: nothing, or waits for so many turns of the event loop, or of its microtasks. */
  readonly after: 'at once' | 'a microtask' | 'a turn';
}
const calls = fc.array(
  fc.record<Call>({
    body: bodies,
    timing: fc.constantFrom('before', 'after'),
    twice: fc.boolean(),
    after: fc.constantFrom('at once', 'a microtask', 'a turn'),
  }),
  { minLength: 1, maxLength: 8 },
);

interface Trace {
  readonly started: number[];
  readonly ends: string[];
  readonly lazilyStarted: number;
}

/** What an outsider can see of a sequence of calls. */
async function run(sequence: readonly Call[], service: BackupService, options: AutoBackupOptions = {}): Promise<Trace> {
  const started: number[] = [];
  const queries: Query[] = [];
  const lazyBefore = LazyPromise.started;
  const ends: Promise<string>[] = [];
  for (const [id, { body, timing, twice, after }] of sequence.entries()) {
    if (after === 'a microtask') await Promise.resolve();
    if (after === 'a turn') await new Promise((resolve) => setImmediate(resolve));
    const method = (given: number): unknown => {
      started.push(given);
      const returned = BODIES[body]!(given);
      if (returned instanceof Query) queries.push(returned);
      return returned;
    };
    const timed = timing === 'after' ? { timing } : options;
    let protectedMethod = withAutoBackup(method as () => Promise<unknown>, { service, label: `call ${id}`, ...timed });
    if (twice) protectedMethod = withAutoBackup(protectedMethod, { service: () => service });
    ends.push(endOf(protectedMethod, id));
  }
  const all = await Promise.all(ends);
  await service.whenIdle();
  const lazilyStarted = LazyPromise.started - lazyBefore + queries.reduce((sum, query) => sum + query.started, 0);
  return { started, ends: all, lazilyStarted };
}

async function endOf(method: (id: number) => unknown, id: number): Promise<string> {
  let returned: unknown;
  try {
    returned = method(id);
  } catch (error) {
    return `threw ${String(error)}`;
  }
  const kind = (returned as object).constructor.name + ('cancel' in (returned as object) ? ' with additions' : '');
  return (returned as Promise<unknown>).then(
    (value) => `${kind} of ${String(value)}`,
    (error: unknown) => `${kind} rejected with ${isBackupError(error) ? error.code : String(error)}`,
  );
}

test('a sequence of calls is the same, whether a backup is fresh, due, or fails', async () => {
  await fc.assert(
    fc.asyncProperty(calls, async (sequence) => {
      const traces = await Promise.all(STATES.map(async (state) => run(sequence, (await serviceIn(state)).service)));
      for (const trace of traces) expect(trace).toEqual(traces[0]);
      expect(traces[0]).toMatchObject({ started: sequence.map((_, id) => id), lazilyStarted: 0 });
    }),
    { numRuns: 60 },
  );
});

test('with "abort", calls run in all states or in none, and each that does not has an error of its own', async () => {
  await fc.assert(
    fc.asyncProperty(calls, fc.constantFrom<State>('failing', 'backing-off', 'failing again'), async (all, state) => {
      const sequence = all.map((call) => ({ ...call, timing: 'before' as const, twice: false }));
      const { service } = await serviceIn(state, { onFailure: 'abort' });
      const trace = await run(sequence, service);
      expect(trace.started).toEqual([]);
      for (const end of trace.ends)
        expect(end).toMatch(/^Promise rejected with ERR_BACKUP_(CHILD_FAILED|BACKING_OFF)$/);
    }),
    { numRuns: 30 },
  );
});

test('a method with blocking: what it returns and throws is the same, and at once', async () => {
  await fc.assert(
    fc.asyncProperty(bodies, fc.constantFrom('before' as const, 'after' as const), async (body, timing) => {
      const seen: unknown[] = [];
      for (const state of STATES) {
        const { service } = await serviceIn(state);
        const method = withAutoBackup(BODIES[body] as (id: number) => unknown, { service, timing, blocking: true });
        let how: string;
        try {
          const returned = method(7);
          how = `returned ${returned instanceof Query ? `a query, started ${returned.started} times` : typeof returned}`;
          if (returned instanceof Promise && !(returned instanceof LazyPromise)) {
            how += await returned.then(
              (value) => ` of ${String(value)}`,
              (error: unknown) => ` rejected with ${String(error)}`,
            );
          }
        } catch (error) {
          how = `threw ${String(error)}`;
        }
        await service.whenIdle();
        seen.push(how);
      }
      expect(seen).toEqual(seen.map(() => seen[0]));
    }),
    { numRuns: 30 },
  );
});

test('an object that lets nobody look at it is refused like any other that is no promise', async () => {
  for (const state of STATES) {
    const { service } = await serviceIn(state);
    const method = withAutoBackup(
      () => {
        const { proxy, revoke } = Proxy.revocable(Promise.resolve(), {});
        revoke();
        return proxy;
      },
      { service },
    );
    await expect(method()).rejects.toMatchObject({ code: 'ERR_BACKUP_NOT_ASYNC' });
    await service.whenIdle();
  }
});

describe('order', () => {
  class Account {
    readonly started: number[] = [];
    constructor(readonly backups: BackupService) {}

    @AutoBackup<Account>({ service: (self) => self.backups })
    async set(value: number): Promise<void> {
      this.started.push(value);
    }
  }

  test('a call that comes in the event "created" starts after those that waited for it', async () => {
    const { service } = await serviceIn('none');
    const account = new Account(service);
    let third: Promise<void> | undefined;
    service.on('created', () => {
      third = account.set(3);
    });
    await Promise.all([account.set(1), account.set(2)]);
    await third;
    expect(account.started).toEqual([1, 2, 3]);
  });

  test('a call that comes in any microtask after the backup does not overtake one that waited', async () => {
    for (let microtasks = 0; microtasks < 30; microtasks++) {
      const { service } = await serviceIn('none');
      const account = new Account(service);
      let last: Promise<void> | undefined;
      const late = async (): Promise<void> => {
        for (let i = 0; i < microtasks; i++) await Promise.resolve();
        last = account.set(4);
      };
      service.on('created', () => void late());
      await Promise.all([1, 2, 3].map((value) => account.set(value)));
      await until(() => last !== undefined);
      await last;
      expect(account.started).toEqual([1, 2, 3, 4]);
    }
  });

  test('a call that gives up does not let the next one pass those before it', async () => {
    const { service, snapshotter } = await serviceIn('none');
    let open!: () => void;
    snapshotter.gate = new Promise<void>((resolve) => (open = resolve));
    const order: string[] = [];
    const controller = new AbortController();
    const first = withAutoBackup(async () => void order.push('first'), { service });
    const second = withAutoBackup(async () => void order.push('second'), { service, signal: () => controller.signal });
    const third = withAutoBackup(async () => void order.push('third'), { service, timing: 'after' });
    const ends = [first(), second().catch((error: unknown) => error), third()];
    controller.abort(new Error('gone'));
    expect(await ends[1]).toMatchObject({ code: 'ERR_BACKUP_CANCELLED', cause: new Error('gone') });
    open();
    await Promise.all(ends);
    expect(order).toEqual(['first', 'third']);
  });

  test('a call that is made inside a protected one starts, and does not wait for that one to end', async () => {
    const { service } = await serviceIn('none');
    const order: string[] = [];
    const inner = withAutoBackup(async () => void order.push('inner'), { service });
    const outer = withAutoBackup(
      async () => {
        order.push('outer');
        await inner();
        order.push('outer ends');
      },
      { service },
    );
    const other = withAutoBackup(async () => void order.push('other'), { service });
    await Promise.all([outer(), other()]);
    expect(order).toEqual(['outer', 'other', 'inner', 'outer ends']);
  });
});

test('a method is called with its `this` and all its arguments, even one with a `call` of its own', async () => {
  const seen: unknown[][] = [];
  const method = Object.assign(
    function (this: unknown, ...args: unknown[]) {
      seen.push([this, ...args]);
      return Promise.resolve(args.length);
    },
    { call: () => 'its own' },
  );
  const plain = function (this: unknown, ...args: unknown[]) {
    seen.push([this, ...args]);
    return Promise.resolve(args.length);
  };
  const self = {};
  for (const state of ['fresh', 'none'] as const) {
    for (const fn of [method, plain]) {
      const { service } = await serviceIn(state);
      const wrapped = withAutoBackup(fn, { service });
      for (const args of [[], [1], [1, undefined], [1, 2, 3], [1, 2, 3, 4]]) {
        seen.length = 0;
        expect(await Reflect.apply(wrapped, self, args)).toBe(args.length);
        expect(seen).toEqual([[self, ...args]]);
      }
    }
  }
});

test('a promise of a library is refused, even one that stands in the place of the global one', async () => {
  const { service } = await serviceIn('fresh');
  class Replacement extends Promise<number> {}
  Reflect.defineProperty(Replacement.prototype, 'then', { value: () => 'not a promise' });
  const wrapped = withAutoBackup(() => new Replacement(() => {}), { service });
  const native = globalThis.Promise;
  globalThis.Promise = Replacement as unknown as PromiseConstructor;
  let returned: Promise<unknown>;
  try {
    returned = wrapped();
  } finally {
    globalThis.Promise = native;
  }
  await expect(returned).rejects.toMatchObject({ code: 'ERR_BACKUP_NOT_ASYNC' });
});
