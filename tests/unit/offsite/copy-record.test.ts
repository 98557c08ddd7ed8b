import fs from 'node:fs';
import fc from 'fast-check';
import { isBackupError } from 'sqlite-autobackup';
import { readRecord, writeRecord } from '#dist/offsite/copy-record.js';
import type { CopyRecord } from '#dist/offsite/copy-record.js';
import { runAsync, runSync } from '#dist/util/file-work.js';
import { rejectionOf, thrownBy } from '../../support/errors';
import { useTempFolder } from '../../support/temp-folder';

const folder = useTempFolder();
const file = () => folder.file('.app_backup.copies-3f2a.json');
const read = () => runSync(readRecord(file(), 'the store'));
const EMPTY = { formatVersion: 1, store: 'the store', shipped: {} };

const record: CopyRecord = {
  formatVersion: 1,
  store: 'the store',
  shipped: {
    'app_backup_20261124_093000.db': {
      key: 'shop-1/app_backup_20261124_093000.db',
      createdAt: '2026-11-24T09:30:00.500Z',
      shippedAt: '2026-11-24T09:31:00.500Z',
      sizeBytes: 4096,
      sha256: 'a'.repeat(64),
      verified: 'quick',
      protected: false,
      removedAt: '2026-11-25T09:31:00.500Z',
    },
  },
  sweep: true,
  attempt: { name: 'a', key: 'b', startedAt: '2026-11-24T09:31:00.500Z' },
  failure: {
    code: 'ERR_BACKUP_STORE_FAILED',
    message: 'no',
    at: '2026-11-24T09:31:00.500Z',
    failures: 3,
    retryAt: '2026-11-24T09:35:00.500Z',
  },
};

test('a record comes back as it was written, from both ways of reading', async () => {
  expect(read()).toEqual(EMPTY);
  await writeRecord(file(), record);
  expect(read()).toEqual(record);
  expect(await runAsync(readRecord(file(), 'the store'))).toEqual(record);
  expect(fs.statSync(file()).mode & 0o777).toBe(0o600);
  expect(folder.list()).toEqual(['.app_backup.copies-3f2a.json']);
});

test.each([
  ['is a folder', () => fs.mkdirSync(file())],
  [
    'is a link',
    () => (fs.writeFileSync(folder.file('other'), JSON.stringify(record)), fs.symlinkSync('other', file())),
  ],
  ['is of a later version', () => fs.writeFileSync(file(), JSON.stringify({ ...record, formatVersion: 2 }))],
])('one that %s is not empty: nothing is said of it, and it is not overwritten', async (_what, plant) => {
  plant();
  const before = fs.lstatSync(file());
  expect(thrownBy(read).code).toBe('ERR_BACKUP_RECORD_FAILED');
  expect((await rejectionOf(writeRecord(file(), record))).code).toBe('ERR_BACKUP_RECORD_FAILED');
  expect(fs.lstatSync(file())).toMatchObject({ ino: before.ino, mtimeMs: before.mtimeMs, size: before.size });
});

test('one that has rotted counts as empty, and is kept under another name when it is written', async () => {
  fs.writeFileSync(file(), '{"half');
  expect(read()).toEqual(EMPTY);
  await writeRecord(file(), record);
  expect(read()).toEqual(record);
  const [, kept, ...more] = folder.list().sort();
  expect(more).toEqual([]);
  expect(fs.readFileSync(folder.file(kept!), 'utf8')).toBe('{"half');
  // The good one is replaced, not kept.
  await writeRecord(file(), record);
  expect(folder.list()).toHaveLength(2);
});

test('a link under the name that a record is written to first, as anybody could foresee it, leads nowhere', async () => {
  fs.writeFileSync(folder.file('victim'), 'precious');
  for (const name of [`${file()}.partial`, `${file()}.tmp`]) fs.symlinkSync('victim', name);
  await writeRecord(file(), record);
  expect(fs.readFileSync(folder.file('victim'), 'utf8')).toBe('precious');
});

test('whatever stands in the file, a record is read that fits its type, or the one error', () => {
  const changed = fc
    .tuple(fc.constantFrom(...Object.keys(record)), fc.jsonValue())
    .map(([key, value]) => ({ ...record, [key]: value }));
  const changedCopy = fc
    .tuple(fc.constantFrom(...Object.keys(Object.values(record.shipped)[0]!)), fc.jsonValue())
    .map(([key, value]) => ({ ...record, shipped: { x: { ...Object.values(record.shipped)[0], [key]: value } } }));
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), changed, changedCopy), fc.string(), (value, text) => {
      for (const content of [JSON.stringify(value), text]) {
        fs.writeFileSync(file(), content);
        try {
          const { shipped, failure } = read();
          for (const { createdAt, key } of Object.values(shipped)) {
            expect(typeof key).toBe('string');
            new Date(createdAt).toISOString();
          }
          if (failure) new Date(failure.retryAt).toISOString();
        } catch (error) {
          if (!isBackupError(error, 'ERR_BACKUP_RECORD_FAILED')) throw error;
        }
      }
    }),
    { numRuns: 300 },
  );
});
