import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import type { Backup } from 'sqlite-autobackup';
import { DAY, writeBackup } from '../support/planted-backups';
import { until } from '../support/processes';
import { onPosix, useDashboard } from './support';

const dash = useDashboard();

/** @param fillBytes of the database */
async function withBackup(fillBytes = 0): Promise<{ backup: Backup; bytes: Buffer; path: string }> {
  const service = dash.service({}, fillBytes);
  const backup = await service.createBackup();
  await dash.serve(service);
  return { backup, bytes: fs.readFileSync(backup.path), path: `/api/backups/${backup.name}/download` };
}

test('the whole file comes with its name, type, length and sha256', async () => {
  const { backup, bytes, path } = await withBackup(3_000_000);
  for (const address of [path, `/backups/${backup.name}/download`]) {
    const { status, headers, body } = await dash.get(address);
    expect(status).toBe(200);
    expect(body.equals(bytes)).toBe(true);
    expect(headers).toMatchObject({
      'content-type': 'application/vnd.sqlite3',
      'content-disposition': `attachment; filename="${backup.name}"; filename*=UTF-8''${backup.name}`,
      'content-length': String(bytes.length),
      'accept-ranges': 'bytes',
      etag: `"${backup.sha256}"`,
      'repr-digest': `sha-256=:${crypto.createHash('sha256').update(bytes).digest('base64')}:`,
      'cache-control': 'no-store',
    });
  }
});

test('HEAD has the same headers, no body, and leaves nothing open', async () => {
  const { bytes, path } = await withBackup();
  const before = openFiles();
  for (let i = 0; i < 20; i++) {
    const { status, headers, body } = await dash.send({ method: 'HEAD', path });
    expect({ status, length: headers['content-length'], body: body.length }).toEqual({
      status: 200,
      length: String(bytes.length),
      body: 0,
    });
  }
  expect(openFiles()).toEqual(before);
});

describe('Range', () => {
  const full = (size: number): [number, number] => [0, size - 1];

  test.each<[string, (size: number) => [number, number] | 416]>([
    ['bytes=0-0', () => [0, 0]],
    ['bytes=100-199', () => [100, 199]],
    ['bytes=100-', (size) => [100, size - 1]],
    ['bytes=-100', (size) => [size - 100, size - 1]],
    ['bytes=-999999999', full],
    ['bytes=0-999999999999999', full],
    ['BYTES=0-9', () => [0, 9]],
    ['bytes=999999999-', () => 416],
    ['bytes=999999999-9999999999', () => 416],
    ['bytes=-0', () => 416],
  ])('%s', async (range, expected) => {
    const { bytes, path } = await withBackup();
    const { status, headers, body } = await dash.get(path, { range });
    const part = expected(bytes.length);
    if (part === 416) {
      expect({ status, length: body.length }).toEqual({ status: 416, length: 0 });
      expect(headers['content-range']).toBe(`bytes */${bytes.length}`);
    } else {
      const [start, end] = part;
      expect(status).toBe(206);
      expect(headers['content-range']).toBe(`bytes ${start}-${end}/${bytes.length}`);
      expect(headers['content-length']).toBe(String(end - start + 1));
      expect(body.equals(bytes.subarray(start, end + 1))).toBe(true);
    }
  });

  test.each(
    [
      'bytes=5-2',
      'bytes=a-b',
      'bytes=-',
      'bytes=',
      'bytes=1-2,4-5',
      `bytes=${Array.from({ length: 500 }, (_, i) => `${i}-`).join(',')}`,
      'bytes=0-9999999999999999999999999999',
      'bytes=1e3-',
      'bytes=--5',
      'lines=1-2',
      '0-5',
    ].map((range) => [range.slice(0, 40), range] as const),
  )('%s is not understood: all of it', async (_, range) => {
    const { bytes, path } = await withBackup();
    const { status, headers, body } = await dash.get(path, { range });
    expect(status).toBe(200);
    expect(headers).not.toHaveProperty('content-range');
    expect(body.equals(bytes)).toBe(true);
  });

  test('a download is resumed if the file is the same (If-Range), and started anew if it is not', async () => {
    const { backup, bytes, path } = await withBackup();
    const range = 'bytes=1000-';
    const same = await dash.get(path, { range, 'if-range': `"${backup.sha256}"` });
    expect(same.status).toBe(206);
    expect(Buffer.concat([bytes.subarray(0, 1000), same.body]).equals(bytes)).toBe(true);
    for (const other of ['"another"', `W/"${backup.sha256}"`, 'Tue, 24 Nov 2026 09:30:00 GMT']) {
      expect((await dash.get(path, { range, 'if-range': other })).status).toBe(200);
    }
  });

  test('whoever has it already need not load it again', async () => {
    const { backup, path } = await withBackup();
    expect(await dash.get(path, { 'if-none-match': `"${backup.sha256}"` })).toMatchObject({ status: 304, text: '' });
  });

  test('a backup that another program made has no hash, so nobody can tell whether a part fits', async () => {
    const service = dash.service();
    const name = writeBackup(dash.temp.path, new Date(Date.now() - DAY));
    await dash.serve(service);
    const path = `/api/backups/${name}/download`;
    const first = await dash.get(path);
    expect(first.status).toBe(200);
    expect(first.headers).not.toHaveProperty('etag');
    expect((await dash.get(path, { range: 'bytes=5-', 'if-range': '"x"' })).status).toBe(200);
    expect((await dash.get(path, { range: 'bytes=5-' })).status).toBe(206);
  });
});

