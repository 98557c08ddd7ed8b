import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { types } from 'node:util';
import { isBackupError } from '../util/errors.js';
import type { BackupStore, StoredObject } from '../stores/backup-store.js';
import { runnerOr } from './runner.js';
import type { TestRunner } from './runner.js';

/** A store to test, and how to clean up after it. */
export interface OpenedStore {
  /** Empty, and nobody else's. */
  readonly store: BackupStore;
  /** Removes all that the test has left. */
  readonly close?: () => Promise<void> | void;
}

/** The options of the contract suite for a store. */
export interface StoreSuiteOptions {
  /** Default: the global `describe` and `test`. */
  readonly runner?: TestRunner;
  /** The size of the largest object that is stored, so that a store which sends parts sends several. Default 12,000,000. */
  readonly largeBytes?: number;
  /** The time limit of each test, in milliseconds. Default 60,000. */
  readonly timeoutMs?: number;
}

/**
 * Defines the tests that hold a {@link BackupStore} to its contract. Call it in a test file:
 *
 * @example describeBackupStore('my store', async () => ({ store: await myStore() }));
 * @param open makes an empty store for each test
 */
export function describeBackupStore(
  title: string,
  open: () => Promise<OpenedStore> | OpenedStore,
  { runner, largeBytes = 12_000_000, timeoutMs = 60_000 }: StoreSuiteOptions = {},
): void {
  const { describe, test } = runnerOr(runner);
  const proves: Proves = (behaviour, prove) => {
    const run = async (): Promise<void> => {
      const { store, close } = await open();
      try {
        await prove(store);
      } finally {
        await close?.();
      }
    };
    test(behaviour, run, timeoutMs);
  };

  describe(`${title} is a BackupStore`, () => {
    contentsComeBack(proves, largeBytes);
    keysNameObjects(proves);
    putsAreWholeOrNothing(proves, largeBytes);
    readingAndRemoving(proves);
  });
}

/** Defines a test of one behaviour on a store of its own. */
type Proves = (behaviour: string, prove: (store: BackupStore) => Promise<void>) => void;

function contentsComeBack(proves: Proves, largeBytes: number): void {
  proves('it has a name', async (store) => {
    assert.equal(typeof store.name, 'string');
    assert.notEqual(store.name, '');
    await Promise.resolve();
  });

  proves('an empty store lists nothing', async (store) => {
    assert.deepEqual(await store.list(''), []);
  });

  proves('what was put is listed with its size and time, and comes back byte for byte', async (store) => {
    const bytes = crypto.randomBytes(100_000);
    const before = Date.now();
    await store.put('shop-1/app_backup_20261124_093000.db', inChunks(bytes));
    const [object, ...more] = await store.list('');
    assert.deepEqual(more, []);
    assert.equal(object?.key, 'shop-1/app_backup_20261124_093000.db');
    assert.equal(object.sizeBytes, bytes.length);
    const clocksDiffer = 15 * 60_000;
    assert.ok(types.isDate(object.modifiedAt), 'modifiedAt is a Date');
    assert.ok(Math.abs(object.modifiedAt.getTime() - before) < clocksDiffer, 'modifiedAt is now');
    assert.ok((await contentsOf(store, object.key)).equals(bytes), 'the bytes are those that were put');
  });

  proves('a large object comes back byte for byte', async (store) => {
    const bytes = crypto.randomBytes(largeBytes);
    await store.put('large.db', inChunks(bytes, 60_000), { sizeBytes: bytes.length });
    assert.ok((await contentsOf(store, 'large.db')).equals(bytes), 'the bytes are those that were put');
  });

  proves('an empty object, and one of a single byte, are stored as they are', async (store) => {
    await store.put('empty', inChunks(Buffer.alloc(0)));
    await store.put('one', inChunks(Buffer.from('x')));
    assert.deepEqual(sizesOf(await store.list('')), { empty: 0, one: 1 });
    assert.equal((await contentsOf(store, 'empty')).length, 0);
  });
}

function keysNameObjects(proves: Proves): void {
  proves(
    'a prefix lists the keys that begin with it, also in the middle of a segment, and no others',
    async (store) => {
      for (const key of ['a/app_1', 'a/app_2', 'a/other', 'ab/app_1', 'b/app_1', 'app_1'])
        await putText(store, key, key);
      const keysOf = async (prefix: string): Promise<string[]> =>
        (await store.list(prefix)).map(({ key }) => key).sort();
      assert.deepEqual(await keysOf('a/app_'), ['a/app_1', 'a/app_2']);
      assert.deepEqual(await keysOf('a/'), ['a/app_1', 'a/app_2', 'a/other']);
      assert.deepEqual(await keysOf('a'), ['a/app_1', 'a/app_2', 'a/other', 'ab/app_1', 'app_1']);
      assert.deepEqual(await keysOf(''), ['a/app_1', 'a/app_2', 'a/other', 'ab/app_1', 'app_1', 'b/app_1']);
      assert.deepEqual(await keysOf('nothing'), []);
    },
  );

  proves('keys hold spaces, signs and letters of any script, as the names of databases do', async (store) => {
    const keys = ["shop-1/it's my shop_1.db", 'shop-1/café+100%.db', 'shop-1/数据库 #1&?.db'];
    for (const key of keys) await putText(store, key, key);
    assert.deepEqual((await store.list('')).map(({ key }) => key).sort(), [...keys].sort());
    assert.deepEqual(Object.keys(sizesOf(await store.list('shop-1/caf'))), ['shop-1/café+100%.db']);
    for (const key of keys) assert.equal((await contentsOf(store, key)).toString(), key);
    for (const key of keys) await store.remove(key);
    assert.deepEqual(await store.list(''), []);
  });

  proves('a key that leads out of the store is refused', async (store) => {
    for (const key of ['../key', 'a/../../key', '/key', 'a//b', 'a/.', '', 'a/', 'a\\..\\b', 'a\nb']) {
      await assert.rejects(putText(store, key, 'x'), `put(${JSON.stringify(key)})`);
      await assert.rejects(contentsOf(store, key), `open(${JSON.stringify(key)})`);
      await assert.rejects(store.remove(key), `remove(${JSON.stringify(key)})`);
    }
    assert.deepEqual(await store.list(''), []);
  });
}

