import { Readable } from 'node:stream';
import type * as clientS3 from '@aws-sdk/client-s3';
import type { S3Client } from '@aws-sdk/client-s3';
import type * as libStorage from '@aws-sdk/lib-storage';
import { onAbort } from '../util/on-abort.js';
import { BackupError, messageOf, systemCode } from '../util/errors.js';
import { lazy } from '../util/lazy.js';
import { validate } from '../util/validate.js';
import { copyExists, ensureKey, isPlain, throwIfAborted } from './backup-store.js';
import type { BackupStore, StoredObject } from './backup-store.js';
import { copySettings } from './copy-settings.js';
import { explainS3 } from './s3-errors.js';
import { MIN_PART_BYTES, clientConfig, extraParameters, schemaOf } from './s3-options.js';
import type { S3StoreOptions } from './s3-options.js';
import { setTimeout } from '../util/timers.js';

const MAX_PARTS = 9_000;
/** So long may the parts take that are on their way when a put is aborted. */
const ABORT_MS = 8_000;

/**
 * Copies in a bucket of any S3-compatible storage, through `@aws-sdk/client-s3` and `@aws-sdk/lib-storage`, which the app
 * installs. They are loaded with the first call.
 *
 * @throws BackupError `ERR_BACKUP_OPTIONS`
 */
export function s3Store(options: S3StoreOptions): BackupStore {
  validate('s3Store', schemaOf, options);
  const { bucket, concurrency = 4, partSizeBytes = 8 * 1024 * 1024 } = options;
  const prefix = options.prefix === undefined || options.prefix === '' ? '' : `${options.prefix.replace(/\/+$/, '')}/`;
  const where = `s3://${bucket}/${prefix}`;
  const fullKey = (key: string): string => {
    ensureKey(key);
    return prefix + key;
  };
  // What is no plain data (a client, a provider of credentials) stays in this process, and so does the sending.
  const forChild = { ...options };
  delete forChild.retention;
  let loaded: { s3: typeof clientS3; client: S3Client } | undefined;
  const connect = (): { s3: typeof clientS3; client: S3Client } => {
    if (loaded) return loaded;
    const s3 = peer(clientPackage);
    return (loaded = { s3, client: options.client ?? new s3.S3Client(clientConfig(options)) });
  };
  const explained = async <T>(key: string, signal: AbortSignal | undefined, act: () => Promise<T>): Promise<T> => {
    throwIfAborted(signal);
    try {
      return await act();
    } catch (error) {
      throw explainS3(error, { where, bucket, key, signal });
    }
  };

  return {
    name: options.endpoint === undefined ? where : `${where} at ${new URL(options.endpoint).host}`,
    settings: copySettings(options),
    ...(isPlain(forChild) && { recipe: { module: __filename, name: 's3Store', args: [forChild] } }),

    list: (keyPrefix, { signal } = {}) =>
      explained(keyPrefix, signal, async () => {
        const { s3, client } = connect();
        const found: StoredObject[] = [];
        let token: string | undefined;
        do {
          const page = await client.send(
            new s3.ListObjectsV2Command({
              Bucket: bucket,
              Prefix: prefix + keyPrefix,
              ...(token !== undefined && { ContinuationToken: token }),
            }),
            { ...(signal && { abortSignal: signal }) },
          );
          for (const { Key, Size, LastModified } of page.Contents ?? []) {
            if (Key === undefined || Size === undefined || LastModified === undefined) throw halfAnAnswer(where);
            found.push({ key: Key.slice(prefix.length), sizeBytes: Size, modifiedAt: LastModified });
          }
          // A page that says that there is more, but not where, would end the list early.
          if (page.IsTruncated && page.NextContinuationToken === undefined) throw halfAnAnswer(where);
          token = page.IsTruncated ? page.NextContinuationToken : undefined;
        } while (token !== undefined);
        return found;
      }),

    put: (key, body, { signal, sizeBytes = 0 } = {}) =>
      explained(key, signal, async () => {
        const { s3, client } = connect();
        const Key = fullKey(key);
        // Not every server looks at If-None-Match where an upload in parts is completed.
        if (await exists(s3, client, bucket, Key, signal)) throw copyExists(where, key);
        const { Upload } = peer(uploadPackage);
        const controller = new AbortController();
        const source = Readable.from(body, { objectMode: false, highWaterMark: 256 * 1024 });
        // The SDK's own abort gives up at once and clears away later, if at all. A source that breaks off makes it clear away
        // first. What is on its way is given a moment.
        const abort = (): void => {
          source.destroy(new Error('aborted'));
          setTimeout(() => controller.abort(), ABORT_MS).unref();
        };
        const stopListening = onAbort(signal, abort);
        const upload = new Upload({
          client,
          params: {
            Bucket: bucket,
            Key,
            Body: source,
            IfNoneMatch: '*',
            ContentType: key.endsWith('.json') ? 'application/json' : 'application/octet-stream',
            ...extraParameters(options),
          },
          partSize: Math.max(MIN_PART_BYTES, partSizeBytes, Math.ceil((sizeBytes * 1.01) / MAX_PARTS)),
          queueSize: concurrency,
          abortController: controller,
        });
        try {
          await upload.done();
        } finally {
          stopListening();
          source.destroy();
        }
      }),

    open: (key, { signal } = {}) =>
      explained(key, signal, async () => {
        const { s3, client } = connect();
        const { Body, ContentLength } = await client.send(
          new s3.GetObjectCommand({ Bucket: bucket, Key: fullKey(key) }),
          { ...(signal && { abortSignal: signal }) },
        );
        if (!(Body instanceof Readable)) throw halfAnAnswer(where);
        return contents(Body, ContentLength, (error) => explainS3(error, { where, bucket, key, signal }));
      }),

    remove: (key, { signal } = {}) =>
      explained(key, signal, async () => {
        const { s3, client } = connect();
        await client.send(new s3.DeleteObjectCommand({ Bucket: bucket, Key: fullKey(key) }), {
          ...(signal && { abortSignal: signal }),
        });
      }),

    sweep: (keyPrefix, { signal } = {}) =>
      explained(keyPrefix, signal, async () => {
        const { s3, client } = connect();
        await abortUploads(s3, client, bucket, prefix + keyPrefix, signal);
      }),
  };
}

