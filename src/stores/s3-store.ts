import { Readable } from 'node:stream';
import type * as clientS3 from '@aws-sdk/client-s3';
import type { S3Client } from '@aws-sdk/client-s3';
import type * as libStorage from '@aws-sdk/lib-storage';
import { onAbort } from '../util/on-abort.js';
import { BackupError, messageOf, systemCode } from '../util/errors.js';
import { lazy } from '../util/lazy.js';
import { validate } from '../util/validate.js';
import { copyExists, ensureKey, isPlain, throwIfAborted, withRecipe } from './backup-store.js';
import type { BackupStore, StoredObject } from './backup-store.js';
import { copySettings } from './copy-settings.js';
import { explainS3 } from './s3-errors.js';
import { abortUploads, exists, halfAnAnswer, pagesOf, withoutConditionsWhereNotKnown } from './s3-requests.js';
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
  const bucket = new Bucket(options);
  const store: BackupStore = {
    name: options.endpoint === undefined ? bucket.where : `${bucket.where} at ${new URL(options.endpoint).host}`,
    settings: copySettings(options),
    list: (keyPrefix, { signal } = {}) => bucket.explained(keyPrefix, signal, () => list(bucket, keyPrefix, signal)),
    put: (key, body, control = {}) => bucket.explained(key, control.signal, () => put(bucket, key, body, control)),
    open: (key, { signal } = {}) => bucket.explained(key, signal, () => open(bucket, key, signal)),
    remove: (key, { signal } = {}) => bucket.explained(key, signal, () => remove(bucket, key, signal)),
    sweep: (keyPrefix, { signal } = {}) =>
      bucket.explained(keyPrefix, signal, () => {
        const { s3, client } = bucket.connect();
        return abortUploads(s3, client, bucket.name, bucket.prefix + keyPrefix, signal);
      }),
  };
  // A client or a provider of credentials is not plain data: it stays in this process, and so does the sending.
  const forChild = { ...options };
  delete forChild.retention;
  return isPlain(forChild) ? withRecipe(store, { module: __filename, name: 's3Store', args: [forChild] }) : store;
}

/** The bucket of a store, and the connection to it, which is made by the first call. */
class Bucket {
  readonly options: S3StoreOptions;
  readonly name: string;
  readonly prefix: string;
  readonly where: string;
  #connected: { s3: typeof clientS3; client: S3Client } | undefined;

  constructor(options: S3StoreOptions) {
    const { bucket, prefix = '' } = options;
    this.options = options;
    this.name = bucket;
    this.prefix = prefix === '' ? '' : `${prefix.replace(/\/+$/, '')}/`;
    this.where = `s3://${bucket}/${this.prefix}`;
  }

  connect(): { s3: typeof clientS3; client: S3Client } {
    if (this.#connected) return this.#connected;
    const s3 = peer(clientPackage);
    return (this.#connected = { s3, client: this.options.client ?? new s3.S3Client(clientConfig(this.options)) });
  }

  fullKey(key: string): string {
    ensureKey(key);
    return this.prefix + key;
  }

  explain(error: unknown, key: string, signal: AbortSignal | undefined): BackupError {
    return explainS3(error, { where: this.where, bucket: this.name, key, signal });
  }

  async explained<T>(key: string, signal: AbortSignal | undefined, act: () => Promise<T>): Promise<T> {
    throwIfAborted(signal);
    try {
      return await act();
    } catch (error) {
      throw this.explain(error, key, signal);
    }
  }
}

async function list(bucket: Bucket, keyPrefix: string, signal: AbortSignal | undefined): Promise<StoredObject[]> {
  const { s3, client } = bucket.connect();
  const { prefix, where } = bucket;
  const found = new Map<string, StoredObject>();
  for await (const page of pagesOf(s3, client, { Bucket: bucket.name, Prefix: prefix + keyPrefix }, signal)) {
    for (const { Key, Size, LastModified } of page.Contents ?? []) {
      if (Key === undefined || Size === undefined || LastModified === undefined) throw halfAnAnswer(where);
      // A server that sends the same page again would keep us here for ever.
      if (found.has(Key)) throw halfAnAnswer(where);
      found.set(Key, { key: Key.slice(prefix.length), sizeBytes: Size, modifiedAt: LastModified });
    }
  }
  // Some servers ignore the prefix.
  return [...found].filter(([key]) => key.startsWith(prefix + keyPrefix)).map(([, object]) => object);
}

async function put(
  bucket: Bucket,
  key: string,
  body: AsyncIterable<Uint8Array>,
  { signal, sizeBytes = 0 }: Parameters<BackupStore['put']>[2] & object,
): Promise<void> {
  const { s3, client } = bucket.connect();
  const { concurrency = 4, partSizeBytes = 8 * 1024 * 1024 } = bucket.options;
  const Key = bucket.fullKey(key);
  const overwrites = async (): Promise<void> => {
    if (await exists(s3, client, bucket.name, Key, signal)) throw copyExists(bucket.where, key);
  };
  // Some servers ignore If-None-Match where an upload in parts is completed.
  await overwrites();
  const { Upload } = peer(uploadPackage);
  const controller = new AbortController();
  const source = Readable.from(body, { objectMode: false, highWaterMark: 256 * 1024 });
  // The SDK's own abort gives up at once and clears away later, if at all. A source that breaks off makes it clear away
  // first. What is on its way is given a moment.
  const stopListening = onAbort(signal, () => {
    source.destroy(new Error('aborted'));
    setTimeout(() => controller.abort(), ABORT_MS).unref();
  });
  const upload = new Upload({
    client: withoutConditionsWhereNotKnown(client, overwrites),
    params: {
      Bucket: bucket.name,
      Key,
      Body: source,
      IfNoneMatch: '*',
      ContentType: key.endsWith('.json') ? 'application/json' : 'application/octet-stream',
      ...extraParameters(bucket.options),
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
}

async function open(
  bucket: Bucket,
  key: string,
  signal: AbortSignal | undefined,
): Promise<AsyncGenerator<Uint8Array, void>> {
  const { s3, client } = bucket.connect();
  const command = new s3.GetObjectCommand({ Bucket: bucket.name, Key: bucket.fullKey(key) });
  const { Body, ContentLength } = await client.send(command, { ...(signal && { abortSignal: signal }) });
  if (!(Body instanceof Readable)) throw halfAnAnswer(bucket.where);
  return contents(Body, ContentLength, (error) => bucket.explain(error, key, signal));
}

async function remove(bucket: Bucket, key: string, signal: AbortSignal | undefined): Promise<void> {
  const { s3, client } = bucket.connect();
  const command = new s3.DeleteObjectCommand({ Bucket: bucket.name, Key: bucket.fullKey(key) });
  await client.send(command, { ...(signal && { abortSignal: signal }) });
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
