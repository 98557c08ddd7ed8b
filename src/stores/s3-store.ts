import { Readable } from 'node:stream';
import type * as clientS3 from '@aws-sdk/client-s3';
import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3';
import type * as libStorage from '@aws-sdk/lib-storage';
import { BackupError, systemCode } from '../errors.js';
import { validate } from '../validate.js';
import type { Valibot } from '../validate.js';
import { copyExists, ensureKey, throwIfAborted } from './backup-store.js';
import type { BackupStore, CopySettings, StoredObject } from './backup-store.js';
import { copySettingEntries, copySettings } from './copy-settings.js';
import { explainS3 } from './s3-errors.js';

export interface S3StoreOptions extends CopySettings {
  bucket: string;
  /** Before every key: `'backups/shop'`. Default: none. */
  prefix?: string;
  /** Default: what the SDK finds (`AWS_REGION`, `~/.aws/config`); with `endpoint`, `'us-east-1'`. */
  region?: string;
  /** Of a server that is not Amazon's: `'https://s3.example.com'`. */
  endpoint?: string;
  /** `https://host/bucket` instead of `https://bucket.host`. Default: `true` with `endpoint`, else `false`. */
  forcePathStyle?: boolean;
  /** Default: the SDK's chain: environment, `~/.aws`, the role of the machine or container. */
  credentials?: S3ClientConfig['credentials'];
  /** A client of your own instead of the options above. Its `requestChecksumCalculation` must suit the server. */
  client?: S3Client;
  /** Further options of the client: proxies, time limits, `requestChecksumCalculation: 'WHEN_SUPPORTED'`. */
  clientOptions?: S3ClientConfig;
  /** `'AES256'`, `'aws:kms'`, …: the server encrypts what it stores. It is no substitute for `encrypt`. */
  serverSideEncryption?: string;
  /** The key of `'aws:kms'`. */
  kmsKeyId?: string;
  /** `'STANDARD_IA'`, `'GLACIER_IR'`, … Not one that has to be thawed first: every copy is read back. */
  storageClass?: string;
  /** Of a multipart upload, from 5 MiB up. Default 8 MiB, more where the backup needs over 9,000 parts. */
  partSizeBytes?: number;
  /** Parts on their way at the same time; each is held in memory. Default 4. */
  concurrency?: number;
}

const MIN_PART_BYTES = 5 * 1024 * 1024;
const MAX_PARTS = 9_000;

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
  let loaded: { s3: typeof clientS3; client: S3Client } | undefined;
  const connect = (): { s3: typeof clientS3; client: S3Client } => {
    if (loaded) return loaded;
    const s3 = load<typeof clientS3>('@aws-sdk/client-s3');
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
        const { Upload } = load<typeof libStorage>('@aws-sdk/lib-storage');
        const controller = new AbortController();
        const abort = (): void => controller.abort(signal?.reason);
        signal?.addEventListener('abort', abort, { once: true });
        const source = Readable.from(body, { objectMode: false, highWaterMark: 256 * 1024 });
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
          signal?.removeEventListener('abort', abort);
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

// eslint-disable-next-line @typescript-eslint/explicit-function-return-type -- the type is what valibot infers
function schemaOf(v: Valibot) {
  // eslint-disable-next-line @typescript-eslint/explicit-function-return-type -- as above
  const text = (message: string) =>
    v.optional(v.custom<string>((value) => typeof value === 'string' && value !== '', message));
  // eslint-disable-next-line @typescript-eslint/explicit-function-return-type -- as above
  const object = (message: string) =>
    v.optional(v.custom<object>((value) => typeof value === 'object' && value !== null, message));
  return v.strictObject({
    bucket: v.custom<string>(
      (value) => typeof value === 'string' && /^[a-z0-9][\w.-]{1,254}$/i.test(value),
      'the name of a bucket',
    ),
    prefix: v.optional(
      v.custom<string>(
        (value) => typeof value === 'string' && /^(?!\/)(?!.*\/\/)[\w./ -]*$/.test(value),
        'a text such as "backups/shop", without a "/" at its beginning',
      ),
    ),
    region: text('the name of a region'),
    endpoint: v.optional(
      v.custom<string>(
        (value) => typeof value === 'string' && isHttp(value),
        'an address such as "https://s3.example.com"',
      ),
    ),
    forcePathStyle: v.optional(v.boolean('true or false')),
    credentials: v.optional(
      v.custom<NonNullable<S3ClientConfig['credentials']>>(
        (value) => typeof value === 'function' || (typeof value === 'object' && value !== null),
        'an object with accessKeyId and secretAccessKey, or a provider of the SDK',
      ),
    ),
    client: v.optional(
      v.custom<S3Client>(
        (value) => typeof (value as { send?: unknown } | null)?.send === 'function',
        'an S3Client of @aws-sdk/client-s3',
      ),
    ),
    clientOptions: object('an object of options for S3Client'),
    serverSideEncryption: text('"AES256", "aws:kms" or what else the server knows'),
    kmsKeyId: text('the id of a key'),
    storageClass: text('a storage class that the server knows'),
    partSizeBytes: v.optional(
      v.custom<number>(
        (value) =>
          Number.isSafeInteger(value) && (value as number) >= MIN_PART_BYTES && (value as number) <= 5 * 1024 ** 3,
        'a whole number of bytes from 5 MiB (5242880) to 5 GiB',
      ),
    ),
    concurrency: v.optional(
      v.custom<number>(
        (value) => Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= 64,
        'a whole number from 1 to 64',
      ),
    ),
    ...copySettingEntries(v),
  });
}

function isHttp(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

function clientConfig({
  endpoint,
  region,
  forcePathStyle,
  credentials,
  clientOptions,
}: S3StoreOptions): S3ClientConfig {
  return {
    // With the SDK's own default many servers that are not Amazon's answer 411 or 501. What counts is read back anyway.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // A connection on which nothing moves is given up, and the part is sent again.
    requestHandler: { connectionTimeout: 10_000, socketTimeout: 60_000 },
    ...(endpoint !== undefined && { endpoint, region: 'us-east-1', forcePathStyle: true }),
    ...(region !== undefined && { region }),
    ...(forcePathStyle !== undefined && { forcePathStyle }),
    ...(credentials && { credentials }),
    ...clientOptions,
  };
}

function extraParameters({ serverSideEncryption, kmsKeyId, storageClass }: S3StoreOptions): object {
  return {
    ...(serverSideEncryption !== undefined && { ServerSideEncryption: serverSideEncryption }),
    ...(kmsKeyId !== undefined && { SSEKMSKeyId: kmsKeyId }),
    ...(storageClass !== undefined && { StorageClass: storageClass }),
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

// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- whoever calls it knows the package's type
function load<T>(name: string): T {
  try {
    return require(name) as T;
  } catch (cause) {
    if (systemCode(cause) !== 'MODULE_NOT_FOUND') throw cause;
    throw new BackupError('ERR_BACKUP_PEER_MISSING', `s3Store() needs the package "${name}", which is not installed.`, {
      step: 'store',
      hint: 'Run "npm install @aws-sdk/client-s3 @aws-sdk/lib-storage".',
      cause,
    });
  }
}
