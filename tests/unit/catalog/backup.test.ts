import { hasWrongMtime, isFromTheFuture, newestFirst, toBackup } from '#dist/catalog/backup.js';
import type { BackupFile } from '#dist/catalog/backup.js';
import { DAY, HOUR, MINUTE, aBackup, aManifest } from '../../support/planted-backups';

const now = Date.UTC(2026, 10, 24, 9, 30);

/** A file that was written at `now`, its name, manifest and mtime at one. */
function aFile(more: Partial<BackupFile> = {}): BackupFile {
  const name = 'app_backup_20261124_093000.db';
  return {
    name,
    path: `/shop/${name}`,
    nameTime: new Date(now),
    sizeBytes: 4096,
    mtimeMs: now,
    manifest: undefined,
    ...more,
  };
}

const manifestAt = (ms: number, more = {}) => aManifest({ createdAt: new Date(ms).toISOString(), ...more });
const createdAt = (file: Partial<BackupFile>) => toBackup(aFile(file), now + DAY).createdAt.getTime();

describe('a backup is as old as the older of its recorded time and its mtime', () => {
  test('touching a file eight days back makes it old', () => {
    expect(createdAt({ mtimeMs: now - 8 * DAY })).toBe(now - 8 * DAY);
    expect(createdAt({ mtimeMs: now - 8 * DAY, manifest: manifestAt(now) })).toBe(now - 8 * DAY);
  });

  test('copying an old file, which gives it a new mtime, does not make it new', () => {
    expect(createdAt({ nameTime: new Date(now - 8 * DAY) })).toBe(now - 8 * DAY);
    expect(createdAt({ nameTime: new Date(now - 8 * DAY), manifest: manifestAt(now - 8 * DAY) })).toBe(now - 8 * DAY);
  });

  test('without a manifest the recorded time is that of the name', () => {
    expect(createdAt({ nameTime: new Date(now - HOUR) })).toBe(now - HOUR);
    expect(createdAt({ nameTime: new Date(now - HOUR), manifest: 'unreadable' })).toBe(now - HOUR);
  });

  test('with one it is the manifest, to the millisecond, as the name is only local time', () => {
    expect(createdAt({ manifest: manifestAt(now - 123) })).toBe(now - 123);
    expect(createdAt({ nameTime: new Date(now - 13 * HOUR), manifest: manifestAt(now - 5) })).toBe(now - 5);
  });

  test('a manifest further from its name than time zones span is not believed against it', () => {
    const nameTime = new Date(now - 30 * DAY);
    expect(createdAt({ nameTime, manifest: manifestAt(now) })).toBe(now - 30 * DAY);
    expect(createdAt({ nameTime: new Date(now), manifest: manifestAt(now - 30 * DAY) })).toBe(now - 30 * DAY);
    expect(createdAt({ nameTime: new Date(now - 26 * HOUR), manifest: manifestAt(now) })).toBe(now);
    expect(createdAt({ nameTime: new Date(now - 26 * HOUR - 1), manifest: manifestAt(now) })).toBe(now - 26 * HOUR - 1);
  });

  test('a fraction of a millisecond in the mtime makes nothing younger', () => {
    expect(createdAt({ mtimeMs: now - 0.25 })).toBe(now - 1);
  });
});

describe('the clock of a disk', () => {
  const published = (mtimeMs: number) => manifestAt(now, { mtimeMs });

  test.each([-3650 * DAY, -2 * HOUR, 0, 3650 * DAY])('%d ms off, it makes nothing old', (skew) => {
    const mtimeMs = now + skew;
    expect(createdAt({ mtimeMs, manifest: published(mtimeMs) })).toBe(now);
    // FAT keeps two seconds; a network disk may round otherwise than its client.
    expect(createdAt({ mtimeMs: mtimeMs - 2_000, manifest: published(mtimeMs) })).toBe(now);
  });

  test('touching a file eight days back makes it old there too', () => {
    const touched = now - 8 * DAY;
    expect(createdAt({ mtimeMs: touched, manifest: published(now - 3650 * DAY) })).toBe(touched);
    expect(createdAt({ mtimeMs: touched, manifest: published(now) })).toBe(touched);
    expect(createdAt({ mtimeMs: now - 2_001, manifest: published(now) })).toBe(now - 2_001);
  });

  test('is seen to be wrong right after a backup was made', () => {
    const made = (mtimeMs: number, more: Partial<BackupFile> = {}) => {
      const file = aFile({ mtimeMs, ...more });
      return hasWrongMtime(toBackup(file, now), file.nameTime);
    };
    expect(made(now)).toBe(false);
    expect(made(now - MINUTE)).toBe(false);
    expect(made(now - MINUTE - 1)).toBe(true);
    expect(made(now + 3650 * DAY)).toBe(false);
    expect(made(now - DAY, { manifest: manifestAt(now) })).toBe(true);
    expect(made(now - DAY, { mtimeIsWrong: true })).toBe(false);
  });
});

