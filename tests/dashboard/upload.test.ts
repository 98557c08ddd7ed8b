import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { createDashboard } from 'sqlite-autobackup/dashboard';
import { boundaryOf, readParts } from '#dist/dashboard/upload/multipart.js';
import { addEntry, checkLedger, createLedger } from '../support/databases';
import { until } from '../support/processes';
import { ALL, fileForm as form, useDashboard } from './support';

const express = require('express');

const dash = useDashboard();
const NAME = 'app_backup_20260301_120000.db';
const SQLITE = { 'content-type': 'application/vnd.sqlite3' };

/** The bytes of a database of two entries. */
function aFile(): Buffer {
  const file = dash.temp.file('elsewhere.sqlite');
  fs.rmSync(file, { force: true });
  const db = createLedger(file, 'delete', 300_000);
  addEntry(db);
  addEntry(db);
  db.close();
  return fs.readFileSync(file);
}

const upload = (file: Buffer | undefined, fileName: string, fields?: Record<string, string>) =>
  dash.send({ method: 'POST', path: '/upload', ...form(file, fileName, fields) });

/** What there is besides the database, the lock and the record of activity. */
const left = () =>
  dash.temp
    .list()
    .filter((name) => !/^(app\.db(-wal|-shm)?|elsewhere\.sqlite|\.app_backup\.(lock|activity\.jsonl))$/.test(name));

test.each([
  ['node:http', undefined],
  ['Express with body parsers before it', () => express().use(express.json(), express.urlencoded({ extended: true }))],
] as const)('a form with a file makes a protected backup, and says who has sent it (%s)', async (_, app) => {
  const service = dash.service();
  const options = { authorize: () => ({ ...ALL, name: 'anna' }), logger: dash.logger };
  if (app) await dash.listen(app().use(createDashboard(service, options).node) as http.RequestListener);
  else await dash.serve(service, options);
  const { status, headers } = await upload(aFile(), NAME, { taken: '', label: 'from the stick' });
  expect(status).toBe(303);
  const cookie = headers['set-cookie']![0]!.split(';')[0]!;
  const said = await until(async () => {
    const page = await dash.get(headers.location!.replace(/^(\.\.\/|\.\/)*/, '/'), { cookie });
    return page.status === 303 ? page : undefined;
  });
  const page = await dash.get(`/${said.headers.location!.replace(/^(\.\.\/|\.\/)*/, '')}`, { cookie });
  expect(page.text).toContain(`${NAME} is here: checked in full, and protected.`);
  expect(page.text).toContain('from the stick');
  const [backup] = await service.listBackups();
  expect(backup).toMatchObject({ name: NAME, protected: true, label: 'from the stick' });
  expect(checkLedger(backup!.path).entries).toBe(2);
  const [entry] = await service.activity();
  expect(entry).toMatchObject({ action: 'uploaded', name: NAME, by: { via: 'dashboard', person: 'anna' } });
  expect((await dash.get('/activity')).text).toContain(`Uploaded: ${NAME}`);
  expect((await dash.get('/')).text).toContain('from elsewhere');
  expect(service.checkDue()).toMatchObject({ due: true, reason: 'none' });
});

test('the bytes alone, through the API', async () => {
  const service = dash.service();
  await dash.serve(service);
  const path = '/api/uploads?wait=1&taken=2026-03-01T12:00:00Z&name=till.db&label=old';
  const { status, json } = await dash.send({ method: 'POST', path, body: aFile(), headers: SQLITE });
  expect(status).toBe(201);
  expect(json()).toMatchObject({
    alreadyThere: false,
    backup: { createdAt: '2026-03-01T12:00:00.000Z', protected: true, label: 'old', importedAt: expect.any(String) },
  });
  const again = await dash.send({ method: 'POST', path, body: aFile(), headers: SQLITE });
  expect(again.status).toBe(201);
  expect(await service.listBackups()).toHaveLength(again.json().alreadyThere ? 1 : 2);
});

test.each([
  ['no database', Buffer.from('hello '.repeat(30_000)), NAME, 'not a SQLite database'],
  ['nothing', Buffer.alloc(0), NAME, 'is empty'],
  ['half of one', undefined, NAME, 'bytes, and'],
  [
    'a name like a path, with signs',
    Buffer.from('x'.repeat(200)),
    '../../<b>ü&quot;.db_backup_20260301_120000',
    '&lt;b&gt;ü',
  ],
] as const)('%s is refused in words, and nothing is left', async (_, bytes, fileName, says) => {
  const service = dash.service();
  await dash.serve(service);
  const file = bytes ?? aFile().subarray(0, 150_000);
  const { headers } = await upload(file, fileName);
  const page = await until(async () => {
    const answer = await dash.get(headers.location!.replace(/^(\.\.\/|\.\/)*/, '/'));
    return answer.text.includes('The file was not taken') ? answer : undefined;
  });
  expect(page.text).toContain(says);
  expect(page.text).not.toContain(dash.temp.path);
  expect(left()).toEqual([]);
  const path = `/api/uploads?wait=1&name=${encodeURIComponent(fileName)}`;
  const { status, json } = await dash.send({ method: 'POST', path, body: file, headers: SQLITE });
  expect({ status, code: json().error.code }).toEqual({ status: 422, code: 'ERR_BACKUP_IMPORT' });
  expect(left()).toEqual([]);
});

