import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { BackupError, directoryStore } from 'sqlite-autobackup';
import type { BackupStore } from 'sqlite-autobackup';
import { describeBackupStore } from 'sqlite-autobackup/testing';

/** The names of the tests of the suite that a store fails. */
async function failuresOf(spoil: (good: BackupStore, folder: string) => Partial<BackupStore>): Promise<string[]> {
  const tests: { name: string; run: () => Promise<void> }[] = [];
  describeBackupStore(
    'a store',
    () => {
      const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'autobackup-bad-store-'));
      const good = directoryStore(folder);
      return { store: { ...good, ...spoil(good, folder) }, close: () => fs.rmSync(folder, { recursive: true }) };
    },
    {
      runner: { describe: (_name, define) => define(), test: (name, run) => void tests.push({ name, run }) },
      largeBytes: 300_000,
    },
  );
  expect(tests.length).toBeGreaterThan(14);
  const failed: string[] = [];
  for (const { name, run } of tests) await run().catch(() => failed.push(name));
  return failed;
}

async function bytesOf(body: AsyncIterable<Uint8Array>, evenIfItBreaks = false): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of body) chunks.push(chunk);
  } catch (error) {
    if (!evenIfItBreaks) throw error;
  }
  return Buffer.concat(chunks);
}

test('a good store fails none of them', async () => {
  expect(await failuresOf(() => ({}))).toEqual([]);
});

test('a store that overwrites is found out', async () => {
  const failed = await failuresOf((good, folder) => ({
    async put(key, body, control) {
      await good.put(key, body, control).catch(async (error: unknown) => {
        if (!(error instanceof BackupError) || error.code !== 'ERR_BACKUP_COPY_EXISTS') throw error;
        fs.writeFileSync(path.join(folder, key), 'overwritten');
      });
    },
  }));
  expect(failed).toEqual([
    expect.stringContaining('nothing is overwritten'),
    expect.stringContaining('of several puts'),
  ]);
});

test('a store that keeps half an object is found out', async () => {
  const failed = await failuresOf((_good, folder) => ({
    async put(key, body) {
      const file = path.join(folder, key);
      fs.mkdirSync(path.dirname(file), { recursive: true });
      const broken = { error: undefined as unknown };
      async function* watched() {
        try {
          yield* body;
        } catch (error) {
          broken.error = error;
        }
      }
      fs.writeFileSync(file, await bytesOf(watched()), { flag: 'wx' });
      if (broken.error) throw broken.error;
    },
  }));
  expect(failed).toEqual(expect.arrayContaining([expect.stringContaining('a body that breaks off stores nothing')]));
});

test('a store that swallows the failure of its source is found out', async () => {
  const failed = await failuresOf((good) => ({
    async put(key, body, control) {
      const bytes = await bytesOf(body, true);

      await good.put(
        key,
        (async function* () {
          yield bytes;
        })(),
        control,
      );
    },
  }));
  expect(failed).toEqual(expect.arrayContaining([expect.stringContaining('a body that breaks off stores nothing')]));
});

test('a store whose list ends early, or ignores the prefix, is found out', async () => {
  const early = await failuresOf((good) => ({
    list: async (prefix, control) => (await good.list(prefix, control)).slice(0, 3),
  }));
  expect(early).toEqual([expect.stringContaining('a prefix lists the keys')]);
  const all = await failuresOf((good) => ({ list: async (_prefix, control) => good.list('', control) }));
  expect(all).toEqual([
    expect.stringContaining('a prefix lists the keys'),
    expect.stringContaining('keys hold spaces'),
  ]);
});

test('a store that opens what is not there as nothing is found out', async () => {
  const failed = await failuresOf((good) => ({
    open: (key, control) =>
      good.open(key, control).catch((error: unknown) => {
        if (!(error instanceof BackupError) || error.code !== 'ERR_BACKUP_COPY_NOT_FOUND') throw error;

        return (async function* (): AsyncGenerator<Uint8Array> {})();
      }),
  }));
  expect(failed).toEqual([
    expect.stringContaining('cannot be opened'),
    expect.stringContaining('what is removed is gone'),
  ]);
});

test('a store that changes a byte is found out', async () => {
  const failed = await failuresOf((good) => ({
    async open(key, control) {
      const bytes = await bytesOf(await good.open(key, control));
      if (bytes.length > 0) bytes[bytes.length >> 1]! ^= 1;

      return (async function* () {
        yield bytes;
      })();
    },
  }));
  expect(failed).toEqual(expect.arrayContaining([expect.stringContaining('comes back byte for byte')]));
});

test('a store that ignores its signal is found out', async () => {
  const failed = await failuresOf((good) => ({
    list: (prefix) => good.list(prefix),
    put: (key, body) => good.put(key, body),
    remove: (key) => good.remove(key),
  }));
  expect(failed).toEqual([
    expect.stringContaining('a put that is aborted'),
    expect.stringContaining('with a signal that is aborted already'),
  ]);
});

test('a store that takes plain keys only is found out', async () => {
  const failed = await failuresOf((good) => ({
    put: async (key, ...rest) => {
      if (/[^\w./-]/.test(key)) throw new Error('no such characters');
      return good.put(key, ...rest);
    },
  }));
  expect(failed).toEqual([expect.stringContaining('keys hold spaces')]);
});

test('a store that lets a key lead out of it is found out', async () => {
  const failed = await failuresOf((_good, folder) => ({
    async put(key, body) {
      const file = path.join(folder, 'inside', 'inside', key);
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, await bytesOf(body), { flag: 'wx' });
    },
  }));
  expect(failed).toEqual(expect.arrayContaining([expect.stringContaining('leads out of the store')]));
});

test('without a test runner it says what to pass', () => {
  const { describe: own } = globalThis;
  try {
    (globalThis as { describe?: unknown }).describe = undefined;
    expect(() => describeBackupStore('a store', () => ({ store: directoryStore(os.tmpdir()) }))).toThrow(/runner/);
  } finally {
    globalThis.describe = own;
  }
});
