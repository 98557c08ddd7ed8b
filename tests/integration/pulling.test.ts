import { spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { BackupService, directoryStore, pullBackup, verifyCopy } from 'sqlite-autobackup';
import type { Backup } from 'sqlite-autobackup';
import { pullPartial } from '#dist/catalog/pull-files.js';
import { addEntry, checkLedger, createLedger } from '../support/databases';
import { rejectionOf } from '../support/errors';
import { watchFlushes } from '../support/flushes';
import { memoryLogger } from '../support/memory-logger';
import { DIST, runNode } from '../support/run-node';
import { watchedStore } from '../support/stores';
import { useTempFolder } from '../support/temp-folder';

const folder = useTempFolder();
const ROOT = path.join(__dirname, '..', '..');

async function shipped(settings = {}) {
  fs.mkdirSync(folder.file('remote'));
  const store = watchedStore(directoryStore(folder.file('remote'), { host: 'shop-1', ...settings }));
  const db = createLedger(folder.file('app.db'), 'wal', 300_000);
  addEntry(db);
  db.close();
  const service = new BackupService({ database: folder.file('app.db'), logger: memoryLogger(), copies: [store] });
  const backup = await service.createBackup();
  await service.shipPending();
  return { store, service, backup };
}

test.each(['ETIMEDOUT', 'ECONNRESET', 'EIO'])(
  'what a store breaks off with (%s) is told as an error of the store, not of the disk here or of the copy',
  async (code) => {
    const { store } = await shipped();
    const open = store.open.bind(store);
    async function* broken(): AsyncGenerator<Uint8Array, void> {
      yield Buffer.alloc(100);
      await Promise.resolve();
      throw Object.assign(new Error('the line is dead'), { code });
    }
    store.open = (key, control) => (key.endsWith('.db') ? Promise.resolve(broken()) : open(key, control));
    const error = await rejectionOf(pullBackup({ from: store, to: folder.file('back.db') }));
    expect(error).toMatchObject({ code: 'ERR_BACKUP_STORE_FAILED', cause: { code } });
    expect(error.message).toContain('the line is dead');
    expect(folder.list().filter((name) => name.startsWith('back.db'))).toEqual([]);
  },
);

test('a progress bar that throws does not end the pull', async () => {
  const { store, backup } = await shipped();
  const onProgress = () => {
    throw new Error('no terminal');
  };
  await expect(pullBackup({ from: store, to: folder.file('back.db'), onProgress })).resolves.toMatchObject({
    name: backup.name,
  });
});

test('a pull writes one file that is the backup, and tells how far it is', async () => {
  const { store, backup } = await shipped({ compress: 'gzip' });
  const progress: number[] = [];
  const report = await pullBackup({
    from: store,
    to: folder.file('back.db'),
    onProgress: ({ doneBytes, totalBytes }) => progress.push(doneBytes / totalBytes),
  });
  expect(report).toEqual({
    name: backup.name,
    host: 'shop-1',
    store: folder.file('remote'),
    key: `shop-1/${backup.name}.gz`,
    path: folder.file('back.db'),
    createdAt: new Date(backup.manifest!.createdAt),
    sizeBytes: backup.sizeBytes,
    sha256: backup.sha256,
    ignored: [],
    durationMs: expect.any(Number) as number,
  });
  expect(progress.at(-1)).toBe(1);
  expect(checkLedger(folder.file('back.db'))).toEqual({ entries: 1 });
  expect(folder.list().filter((name) => name.includes('partial'))).toEqual([]);
});

test('what was pulled is flushed, and then gets its name, and then its folder is flushed', async () => {
  const { store } = await shipped();
  const steps: string[] = [];
  const link = fs.promises.link.bind(fs.promises);
  const unwatch = watchFlushes((file) => steps.push(`flush ${file.endsWith('.partial') ? 'file' : file}`));
  const linked = jest.spyOn(fs.promises, 'link').mockImplementation(async (...names) => {
    await link(...names);
    steps.push('name');
  });
  await pullBackup({ from: store, to: folder.file('back.db') });
  unwatch();
  linked.mockRestore();
  expect(steps).toEqual(['flush file', 'name', `flush ${folder.path}`]);
});

test.each(['', '-wal', '-journal', '-shm'])(
  'a file that exists at app.db%s is not touched, and nothing is fetched',
  async (suffix) => {
    const { store } = await shipped();
    fs.writeFileSync(folder.file(`back.db${suffix}`), 'mine');
    store.calls.length = 0;
    const error = await rejectionOf(pullBackup({ from: store, to: folder.file('back.db') }));
    expect(error).toMatchObject({ code: 'ERR_BACKUP_PULL_TARGET', step: 'pull' });
    expect(error.message).toContain(folder.file(`back.db${suffix}`));
    expect(fs.readFileSync(folder.file(`back.db${suffix}`), 'utf8')).toBe('mine');
    expect(store.calls).toEqual([]);
  },
);

test('a file that appears while it is being fetched is not overwritten', async () => {
  const { store } = await shipped();
  const onProgress = () => fs.writeFileSync(folder.file('back.db'), 'mine');
  const error = await rejectionOf(pullBackup({ from: store, to: folder.file('back.db'), onProgress }));
  expect(error.code).toBe('ERR_BACKUP_PULL_TARGET');
  expect(fs.readFileSync(folder.file('back.db'), 'utf8')).toBe('mine');
});

test('a folder that is not there, or a pull that is cancelled, leaves nothing', async () => {
  const { store } = await shipped();
  const missing = await rejectionOf(pullBackup({ from: store, to: folder.file('no', 'back.db') }));
  expect(missing.code).toBe('ERR_BACKUP_WRITE_FAILED');
  expect(missing.message).toContain(folder.file('no', 'back.db'));
  const controller = new AbortController();
  const cancelled = await rejectionOf(
    pullBackup({
      from: store,
      to: folder.file('back.db'),
      signal: controller.signal,
      onProgress: () => controller.abort(),
    }),
  );
  expect(cancelled.code).toBe('ERR_BACKUP_CANCELLED');
  expect(folder.list().filter((name) => name.startsWith('back'))).toEqual([]);
});

test('a copy in which a bit has flipped is refused by its hash alone, and nothing is written', async () => {
  const { store, backup } = await shipped();
  const file = folder.file('remote', 'shop-1', backup.name);
  const bytes = fs.readFileSync(file);
  bytes[bytes.length >> 1]! ^= 1;
  fs.writeFileSync(file, bytes);
  const error = await rejectionOf(pullBackup({ from: store, to: folder.file('back.db') }));
  expect(error).toMatchObject({ code: 'ERR_BACKUP_COPY_DAMAGED', step: 'pull' });
  expect(folder.list().filter((name) => name.startsWith('back'))).toEqual([]);
});

test('a copy that unpacks to more than the backup is stopped, before it fills the disk', async () => {
  const { store, backup } = await shipped({ compress: 'gzip' });
  const bomb = spawnSync('gzip', ['-c'], { input: Buffer.alloc(50_000_000) }).stdout;
  const file = folder.file('remote', 'shop-1', `${backup.name}.gz`);
  fs.writeFileSync(file, bomb);
  const manifest = file.replace(/db\.gz$/, 'json');
  const text = JSON.parse(fs.readFileSync(manifest, 'utf8')) as { copy: object };
  fs.writeFileSync(manifest, JSON.stringify({ ...text, copy: { ...text.copy, sizeBytes: bomb.length } }));
  const error = await rejectionOf(pullBackup({ from: store, to: folder.file('back.db') }));
  expect(error.code).toBe('ERR_BACKUP_COPY_DAMAGED');
  expect(error.message).toContain('more than');
});

test('a copy is proven where it is, and by bringing it back; a name that is not there is an error', async () => {
  const { store, service, backup } = await shipped({ compress: 'gzip' });
  for (const level of ['hash', 'quick', 'full', 'drill'] as const) {
    expect(await service.verifyCopy(backup.name, { level })).toMatchObject({
      level,
      ok: true,
      problems: [],
      name: backup.name,
    });
  }
  const assertions = ['SELECT count(*) = 1 FROM entries', 'SELECT count(*) > 5 FROM entries'];
  const drill = await service.verifyCopy(backup.name, { level: 'drill', assertions });
  expect(drill).toMatchObject({ ok: false, problems: [expect.stringContaining('> 5') as string] });
  expect((await rejectionOf(service.verifyCopy(backup.name, { level: 'deep' as never }))).code).toBe(
    'ERR_BACKUP_OPTIONS',
  );
  expect((await rejectionOf(verifyCopy({ from: store, name: 'app_backup_20200101_000000.db' }))).code).toBe(
    'ERR_BACKUP_COPY_NOT_FOUND',
  );
});

/** Writes a copy of these bytes with the manifest that `backup` has, made to fit. */
function plantCopy(backup: Backup, bytes: Buffer, compressed: Buffer = bytes): void {
  const digest = (of: Buffer) => crypto.createHash('sha256').update(of).digest('hex');
  const ending = compressed === bytes ? '' : '.gz';
  const manifest = folder.file('remote', 'shop-1', backup.name.replace(/db$/, 'json'));
  const text = JSON.parse(fs.readFileSync(manifest, 'utf8')) as { copy: object };
  const copy = { ...text.copy, sizeBytes: compressed.length, sha256: digest(compressed) };
  fs.writeFileSync(manifest, JSON.stringify({ ...text, sizeBytes: bytes.length, sha256: digest(bytes), copy }));
  fs.writeFileSync(folder.file('remote', 'shop-1', backup.name + ending), compressed);
}

test('a copy that is shorter or longer than its own header says is refused, though its size and hash are those of its manifest', async () => {
  const { store, backup } = await shipped();
  const whole = fs.readFileSync(backup.path);
  for (const bytes of [
    whole.subarray(0, -1_000),
    whole.subarray(0, -4_096),
    Buffer.concat([whole, Buffer.alloc(4_096)]),
    Buffer.from('hello'),
    crypto.randomBytes(20_000),
  ]) {
    plantCopy(backup, bytes);
    const error = await rejectionOf(pullBackup({ from: store, to: folder.file('back.db') }));
    expect(error.code).toBe('ERR_BACKUP_COPY_DAMAGED');
    expect(folder.list().filter((name) => /^\.?back/.test(name))).toEqual([]);
  }
});

test('a damaged compressed copy rejects, wherever the damage is and however late anybody reads: nothing is left uncaught', async () => {
  const { store, backup } = await shipped({ compress: 'gzip' });
  const whole = fs.readFileSync(folder.file('remote', 'shop-1', `${backup.name}.gz`));
  const uncaught: unknown[] = [];
  const listener = (error: unknown) => uncaught.push(error);
  process.on('unhandledRejection', listener);
  const cuts = [0, 1, 9, 10, 11, 100, whole.length >> 1, whole.length - 8, whole.length - 1];
  const damaged = [
    ...cuts.map((at) => whole.subarray(0, at)),
    ...cuts.map((at) => Buffer.concat([whole.subarray(0, at), Buffer.from('garbage'), whole.subarray(at)])),
  ];
  for (const bytes of damaged) {
    plantCopy(backup, fs.readFileSync(backup.path), bytes);
    const error = await rejectionOf(pullBackup({ from: store, to: folder.file('back.db') }));
    expect(error.code).toBe('ERR_BACKUP_COPY_DAMAGED');
  }
  // A store that breaks off at every moment: before the first byte, between two, at the end.
  plantCopy(backup, fs.readFileSync(backup.path), whole);
  const open = store.open.bind(store);
  for (const after of [0, 1, 10, whole.length]) {
    store.open = async (key, control) => {
      if (key.endsWith('.json')) return open(key, control);
      return (async function* () {
        yield whole.subarray(0, after);
        await Promise.resolve();
        throw new Error('the line is dead');
      })();
    };
    const error = await rejectionOf(pullBackup({ from: store, to: folder.file('back.db') }));
    expect(error).toMatchObject({ code: 'ERR_BACKUP_STORE_FAILED' });
  }
  process.off('unhandledRejection', listener);
  expect(uncaught).toEqual([]);
  expect(folder.list().filter((name) => /^\.?back/.test(name))).toEqual([]);
});

test('a copy that is larger than the disk is refused before anything is fetched', async () => {
  const { store, backup } = await shipped({ compress: 'gzip' });
  const manifest = folder.file('remote', 'shop-1', backup.name.replace(/db$/, 'json'));
  const text = JSON.parse(fs.readFileSync(manifest, 'utf8')) as object;
  fs.writeFileSync(manifest, JSON.stringify({ ...text, sizeBytes: 2 ** 52 }));
  store.calls.length = 0;
  const error = await rejectionOf(pullBackup({ from: store, to: folder.file('back.db') }));
  expect(error).toMatchObject({ code: 'ERR_BACKUP_NO_SPACE', step: 'pull' });
  expect(store.calls.filter((call) => call.endsWith('.gz'))).toEqual([]);
});

describe('into a folder', () => {
  test('the manifest comes first, then the backup, protected; then the folder is flushed', async () => {
    const { store, backup } = await shipped();
    fs.mkdirSync(folder.file('here'));
    const names: string[] = [];
    const link = fs.promises.link.bind(fs.promises);
    const linked = jest.spyOn(fs.promises, 'link').mockImplementation(async (from, to) => {
      await link(from, to);
      names.push(path.basename(String(to)));
    });
    await pullBackup({ from: store, to: folder.file('here') });
    linked.mockRestore();
    expect(names).toEqual([backup.name.replace(/db$/, 'json'), backup.name]);
    expect(fs.readdirSync(folder.file('here')).sort()).toEqual([...names].sort());
    const there = new BackupService({ database: folder.file('here', 'app.db'), logger: memoryLogger() });
    expect(await there.listBackups()).toMatchObject([{ name: backup.name, sha256: backup.sha256, protected: true }]);
  });

  test.each(['', '{"half', 'its own'])(
    'a manifest without its backup that a crash has left is replaced: %j',
    async (left) => {
      const { store, backup } = await shipped();
      fs.mkdirSync(folder.file('here'));
      const file = folder.file('here', backup.name.replace(/db$/, 'json'));
      fs.writeFileSync(file, left === 'its own' ? JSON.stringify(backup.manifest) : left);
      await pullBackup({ from: store, to: folder.file('here') });
      expect(JSON.parse(fs.readFileSync(file, 'utf8'))).toEqual({ ...backup.manifest, protected: true });
    },
  );

  test('a file of somebody else in the manifest’s place stays, and nothing is left beside it', async () => {
    const { store, backup } = await shipped();
    fs.mkdirSync(folder.file('here'));
    const file = folder.file('here', backup.name.replace(/db$/, 'json'));
    for (const plant of [
      () => fs.writeFileSync(file, '{"mine": true}'),
      () => fs.symlinkSync(folder.file('elsewhere'), file),
      () => fs.mkdirSync(file),
    ]) {
      fs.rmSync(file, { force: true, recursive: true });
      plant();
      const error = await rejectionOf(pullBackup({ from: store, to: folder.file('here') }));
      expect(error).toMatchObject({ code: 'ERR_BACKUP_PULL_TARGET' });
      expect(fs.readdirSync(folder.file('here'))).toEqual([path.basename(file)]);
      expect(fs.existsSync(folder.file('elsewhere'))).toBe(false);
    }
  });

  test('what a pull left that was killed is removed by the next pull and by the next backup; what a living one writes stays', async () => {
    const { store, service, backup } = await shipped();
    fs.mkdirSync(folder.file('here'));
    const dead = (target: string) =>
      runNode<string>(
        `const { pullPartial } = require(process.argv[1] + '/catalog/pull-files.js');
        const file = pullPartial(process.argv[2]);
        require('node:fs').writeFileSync(file, 'half');
        console.log(JSON.stringify(file));`,
        { args: [DIST, target] },
      );
    const living = pullPartial(folder.file('here', backup.name));
    fs.writeFileSync(living, 'half');
    const inFolder = dead(folder.file('here', backup.name));
    await pullBackup({ from: store, to: folder.file('here') });
    expect(fs.existsSync(inFolder)).toBe(false);
    expect(fs.existsSync(living)).toBe(true);

    const beside = dead(folder.file(backup.name));
    const mine = pullPartial(folder.file(backup.name));
    fs.writeFileSync(mine, 'half');
    await service.createBackup();
    expect(fs.existsSync(beside)).toBe(false);
    expect(fs.existsSync(mine)).toBe(true);
  });
});

(process.getuid?.() === 0 ? test : test.skip)(
  'what root pulls, and the record of what root ships, belong to the owner of the folder',
  async () => {
    const { store, service } = await shipped();
    fs.mkdirSync(folder.file('here'));
    fs.chownSync(folder.file('here'), 12_345, 54_321);
    await pullBackup({ from: store, to: folder.file('here') });
    for (const name of fs.readdirSync(folder.file('here'))) {
      expect(fs.statSync(folder.file('here', name))).toMatchObject({ uid: 12_345, gid: 54_321 });
    }
    fs.chownSync(folder.path, 12_345, 54_321);
    await service.createBackup();
    await service.shipPending();
    const records = folder.list().filter((name) => /copies-.*json$/.test(name));
    expect(records.map((name) => fs.statSync(folder.file(name)).uid)).toEqual([12_345]);
  },
);

test('a killed verifyCopy() leaves no decoded database for longer than until the next one', async () => {
  const { service, backup } = await shipped();
  fs.mkdirSync(folder.file('scratch'));
  const source = `
    const { directoryStore, verifyCopy } = require(${JSON.stringify(ROOT)});
    const [remote, scratch] = process.argv.slice(-2);
    const snapshotter = { verify: () => process.kill(process.pid, 'SIGKILL') };
    verifyCopy({ from: directoryStore(remote), scratch, level: 'quick', snapshotter });`;
  spawnSync(process.execPath, ['-e', source, '--', folder.file('remote'), folder.file('scratch')]);
  const [left] = fs.readdirSync(folder.file('scratch'));
  expect(fs.readdirSync(folder.file('scratch', left!))).toContain(backup.name);
  await service.verifyCopy(backup.name, { level: 'quick', scratch: folder.file('scratch') });
  expect(fs.readdirSync(folder.file('scratch'))).toEqual([]);
});

test('a killed verifyCopy() of a service leaves no decoded database for longer than until the next backup', async () => {
  const { service, backup } = await shipped();
  const source = `
    const { BackupService, directoryStore } = require(${JSON.stringify(ROOT)});
    const [database, remote, name] = process.argv.slice(-3);
    const never = () => {};
    const snapshotter = { create: never, createSync: never, inspect: never, restore: never, protect: never,
      verify: () => process.kill(process.pid, 'SIGKILL') };
    const logger = { info() {}, warn() {}, error() {} };
    new BackupService({ database, logger, copies: [directoryStore(remote, { host: 'shop-1' })], snapshotter }).verifyCopy(name, { level: 'quick' });`;
  const { stderr } = spawnSync(
    process.execPath,
    ['-e', source, '--', folder.file('app.db'), folder.file('remote'), backup.name],
    { encoding: 'utf8' },
  );
  const left = folder.list().filter((name) => name.endsWith('.pull.partial'));
  expect({ left: left.length, stderr }).toEqual({ left: 1, stderr: '' });
  expect(fs.readdirSync(folder.file(left[0]!))).toContain(backup.name);
  await service.createBackup();
  expect(folder.list().filter((name) => name.endsWith('.partial'))).toEqual([]);
});

test('with several stores it must be said which one; a wrong name is answered with the right ones', async () => {
  const { store, service, backup } = await shipped();
  expect(await service.listCopies()).toHaveLength(1);
  expect(await service.listCopies({ from: store.name })).toHaveLength(1);
  const wrong = await rejectionOf(service.pullBackup(backup.name, { from: 'nas' }));
  expect(wrong).toMatchObject({ code: 'ERR_BACKUP_OPTIONS' });
  expect(wrong.hint).toContain(folder.file('remote'));
  const none = new BackupService({ database: folder.file('app.db'), logger: memoryLogger() });
  expect((await rejectionOf(none.listCopies())).hint).toContain('"copies"');
  expect(await none.shipPending()).toEqual([]);
});

test('a script that takes a backup and ends is not held up; what it leaves is shipped by the next that waits for it', async () => {
  fs.mkdirSync(folder.file('remote'));
  createLedger(folder.file('app.db'), 'wal').close();
  const source = (then: string) => `
    const { BackupService, directoryStore } = require(${JSON.stringify(ROOT)});
    const [database, remote] = process.argv.slice(-2);
    const logger = { info() {}, warn() {}, error() {} };
    const service = new BackupService({ database, logger, copies: [directoryStore(remote, { host: false })] });
    (async () => { ${then} })();`;
  const args = [folder.file('app.db'), folder.file('remote')];
  // The timers of the background run late here, however long the script takes: one that kept it would keep it for a minute,
  // and then ship.
  const late = `const timer = setTimeout; globalThis.setTimeout = (act, ms, ...rest) => timer(act, ms < 10_000 ? 60_000 : ms, ...rest);`;
  runNode(late + source(`await service.createBackup(); console.log(true);`), { args });
  expect(fs.readdirSync(folder.file('remote'))).toEqual([]);
  const [report] = runNode<{ shipped: string[] }[]>(
    source(`console.log(JSON.stringify(await service.shipPending()));`),
    { args },
  );
  expect(report!.shipped).toHaveLength(1);
  expect(fs.readdirSync(folder.file('remote'))).toHaveLength(2);
});

test('without the packages of the SDK, s3Store says how to install them, and the core does not need them', () => {
  const result = runNode<{ code: string; hint: string; core: boolean }>(`
    const Module = require('node:module');
    const resolve = Module._resolveFilename;
    Module._resolveFilename = function (name, ...rest) {
      if (name.startsWith('@aws-sdk/')) throw Object.assign(new Error('no ' + name), { code: 'MODULE_NOT_FOUND' });
      return resolve.call(this, name, ...rest);
    };
    const core = require(${JSON.stringify(ROOT)});
    const { s3Store } = require(${JSON.stringify(path.join(ROOT, 'dist', 's3.js'))});
    s3Store({ bucket: 'backups' }).list('').catch(({ code, hint }) => {
      const loaded = Object.keys(require.cache).some((file) => /stores|copies.(lane|pull|codec)|age-encryption/.test(file) && !/s3|copy-settings|backup-store/.test(file));
      console.log(JSON.stringify({ code, hint, core: typeof core.BackupService === 'function' && !loaded }));
    });`);
  expect(result).toEqual({
    code: 'ERR_BACKUP_PEER_MISSING',
    hint: 'Run "npm install @aws-sdk/client-s3 @aws-sdk/lib-storage".',
    core: true,
  });
});
