import crypto from 'node:crypto';
import { CreateMultipartUploadCommand, PutObjectCommand, S3Client, UploadPartCommand } from '@aws-sdk/client-s3';
import { s3Store } from 'sqlite-autobackup/s3';
import type { S3StoreOptions } from 'sqlite-autobackup/s3';
import { describeBackupStore } from 'sqlite-autobackup/testing';
import { rejectionOf } from '../support/errors';
import { freePort } from '../support/free-ports';
import { ceph, client, credentials, newBucket, storeIn, unfinishedUploads } from './support/buckets';

/** It only bounds what hangs. */
const PATIENT = { timeoutMs: 600_000 };

describeBackupStore('s3Store, on a Ceph gateway,', async () => ({ store: storeIn(await newBucket()) }), PATIENT);

describeBackupStore(
  's3Store with a prefix and the user’s own client',
  async () => ({
    store: storeIn(await newBucket(), {
      prefix: 'backups/all shops',
      endpoint: undefined as never,
      credentials: undefined as never,
      client: new S3Client({
        endpoint: ceph().endpoint,
        region: 'us-east-1',
        forcePathStyle: true,
        credentials: credentials(),
        requestChecksumCalculation: 'WHEN_REQUIRED',
      }),
    }),
  }),
  PATIENT,
);

describe('s3Store', () => {
  async function* bytes(size: number) {
    for (let left = size; left > 0; left -= 1_000_000) yield crypto.randomBytes(Math.min(left, 1_000_000));
  }

  test('1,001 objects are listed, in pages of which each is asked for', async () => {
    const bucket = await newBucket();
    const s3 = client();
    const keys = Array.from({ length: 1_001 }, (_, i) => `shop-1/app_backup_${String(i).padStart(6, '0')}`);
    const work = keys.values();
    await Promise.all(
      Array.from({ length: 16 }, async () => {
        for (const Key of work) await s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body: 'x' }));
      }),
    );
    const listed = await storeIn(bucket).list('shop-1/');
    expect(listed.map(({ key }) => key).sort()).toEqual(keys);
  });

  test('a large object goes in parts of the size that was asked for, and leaves no unfinished upload', async () => {
    const bucket = await newBucket();
    const store = storeIn(bucket, { partSizeBytes: 5 * 1024 * 1024, concurrency: 2 });
    await store.put('large', bytes(16_000_000), { sizeBytes: 16_000_000 });
    expect(await store.list('')).toMatchObject([{ key: 'large', sizeBytes: 16_000_000 }]);
    expect(await unfinishedUploads(bucket)).toEqual([]);
  });

  test('uploads that nobody will complete are swept, those of other prefixes are not', async () => {
    const bucket = await newBucket();
    const s3 = client();
    for (const Key of ['shop-1/app_backup_1', 'shop-1/app_backup_1', 'shop-2/app_backup_1']) {
      const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key }));
      await s3.send(new UploadPartCommand({ Bucket: bucket, Key, UploadId, PartNumber: 1, Body: 'x' }));
    }
    await storeIn(bucket).sweep!('shop-1/app_backup_');
    expect(await unfinishedUploads(bucket)).toEqual(['shop-2/app_backup_1']);
  });

  describe('what goes wrong is an error that names the bucket and says what to do', () => {
    const calls = (store: ReturnType<typeof storeIn>) => ({
      list: () => store.list(''),
      put: () => store.put('key', bytes(10)),
      large: () => store.put('key', bytes(12_000_000)),
      open: () => store.open('key'),
      remove: () => store.remove('key'),
    });

    test('a wrong secret', async () => {
      const bucket = await newBucket();
      const store = storeIn(bucket, { credentials: { ...credentials(), secretAccessKey: 'wrong' } });
      for (const act of Object.values(calls(store))) {
        const error = await rejectionOf(act());
        expect(error).toMatchObject({ code: 'ERR_BACKUP_STORE_DENIED', step: 'store' });
        expect(error.message).toContain(`s3://${bucket}/`);
        expect(error.hint).toContain('secret');
      }
      expect(await storeIn(bucket).list('')).toEqual([]);
    });

    test('an unknown access key, and no credentials at all', async () => {
      const bucket = await newBucket();
      const unknown = storeIn(bucket, { credentials: { accessKeyId: 'NOBODY', secretAccessKey: 'x' } });
      expect((await rejectionOf(unknown.list(''))).code).toBe('ERR_BACKUP_STORE_DENIED');
      const none = storeIn(bucket, {
        credentials: () => Promise.reject(Object.assign(new Error('none'), { name: 'CredentialsProviderError' })),
      });
      const error = await rejectionOf(none.list(''));
      expect(error.code).toBe('ERR_BACKUP_STORE_DENIED');
      expect(error.hint).toContain('AWS_ACCESS_KEY_ID');
    });

    test('a bucket that is not there: no empty list, and none is made', async () => {
      const { remove: _, open: __, ...calling } = calls(storeIn('no-such-bucket'));
      for (const act of Object.values(calling)) {
        const error = await rejectionOf(act());
        expect(error.code).toBe('ERR_BACKUP_STORE_MISSING');
        expect(error.message).toContain('no-such-bucket');
      }
      expect((await rejectionOf(storeIn('no-such-bucket').open('key'))).code).toBe('ERR_BACKUP_STORE_MISSING');
    });

    test('nobody answers', async () => {
      const endpoint = `http://127.0.0.1:${await freePort()}`;
      const error = await rejectionOf(storeIn('any', { endpoint }).list(''));
      expect(error.code).toBe('ERR_BACKUP_STORE_FAILED');
      expect(error.message).toContain('ECONNREFUSED');
      expect(error.hint).toContain('endpoint');
    });

    test('a clock that is two hours wrong is corrected by the SDK, as long as the server says its own time', async () => {
      const bucket = await newBucket();
      const store = storeIn(bucket, { clientOptions: { systemClockOffset: 2 * 3_600_000 } });
      await store.put('key', bytes(10));
      expect(await store.list('')).toMatchObject([{ key: 'key' }]);
    });

    test('and without that correction the error speaks of the clock', async () => {
      const bucket = await newBucket();
      const skewed = storeIn(bucket, { clientOptions: { systemClockOffset: 2 * 3_600_000, maxAttempts: 1 } });
      const error = await rejectionOf(skewed.list(''));
      expect(error.code).toBe('ERR_BACKUP_STORE_DENIED');
      expect(error.message).toContain('clock');
    });
  });
});

