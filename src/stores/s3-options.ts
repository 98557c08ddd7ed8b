import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3';
import type { Valibot } from '../util/validate.js';
import type { CopySettings } from './backup-store.js';
import { copySettingEntries } from './copy-settings.js';

export interface S3StoreOptions extends CopySettings {
  bucket: string;
  /** Before every key: `'backups/shop'`. Default: none. */
  prefix?: string;
  /** Default: what the SDK finds (`AWS_REGION`, `~/.aws/config`); with `endpoint`, `'us-east-1'`. */
  region?: string;
  /** The address of a server that is not Amazon's: `'https://s3.example.com'`. */
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
  /** The size of the parts of a multipart upload, at least 5 MiB. Default 8 MiB, more where the backup needs over 9,000 parts. */
  partSizeBytes?: number;
  /** Parts on their way at the same time; each is held in memory. Default 4. */
  concurrency?: number;
}

/** S3 takes no smaller ones, other than the last. */
export const MIN_PART_BYTES = 5 * 1024 * 1024;

// eslint-disable-next-line @typescript-eslint/explicit-function-return-type -- the type is what valibot infers
export function schemaOf(v: Valibot) {
  // eslint-disable-next-line @typescript-eslint/explicit-function-return-type -- as above
  const word = (allowed: RegExp, message: string) =>
    v.optional(v.custom<string>((value) => typeof value === 'string' && allowed.test(value), message));
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
    region: word(/^[a-z0-9-]{1,32}$/i, 'the name of a region: letters, digits and hyphens, such as "eu-central-1"'),
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
    serverSideEncryption: word(/^[\w:-]{1,32}$/, '"AES256", "aws:kms" or what else the server knows'),
    kmsKeyId: word(/^[\w:/.-]{1,2048}$/, 'the id, the alias or the ARN of a key'),
    storageClass: word(/^\w{1,32}$/, 'a storage class that the server knows, such as "STANDARD_IA"'),
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

export function clientConfig({
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

/** The parameters that every object is put with. */
export function extraParameters({ serverSideEncryption, kmsKeyId, storageClass }: S3StoreOptions): object {
  return {
    ...(serverSideEncryption !== undefined && { ServerSideEncryption: serverSideEncryption }),
    ...(kmsKeyId !== undefined && { SSEKMSKeyId: kmsKeyId }),
    ...(storageClass !== undefined && { StorageClass: storageClass }),
  };
}
