import crypto from 'node:crypto';
import fs from 'node:fs';
import Database from 'better-sqlite3';
import { BackupService, directoryStore, keep, listCopies, pullBackup } from 'sqlite-autobackup';
import type { BackupServiceOptions, CopySettings } from 'sqlite-autobackup';
import { addEntry, checkLedger, createLedger } from '../support/databases';
import { rejectionOf } from '../support/errors';
import { memoryLogger } from '../support/memory-logger';
import { HOUR, writeBackup } from '../support/planted-backups';
import { sleep } from '../support/processes';
import { nextEvent, watchedStore, withoutFirstLook } from '../support/stores';
import { useTempFolder } from '../support/temp-folder';

const folder = useTempFolder();
const remote = (...names: string[]) => folder.file('remote', ...names);
const sha256 = (file: string) => crypto.createHash('sha256').update(fs.readFileSync(file)).digest('hex');

beforeEach(() => {
  fs.mkdirSync(remote());
  const db = createLedger(folder.file('app.db'), 'wal', 300_000);
  addEntry(db);
  db.close();
});

/** A service that ships when it is told to, or soon after a backup of its own. */
function setUp(settings: CopySettings = {}, options: Partial<BackupServiceOptions> = {}) {
  return withoutFirstLook(() => setUpAwake(settings, options));
}

/** It also looks by itself, soon after it was made. */
function setUpAwake(settings: CopySettings = {}, options: Partial<BackupServiceOptions> = {}) {
  const store = watchedStore(directoryStore(remote(), { host: 'shop-1', ...settings }));
  const logger = memoryLogger();
  const service = new BackupService({ database: folder.file('app.db'), logger, copies: [store], ...options });
  return { service, store, logger };
}

/** A backup that was taken while nothing shipped it: by a service that has no copies. */
function takeChanged() {
  const db = new Database(folder.file('app.db'));
  addEntry(db);
  db.close();
  return take();
}
const take = (options: Partial<BackupServiceOptions> = {}) =>
  new BackupService({ database: folder.file('app.db'), logger: memoryLogger(), ...options }).createBackup();