describe('options of s3Store', () => {
  test.each<[Partial<Record<keyof S3StoreOptions, unknown>>, string]>([
    [{ bucket: '' }, 'bucket'],
    [{ bucket: 'bu', prefix: '/x' }, 'prefix'],
    [{ bucket: 'bu', endpoint: 'localhost:9000' }, 'endpoint'],
    [{ bucket: 'bu', partSizeBytes: 1000 }, '5 MiB'],
    [{ bucket: 'bu', concurrency: 0 }, 'concurrency'],
    [{ bucket: 'bu', client: {} }, 'S3Client'],
    [{ bucket: 'bu', compress: 'lzma' }, 'gzip'],
    [{ buckets: 'b' } as never, 'bucket'],
  ])('%j is refused', (options, named) => {
    expect(() => s3Store(options as S3StoreOptions)).toThrow(
      expect.objectContaining({ code: 'ERR_BACKUP_OPTIONS' }) as Error,
    );
    expect(() => s3Store(options as S3StoreOptions)).toThrow(named);
  });

  test('its name shows the bucket, the prefix and the server, and no secret', () => {
    const store = s3Store({
      bucket: 'bu',
      prefix: 'shops/',
      endpoint: 'https://key:secret@s3.example.com',
      credentials: credentials(),
    });
    expect(store.name).toBe('s3://bu/shops/ at s3.example.com');
  });
});
