import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { directoryStore } from 'sqlite-autobackup';
import { describeBackupStore } from 'sqlite-autobackup/testing';
import { rejectionOf, thrownBy } from '../../support/errors';
import { watchFlushes } from '../../support/flushes';
import { useTempFolder } from '../../support/temp-folder';

describeBackupStore(
  'directoryStore',
  () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'autobackup-store-'));
    return { store: directoryStore(folder), close: () => fs.rmSync(folder, { recursive: true }) };
  },
  { timeoutMs: 600_000 },
);

describe('directoryStore', () => {
  const folder = useTempFolder();

  test.each([[null], [[]], ['x'], [5]])('options that are no object are refused: %j', (options) => {
    expect(thrownBy(() => directoryStore(folder.path, options as never)).code).toBe('ERR_BACKUP_OPTIONS');
  });

  async function* text(content: string) {
    yield Buffer.from(content);
  }

  test('a folder that is not there is an error in every call, and is not made: its disk may not be mounted', async () => {
    const store = directoryStore(folder.file('mnt'));
    for (const act of [
      () => store.list(''),
      () => store.put('a/key', text('x')),
      () => store.open('a/key'),
      () => store.remove('a/key'),
    ]) {
      const error = await rejectionOf(act());
      expect(error.code).toBe('ERR_BACKUP_STORE_MISSING');
      expect(error.message).toContain(folder.file('mnt'));
    }
    expect(folder.list()).toEqual([]);
  });

  test('what it stores is readable by its owner only', async () => {
    await directoryStore(folder.path).put('host/key', text('secret'));
    expect(fs.statSync(folder.file('host', 'key')).mode & 0o777).toBe(0o600);
    expect(fs.statSync(folder.file('host')).mode & 0o777).toBe(0o700);
  });

  test('unfinished work is not listed; a put removes what was abandoned a day ago, and nothing younger', async () => {
    const store = directoryStore(folder.path);
    fs.mkdirSync(folder.file('host'));
    const old = folder.file('host', '.partial-0123456789abcdef');
    const young = folder.file('host', '.partial-fedcba9876543210');
    for (const file of [old, young]) fs.writeFileSync(file, 'half');
    const dayAgo = new Date(Date.now() - 25 * 3_600_000);
    fs.utimesSync(old, dayAgo, dayAgo);
    expect(await store.list('')).toEqual([]);
    await store.put('host/key', text('x'));
    expect(fs.readdirSync(folder.file('host')).sort()).toEqual(['.partial-fedcba9876543210', 'key']);
  });

  test('nothing is put, opened or removed through a link below its folder, and links are not listed', async () => {
    const store = directoryStore(folder.file('store'));
    fs.mkdirSync(folder.file('store'));
    fs.mkdirSync(folder.file('outside'));
    fs.writeFileSync(folder.file('outside', 'key'), 'precious');
    fs.symlinkSync('../outside', folder.file('store', 'host'));
    fs.symlinkSync('../outside/key', folder.file('store', 'key'));
    expect(await store.list('')).toEqual([]);
    for (const act of [
      () => store.put('host/other', text('x')),
      () => store.open('host/key'),
      () => store.remove('host/key'),
      () => store.open('key'),
      () => store.put('key', text('x')),
    ]) {
      expect((await rejectionOf(act())).code).toMatch(/STORE_FAILED|COPY_NOT_FOUND|COPY_EXISTS/);
    }
    expect(fs.readdirSync(folder.file('outside'))).toEqual(['key']);
    expect(fs.readFileSync(folder.file('outside', 'key'), 'utf8')).toBe('precious');
  });

  test('a folder of a host is flushed in its parent, and an object in its folder, before the put resolves; a removal too', async () => {
    const store = directoryStore(folder.path);
    const steps: string[] = [];
    const unwatch = watchFlushes((file) =>
      steps.push(path.relative(folder.path, file).replace(/\.partial-.*/, 'partial')),
    );
    await store.put('host/key', text('x'));
    expect(steps).toEqual(['', 'host/partial', 'host']);
    // Whoever made the folder may have died before it was flushed.
    steps.length = 0;
    await store.put('host/key2', text('x'));
    expect(steps).toEqual(['', 'host/partial', 'host']);
    steps.length = 0;
    await store.remove('host/key');
    expect(steps).toEqual(['host']);
    unwatch();
  });

  const asRoot = process.getuid?.() === 0 ? test : test.skip;
  asRoot('what root puts belongs to the owner of the folder that it is in', async () => {
    fs.chownSync(folder.path, 12_345, 54_321);
    await directoryStore(folder.path).put('host/key', text('x'));
    for (const file of ['host', 'host/key']) {
      expect(fs.statSync(folder.file(file))).toMatchObject({ uid: 12_345, gid: 54_321 });
    }
  });

  test('a file where a folder should be is an error of the store, not an empty list', async () => {
    fs.writeFileSync(folder.file('file'), '');
    expect((await rejectionOf(directoryStore(folder.file('file')).list(''))).code).toBe('ERR_BACKUP_STORE_MISSING');
  });

  test.each([
    [{ compress: 'bzip2' }, 'compress', 'gzip'],
    [{ host: '../x' }, 'host', 'shop-1'],
    [{ host: '..' }, 'host', 'shop-1'],
    [{ encrypt: { recipients: [] } }, 'encrypt', 'recipients'],
    [{ encrypt: { recipients: ['AGE-SECRET-KEY-1ABC'] } }, 'encrypt', 'recipients'],
    [{ retention: 5 }, 'retention', 'keep({ last: 20 })'],
    [{ retryAfter: 'soon' }, 'retryAfter', '90s'],
    [{ retryAfter: 5 }, 'retryAfter', 'lost its unit'],
    [{ gzip: true }, 'gzip', 'compress'],
  ])('%j is refused, naming the option and what is allowed', (options, named, allowed) => {
    const error = thrownBy(() => directoryStore(folder.path, options as object));
    expect(error.code).toBe('ERR_BACKUP_OPTIONS');
    expect(error.message).toContain(named);
    expect(error.hint).toContain(allowed);
  });

  test('zstd is refused where Node has none, and says what it needs', () => {
    const [major, minor] = process.versions.node.split('.').map(Number) as [number, number];
    const make = () => directoryStore(folder.path, { compress: 'zstd' });
    if (major > 22 || (major === 22 && minor >= 15)) expect(make().settings?.compress).toBe('zstd');
    else expect(thrownBy(make).hint).toContain('Node 22.15');
  });
});