describe('shipping', () => {
  test('a backup is copied in the background, read back, and its manifest follows it', async () => {
    const { service, store, logger } = setUpAwake();
    const copied = nextEvent(service, 'copied');
    let open!: () => void;
    store.gate = new Promise<void>((resolve) => (open = resolve));
    // It waits for no copy: none can be made yet.
    const backup = await service.createBackup();
    expect(fs.readdirSync(remote())).toEqual([]);
    open();
    const event = await copied;

    expect(event).toMatchObject({ store: remote(), key: `shop-1/${backup.name}`, sizeBytes: backup.sizeBytes });
    expect(event.backup.name).toBe(backup.name);
    expect(sha256(remote('shop-1', backup.name))).toBe(backup.sha256);
    expect(checkLedger(remote('shop-1', backup.name))).toEqual({ entries: 1 });
    const manifestName = backup.name.replace(/db$/, 'json');
    const manifest = JSON.parse(fs.readFileSync(remote('shop-1', manifestName), 'utf8')) as object;
    expect(manifest).toEqual({
      ...backup.manifest,
      copy: {
        object: backup.name,
        host: 'shop-1',
        sizeBytes: backup.sizeBytes,
        sha256: backup.sha256,
        shippedAt: expect.any(String) as string,
      },
    });
    expect(store.calls.filter((call) => /^(put|open)/.test(call))).toEqual([
      `put shop-1/${backup.name}`,
      `open shop-1/${backup.name}`,
      `put shop-1/${manifestName}`,
      `open shop-1/${manifestName}`,
    ]);
    expect(logger.lines.join('\n')).toMatch(/info Backup copied: app_backup_\w+\.db .* read back/);
  });

  test.each(['my shop.db', 'café+100%.sqlite', "数据库 'eins'.db"])(
    'a database that is called %s is copied, listed and brought back',
    async (name) => {
      const database = folder.file(name);
      fs.renameSync(folder.file('app.db'), database);
      const { service, store } = setUp({ retention: keep({ last: 1 }) }, { database });
      await service.createBackup();
      await service.shipPending();
      const { name: newest } = await service.createBackup();
      expect((await service.shipPending())[0]).toMatchObject({ errors: [], pending: [] });
      expect(await listCopies(store)).toMatchObject([{ name: newest }]);
      await pullBackup({ from: store, database: name, to: folder.file('back.db') });
      expect(checkLedger(folder.file('back.db'))).toEqual({ entries: 1 });
    },
  );

  test('status and listBackups say what is pending and what is copied, without asking the store', async () => {
    const { service, store } = setUp();
    const first = await take();
    const second = await take();
    const [before] = (await service.status()).copies;
    expect(before).toMatchObject({
      store: remote(),
      host: 'shop-1',
      copyCount: 0,
      copyBytes: 0,
      latest: undefined,
      pending: [second.name, first.name],
      pendingSince: first.createdAt,
      lastError: undefined,
    });
    const [report] = await service.shipPending();
    expect(report).toEqual({ store: remote(), shipped: [second.name, first.name], pending: [], errors: [] });

    store.calls.length = 0;
    const [after] = (await service.status()).copies;
    expect(after).toMatchObject({
      copyCount: 2,
      copyBytes: first.sizeBytes + second.sizeBytes,
      latest: { name: second.name, createdAt: new Date(second.manifest!.createdAt) },
      pending: [],
      pendingSince: undefined,
    });
    const [listed] = await service.listBackups();
    expect(listed!.copies).toEqual([
      { store: remote(), state: 'copied', at: expect.any(Date) as Date, sizeBytes: second.sizeBytes },
    ]);
    expect(store.calls).toEqual([]);
    expect((await service.shipPending())[0]).toMatchObject({ shipped: [], pending: [] });
  });

  test('what an earlier process left is shipped by the next one, and nothing twice', async () => {
    const first = new BackupService({ database: folder.file('app.db'), logger: memoryLogger() });
    const backup = await first.createBackup();
    const { service, store } = setUp();
    await service.shipPending();
    const again = setUp();
    await again.service.shipPending();
    expect(store.calls).toContain(`put shop-1/${backup.name}`);
    expect(again.store.calls).toEqual([]);
  });

  test('a service ships what was left soon after it was made, without a backup being taken', async () => {
    await new BackupService({ database: folder.file('app.db'), logger: memoryLogger() }).createBackup();
    const { service } = setUpAwake();
    // The timer does not keep a process alive; this one does.
    const alive = setInterval(() => {}, 1_000);
    await nextEvent(service, 'copied');
    clearInterval(alive);
  });

  test('a record that was lost costs a look at the store, not a second copy', async () => {
    const { service } = setUp();
    await take();
    await service.shipPending();
    const [record] = folder.list().filter((name) => /^\.app_backup\.copies-.*\.json$/.test(name));
    fs.writeFileSync(folder.file(record!), '{"half');
    const { service: next, store } = setUp();
    expect((await next.status()).copies[0]!.pending).toHaveLength(1);
    expect((await next.shipPending())[0]!.shipped).toHaveLength(1);
    expect(store.calls.filter((call) => call.startsWith('put'))).toEqual([]);
    expect((await next.status()).copies[0]!.copyCount).toBe(1);
  });

  test('a store that fails harms neither the backup nor the other store, is reported, and is tried again', async () => {
    fs.mkdirSync(folder.file('second'));
    const broken = watchedStore(directoryStore(remote(), { retryAfter: '1h' }));
    broken.failing.put = new Error('the cable is out');
    const logger = memoryLogger();
    const service = new BackupService({
      database: folder.file('app.db'),
      logger,
      copies: [broken, directoryStore(folder.file('second'))],
    });
    const failed = nextEvent(service, 'copy-failed');
    const backup = await service.createBackup();
    await failed;
    const reports = await service.shipPending();
    expect(reports).toMatchObject([
      { store: remote(), shipped: [], pending: [backup.name] },
      { store: folder.file('second'), pending: [], errors: [] },
    ]);
    expect(reports[0]!.errors).toMatchObject([{ code: 'ERR_BACKUP_STORE_FAILED' }]);
    const event = await failed;
    expect(event).toMatchObject({ store: remote(), name: backup.name, error: { code: 'ERR_BACKUP_STORE_FAILED' } });
    expect(event.error.message).toContain('the cable is out');
    expect(event.retryAt!.getTime()).toBeGreaterThan(Date.now() + 0.9 * HOUR);

    const status = await service.status();
    expect(status.copies[0]!.lastError).toMatchObject({
      name: backup.name,
      failures: 2,
      code: 'ERR_BACKUP_STORE_FAILED',
    });
    expect(status.warnings.join()).toContain('the cable is out');
    expect((await service.listBackups())[0]!.copies).toMatchObject([
      { state: 'pending', error: expect.stringContaining('the cable') as string },
      { state: 'copied' },
    ]);
    expect(logger.lines.join('\n')).toMatch(
      /error Copying app_backup_\w+\.db to .*remote FAILED \[ERR_BACKUP_STORE_FAILED\]/,
    );

    broken.failing = {};
    await service.shipPending();
    const after = await service.status();
    expect(after.copies[0]).toMatchObject({ lastError: undefined, pending: [], copyCount: 1 });
    expect(after.warnings).toEqual([]);
  });

  test('after a failure the background tries again by itself, when the back-off is over', async () => {
    const { service, store } = setUpAwake({ retryAfter: '50ms' });
    store.failing.put = new Error('the cable is out');
    const alive = setInterval(() => {}, 1_000);
    const failed = nextEvent(service, 'copy-failed');
    await service.createBackup();
    await failed;
    store.failing = {};
    await nextEvent(service, 'copied');
    clearInterval(alive);
  });

  test('two services that ship at the same time make one copy', async () => {
    const one = setUp();
    const other = setUp();
    await take();
    const reports = await Promise.all([one.service.shipPending(), other.service.shipPending()]);
    const puts = [...one.store.calls, ...other.store.calls].filter((call) => /^put .*\.db$/.test(call));
    expect(puts).toHaveLength(1);
    expect(reports.flat().map(({ errors }) => errors)).toEqual([[], []]);
    expect(reports.flat().flatMap(({ shipped }) => shipped)).toHaveLength(1);
  });

  test('a backup that has rotted is not copied; the others are, older ones too', async () => {
    const { service } = setUp();
    // Unchanged, the three would be one file: hard links.
    const good = [(await takeChanged()).name, (await takeChanged()).name];
    const bad = await takeChanged();
    const bytes = fs.readFileSync(bad.path);
    bytes[bytes.length >> 1]! ^= 1;
    fs.writeFileSync(bad.path, bytes);
    const [report] = await service.shipPending();
    expect([...report!.shipped].sort()).toEqual(good);
    expect(report!.errors).toMatchObject([{ code: 'ERR_BACKUP_COPY_DAMAGED', step: 'ship' }]);
    expect(report!.pending).toEqual([bad.name]);
    expect(fs.readdirSync(remote('shop-1')).filter((name) => name.includes(bad.name.slice(0, -3)))).toEqual([]);
    expect((await service.status()).copies[0]!.lastError).toMatchObject({ name: bad.name });
  });

  test('one that is deleted while it is being shipped is no failure', async () => {
    const { service, store, logger } = setUp();
    const deleted = await takeChanged();
    const other = await take();
    const list = store.list.bind(store);
    store.list = async (prefix, control) => {
      if (prefix.includes(deleted.name.slice(0, -3))) await service.deleteBackup(deleted.name);
      return list(prefix, control);
    };
    expect(await service.shipPending()).toMatchObject([{ shipped: [other.name], pending: [], errors: [] }]);
    expect((await service.status()).copies[0]).toMatchObject({ lastError: undefined });
    expect((await service.activity()).filter(({ action }) => action === 'failed')).toEqual([]);
    expect(logger.lines.at(-1)).toMatch(/^info Not copied to .*: app_backup_\w+\.db .*, which was deleted meanwhile$/);
  });

  test('one whose folder went away while it was being shipped is a failure', async () => {
    const directory = folder.file('backups');
    fs.mkdirSync(directory);
    const { service, store, logger } = setUp({}, { directory });
    const { name } = await take({ directory });
    const list = store.list.bind(store);
    store.list = async (prefix, control) => {
      fs.renameSync(directory, folder.file('away'));
      return list(prefix, control);
    };
    await rejectionOf(service.shipPending());
    fs.renameSync(folder.file('away'), directory);
    expect(logger.lines.join('\n')).toMatch(/error Copying app_backup_\w+\.db to .* FAILED/);
    store.list = list;
    expect(await service.shipPending()).toMatchObject([{ shipped: [name], errors: [] }]);
  });

  test('backups that nothing proves are not shipped, and listed so', async () => {
    const { service } = setUp();
    writeBackup(folder.path, new Date(Date.now() - HOUR));
    expect((await service.shipPending())[0]).toMatchObject({ shipped: [], pending: [] });
    expect((await service.listBackups())[0]!.copies).toEqual([{ store: remote(), state: 'skipped' }]);
  });

  test('who cancels does not wait for what is shipped before him, by a store that hears no signal', async () => {
    const { service, store } = setUp();
    let open!: () => void;
    store.gate = new Promise<void>((resolve) => (open = resolve));
    const backup = await take();
    const first = service.shipPending();
    while (!store.calls.includes(`put shop-1/${backup.name}`)) await new Promise((resolve) => setTimeout(resolve, 10));
    const controller = new AbortController();
    const second = service.shipPending({ signal: controller.signal });
    controller.abort();
    expect(await rejectionOf(second)).toMatchObject({ code: 'ERR_BACKUP_CANCELLED' });
    open();
    expect(await first).toMatchObject([{ shipped: [backup.name], errors: [] }]);
    expect(await service.shipPending({ signal: new AbortController().signal })).toMatchObject([{ pending: [] }]);
  });

  test('a store that ends a put before it has read all of it has made no copy, and is told so', async () => {
    const { service, store } = setUp();
    const backup = await take();
    const inner = store.put.bind(store);
    for (const early of [
      () => Promise.resolve(),
      async (_key: string, body: AsyncIterable<Uint8Array>) => {
        for await (const chunk of body) if (chunk.length > 0) return;
      },
    ]) {
      store.put = early;
      const [report] = await service.shipPending();
      expect(report).toMatchObject({ shipped: [], pending: [backup.name] });
      expect(report!.errors).toMatchObject([{ code: 'ERR_BACKUP_STORE_FAILED' }]);
      expect(report!.errors[0]!.message).toContain('before it had read all of it');
    }
    store.put = inner;
    expect(await service.shipPending()).toMatchObject([{ shipped: [backup.name], pending: [] }]);
  });

  test.each([{}, { compress: 'gzip' as const }])(
    'a store that reads slower than the child sends gets all of it: %j',
    async (settings) => {
      const { service, store } = setUp(settings);
      const db = new Database(folder.file('app.db'));
      // More than the pipe and the streams at both of its ends hold; it does not get smaller by compressing.
      db.exec('CREATE TABLE noise AS SELECT randomblob(4000000) AS bytes');
      db.close();
      const backup = await take();
      const put = store.put.bind(store);
      store.put = (key, body, control) => put(key, slowly(body), control);
      expect(await service.shipPending()).toMatchObject([{ shipped: [backup.name], errors: [] }]);
    },
  );

  async function* slowly(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
    let chunks = 0;
    for await (const chunk of body) {
      if (chunks++ < 20) await sleep(20);
      yield chunk;
    }
  }

  test('cancelling stops it, leaves nothing half, and the next call ships', async () => {
    const { service, store } = setUp();
    const backup = await take();
    const controller = new AbortController();
    store.gate = Promise.resolve().then(() => controller.abort(new Error('shutdown')));
    await expect(service.shipPending({ signal: controller.signal })).rejects.toMatchObject({
      code: 'ERR_BACKUP_CANCELLED',
    });
    expect(fs.existsSync(remote('shop-1', backup.name))).toBe(false);
    expect((await service.status()).copies[0]).toMatchObject({ pending: [backup.name], lastError: undefined });
    expect((await service.shipPending())[0]!.shipped).toEqual([backup.name]);
  });
});

