import path from 'node:path';
import fc from 'fast-check';
import { keep } from 'sqlite-autobackup';
import type { RemoteCopy } from 'sqlite-autobackup';
import { chooseCopy } from '#dist/offsite/choose-copy.js';
import { copyKey, copyManifestKey, hostOf, parseKey } from '#dist/offsite/copy-name.js';
import { parseCopyManifest } from '#dist/offsite/copy-manifest.js';
import { copyId } from '#dist/offsite/copy-record.js';
import type { CopyRecord, ShippedCopy } from '#dist/offsite/copy-record.js';
import { hasRoomToKeep } from '#dist/offsite/keep-unshipped.js';
import { pendingBackups, retryInMs } from '#dist/offsite/pending.js';
import { backoffMs } from '#dist/util/backoff.js';
import { thrownBy } from '../../support/errors';
import { aBackup, aManifest, DAY, localTime, MINUTE, HOUR } from '../../support/planted-backups';

describe('keys', () => {
  const name = 'app_backup_20261124_093000.db';

  test.each([
    [undefined, {}, name],
    ['shop-1', {}, `shop-1/${name}`],
    ['shop-1', { compress: 'gzip' }, `shop-1/${name}.gz`],
    ['shop-1', { compress: 'zstd' }, `shop-1/${name}.zst`],
    ['shop-1', { compress: 'gzip', encrypt: { recipients: ['age1x'] } }, `shop-1/${name}.gz.age`],
    [undefined, { encrypt: { recipients: ['age1x'] } }, `${name}.age`],
  ] as const)('for the host %s with %j it is %s, and is read back from it', (host, settings, key) => {
    expect(copyKey(host, name, settings)).toBe(key);
    expect(parseKey(key)).toMatchObject({
      host,
      name,
      kind: 'object',
      prefix: 'app_backup_',
      compress: 'compress' in settings ? settings.compress : undefined,
      encrypted: 'encrypt' in settings,
    });
    const manifest = copyManifestKey(host, name);
    expect(parseKey(manifest)).toMatchObject({ host, kind: 'manifest', stem: 'app_backup_20261124_093000' });
  });

  test('a database without an extension has keys too', () => {
    expect(parseKey('shop-1/app_backup_20261124_093000.gz')).toMatchObject({
      kind: 'object',
      name: 'app_backup_20261124_093000',
      compress: 'gzip',
    });
  });

  test.each([
    'notes.txt',
    'shop-1/notes.txt',
    'a/b/app_backup_20261124_093000.db',
    'shop-1/app_backup_2026.db',
    'shop-1/app_backup_20261124_093000.json.gz',
    '',
  ])('%j is somebody else’s', (key) => {
    expect(parseKey(key)).toBeUndefined();
  });

  test('no key leads out of a folder: what is not ours is nobody’s, and names are single segments', () => {
    const part = fc.constantFrom(
      '..',
      '.',
      '',
      '/',
      '\\',
      '\0',
      '\n',
      'shop-1',
      'app_backup_20261124_093000',
      '.db',
      '.json',
      '.gz',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(part, fc.string()), { maxLength: 8 }), (parts) => {
        const parsed = parseKey(parts.join(''));
        if (!parsed) return;
        for (const segment of [parsed.name, parsed.stem, parsed.host ?? 'none']) {
          expect(path.basename(segment)).toBe(segment);
          expect(segment).not.toMatch(/^\.{0,2}$|[\\\0\n]/);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test('the host is the machine’s name, made fit for a key, unless it is set or unwanted', () => {
    expect(hostOf({})).toMatch(/^[\w.-]+$/);
    expect(hostOf({ host: 'shop-1' })).toBe('shop-1');
    expect(hostOf({ host: false })).toBeUndefined();
  });

  test('another store, or another host in it, has another record', () => {
    expect(new Set([copyId('a', 'h'), copyId('a', 'g'), copyId('b', 'h'), copyId('a', undefined)]).size).toBe(4);
  });
});

describe('which backups a store lacks', () => {
  const now = localTime('2026-11-24 12:00:00');
  const times = ['2026-11-24 10:00:00', '2026-11-23 10:00:00', '2026-11-22 10:00:00', '2026-11-21 10:00:00'];
  const backups = times.map((time) => aBackup(time, { manifest: aManifest(), verified: 'quick' }));
  const copy = (i: number, more: Partial<ShippedCopy> = {}): CopyRecord['shipped'] => ({
    [backups[i]!.name]: {
      key: 'k',
      createdAt: backups[i]!.createdAt.toISOString(),
      shippedAt: now.toISOString(),
      sizeBytes: 1,
      sha256: '',
      protected: false,
      ...more,
    },
  });
  const record = (...copies: CopyRecord['shipped'][]): CopyRecord => ({
    formatVersion: 1,
    store: 's',
    shipped: Object.assign({}, ...copies) as CopyRecord['shipped'],
  });
  const names = (list: readonly { name: string }[]) =>
    list.map(({ name }) => backups.findIndex((b) => b.name === name));

  test('those that it does not have, newest first, whether it has them still or has removed them', () => {
    expect(names(pendingBackups(backups, record(copy(1)), undefined, now))).toEqual([0, 2, 3]);
    expect(names(pendingBackups(backups, record(copy(1, { removedAt: now.toISOString() })), undefined, now))).toEqual([
      0, 2, 3,
    ]);
  });

  test('none without a manifest or with a problem', () => {
    const { manifest: _, ...without } = backups[0]!;
    expect(pendingBackups([without, { ...backups[1]!, problem: 'damaged' }], record(), undefined, now)).toEqual([]);
  });

  test('none that the store’s own retention would remove at once, together with what is there', () => {
    expect(names(pendingBackups(backups, record(), keep({ last: 2 }), now))).toEqual([0, 1]);
    expect(names(pendingBackups(backups, record(copy(0)), keep({ last: 2 }), now))).toEqual([1]);
    // One that was removed from there does not count as being there.
    const removed = record(copy(0, { removedAt: 'x', verified: 'quick' }));
    expect(names(pendingBackups(backups, removed, keep({ last: 1 }), now))).toEqual([1]);
  });

  test('a policy that fails keeps no copy from being made', () => {
    const broken = () => {
      throw new Error('a bug');
    };
    expect(pendingBackups(backups, record(), broken, now)).toHaveLength(4);
  });
});

test('the back-off doubles up to an hour, or to what was asked for where that is longer', () => {
  expect([1, 2, 3, 10, 1000].map((failures) => backoffMs(MINUTE, failures))).toEqual([
    MINUTE,
    2 * MINUTE,
    4 * MINUTE,
    HOUR,
    HOUR,
  ]);
  expect(backoffMs(2 * HOUR, 5)).toBe(2 * HOUR);
  expect(backoffMs(0, 3)).toBe(0);
});

test('unshipped backups are held while a tenth of the disk is free, and room for three more', () => {
  const GB = 1e9;
  expect(hasRoomToKeep(10 * GB, 100 * GB, GB)).toBe(true);
  expect(hasRoomToKeep(9.9 * GB, 100 * GB, GB)).toBe(false);
  expect(hasRoomToKeep(20 * GB, 100 * GB, 7 * GB)).toBe(false);
});

describe('after a failure, the next try', () => {
  const at = Date.parse('2026-11-24T12:00:00.000Z');
  const failure = (failures: number, retryMs: number) => ({
    code: 'ERR_BACKUP_STORE_FAILED' as const,
    message: 'no',
    at: new Date(at).toISOString(),
    failures,
    retryAt: new Date(at + retryMs).toISOString(),
  });

  test('waits for the rest of the back-off', () => {
    expect(retryInMs(failure(1, 60_000), 60_000, at + 10_000)).toBe(50_000);
    expect(retryInMs(failure(1, 60_000), 60_000, at + 60_000)).toBe(0);
    expect(retryInMs(undefined, 60_000, at)).toBe(0);
  });

  test('waits never longer than that: not where the clock was put back, nor by a record that says so', () => {
    expect(retryInMs(failure(1, 60_000), 60_000, at - 90 * DAY)).toBe(0);
    expect(retryInMs(failure(1, 90 * DAY), 60_000, at)).toBe(60_000);
    expect(retryInMs(failure(3, 90 * DAY), 60_000, at)).toBe(240_000);
    expect(retryInMs({ ...failure(1, 60_000), at: 'x', retryAt: 'y' }, 60_000, at)).toBe(0);
  });
});

describe('which copy is meant', () => {
  const aCopy = (at: string, more: Partial<RemoteCopy> = {}): RemoteCopy => {
    const { name, createdAt } = aBackup(at);
    const host = 'host' in more ? more.host : 'shop-1';
    const manifest = {
      ...aManifest({ name }),
      copy: { object: name, sizeBytes: 1, sha256: 'a'.repeat(64), shippedAt: '2026-11-24T09:30:00.500Z' },
    };
    return {
      name,
      host,
      store: 's',
      key: `${host}/${name}`,
      createdAt,
      storedBytes: 1,
      protected: false,
      manifest,
      ...more,
    };
  };
  const newest = aCopy('2026-11-24 10:00:00');
  const older = aCopy('2026-11-20 10:00:00');

  test('the newest whole one; or the newest from before a moment; or the one of a name', () => {
    const broken = aCopy('2026-11-25 10:00:00', { problem: 'damaged' });
    expect(chooseCopy([broken, newest, older], {}, 's')).toBe(newest);
    expect(chooseCopy([newest, older], { before: localTime('2026-11-22 00:00:00') }, 's')).toBe(older);
    expect(chooseCopy([newest, older], { before: newest.createdAt }, 's')).toBe(older);
    expect(chooseCopy([newest, older], { name: older.name }, 's')).toBe(older);
  });

  test('one with a problem that is asked for by name is refused with it', () => {
    const broken = aCopy('2026-11-25 10:00:00', { problem: 'no manifest' });
    const error = thrownBy(() => chooseCopy([broken, newest], { name: broken.name }, 's'));
    expect(error).toMatchObject({ code: 'ERR_BACKUP_COPY_DAMAGED' });
    expect(error.message).toContain('no manifest');
  });

  test('it is never guessed between hosts or databases', () => {
    const elsewhere = aCopy('2026-11-23 10:00:00', { host: 'shop-2' });
    const hosts = thrownBy(() => chooseCopy([newest, elsewhere], {}, 's'));
    expect(hosts.message).toContain('"shop-1", "shop-2"');
    expect(hosts.hint).toContain('"host"');
    expect(chooseCopy([elsewhere], {}, 's')).toBe(elsewhere);
    // Only one of them is that old. It need not be the one that is meant.
    const before = localTime('2026-11-24 00:00:00');
    expect(thrownBy(() => chooseCopy([newest, elsewhere], { before }, 's')).message).toContain('"shop-1", "shop-2"');
    const other = aCopy('2026-11-23 10:00:00', {
      name: 'crm_backup_20261123_100000.sqlite',
      key: 'shop-1/crm_backup_20261123_100000.sqlite',
    });
    const databases = thrownBy(() => chooseCopy([newest, other], {}, 's'));
    expect(databases.message).toContain('"app.db", "crm.sqlite"');
    expect(chooseCopy([newest, other], { name: other.name }, 's')).toBe(other);
  });

  test('nothing that fits says what there is; a wrong date is named', () => {
    const none = thrownBy(() => chooseCopy([newest, older], { before: localTime('2020-01-01 00:00:00') }, 's'));
    expect(none).toMatchObject({ code: 'ERR_BACKUP_COPY_NOT_FOUND' });
    expect(none.hint).toContain(older.createdAt.toISOString());
    expect(thrownBy(() => chooseCopy([], {}, 's')).code).toBe('ERR_BACKUP_COPY_NOT_FOUND');
    expect(thrownBy(() => chooseCopy([newest], { before: new Date('soon') }, 's')).code).toBe('ERR_BACKUP_OPTIONS');
  });
});

test('a manifest of a copy has what is needed to bring it back, or is none', () => {
  const copy = { object: 'o', sizeBytes: 1, sha256: 'a'.repeat(64), shippedAt: '2026-11-24T09:30:00.500Z' };
  const { name } = aManifest();
  const text = (more: object) => JSON.stringify({ ...aManifest(), ...more });
  expect(parseCopyManifest(text({ copy }), name)?.copy).toEqual(copy);
  // Its key says what it is of, and nothing unknown comes in with a pull.
  expect(parseCopyManifest(text({ copy }), 'app_backup_20261124_093001.db')).toBeUndefined();
  expect(parseCopyManifest(text({ copy: { ...copy, more: 1 }, script: 'x' }), name)).toEqual({ ...aManifest(), copy });
  for (const wrong of [
    undefined,
    null,
    {},
    { ...copy, sha256: 5 },
    { ...copy, compress: 'rar' },
    { ...copy, recipients: 'age1' },
    { ...copy, shippedAt: 'x' },
    { ...copy, sizeBytes: '1' },
  ]) {
    expect(parseCopyManifest(text({ copy: wrong }), name)).toBeUndefined();
  }
  expect(parseCopyManifest('{"half', name)).toBeUndefined();
});
