import fs from 'node:fs';
import net from 'node:net';
import { childProcessSnapshotter } from 'sqlite-autobackup';
import type { Snapshotter } from 'sqlite-autobackup';
import { until } from '../support/processes';
import { ALL, onPosix, routes, useDashboard } from './support';

const dash = useDashboard();
const DEAD_SECRET = 'not for anybody';

async function withBackup() {
  const service = dash.service();
  const { name } = await service.createBackup();
  fs.writeFileSync(dash.temp.file('secret.txt'), DEAD_SECRET);
  await dash.serve(service);
  return { service, name };
}

describe('what is not in the catalogue is not there', () => {
  test.each([
    '../secret.txt',
    '..%2fsecret.txt',
    '..%2Fsecret.txt',
    '%2e%2e%2fsecret.txt',
    '%252e%252e%252fsecret.txt',
    '....//secret.txt',
    '..\\secret.txt',
    '..%5csecret.txt',
    '%2fetc%2fpasswd',
    '/etc/passwd',
    'C:%5cWindows%5cwin.ini',
    'C:\\Windows\\win.ini',
    'file:%2f%2f%2fetc%2fpasswd',
    'secret.txt',
    'secret.txt%00.db',
    'app_backup_20261124_093000.db%00',
    '%00',
    '%',
    '%ff%fe',
    'app.db',
    'app.db-wal',
    '.app_backup.lock',
    'app_backup_20261124_093000.json',
    'app_backup_20990101_000000.db',
    'app_backup_20261124_093000.db/',
    '__proto__',
    'constructor',
    'a'.repeat(5_000),
  ])('%s', async (wrong) => {
    const { name } = await withBackup();
    const before = dash.temp.list();
    for (const base of ['/backups/', '/api/backups/']) {
      const attempts = [
        { method: 'GET', path: base + wrong },
        { method: 'GET', path: `${base}${wrong}/download` },
        { method: 'POST', path: `${base}${wrong}/verify` },
        { method: 'POST', path: `${base}${wrong}/protect` },
        { method: 'POST', path: `${base}${wrong}/restore`, body: `confirm=${wrong}` },
        { method: 'POST', path: `${base}${wrong}/delete` },
        { method: 'DELETE', path: base + wrong },
      ];
      for (const attempt of attempts) {
        const { status, text } = await dash.send({
          ...attempt,
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
        });
        expect([400, 404]).toContain(status);
        expect(text).not.toContain(DEAD_SECRET);
        expect(text).not.toContain('SQLite format');
        expect(text).not.toContain('root:');
        expect(text).not.toContain(dash.temp.path);
      }
    }
    expect(dash.temp.list()).toEqual(before);
    expect(before).toContain(name);
  });

  onPosix('a link in the folder with the name of a backup', async () => {
    const { name } = await withBackup();
    const link = 'app_backup_20200101_000000.db';
    fs.symlinkSync(dash.temp.file(name), dash.temp.file(link));
    expect((await dash.get(`/api/backups/${link}/download`)).status).toBe(404);
    expect((await dash.get('/api/backups')).text).not.toContain(link);
  });

  onPosix('a link that takes the place of a backup after it was listed and looked at', async () => {
    const { name } = await withBackup();
    const file = dash.temp.file(name);
    const look = fs.lstatSync;
    const looked = jest.spyOn(fs, 'lstatSync').mockImplementation(((path: string, options: object) => {
      const stats = look(path, options);
      // The listing does not ask for big numbers.
      if (path === file && 'bigint' in options) {
        fs.rmSync(file);
        fs.symlinkSync(dash.temp.file('secret.txt'), file);
      }
      return stats;
    }) as typeof fs.lstatSync);
    try {
      const { status, text } = await dash.get(`/api/backups/${name}/download`);
      expect({ status, leak: text.includes(DEAD_SECRET) }).toEqual({ status: 404, leak: false });
    } finally {
      looked.mockRestore();
    }
    expect(look(file).isSymbolicLink()).toBe(true);
  });

  test('the database itself under a second name, which is not even opened', async () => {
    await withBackup();
    const second = 'app_backup_20200101_000000.db';
    fs.linkSync(dash.temp.file('app.db'), dash.temp.file(second));
    const opened = jest.spyOn(fs.promises, 'open');
    try {
      expect((await dash.get(`/api/backups/${second}/download`)).status).toBe(404);
      expect(opened.mock.calls.map(([file]) => String(file)).filter((file) => file.endsWith('.db'))).toEqual([]);
    } finally {
      opened.mockRestore();
    }
  });

  test('no answer of any route holds the database’s path, the folder or a stack', async () => {
    const { name } = await withBackup();
    for (const route of routes(name).filter(({ method, path }) => method === 'GET' && !path.endsWith('events'))) {
      const { text } = await dash.send(route);
      expect({ ...route, leak: text.includes(dash.temp.path) }).toEqual({ ...route, leak: false });
    }
    fs.rmSync(dash.temp.path, { recursive: true, maxRetries: 50, retryDelay: 20 });
    for (const path of ['/', '/api/status', '/api/backups', `/backups/${name}`, '/nothing']) {
      const { text } = await dash.get(path);
      expect(text).toMatch(/ERR_|cannot be read|folder is not there/);
      expect(text).not.toContain(dash.temp.path);
      expect(text).not.toMatch(/at .*\.js:\d+/);
    }
    fs.mkdirSync(dash.temp.path);
  });
});