describe('a store that a child process can make again', () => {
  function direct(settings: CopySettings = {}) {
    const store = directoryStore(remote(), { host: 'shop-1', ...settings });
    const options = { database: folder.file('app.db'), logger: memoryLogger(), copies: [store] };
    return { store, service: withoutFirstLook(() => new BackupService(options)) };
  }

  test('is sent to by the child: the app’s process does not open the backup, and the copy is the same', async () => {
    const { store, service } = direct({ compress: 'gzip' });
    const backup = await take();
    const opened = jest.spyOn(fs.promises, 'open');
    const [report] = await service.shipPending();
    const files = opened.mock.calls.map(([file]) => file as string).filter((file) => !file.endsWith('.json'));
    opened.mockRestore();
    expect(report).toMatchObject({ shipped: [backup.name], errors: [] });
    // Only the manifest, and folders to flush them.
    expect(files.filter((file) => file.includes('.db'))).toEqual([]);
    expect(await listCopies(store)).toMatchObject([{ name: backup.name, sha256: backup.sha256, compress: 'gzip' }]);
  });

  test('tells what went wrong in the child as if it had been here', async () => {
    const { service } = direct();
    const backup = await take();
    fs.writeFileSync(remote('shop-1'), 'a file where the folder should be');
    const [report] = await service.shipPending();
    expect(report!.errors).toMatchObject([{ code: 'ERR_BACKUP_STORE_FAILED', step: 'store' }]);
    expect(report!.pending).toEqual([backup.name]);
  });

  test('does not take a backup that has rotted', async () => {
    const { service } = direct();
    const backup = await take();
    const bytes = fs.readFileSync(backup.path);
    bytes[bytes.length >> 1]! ^= 1;
    fs.writeFileSync(backup.path, bytes);
    const [report] = await service.shipPending();
    expect(report!.errors).toMatchObject([{ code: 'ERR_BACKUP_COPY_DAMAGED', step: 'ship' }]);
    expect(fs.readdirSync(remote('shop-1'))).toEqual([]);
  });

  test('is cancelled in the child too', async () => {
    const { service } = direct();
    const backup = await take();
    const controller = new AbortController();
    // The folder of the host is made at the beginning of the put, and the event comes before any answer of the child. Not
    // recursive: Node fails where a file goes while it is about to watch it.
    const watcher = fs.watch(remote(), () => controller.abort());
    await expect(service.shipPending({ signal: controller.signal })).rejects.toMatchObject({
      code: 'ERR_BACKUP_CANCELLED',
    });
    watcher.close();
    expect(fs.readdirSync(remote('shop-1')).filter((name) => name.endsWith('.json'))).toEqual([]);
    expect((await service.shipPending())[0]!.shipped).toEqual([backup.name]);
  });
});

