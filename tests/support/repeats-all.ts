import http from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * A server that refuses whatever it is sent, and repeats all of it: the address, the headers, the credentials in them. As a bucket, a
 * receiver of messages or a node of a cluster it is as talkative as one can be.
 */
export async function repeatsAll(): Promise<{
  readonly port: number;
  readonly heard: string[];
  close(): Promise<void>;
}> {
  const heard: string[] = [];
  const server = http.createServer((request, response) => {
    const { url, headers } = request;
    const basic = /^Basic (.*)/.exec(headers.authorization ?? '')?.[1] ?? '';
    const said = `${url} ${JSON.stringify(headers)} http://${Buffer.from(basic, 'base64').toString()}@here/`;
    heard.push(said);
    request.resume().on('end', () => {
      const text = said.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
      response
        .writeHead(403, { 'content-type': 'application/xml' })
        .end(`<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>${text}</Message></Error>`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    heard,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => void server.close(() => resolve()));
    },
  };
}
