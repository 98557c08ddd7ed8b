import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Client } from '../../docs/examples/pos/client';
import type { Product } from '../../docs/examples/pos/database';
import { useTempFolder } from '../support/temp-folder';

// `npm run demo -- --serve`. Without --serve, the demo checks itself.

const ROOT = path.join(__dirname, '..', '..');
const folder = useTempFolder();
const DETACHED = process.platform !== 'win32';
let built: string;
let child: ChildProcess | undefined;

beforeAll(() => {
  // In this repository, where it finds the package and its own dependencies.
  fs.mkdirSync(path.join(ROOT, 'build'), { recursive: true });
  built = fs.mkdtempSync(path.join(ROOT, 'build', 'pos-'));
  const tsc = require.resolve('typescript/bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', 'docs/examples/pos', '--outDir', built], { cwd: ROOT, stdio: 'pipe' });
});
afterEach(() => {
  if (child?.pid === undefined) return;
  try {
    // Its group: a demo that outlives its shell is not to outlive its test.
    if (DETACHED) process.kill(-child.pid, 'SIGKILL');
    else child.kill('SIGKILL');
  } catch {
    // It is gone, as it should be.
  }
});
afterAll(() => fs.rmSync(built, { recursive: true, force: true }));

/** Starts a command that serves, and resolves with what it printed by the time it is up, or has ended without. */
async function serve(command: string, args: string[], env: NodeJS.ProcessEnv = {}) {
  const started = spawn(command, args, { env: { ...process.env, ...env }, detached: DETACHED });
  child = started;
  let output = '';
  // Not 'exit': whoever else has its output is to have ended too.
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) =>
    started.on('close', (code, signal) => resolve({ code, signal })),
  );
  const up = new Promise<void>((resolve) => {
    const listen = (data: Buffer) => {
      output += data.toString();
      if (output.includes('Ctrl+C stops it.')) resolve();
    };
    started.stdout.on('data', listen);
    started.stderr.on('data', listen);
  });
  await Promise.race([up, ended]);
  return { process: started, ended, output };
}

const command = () => [path.join(built, 'main.js'), '--serve', '--database', folder.file('app.db')];

test('it stays up, and says where it is, how to log in and where the backups are', async () => {
  const { output } = await serve(process.execPath, command());
  expect(output).toContain(folder.path);
  const address = /http:\/\/127\.0\.0\.1:\d+/.exec(output)![0];
  const login = /POST \/login (\{.*?\})/.exec(output)![1]!;

  const client = new Client(address);
  expect(await client.send('POST', '/login', JSON.parse(login))).toMatchObject({ status: 200 });
  await client.logIn();
  expect(await client.get<Product[]>('/products')).toHaveLength(40);
  expect(await client.send('PATCH', '/products/1', { stock: 5 })).toMatchObject({ status: 200 });
  expect(folder.list().filter((name) => /^app_backup_\d{8}_\d{6}\.db$/.test(name))).toHaveLength(1);
});

test('the backups are at /backups: for a till with its token, for a browser after the login form, for nobody else', async () => {
  const { output } = await serve(process.execPath, command());
  const address = /http:\/\/127\.0\.0\.1:\d+/.exec(output)![0];
  expect(output).toContain(`The backups are at ${address}/backups`);
  // A connection for each: one that was idle for seconds may be closed just when it is used again.
  const ask = (path: string, init: RequestInit = {}) => {
    const headers = new Headers(init.headers);
    headers.set('connection', 'close');
    return fetch(address + path, { redirect: 'manual', ...init, headers });
  };

  const page = { headers: { accept: 'text/html' } };
  const stranger = await ask('/backups', page);
  expect([stranger.status, stranger.headers.get('location')]).toEqual([303, '/login']);
  expect((await ask('/backups/api/status')).status).toBe(403);
  expect(await (await ask('/login')).text()).toContain('action="/login/form"');

  const form = (password: string) =>
    ask('/login/form', { method: 'POST', body: new URLSearchParams({ user: 'till', password }) });
  expect((await form('guess')).status).toBe(401);
  const login = await form('open sesame');
  expect([login.status, login.headers.get('location')]).toEqual([303, '/backups']);
  const [cookie] = login.headers.getSetCookie();
  expect(cookie).toMatch(/^till=[\w-]+; Path=\/; HttpOnly; SameSite=Strict$/);
  const seen = await ask('/backups', { headers: { ...page.headers, cookie: cookie!.split(';')[0]! } });
  expect(seen.status).toBe(200);
  expect(await seen.text()).toContain('There is no backup yet');

  const client = new Client(address);
  await client.logIn();
  expect(await client.send('POST', '/backups/api/backups?wait=1')).toMatchObject({
    status: 201,
    body: { label: 'dashboard' },
  });
  expect(await client.get('/backups/api/status')).toMatchObject({ level: 'warning', kind: 'never-drilled' });
});