function putsAreWholeOrNothing(proves: Proves, largeBytes: number): void {
  proves('nothing is overwritten: the second put of a key is refused, and the first object stays', async (store) => {
    await putText(store, 'key', 'first');
    await rejectsWith('ERR_BACKUP_COPY_EXISTS', putText(store, 'key', 'second'));
    assert.equal((await contentsOf(store, 'key')).toString(), 'first');
  });

  proves(
    'of several puts of one key at the same time one succeeds, and its object is the one that is there',
    async (store) => {
      const texts = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(50_000));
      const ends = await Promise.allSettled(texts.map((text) => putText(store, 'key', text)));
      const winners = texts.filter((_, i) => ends[i]!.status === 'fulfilled');
      assert.equal(winners.length, 1, `${winners.length} of 4 puts succeeded`);
      assert.equal((await contentsOf(store, 'key')).toString(), winners[0]);
    },
  );

  proves('a body that breaks off stores nothing, whatever its size, and the key stays free', async (store) => {
    for (const size of [0, 1_000, largeBytes]) {
      const broken = new Error('the source broke off');
      await assert.rejects(store.put('key', inChunks(crypto.randomBytes(size), 60_000, broken)));
      assert.deepEqual(await store.list(''), [], `nothing is left after ${size} bytes`);
    }
    await putText(store, 'key', 'whole');
    assert.equal((await contentsOf(store, 'key')).toString(), 'whole');
  });

  proves('a put that is aborted rejects and stores nothing', async (store) => {
    const controller = new AbortController();
    // eslint-disable-next-line @typescript-eslint/require-await -- what is put is asynchronous
    async function* body(): AsyncGenerator<Uint8Array, void> {
      yield Buffer.alloc(100_000, 1);
      controller.abort(new Error('enough'));
      yield Buffer.alloc(100_000, 2);
    }
    await assert.rejects(store.put('key', body(), { signal: controller.signal }));
    assert.deepEqual(await store.list(''), []);
  });

  proves('with a signal that is aborted already, every call rejects', async (store) => {
    await putText(store, 'key', 'there');
    const signal = AbortSignal.abort(new Error('enough'));
    await assert.rejects(store.list('', { signal }));
    await assert.rejects(store.put('other', inChunks(Buffer.from('x')), { signal }));
    await assert.rejects(store.remove('key', { signal }));
    await assert.rejects(async () => {
      await contentsOf(store, 'key', signal);
    });
    assert.deepEqual(sizesOf(await store.list('')), { key: 5 });
  });
}

function readingAndRemoving(proves: Proves): void {
  proves('an object that is not there cannot be opened', async (store) => {
    await rejectsWith('ERR_BACKUP_COPY_NOT_FOUND', contentsOf(store, 'shop-1/nothing'));
    await putText(store, 'shop-1/app.db', 'x');
    await rejectsWith('ERR_BACKUP_COPY_NOT_FOUND', contentsOf(store, 'shop-1/app'));
  });

  proves('what is removed is gone, alone, and its key is free; removing it again is no error', async (store) => {
    await putText(store, 'a/key', 'a');
    await putText(store, 'a/key2', 'b');
    await store.remove('a/key');
    await store.remove('a/key');
    assert.deepEqual(sizesOf(await store.list('')), { 'a/key2': 1 });
    await rejectsWith('ERR_BACKUP_COPY_NOT_FOUND', contentsOf(store, 'a/key'));
    await putText(store, 'a/key', 'again');
    assert.equal((await contentsOf(store, 'a/key')).toString(), 'again');
  });

  proves('who stops reading early leaves the object as it is', async (store) => {
    const bytes = crypto.randomBytes(2_000_000);
    await store.put('key', inChunks(bytes, 60_000));
    for await (const chunk of await store.open('key')) if (chunk.length > 0) break;
    assert.ok((await contentsOf(store, 'key')).equals(bytes));
  });

  proves('sweeping, where the store does it, leaves finished objects alone', async (store) => {
    await putText(store, 'a/key', 'x');
    await store.sweep?.('a/');
    assert.deepEqual(sizesOf(await store.list('')), { 'a/key': 1 });
  });
}

// eslint-disable-next-line @typescript-eslint/require-await -- what is put is asynchronous
async function* inChunks(bytes: Uint8Array, size = 60_000, then?: Error): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  if (then) throw then;
}

function putText(store: BackupStore, key: string, text: string): Promise<void> {
  return store.put(key, inChunks(Buffer.from(text)));
}

async function contentsOf(store: BackupStore, key: string, signal?: AbortSignal): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of await store.open(key, { signal })) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function sizesOf(objects: readonly StoredObject[]): Record<string, number> {
  return Object.fromEntries(objects.map(({ key, sizeBytes }) => [key, sizeBytes]));
}

async function rejectsWith(
  code: 'ERR_BACKUP_COPY_EXISTS' | 'ERR_BACKUP_COPY_NOT_FOUND',
  act: Promise<unknown>,
): Promise<void> {
  await assert.rejects(act, (error: unknown) => {
    assert.ok(isBackupError(error, code), `it rejects with ${code}, not with ${String(error)}`);
    return true;
  });
}