test('what is dated more than a minute ahead is from the future, a copy in a store too', () => {
  expect(isFromTheFuture(now + MINUTE, now)).toBe(false);
  expect(isFromTheFuture(new Date(now + MINUTE + 1), now)).toBe(true);
});

describe('problems', () => {
  const problemOf = (file: Partial<BackupFile>) => toBackup(aFile(file), now).problem;

  test('a time a minute ahead of the clock counts, one more than that does not', () => {
    expect(problemOf({ nameTime: new Date(now + MINUTE) })).toBeUndefined();
    expect(problemOf({ nameTime: new Date(now + MINUTE + 1) })).toBe('dated in the future');
    expect(problemOf({ manifest: manifestAt(now + MINUTE) })).toBeUndefined();
    expect(problemOf({ manifest: manifestAt(now + MINUTE + 1) })).toBe('dated in the future');
  });

  test('a recorded time in the future does not count even where the mtime is past', () => {
    expect(problemOf({ nameTime: new Date(now + DAY), mtimeMs: now - DAY })).toBe('dated in the future');
  });

  test('an mtime in the future is no problem: the recorded time is the older one', () => {
    expect(problemOf({ mtimeMs: now + DAY })).toBeUndefined();
  });

  test('a size other than the one in the manifest is damage', () => {
    expect(problemOf({ manifest: manifestAt(now), sizeBytes: 4095 })).toBe('damaged');
    expect(problemOf({ manifest: manifestAt(now) })).toBeUndefined();
  });

  test('a manifest that cannot be read is a problem, none at all is not', () => {
    expect(problemOf({ manifest: 'unreadable' })).toBe('unreadable manifest');
    expect(problemOf({ manifest: undefined })).toBeUndefined();
  });
});

describe('the last verification', () => {
  const record = { level: 'drill', ok: false, at: '2026-11-24T10:00:00.000Z', problems: ['no'] } as const;
  const listed = (lastVerification: unknown) =>
    toBackup(aFile({ manifest: manifestAt(now, { lastVerification }) }), now + DAY);

  test('is listed; one that failed is a problem, one that passed is none', () => {
    expect(listed(record)).toMatchObject({ lastVerification: record, problem: 'failed verification' });
    const passed = listed({ ...record, ok: true });
    expect(passed.lastVerification).toEqual({ ...record, ok: true });
    expect(passed.problem).toBeUndefined();
  });
});

test('what the manifest records is listed', () => {
  const manifest = manifestAt(now, { label: 'InvoicesController.create', verified: 'full', protected: true });
  expect(toBackup(aFile({ manifest }), now)).toEqual({
    name: 'app_backup_20261124_093000.db',
    path: '/shop/app_backup_20261124_093000.db',
    createdAt: new Date(now),
    sizeBytes: 4096,
    label: 'InvoicesController.create',
    sha256: 'a'.repeat(64),
    verified: 'full',
    protected: true,
    manifest,
  });
});

test("another program's backup has no label, no hash, no verification and no protection", () => {
  expect(Object.keys(toBackup(aFile(), now)).sort()).toEqual(['createdAt', 'name', 'path', 'protected', 'sizeBytes']);
  expect(toBackup(aFile(), now).protected).toBe(false);
});

test('backups sort newest first, those of one time by their names, whatever order they come in', () => {
  const at = new Date(now);
  const [a, b, c] = [
    aBackup(at, { name: 'a' }),
    aBackup(at, { name: 'b' }),
    aBackup(new Date(now - 1), { name: 'c' }),
  ] as const;
  for (const order of [
    [a, b, c],
    [c, b, a],
    [b, c, a],
  ]) {
    expect(order.sort(newestFirst).map(({ name }) => name)).toEqual(['b', 'a', 'c']);
  }
});
