import type * as clientS3 from '@aws-sdk/client-s3';
import type { S3Client } from '@aws-sdk/client-s3';
import { BackupError } from '../util/errors.js';

/** Every page of a list. The server says where the next one begins: twice the same place would be a list without an end. */
export async function* pagesOf(
  s3: typeof clientS3,
  client: S3Client,
  input: clientS3.ListObjectsV2CommandInput,
  signal: AbortSignal | undefined,
): AsyncGenerator<clientS3.ListObjectsV2CommandOutput, void> {
  const tokens = new Set<string>();
  let emptyPages = 0;
  for (let token: string | undefined; ;) {
    const page = await client.send(
      new s3.ListObjectsV2Command({ ...input, ...(token !== undefined && { ContinuationToken: token }) }),
      { ...(signal && { abortSignal: signal }) },
    );
    if (!isListing(page)) throw halfAnAnswer(`s3://${input.Bucket}/${input.Prefix}`);
    yield page;
    if (!page.IsTruncated) return;
    token = page.NextContinuationToken;
    emptyPages = page.Contents?.length ? 0 : emptyPages + 1;
    // A page that says that there is more, but not where, would end the list early.
    if (token === undefined || tokens.has(token) || emptyPages > MAX_EMPTY_PAGES) {
      throw halfAnAnswer(`s3://${input.Bucket}/${input.Prefix}`);
    }
    tokens.add(token);
  }
}

/** A proxy's login page with the status 200 is parsed as a page of nothing, and would mean that there are no copies. */
function isListing({ IsTruncated, KeyCount, Name, Contents }: clientS3.ListObjectsV2CommandOutput): boolean {
  return [IsTruncated, KeyCount, Name, Contents].some((field) => field !== undefined);
}

/** In a row. Servers send an empty page now and then, after many removals. */
const MAX_EMPTY_PAGES = 100;

/**
 * A server that does not know If-None-Match (Alibaba's OSS answers 501) gets the request again without it, after another look
 * whether the object is there. The SDK's upload sends whole parts only, so the body is at hand.
 */
export function withoutConditionsWhereNotKnown(client: S3Client, look: () => Promise<void>): S3Client {
  const send = async (command: Sent, options?: object): Promise<unknown> => {
    try {
      return await (client as unknown as Sender).send(command, options);
    } catch (error) {
      const { name, $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } };
      const unknown = name === 'NotImplemented' || $metadata?.httpStatusCode === 501;
      if (!unknown || command.input.IfNoneMatch === undefined) throw error;
      await look();
      delete command.input.IfNoneMatch;
      return (client as unknown as Sender).send(new command.constructor(command.input), options);
    }
  };
  return Object.create(client, { send: { value: send } }) as S3Client;
}

interface Sent {
  readonly input: { IfNoneMatch?: string };
  readonly constructor: new (input: object) => Sent;
}

interface Sender {
  send(command: Sent, options?: object): Promise<unknown>;
}

export async function exists(
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

/** Uploads in parts that nobody will complete: they are not listed, and cost as much as if they were. */
export async function abortUploads(
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
    if (page.NextKeyMarker === marker.KeyMarker && page.NextUploadIdMarker === marker.UploadIdMarker) return;
    marker = {
      KeyMarker: page.NextKeyMarker,
      ...(page.NextUploadIdMarker !== undefined && { UploadIdMarker: page.NextUploadIdMarker }),
    };
  }
}

function ifGone(error: unknown): void {
  if ((error as Error).name !== 'NoSuchUpload') throw error;
}

export function halfAnAnswer(where: string): BackupError {
  return new BackupError('ERR_BACKUP_STORE_FAILED', `"${where}" gave an answer that is not complete.`, {
    step: 'store',
    hint: 'This server does not speak S3 as it should: ask its maker.',
  });
}