describe('what stands in the way', () => {
  test('an object without a manifest that is an hour old was left by a shipping that died: it is replaced', async () => {
    const { service } = setUp();
    const backup = await take();
    fs.mkdirSync(remote('shop-1'));
    fs.writeFileSync(remote('shop-1', backup.name), 'half');
    const old = new Date(Date.now() - 2 * HOUR);
    fs.utimesSync(remote('shop-1', backup.name), old, old);
    expect((await service.shipPending())[0]!.shipped).toEqual([backup.name]);
    expect(sha256(remote('shop-1', backup.name))).toBe(backup.sha256);
  });

  test('a younger one could be another machine’s that is about to put its manifest: it is left alone', async () => {
    const { service } = setUp();
    const backup = await take();
    fs.mkdirSync(remote('shop-1'));
    fs.writeFileSync(remote('shop-1', backup.name), 'whose?');
    for (let i = 0; i < 2; i++) {
      const [report] = await service.shipPending();
      expect(report!.errors).toMatchObject([{ code: 'ERR_BACKUP_COPY_EXISTS' }]);
      expect(fs.readFileSync(remote('shop-1', backup.name), 'utf8')).toBe('whose?');
    }
  });

  test('one that our own shipping left, when it died before the manifest, is replaced at once', async () => {
    const { service, store } = setUp();
    const backup = await take();
    const inner = store.put.bind(store);
    store.put = (key, body, control) =>
      key.endsWith('.json') ? Promise.reject(new Error('power cut')) : inner(key, body, control);
    expect((await service.shipPending())[0]!.errors).toHaveLength(1);
    expect(fs.readdirSync(remote('shop-1'))).toEqual([backup.name]);
    expect(await listCopies(store)).toMatchObject([{ name: backup.name, problem: 'no manifest' }]);

    const { service: next } = setUp();
    expect((await next.shipPending())[0]!.shipped).toEqual([backup.name]);
    expect(await listCopies(store)).toMatchObject([{ name: backup.name, sha256: backup.sha256 }]);
  });

  test('a whole copy of another backup under the same name is never touched', async () => {
    const { service } = setUp();
    const backup = await take();
    await service.shipPending();
    fs.mkdirSync(folder.file('other'));
    createLedger(folder.file('other', 'app.db'), 'wal').close();
    // Another machine that was given the same host name, and took a backup in the same second.
    const copies = [directoryStore(remote(), { host: 'shop-1' })];
    const other = withoutFirstLook(
      () => new BackupService({ database: folder.file('other', 'app.db'), logger: memoryLogger(), copies }),
    );
    const theirs = await new BackupService({
      database: folder.file('other', 'app.db'),
      logger: memoryLogger(),
    }).createBackup();
    const manifest = { ...theirs.manifest!, name: backup.name };
    fs.renameSync(theirs.path, folder.file('other', backup.name));
    fs.writeFileSync(folder.file('other', backup.name.replace(/db$/, 'json')), JSON.stringify(manifest));
    const [report] = await other.shipPending();
    expect(report!.errors).toMatchObject([{ code: 'ERR_BACKUP_COPY_EXISTS' }]);
    expect(sha256(remote('shop-1', backup.name))).toBe(backup.sha256);
  });

  test('a store that is a folder of backups costs no backup its life', async () => {
    const { service } = setUp({}, { copies: [directoryStore(folder.path, { host: false, compress: 'gzip' })] });
    const backup = await take();
    const [report] = await service.shipPending();
    expect(report!.errors).toMatchObject([{ code: 'ERR_BACKUP_COPY_EXISTS' }]);
    expect(report!.errors[0]!.message).toContain('no folder of backups');
    expect(await service.verifyBackup(backup.name, { level: 'hash' })).toMatchObject({ ok: true });
    expect(service.getLatestBackup()).toMatchObject({ name: backup.name, sha256: backup.sha256 });
  });

  test.each([
    ['that a later version of this package wrote', { formatVersion: 2, name: { file: 'app.db' } }],
    ['of another database of the same stem', { name: 'app_backup_20261124_093000.sqlite' }],
  ])('a manifest %s, and what stands beside it, are left alone', async (_whose, changes) => {
    const { service } = setUp();
    const backup = await take();
    await service.shipPending();
    const manifest = remote('shop-1', backup.name.replace(/db$/, 'json'));
    const theirs = JSON.stringify({ ...(JSON.parse(fs.readFileSync(manifest, 'utf8')) as object), ...changes });
    fs.writeFileSync(manifest, theirs);
    for (const name of folder.list().filter((each) => each.includes('.copies-'))) fs.rmSync(folder.file(name));
    const [report] = await service.shipPending();
    expect(report!.errors).toMatchObject([{ code: 'ERR_BACKUP_COPY_EXISTS' }]);
    expect(fs.readFileSync(manifest, 'utf8')).toBe(theirs);
    expect(sha256(remote('shop-1', backup.name))).toBe(backup.sha256);
  });

  test('a manifest that has rotted is replaced with its copy', async () => {
    const { service, store } = setUp();
    const backup = await take();
    await service.shipPending();
    fs.writeFileSync(remote('shop-1', backup.name.replace(/db$/, 'json')), '{"formatVersion": 1, "na');
    for (const name of folder.list().filter((each) => each.includes('.copies-'))) fs.rmSync(folder.file(name));
    expect((await service.shipPending())[0]!.shipped).toEqual([backup.name]);
    expect(await listCopies(store)).toMatchObject([{ name: backup.name, sha256: backup.sha256 }]);
  });

  test('a copy of this very backup that is damaged is replaced by a good one', async () => {
    const { service } = setUp();
    const backup = await take();
    await service.shipPending();
    fs.truncateSync(remote('shop-1', backup.name), 100);
    for (const name of folder.list().filter((each) => each.includes('.copies-'))) fs.rmSync(folder.file(name));
    expect((await service.shipPending())[0]!.shipped).toEqual([backup.name]);
    expect(sha256(remote('shop-1', backup.name))).toBe(backup.sha256);
  });

  test('a store that changes what it stores is found out before the copy counts', async () => {
    const { service, store } = setUp();
    const backup = await take();
    const inner = store.put.bind(store);
    store.put = async (key, body, control) => {
      await inner(key, body, control);
      const file = remote(...key.split('/'));
      const bytes = fs.readFileSync(file);
      bytes[bytes.length >> 1]! ^= 1;
      fs.writeFileSync(file, bytes);
    };
    const [report] = await service.shipPending();
    expect(report!.errors).toMatchObject([{ code: 'ERR_BACKUP_COPY_DAMAGED' }]);
    expect(report!.pending).toEqual([backup.name]);
    expect(fs.readdirSync(remote('shop-1'))).toEqual([]);
  });
});