test('a name that is no plain text is no danger to the header, and comes out right', async () => {
  const file = process.platform === 'win32' ? "caja ñ '1'.db" : 'caja "ñ" \'1\'.db';
  const service = dash.service({ database: dash.temp.file(file) });
  const { name } = await service.createBackup();
  await dash.serve(service);
  const { status, headers } = await dash.get(`/api/backups/${encodeURIComponent(name)}/download`);
  expect(status).toBe(200);
  const disposition = headers['content-disposition']!;
  expect(disposition).toMatch(/^attachment; filename="[\w.-]+"; filename\*=UTF-8''[\w.%-]+$/);
  expect(decodeURIComponent(/UTF-8''(.*)$/.exec(disposition)![1]!)).toBe(name);
});

onPosix('deleted in the middle of its download, it still arrives whole', async () => {
  const { backup, bytes, path } = await withBackup(30_000_000);
  const chunks: Buffer[] = [];
  await new Promise<void>((resolve, reject) => {
    http
      .get({ port: dash.port, host: '127.0.0.1', path, agent: false }, (response) => {
        response.once('data', (chunk: Buffer) => {
          chunks.push(chunk);
          response.pause();
          void dash.send({ method: 'DELETE', path: `/api/backups/${backup.name}` }).then(({ status }) => {
            expect(status).toBe(204);
            expect(fs.existsSync(backup.path)).toBe(false);
            response.on('data', (more: Buffer) => chunks.push(more));
            response.resume();
          }, reject);
        });
        response.on('end', resolve).on('error', reject);
      })
      .on('error', reject);
  });
  expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
  expect((await dash.get(path)).status).toBe(404);
});

test('a client that hangs up leaves no file open', async () => {
  const { path } = await withBackup(30_000_000);
  const before = openFiles();
  for (let i = 0; i < 10; i++) {
    await new Promise<void>((resolve) => {
      const request = http.get({ port: dash.port, host: '127.0.0.1', path, agent: false }, (response) => {
        response.once('data', () => {
          request.destroy();
          resolve();
        });
        response.on('error', () => {});
      });
      request.on('error', () => {});
    });
  }
  await until(() => openFiles().length <= before.length);
});

test('nor does one that hangs up on downloads it had asked for ahead, on one connection', async () => {
  const { path } = await withBackup(3_000_000);
  // Held here, so that what is open is not closed by the garbage collector instead.
  const files: fs.promises.FileHandle[] = [];
  const open = fs.promises.open;
  const opened = jest.spyOn(fs.promises, 'open').mockImplementation(async (...args) => {
    const file = await open(...args);
    // The record of activity is written as well.
    if (String(args[0]).endsWith('.db')) files.push(file);
    return file;
  });
  try {
    // Not read: the first answer does not end, and the others wait for their turn.
    const socket = net.connect(dash.port, '127.0.0.1', () =>
      socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`.repeat(3)),
    );
    socket.pause().on('error', () => {});
    await until(() => files.length === 3);
    socket.destroy();
    await until(() => files.every(({ fd }) => fd === -1));
  } finally {
    opened.mockRestore();
  }
});

/** The backups that this process has open, by Linux's own account; other systems have none. */
function openFiles(): string[] {
  const folder = '/proc/self/fd';
  if (!fs.existsSync(folder)) return [];
  return fs
    .readdirSync(folder)
    .map((fd) => {
      try {
        return fs.readlinkSync(`${folder}/${fd}`);
      } catch {
        return '';
      }
    })
    .filter((file) => file.includes('_backup_'));
}
