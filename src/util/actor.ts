import { AsyncLocalStorage } from 'node:async_hooks';

/** By which way something was asked for, and by which person, where that is known. */
export interface Asker {
  readonly via: 'app' | 'cli' | 'dashboard';
  /** What the app calls the visitor of its dashboard. */
  readonly person?: string;
}

const BY_THE_APP: Asker = { via: 'app' };
const storage = new AsyncLocalStorage<Asker>();

/** Runs `work`, and all that it starts, on behalf of somebody: what it does to backups is recorded as theirs. */
export function onBehalfOf<T>(asker: Asker, work: () => T): T {
  return storage.run(asker, work);
}

export function currentAsker(): Asker {
  return storage.getStore() ?? BY_THE_APP;
}
