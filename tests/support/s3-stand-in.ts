import http from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * A stand-in for an S3 server, in memory, that misbehaves as it is told. It checks no signatures and proves nothing about real
 * servers: tests/offsite runs against Ceph.
 */
export interface StandIn {
  readonly endpoint: string;
  readonly objects: Map<string, Buffer>;
  /** `'PUT shop/key if-none-match'` */
  readonly requests: string[];
  /** Answers `If-None-Match` with 501, as Alibaba's OSS does. */
  noConditions: boolean;
  /** Sends the first page of a list again and again: with the same token, or with a new one each time. */
  endlessList: 'same token' | 'new tokens' | undefined;
  /** Answers each list with the status 200 and this text, as a proxy does that wants a login. */
  listText: string | undefined;
  /** Keys whose contents cannot be read. */
  readonly broken: Set<string>;
  close(): Promise<void>;
}

export async function s3StandIn(): Promise<StandIn> {
  const server = http.createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const standIn: StandIn = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    objects: new Map(),
    requests: [],
    noConditions: false,
    endlessList: undefined,
    listText: undefined,
    broken: new Set(),
    close: () => new Promise((resolve) => (server.closeAllConnections(), server.close(() => resolve()))),
  };

  async function answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const url = new URL(request.url!, standIn.endpoint);
    const key = decodeURIComponent(url.pathname.split('/').slice(2).join('/'));
    const conditional = request.headers['if-none-match'] !== undefined;
    standIn.requests.push(`${request.method} ${key}${conditional ? ' if-none-match' : ''}`);
    const fail = (status: number, code: string) =>
      response.writeHead(status, { 'content-type': 'application/xml' }).end(`<Error><Code>${code}</Code></Error>`);
    if (url.searchParams.get('list-type') === '2') {
      if (standIn.listText !== undefined) return void response.writeHead(200).end(standIn.listText);
      return list(url, response);
    }
    if (request.method === 'PUT') {
      if (conditional && standIn.noConditions) return void fail(501, 'NotImplemented');
      if (conditional && standIn.objects.has(key)) return void fail(412, 'PreconditionFailed');
      standIn.objects.set(key, Buffer.concat(chunks));
      return void response.writeHead(200, { etag: '"x"' }).end();
    }
    if (request.method === 'DELETE') return void (standIn.objects.delete(key), response.writeHead(204).end());
    const object = standIn.objects.get(key);
    if (!object) return void fail(404, 'NoSuchKey');
    if (standIn.broken.has(key)) return void fail(403, 'AccessDenied');
    response.writeHead(200, { 'content-length': object.length }).end(request.method === 'HEAD' ? undefined : object);
  }

  let pages = 0;
  function list(url: URL, response: http.ServerResponse): void {
    const prefix = url.searchParams.get('prefix') ?? '';
    const entries = [...standIn.objects]
      .filter(([key]) => key.startsWith(prefix))
      .map(
        ([key, { length }]) =>
          `<Contents><Key>${key.replace(/[<>&]/g, '')}</Key><Size>${length}</Size>` +
          `<LastModified>${new Date().toISOString()}</LastModified></Contents>`,
      );
    const token = standIn.endlessList === 'new tokens' ? `t${++pages}` : 't';
    const more = standIn.endlessList
      ? `<IsTruncated>true</IsTruncated><NextContinuationToken>${token}</NextContinuationToken>`
      : '<IsTruncated>false</IsTruncated>';
    response
      .writeHead(200, { 'content-type': 'application/xml' })
      .end(`<?xml version="1.0"?><ListBucketResult><Name>b</Name>${more}${entries.join('')}</ListBucketResult>`);
  }
  return standIn;
}
