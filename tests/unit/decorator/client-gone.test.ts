import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { clientGone } from 'sqlite-autobackup';

/** Hands out the answer to a request as long as it has not been sent, and what the client can do. */
async function ask(): Promise<{
  response: http.ServerResponse;
  client: http.ClientRequest;
  close: () => Promise<void>;
}> {
  let client!: http.ClientRequest;
  const server = http.createServer();
  const response = await new Promise<http.ServerResponse>((resolve) => {
    server.on('request', (_request, answer) => resolve(answer));
    server.listen(0, '127.0.0.1', () => {
      client = http.get({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' });
      client.on('error', () => {}).on('response', (answer) => answer.resume());
    });
  });
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()).closeAllConnections());
  return { response, client, close };
}

const closed = (response: http.ServerResponse) => new Promise<void>((resolve) => response.once('close', resolve));

test('aborts when the client goes before the answer is sent, also when it had gone already', async () => {
  const { response, client, close } = await ask();
  const signal = clientGone(response);
  expect(signal.aborted).toBe(false);
  const end = closed(response);
  client.destroy();
  await end;
  expect(signal.reason).toMatchObject({ message: 'the client has closed the connection' });
  expect(clientGone(response).aborted).toBe(true);
  await close();
});

test('does not abort when the connection closes after the answer', async () => {
  const { response, close } = await ask();
  const signal = clientGone(response);
  const end = closed(response);
  response.end('sent');
  await end;
  expect([signal.aborted, clientGone(response).aborted]).toEqual([false, false]);
  await close();
});