describe('retention', () => {
  test('a store has its own; protected copies, foreign files and the newest stay, and nothing is shipped to be removed', async () => {
    const { service, store } = setUp({ retention: keep({ last: 2 }) });
    const names: string[] = [];
    for (let i = 0; i < 4; i++) names.push((await take()).name);
    fs.mkdirSync(remote('shop-1'));
    const foreign = ['notes.txt', 'app_backup_20200101_000000.txt', 'app_backup_20200101_000000.db'];
    for (const file of foreign) fs.writeFileSync(remote('shop-1', file), 'not ours');
    fs.mkdirSync(remote('shop-2'));
    fs.writeFileSync(remote('shop-2', names[0]!), 'another host’s');

    expect((await service.shipPending())[0]!.shipped).toEqual([names[3], names[2]]);
    expect(store.calls.filter((call) => call.startsWith('remove'))).toEqual([]);
    const pruned = nextEvent(service, 'copies-pruned');
    const fifth = await take();
    await service.shipPending();
    expect(await pruned).toEqual({ store: remote(), removed: [names[2]], kept: 2 });
    expect(await listCopies(store, { host: 'shop-1', database: 'app.db' })).toMatchObject([
      { name: fifth.name },
      { name: names[3] },
      { name: 'app_backup_20200101_000000.db', problem: 'no manifest' },
    ]);
    expect(fs.readdirSync(remote('shop-1'))).toEqual(expect.arrayContaining(foreign));
    expect(fs.readdirSync(remote('shop-2'))).toEqual([names[0]]);
    // And it is not shipped again.
    expect((await service.shipPending())[0]).toMatchObject({ shipped: [], pending: [] });
    expect((await service.listBackups()).map(({ copies }) => copies![0]!.state)).toEqual([
      'copied',
      'copied',
      'removed',
      'skipped',
      'skipped',
    ]);
  });

  test('a copy stays that is protected here or was when it was shipped', async () => {
    const { service, store } = setUp({ retention: keep({ last: 1 }) });
    const protect = (name: string) => {
      const file = folder.file(name.replace(/db$/, 'json'));
      const manifest = JSON.parse(fs.readFileSync(file, 'utf8')) as object;
      fs.writeFileSync(file, JSON.stringify({ ...manifest, protected: true }));
    };
    const before = (await take()).name;
    protect(before);
    await service.shipPending();
    const after = (await take()).name;
    await service.shipPending();
    protect(after);
    const third = (await take()).name;
    await service.shipPending();
    const fourth = (await take()).name;
    await service.shipPending();
    expect((await listCopies(store)).map(({ name }) => name)).toEqual([fourth, after, before]);
    expect(third).toBeTruthy();
  });

  test.each([
    ['keeps nothing', () => ({ keep: [], remove: [] }), undefined],
    ['wants all of them gone', (backups: readonly never[]) => ({ keep: [], remove: [...backups] }), undefined],
    [
      'throws',
      () => {
        throw new Error('a bug');
      },
      'ERR_BACKUP_RETENTION_FAILED',
    ],
  ])('a policy that %s removes nothing from the store', async (_what, policy, code) => {
    const { service, store } = setUp({ retention: policy as never });
    const failures: string[] = [];
    service.on('copy-failed', ({ error }) => failures.push(error.code));
    for (let i = 0; i < 2; i++) {
      await take();
      expect((await service.shipPending())[0]!.errors).toEqual([]);
    }
    expect(await listCopies(store)).toHaveLength(2);
    expect(failures).toEqual(code ? [code, code] : []);
  });

  test('nothing is removed from a store that could not be listed to its end, nor after a failure', async () => {
    const { service, store } = setUp({ retention: keep({ last: 1 }) });
    await take();
    await service.shipPending();
    await take();
    store.failing.put = new Error('out of order');
    await service.shipPending();
    store.failing = {};
    const inner = store.list.bind(store);
    store.list = (prefix, control) =>
      prefix.endsWith('_backup_') ? Promise.reject(new Error('no list')) : inner(prefix, control);
    expect((await service.shipPending())[0]!.shipped).toHaveLength(1);
    expect(store.calls.filter((call) => call.startsWith('remove'))).toEqual([]);
  });

  test('a manifest whose object is gone, since a removal broke off, is cleared away', async () => {
    const { service, store } = setUp({ retention: keep({ last: 1 }) });
    const first = await take();
    await service.shipPending();
    const inner = store.remove.bind(store);
    store.remove = (key, control) =>
      key.endsWith('.json') ? Promise.reject(new Error('power cut')) : inner(key, control);
    await take();
    await service.shipPending();
    const orphan = first.name.replace(/db$/, 'json');
    expect(fs.readdirSync(remote('shop-1'))).toContain(orphan);
    store.remove = inner;
    await take();
    await service.shipPending();
    expect(fs.readdirSync(remote('shop-1'))).not.toContain(orphan);
    expect(await listCopies(store)).toHaveLength(1);
  });

  test('the manifest of another database of the same stem is not taken for one whose object is gone', async () => {
    const { service } = setUp();
    await take();
    fs.mkdirSync(remote('shop-1'));
    const theirs = { ...(await take()).manifest!, name: 'app_backup_20260101_000000.sqlite' };
    const copy = { object: theirs.name, sizeBytes: 1, sha256: theirs.sha256, shippedAt: theirs.createdAt };
    const file = remote('shop-1', 'app_backup_20260101_000000.json');
    fs.writeFileSync(file, JSON.stringify({ ...theirs, copy }));
    fs.writeFileSync(remote('shop-1', theirs.name), 'x');
    expect((await service.shipPending())[0]!.shipped).toHaveLength(2);
    expect(fs.existsSync(file)).toBe(true);
  });

  test('local retention keeps a backup until every store has it', async () => {
    const { service, store } = setUp({ retryAfter: '1h' }, { retention: keep({ last: 1 }) });
    store.failing.put = new Error('the cable is out');
    const names: string[] = [];
    for (let i = 0; i < 3; i++) names.unshift((await service.createBackup()).name);
    expect((await service.listBackups()).map(({ name }) => name)).toEqual(names);
    const { kept } = await service.pruneBackups({ dryRun: true });
    expect(kept.map(({ reasons }) => reasons)).toEqual([
      ['last 1 of 1', 'newest'],
      [`not yet copied to ${remote()}`],
      [`not yet copied to ${remote()}`],
    ]);
    store.failing = {};
    await service.shipPending();
    expect((await service.pruneBackups()).removed.map(({ name }) => name)).toEqual(names.slice(1));
    expect((await listCopies(store)).map(({ name }) => name)).toEqual(names);
  });
});