describe('other sites', () => {
  const FOREIGN: [string, Record<string, string>][] = [
    ['Origin of another site', { origin: 'https://evil.example' }],
    ['Origin of another port', { origin: 'http://127.0.0.1:1' }],
    ['Origin null', { origin: 'null' }],
    ['Origin that is no address', { origin: 'evil' }],
    ['an Origin that only begins like ours', { origin: 'http://127.0.0.1.evil.example' }],
    ['Sec-Fetch-Site cross-site', { 'sec-fetch-site': 'cross-site' }],
    ['Sec-Fetch-Site same-site', { 'sec-fetch-site': 'same-site' }],
    ['both', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
  ];

  test.each(FOREIGN)('%s: no route that changes something does it', async (_, headers) => {
    const { service, name } = await withBackup();
    for (const type of ['application/x-www-form-urlencoded', 'text/plain', 'application/json', 'multipart/form-data']) {
      for (const route of routes(name).filter(({ method }) => method !== 'GET' && method !== 'HEAD')) {
        const { status, text } = await dash.send({ ...route, headers: { ...headers, 'content-type': type } });
        expect({ ...route, status }).toEqual({ ...route, status: 403 });
        expect(text).toContain('ERR_DASHBOARD_CROSS_SITE');
      }
    }
    expect((await service.listBackups()).map((backup) => backup.name)).toEqual([name]);
    expect(JSON.stringify(await service.listBackups())).not.toContain('"protected":true');
  });

  test('its own pages, and programs that are no browsers, may', async () => {
    const { name } = await withBackup();
    const own = [
      { origin: `http://127.0.0.1:${dash.port}` },
      { origin: `http://127.0.0.1:${dash.port}`, 'sec-fetch-site': 'same-origin' },
      { origin: 'null', 'sec-fetch-site': 'same-origin' },
      { 'sec-fetch-site': 'none' },
      {},
    ];
    for (const headers of own) {
      const { status } = await dash.send({ method: 'POST', path: `/api/backups/${name}/verify?wait=1`, headers });
      expect({ headers, status }).toEqual({ headers, status: 200 });
    }
  });

  test.each([
    'evil.example',
    'evil.example:80',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'shop',
    'a@localhost',
  ])('a page that let its own name %s point here (DNS rebinding) gets nothing, not even a page', async (host) => {
    const { service, name } = await withBackup();
    for (const route of routes(name)) {
      const { status, text } = await dash.send({ ...route, headers: { host, origin: `http://${host}` } });
      expect([400, 403]).toContain(status);
      expect(text).not.toContain(name);
    }
    expect(await service.listBackups()).toHaveLength(1);
  });

  test.each([
    '127.0.0.1',
    '127.0.0.1:3000',
    '192.168.1.5',
    '[::1]',
    '[::1]:3000',
    'localhost',
    'LOCALHOST:3000',
    'pos.localhost',
  ])('the host %s is always its own', async (host) => {
    await withBackup();
    expect((await dash.get('/api/status', { host })).status).toBe(200);
  });

  test('names in "hosts" are its own; a proxy may then send whatever Host it likes', async () => {
    const service = dash.service();
    await dash.serve(service, { hosts: ['Shop.example.com'] });
    expect((await dash.get('/api/status', { host: 'shop.example.com' })).status).toBe(200);
    expect((await dash.get('/api/status', { host: 'other.example.com' })).status).toBe(403);
    const behindProxy = { host: '127.0.0.1:3000', origin: 'https://shop.example.com' };
    expect((await dash.post('/api/backups?wait=1', '', behindProxy)).status).toBe(201);
  });
});

describe('bodies', () => {
  const JSON_TYPE = { 'content-type': 'application/json' };

  test.each<[string, number, string, Record<string, string>]>([
    ['no JSON', 400, '{', JSON_TYPE],
    ['JSON that is no object', 400, '[1]', JSON_TYPE],
    ['null', 400, 'null', JSON_TYPE],
    ['an unknown type', 415, 'label=x', { 'content-type': 'text/plain' }],
    ['no type', 415, 'label=x', {}],
    ['a file upload', 415, '--x--', { 'content-type': 'multipart/form-data; boundary=x' }],
    ['a label that is no text', 400, '{"label":{"a":1}}', JSON_TYPE],
    ['a label without end', 400, JSON.stringify({ label: 'x'.repeat(10_000) }), JSON_TYPE],
    ['more than 16 KB', 413, JSON.stringify({ label: 'x'.repeat(20_000) }), JSON_TYPE],
    ['10 MB', 413, 'x'.repeat(10_000_000), JSON_TYPE],
  ])('%s: %d, and no backup', async (_, status, body, headers) => {
    const { service } = await withBackup();
    const answer = await dash
      .send({ method: 'POST', path: '/api/backups', body, headers })
      // The server may close before all of it is sent.
      .catch((error: unknown) => ({ status: (error as NodeJS.ErrnoException).code }));
    expect(body.length > 1_000_000 ? [status, 'ECONNRESET', 'EPIPE'] : [status]).toContain(answer.status);
    expect(await service.listBackups()).toHaveLength(1);
  });

  test('a label is one line, also in the log', async () => {
    await withBackup();
    const made = await dash.postJson('/api/backups?wait=1', {
      label: ' x\r\nerror Backup FAILED\u001b[2K\u2028 \u0000 y ',
    });
    expect(made.json()).toMatchObject({ label: 'x error Backup FAILED [2K y' });
    expect(dash.logger.lines.join('')).not.toMatch(/[\p{Cc}\u2028]/u);
  });

  test('a huge one without a length, in chunks, is cut off', async () => {
    const LIMIT = 400_000_000;
    const { service } = await withBackup();
    const socket = net.connect(dash.port, '127.0.0.1');
    socket.on('error', () => {});
    let text = '';
    socket.on('data', (data) => (text += data.toString()));
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.write(
      'POST /api/backups HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
    );
    const chunk = Buffer.from(`10000\r\n${'x'.repeat(0x10000)}\r\n`);
    let sent = 0;
    const pump = () => {
      while (!socket.destroyed && sent < LIMIT) {
        sent += chunk.length;
        if (!socket.write(chunk)) return;
      }
    };
    socket.on('drain', pump);
    pump();
    await closed;
    expect(text).toMatch(/^HTTP\/1\.1 413/);
    expect(sent).toBeLessThan(LIMIT);
    expect(await service.listBackups()).toHaveLength(1);
  });

  test('one that never ends is answered with 408', async () => {
    const { service } = await withBackup();
    const socket = net.connect(dash.port, '127.0.0.1');
    socket.on('error', () => {});
    const answer = new Promise<string>((resolve) => socket.once('data', (data) => resolve(data.toString())));
    socket.write(
      'POST /api/backups HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"label":',
    );
    expect(await answer).toMatch(/^HTTP\/1\.1 408/);
    socket.destroy();
    expect(await service.listBackups()).toHaveLength(1);
  });

  test('whoever may not come in is answered before the body is read', async () => {
    await dash.serve(dash.service(), { authorize: () => false });
    const socket = net.connect(dash.port, '127.0.0.1');
    socket.on('error', () => {});
    const answer = new Promise<string>((resolve) => socket.once('data', (data) => resolve(data.toString())));
    socket.write('POST /api/backups HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100000000\r\n\r\n');
    expect(await answer).toMatch(/^HTTP\/1\.1 403/);
    socket.destroy();
  });
});

test('50 impatient presses at once make one backup, and all are told its name', async () => {
  // A backup that is not begun before all of them have come: how fast they come depends on the machine.
  let begin!: () => void;
  const allHaveCome = new Promise<void>((resolve) => (begin = resolve));
  const real = childProcessSnapshotter();
  const snapshotter: Snapshotter = { ...real, create: async (...asked) => (await allHaveCome, real.create(...asked)) };
  const service = dash.service({ snapshotter });
  let came = 0;
  await dash.serve(service, { authorize: () => (came++, ALL) });
  const answering = Promise.all(
    Array.from({ length: 50 }, (_, i) => (i % 2 ? dash.post('/api/backups?wait=1') : dash.post('/backups'))),
  );
  await until(() => came === 50);
  for (let i = 0; i < 50; i++) await new Promise(setImmediate);
  begin();
  const answers = await answering;
  const asked = (status: number) => answers.filter((answer) => answer.status === status);
  expect([asked(201).length, asked(303).length]).toEqual([25, 25]);
  expect(new Set(asked(201).map(({ text }) => /app_backup_\d+_\d+\.db/.exec(text)?.[0])).size).toBe(1);
  expect(new Set(asked(303).map(({ headers }) => headers.location)).size).toBe(1);
  expect(await service.listBackups()).toHaveLength(1);
});

test('malformed requests are answered, and the server lives', async () => {
  await withBackup();
  for (const line of [
    'TRACE / HTTP/1.1',
    'GET http://evil.example/ HTTP/1.1',
    'OPTIONS * HTTP/1.1',
    'GET \\ HTTP/1.1',
  ]) {
    const socket = net.connect(dash.port, '127.0.0.1');
    const answer = new Promise<string>((resolve) => socket.once('data', (data) => resolve(data.toString())));
    socket.end(`${line}\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`);
    expect(await answer).toMatch(/^HTTP\/1\.1 (400|403|404)/);
  }
  expect((await dash.get('/api/status')).status).toBe(200);
});

test('every answer forbids framing, inline scripts, sniffing, referrers and caching', async () => {
  const { name } = await withBackup();
  const some = [...routes(name), { method: 'GET', path: '/nothing' }, { method: 'GET', path: '/api/nothing' }];
  for (const route of some.filter(({ path, method }) => !path.endsWith('events') && method !== 'DELETE')) {
    const { headers } = await dash.send(route);
    expect({ ...route, headers }).toMatchObject({
      headers: {
        'x-frame-options': 'DENY',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cache-control': route.path.startsWith('/assets/') ? 'private, no-cache' : 'no-store',
      },
    });
    const policy = headers['content-security-policy'] as string;
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|\*|data:|https?:/);
    expect(headers).not.toHaveProperty('strict-transport-security');
    expect(headers).not.toHaveProperty('access-control-allow-origin');
  }
});

test('style and script have an ETag and are not sent twice', async () => {
  await dash.serve(dash.service());
  const first = await dash.get('/assets/style.css');
  expect(first.headers['content-type']).toBe('text/css; charset=utf-8');
  const second = await dash.get('/assets/style.css', { 'if-none-match': first.headers.etag });
  expect(second).toMatchObject({ status: 304, text: '' });
});

test('the rights of one are not those of another', async () => {
  await dash.serve(dash.service(), {
    authorize: async (request: Request) => (request.headers.get('x-user') === 'owner' ? ALL : { view: true }),
  });
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, i) => dash.get('/api/status', { 'x-user': i % 2 ? 'owner' : 'till' })),
  );
  expect(answers.map((answer) => answer.json().rights.restore)).toEqual(answers.map((_, i) => i % 2 === 1));
});
