import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { BackupService, directoryStore } from 'sqlite-autobackup';
import { sleep, until } from '../support/processes';
import { useDashboard } from './support';

const dash = useDashboard();

interface Told {
  type: string;
  doneBytes?: number;
  totalBytes?: number;
  step?: string;
}

/** A live page: what it was told so far. */
async function listen() {
  const told: Told[] = [];
  let ended = false;
  const request = http.get({ port: dash.port, host: '127.0.0.1', path: '/api/events', agent: false });
  const response = await new Promise<http.IncomingMessage>((resolve, reject) =>
    request.on('response', resolve).on('error', reject),
  );
  let rest = '';
  response.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n\n');
    rest = parts.pop()!;
    for (const part of parts) {
      const data = /^data: (.*)$/m.exec(part)?.[1];
      if (data) told.push(JSON.parse(data));
    }
  });
  response.on('close', () => (ended = true)).on('error', () => {});
  request.on('error', () => {});
  return {
    told,
    headers: response.headers,
    leave: () => request.destroy(),
    get ended() {
      return ended;
    },
  };
}

/** Whoever watches looks at least once a second, so while somebody does, this never comes true. */
async function untilNobodyWatches(looks: jest.SpyInstance): Promise<void> {
  await until(async () => {
    const before = looks.mock.calls.length;
    await sleep(2_500);
    return looks.mock.calls.length === before;
  });
}

test('a backup of this page is told with its step and its bytes, then that something changed', async () => {
  await dash.serve(dash.service({}, 150_000_000));
  const page = await listen();
  expect(page.headers['content-type']).toBe('text/event-stream');
  await until(() => page.told.some(({ type }) => type === 'idle'));
  await dash.post('/api/backups?wait=1');
  await until(() => page.told.at(-1)?.type === 'idle' && page.told.some(({ type }) => type === 'changed'));
  const progress = page.told.filter(({ type }) => type === 'progress');
  expect(progress.length).toBeGreaterThan(1);
  expect(progress.every(({ doneBytes, totalBytes }) => doneBytes! <= totalBytes!)).toBe(true);
  expect(progress.some(({ doneBytes }) => doneBytes! > 0)).toBe(true);
  page.leave();
});

test('so is one that another process makes, by its growing file', async () => {
  await dash.serve(dash.service());
  const page = await listen();
  const partial = dash.temp.file('.app_backup_20261124_093000.0a1b2c.partial');
  fs.writeFileSync(partial, Buffer.alloc(1_000));
  await until(() => page.told.some(({ doneBytes }) => doneBytes === 1_000));
  fs.writeFileSync(partial, Buffer.alloc(3_000));
  await until(() => page.told.some(({ doneBytes }) => doneBytes === 3_000));
  expect(page.told.find(({ doneBytes }) => doneBytes === 3_000)).not.toHaveProperty('step');
  const { text } = await dash.get('/');
  expect(text).toMatch(/<button[^>]*disabled/);
  expect(text).toContain('http-equiv="refresh"');
  fs.rmSync(partial);
  await until(() => page.told.some(({ type }) => type === 'changed'));
  await until(async () => !(await dash.get('/')).text.includes('http-equiv="refresh"'));
  page.leave();
});

test('a backup that the app takes by itself changes the page too', async () => {
  const service = dash.service();
  await dash.serve(service);
  const page = await listen();
  await until(() => page.told.length > 0);
  await service.backupIfDue();
  await until(() => page.told.some(({ type }) => type === 'changed'));
  page.leave();
});

test('so does a copy off the machine, also long after the backup', async () => {
  const nas = dash.temp.file('nas');
  // Not mounted yet: the copy waits.
  const service = dash.service({ copies: [directoryStore(nas)] });
  await dash.serve(service);
  await service.createBackup();
  await service.whenIdle();
  const page = await listen();
  await until(() => page.told.some(({ type }) => type === 'idle'));
  const changes = () => page.told.filter(({ type }) => type === 'changed').length;
  const before = changes();
  fs.mkdirSync(nas);
  // The next try of its own may come first: then this one finds nothing to do.
  await service.shipPending();
  await expect(service.listBackups()).resolves.toMatchObject([{ copies: [{ state: 'copied' }] }]);
  await until(() => changes() > before);
  page.leave();
});

test('nobody watches when the last page has left', async () => {
  const service = dash.service();
  await dash.serve(service);
  const looks = jest.spyOn(BackupService.prototype, 'findRunningBackup');
  try {
    const pages = [await listen(), await listen()];
    await until(() => looks.mock.calls.length > 0);
    for (const page of pages) page.leave();
    await until(() => pages.every(({ ended }) => ended));
    await untilNobodyWatches(looks);
  } finally {
    looks.mockRestore();
  }
});

test('a request for the headers of the live page alone (HEAD) is answered, and nobody watches for it', async () => {
  const looks = jest.spyOn(BackupService.prototype, 'findRunningBackup');
  try {
    await dash.serve(dash.service());
    const { status, headers, text } = await dash.send({ method: 'HEAD', path: '/api/events' });
    expect({ status, type: headers['content-type'], text }).toEqual({
      status: 200,
      type: 'text/event-stream',
      text: '',
    });
    await untilNobodyWatches(looks);
  } finally {
    looks.mockRestore();
  }
});

test('live pages that were asked for ahead on one connection go with it', async () => {
  const server = await dash.serve(dash.service());
  const gone = new Promise((resolve) => server.once('connection', (socket) => socket.once('close', resolve)));
  const looks = jest.spyOn(BackupService.prototype, 'findRunningBackup');
  try {
    const ahead = 'GET /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'.repeat(3);
    const socket = net.connect(dash.port, '127.0.0.1', () => socket.write(ahead));
    socket.on('error', () => {});
    await until(() => looks.mock.calls.length > 0);
    socket.destroy();
    await gone;
    await untilNobodyWatches(looks);
  } finally {
    looks.mockRestore();
  }
});

test('a server that closes is not held up by live pages', async () => {
  const server = await dash.serve(dash.service());
  const page = await listen();
  await until(() => page.told.length > 0);
  const closed = new Promise((resolve) => server.close(resolve));
  await closed;
  await until(() => page.ended);
});

test('a failing backup is told as a change, and nothing is left unhandled', async () => {
  const service = dash.service();
  fs.writeFileSync(dash.temp.file('app.db'), 'no database');
  await dash.serve(service);
  const page = await listen();
  await until(() => page.told.length > 0);
  const [a, b] = await Promise.all([dash.post('/api/backups?wait=1'), dash.post('/api/backups?wait=1')]);
  expect([a.status, b.status]).toEqual([500, 500]);
  expect(a.json()).toEqual({ error: { code: 'ERR_BACKUP_SOURCE_INVALID', message: expect.any(String) } });
  await until(() => page.told.some(({ type }) => type === 'changed'));
  page.leave();
});
