import type { BackupStore } from 'sqlite-autobackup';
import * as nodeTimers from '#dist/util/timers.js';

export interface WatchedStore extends BackupStore {
  /** `['put host/app_backup_….db', …]` */
  readonly calls: string[];
  /** Thrown by the next calls of that verb, until it is taken away. */
  failing: Partial<Record<'list' | 'put' | 'open' | 'remove', Error>>;
  /** Awaited by `put` before it does anything. */
  gate: Promise<unknown>;
}

/** A real store whose calls are kept, and that can be told to fail. */
export function watchedStore(inner: BackupStore): WatchedStore {
  const before = (verb: 'list' | 'put' | 'open' | 'remove', key: string) => {
    store.calls.push(`${verb} ${key}`);
    const error = store.failing[verb];
    if (error) throw error;
  };
  // Without the recipe, by which a child process would go past this one.
  const { recipe: _, ...here } = inner;
  const store: WatchedStore = {
    ...here,
    calls: [],
    failing: {},
    gate: Promise.resolve(),
    async list(prefix, control) {
      before('list', prefix);
      return inner.list(prefix, control);
    },
    async put(key, body, control) {
      before('put', key);
      await store.gate;
      return inner.put(key, body, control);
    },
    async open(key, control) {
      before('open', key);
      return inner.open(key, control);
    },
    async remove(key, control) {
      before('remove', key);
      return inner.remove(key, control);
    },
  };
  return store;
}

/**
 * Makes services that do not look by themselves, five seconds later, for what an earlier process has left to ship: on a
 * machine where a test takes longer than that, they would ship what the test is about to.
 */
export function withoutFirstLook<T>(make: () => T): T {
  const timers = jest.spyOn(nodeTimers, 'setTimeout').mockReturnValue({ unref() {} } as never);
  try {
    const made = make();
    expect(timers).toHaveBeenCalled();
    return made;
  } finally {
    timers.mockRestore();
  }
}

/** Resolves with the next event of a service. */
export function nextEvent<E extends keyof import('sqlite-autobackup').BackupEvents>(
  service: import('sqlite-autobackup').BackupService,
  event: E,
): Promise<import('sqlite-autobackup').BackupEvents[E]> {
  return new Promise((resolve) => {
    const off = service.on(event, (payload) => {
      off();
      resolve(payload);
    });
  });
}