async function exists(
  s3: typeof clientS3,
  client: S3Client,
  bucket: string,
  Key: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  try {
    await client.send(new s3.HeadObjectCommand({ Bucket: bucket, Key }), { ...(signal && { abortSignal: signal }) });
    return true;
  } catch (error) {
    // A HEAD has no body that could name the error. 403 is what a key without permission to list gets for a missing one.
    const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
    if (status === 404 || status === 403) return false;
    throw error;
  }
}

async function* contents(
  body: Readable,
  length: number | undefined,
  explain: (error: unknown) => BackupError,
): AsyncGenerator<Uint8Array, void> {
  let received = 0;
  try {
    for await (const chunk of body) {
      received += (chunk as Uint8Array).byteLength;
      yield chunk as Uint8Array;
    }
    if (length !== undefined && received !== length) {
      throw Object.assign(new Error(`${received} of ${length} bytes arrived`), { code: 'ECONNRESET' });
    }
  } catch (error) {
    throw explain(error);
  } finally {
    body.destroy();
  }
}

/** Uploads in parts that nobody will complete: they are not listed, and cost as much as if they were. */
async function abortUploads(
  s3: typeof clientS3,
  client: S3Client,
  bucket: string,
  Prefix: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const control = { ...(signal && { abortSignal: signal }) };
  let marker: { KeyMarker?: string; UploadIdMarker?: string } = {};
  for (;;) {
    const page = await client.send(new s3.ListMultipartUploadsCommand({ Bucket: bucket, Prefix, ...marker }), control);
    for (const { Key, UploadId } of page.Uploads ?? []) {
      if (!Key?.startsWith(Prefix)) continue;
      await client.send(new s3.AbortMultipartUploadCommand({ Bucket: bucket, Key, UploadId }), control).catch(ifGone);
    }
    if (!page.IsTruncated || page.NextKeyMarker === undefined) return;
    marker = {
      KeyMarker: page.NextKeyMarker,
      ...(page.NextUploadIdMarker !== undefined && { UploadIdMarker: page.NextUploadIdMarker }),
    };
  }
}

function ifGone(error: unknown): void {
  if ((error as Error).name !== 'NoSuchUpload') throw error;
}

function halfAnAnswer(where: string): BackupError {
  return new BackupError('ERR_BACKUP_STORE_FAILED', `"${where}" gave an answer that is not complete.`, {
    step: 'store',
    hint: 'This server does not speak S3 as it should: ask its maker.',
  });
}

const clientPackage = lazy('optional peer', () => require('@aws-sdk/client-s3') as typeof clientS3);
const uploadPackage = lazy('optional peer', () => require('@aws-sdk/lib-storage') as typeof libStorage);

function peer<T>(load: () => T): T {
  try {
    return load();
  } catch (cause) {
    if (systemCode(cause) !== 'MODULE_NOT_FOUND') throw cause;
    throw new BackupError(
      'ERR_BACKUP_PEER_MISSING',
      `s3Store() needs a package that is not installed (${messageOf(cause).split('\n')[0]}).`,
      {
        step: 'store',
        hint: 'Run "npm install @aws-sdk/client-s3 @aws-sdk/lib-storage".',
        cause,
      },
    );
  }
}
