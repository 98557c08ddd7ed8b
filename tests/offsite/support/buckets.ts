import crypto from 'node:crypto';
import { CreateBucketCommand, ListMultipartUploadsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import type { BackupStore } from 'sqlite-autobackup';
import { s3Store } from 'sqlite-autobackup/s3';
import type { S3StoreOptions } from 'sqlite-autobackup/s3';
import type { CephInfo } from './ceph';

/** The gateway that `set-up.ts` has started. */
export function ceph(): CephInfo {
  return JSON.parse(process.env['OFFSITE_CEPH']!) as CephInfo;
}

export function credentials({ accessKeyId, secretAccessKey }: CephInfo = ceph()) {
  return { accessKeyId, secretAccessKey };
}

export function client(endpoint = ceph().endpoint): S3Client {
  return new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials: credentials() });
}

export async function newBucket(): Promise<string> {
  const bucket = `b${crypto.randomBytes(6).toString('hex')}`;
  await client().send(new CreateBucketCommand({ Bucket: bucket }));
  return bucket;
}

/** A store in a bucket of the gateway, as a user would set it up. */
export function storeIn(bucket: string, options: Partial<S3StoreOptions> = {}): BackupStore {
  return s3Store({ bucket, endpoint: ceph().endpoint, credentials: credentials(), host: 'shop-1', ...options });
}

export async function keysIn(bucket: string): Promise<string[]> {
  const { Contents = [] } = await client().send(new ListObjectsV2Command({ Bucket: bucket }));
  return Contents.map(({ Key }) => Key!);
}

export async function unfinishedUploads(bucket: string): Promise<string[]> {
  const { Uploads = [] } = await client().send(new ListMultipartUploadsCommand({ Bucket: bucket }));
  return Uploads.map(({ Key }) => Key!);
}