test('a year is played where it is asked for, and the printed link logs in once, to a page with a backup that is due', async () => {
  const { output } = await serve(process.execPath, [...command(), '--year']);
  const link = /http:\S+\/login\/once\/\S+/.exec(output)![0];
  const ask = (url: string, headers: Record<string, string> = {}) =>
    fetch(url, { redirect: 'manual', headers: { connection: 'close', ...headers } });

  const first = await ask(link);
  expect([first.status, first.headers.get('location')]).toEqual([303, '/']);
  const again = await ask(link);
  expect([again.status, again.headers.get('location'), again.headers.getSetCookie()]).toEqual([303, '/login', []]);

  const cookie = first.headers.getSetCookie()[0]!.split(';')[0]!;
  const { origin } = new URL(link);
  expect((await ask(origin)).headers.get('location')).toBe('/login');
  expect(await (await ask(origin, { cookie })).text()).toContain('Delete invoice');
  const client = new Client(origin);
  await client.logIn();
  expect(await client.get('/backups/api/status')).toMatchObject({ backupCount: 28, due: { due: true } });
  const [{ id }] = await client.get<[{ id: number }]>('/invoices');
  expect(await client.send('DELETE', `/invoices/${id}`)).toMatchObject({ status: 204 });
  expect(await client.get('/backups/api/status')).toMatchObject({ due: { due: false } });
});

test('a browser that watches does not keep it from ending', async () => {
  const demo = await serve(process.execPath, command());
  const address = /http:\/\/127\.0\.0\.1:\d+/.exec(demo.output)![0];
  const body = new URLSearchParams({ user: 'till', password: 'open sesame' });
  const login = await fetch(`${address}/login/form`, { method: 'POST', body, redirect: 'manual' });
  const cookie = login.headers.getSetCookie()[0]!.split(';')[0]!;
  const live = await fetch(`${address}/backups/api/events`, { headers: { cookie } });
  expect(live.status).toBe(200);
  await live.body!.getReader().read();
  demo.process.kill('SIGTERM');
  expect(await demo.ended).toEqual(DETACHED ? { code: 0, signal: null } : expect.anything());
});

// Windows has no signals between processes: a kill there is an end without notice, and Ctrl+C cannot be sent.
(DETACHED ? describe : describe.skip)('it ends cleanly, with its database closed,', () => {
  // SQLite takes the -wal file back when the last connection is closed.
  const expectClosed = () => expect(folder.list()).not.toContain('app.db-wal');

  test.each(['SIGINT', 'SIGTERM'] as const)('on %s', async (signal) => {
    const demo = await serve(process.execPath, command());
    expect(folder.list()).toContain('app.db-wal');
    demo.process.kill(signal);
    expect(await demo.ended).toEqual({ code: 0, signal: null });
    expectClosed();
  });

  test('when npm has ended its shell by SIGTERM, which the shell does not pass on', async () => {
    const line = [process.execPath, ...command()].map((word) => `'${word}'`).join(' ');
    // `; true`: some shells become their last command.
    const demo = await serve('sh', ['-c', `${line}; true`], { npm_lifecycle_event: 'demo' });
    demo.process.kill('SIGTERM');
    expect(await demo.ended).toEqual({ code: null, signal: 'SIGTERM' });
    expectClosed();
  });
});