test('a form without a file, and a file of which nobody knows when it was made, lead back to the form', async () => {
  await dash.serve(dash.service());
  const said = async ({ status, headers }: Awaited<ReturnType<typeof upload>>): Promise<string> => {
    expect(status).toBe(303);
    const cookie = headers['set-cookie']![0]!.split(';')[0]!;
    return (await dash.get(`/upload${new URL(headers.location!, 'http://x').search}`, { cookie })).text;
  };
  expect(await said(await upload(undefined, ''))).toContain('No file was chosen');
  expect(await said(await upload(aFile(), 'till.db'))).toContain('does not say when');
  expect(left()).toEqual([]);
});

test('bounds: too large, another kind of body, a moment that is none', async () => {
  const service = dash.service();
  await dash.serve(service, { uploadLimit: 100_000 });
  const file = aFile();
  expect((await upload(file, NAME)).status).toBe(413);
  const send = async (path: string, headers: http.OutgoingHttpHeaders) =>
    (await dash.send({ method: 'POST', path, body: file.subarray(0, 50_000), headers })).status;
  expect(await send(`/api/uploads?name=${NAME}`, { 'content-type': 'text/plain' })).toBe(415);
  expect(await send(`/api/uploads?name=${NAME}&taken=yesterday`, SQLITE)).toBe(400);
  expect(await send(`/api/uploads?name=${NAME}&taken=2099-01-01T00:00Z&wait=1`, SQLITE)).toBe(422);
  // Without a length it is the bytes that count.
  const chunked = await dash.send({
    method: 'POST',
    path: `/api/uploads?name=${NAME}&wait=1`,
    body: file,
    headers: { ...SQLITE, 'transfer-encoding': 'chunked' },
  });
  expect(chunked.status).toBe(422);
  expect(left()).toEqual([]);
});

test('a connection that is cut in the middle leaves nothing', async () => {
  const service = dash.service();
  await dash.serve(service);
  const file = aFile();
  const socket = net.connect(dash.port, '127.0.0.1');
  socket.write(
    `POST /api/uploads?name=${NAME} HTTP/1.1\r\nHost: 127.0.0.1:${dash.port}\r\nContent-Type: application/vnd.sqlite3\r\nContent-Length: ${file.length}\r\n\r\n`,
  );
  socket.write(file.subarray(0, 100_000));
  await until(() => left().some((name) => name.endsWith('.partial')));
  socket.destroy();
  await until(() => left().length === 0);
  const job = await until(async () => {
    const [first] = (await dash.get('/api/jobs')).json();
    return first?.state === 'failed' ? first : undefined;
  });
  expect(job).toMatchObject({ kind: 'upload', error: { code: 'ERR_BACKUP_IMPORT' } });
  expect(await service.listBackups()).toEqual([]);
});

test('two at once are two backups, and a third is told to wait', async () => {
  const service = dash.service();
  await dash.serve(service);
  const file = aFile();
  const open = (second: number) => {
    const name = `app_backup_20260301_12000${second}.db`;
    const request = http.request({
      ...{ port: dash.port, host: '127.0.0.1', method: 'POST', path: `/api/uploads?wait=1&name=${name}`, agent: false },
      headers: { ...SQLITE, 'content-length': file.length },
    });
    const answer = new Promise<number>((resolve, reject) => {
      request.on('response', (response) => resolve(response.resume().statusCode!)).on('error', reject);
    });
    request.write(file.subarray(0, 50_000));
    return { answer, end: () => request.end(file.subarray(50_000)) };
  };
  const both = [open(1), open(2)];
  await until(() => left().filter((name) => name.endsWith('.partial')).length === 2);
  const third = await dash.send({ method: 'POST', path: `/api/uploads?name=${NAME}`, body: file, headers: SQLITE });
  expect(third.status).toBe(503);
  for (const { end } of both) end();
  expect(await Promise.all(both.map(({ answer }) => answer))).toEqual([201, 201]);
  expect(await service.listBackups()).toHaveLength(2);
});

test('another site cannot send one, and nothing of it is read', async () => {
  await dash.serve(dash.service());
  const { body, headers } = form(aFile(), NAME);
  const sent = await dash.send({
    method: 'POST',
    path: '/upload',
    body,
    headers: { ...headers, origin: 'https://evil.example' },
  });
  expect(sent.status).toBe(403);
  expect(left()).toEqual([]);
});

describe('a form with a file, wherever it is cut into pieces', () => {
  const file = Buffer.from('a\r\n--b\r\n----WebKitFormBoundary\r\n\r\nz');
  const { body, headers } = form(file, 'a%22b.db', { label: 'ü' });
  const boundary = boundaryOf(headers['content-type'])!;

  async function partsOf(bytes: Buffer, size: number) {
    async function* pieces() {
      for (let at = 0; at < bytes.length; at += size) {
        await Promise.resolve();
        yield bytes.subarray(at, at + size);
      }
    }
    const parts = [];
    for await (const part of readParts(pieces(), boundary)) {
      const chunks: Buffer[] = [];
      for await (const piece of part.body) chunks.push(piece);
      parts.push({ name: part.name, fileName: part.fileName, text: Buffer.concat(chunks).toString('utf8') });
    }
    return parts;
  }

  test.each(Array.from({ length: 40 }, (_, i) => i + 1))('%d bytes', async (size) => {
    expect(await partsOf(body, size)).toEqual([
      { name: 'label', fileName: undefined, text: 'ü' },
      { name: 'file', fileName: 'a"b.db', text: file.toString('utf8') },
    ]);
  });

  test('one that ends too early, at any byte, is refused', async () => {
    for (let end = 0; end < body.length - 4; end++) {
      await expect(partsOf(body.subarray(0, end), 7)).rejects.toMatchObject({ code: 'ERR_DASHBOARD_BODY' });
    }
  });
});
