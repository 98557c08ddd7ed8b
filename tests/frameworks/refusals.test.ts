// The example "Without a backup, or without a client" of each page is run as it stands, and its first example in development with
// `onFailure: 'abort'`, where the framework's own error handler answers.
import fs from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { startApp } from './app-process';
import type { RunningApp } from './app-process';
import { CLOSE } from './requests';
import { buildExample } from './page-example';

/** App, page, and what the framework's own error handler answers when there is no backup: status, and whether with Retry-After. */
const PAGES: readonly (readonly [app: string, page: string, status: number, retryAfter: boolean])[] = [
  ['express', 'express.md', 503, true],
  ['fastify', 'fastify.md', 503, true],
  ['foal', 'foal.md', 500, false],
  ['inversify', 'inversify.md', 500, false],
  ['loopback', 'loopback.md', 503, false],
  ['nestjs', 'nestjs.md', 503, true],
  ['routing-controllers', 'routing-controllers.md', 500, false],
  ['tsed', 'tsed.md', 503, true],
];
const cwdOf = (app: string) => path.join(__dirname, app);

async function withApp(
  example: Parameters<typeof buildExample>[0],
  environment: Readonly<Record<string, string>>,
  use: (app: RunningApp) => Promise<void>,
): Promise<void> {
  const preloaded = ['announce-port.js', 'announce-clients.js'].flatMap((name) => ['--require', `../support/${name}`]);
  const args = [...preloaded, buildExample(example)];
  const app = await startApp({ cwd: example.cwd, args, service: 'default', environment });
  try {
    await use(app);
  } finally {
    expect({ code: await app.stop(), output: app.output() }).toMatchObject({ code: 0 });
  }
}

const post = (app: RunningApp, signal?: AbortSignal) =>
  fetch(`${app.url}/invoices`, {
    method: 'POST',
    headers: { ...CLOSE, 'content-type': 'application/json', 'x-user': 'ana' },
    body: JSON.stringify({ customer: 'Ana', total: 3 }),
    ...(signal && { signal }),
  });

/** Neither of this machine's, nor of a stack. */
async function expectNoPath(response: Response): Promise<string> {
  const text = await response.text();
  const shown = text + JSON.stringify([...response.headers]);
  expect(shown).not.toMatch(/node_modules|\bdist\b|example|autobackup-app/);
  expect(shown).not.toContain(path.basename(__dirname));
  expect(shown).not.toContain(process.cwd());
  return text;
}

describe.each(PAGES)('%s', (name, page, status, retryAfter) => {
  const example = { cwd: cwdOf(name), page };

  test('the page’s example answers 503 with Retry-After, and no path, while there is no backup', async () => {
    await withApp({ ...example, having: 'clientGone' }, {}, async (app) => {
      fs.rmSync(app.directory, { recursive: true });
      // The second one is refused since the first has failed a moment ago.
      for (const code of ['ERR_BACKUP_DIRECTORY_MISSING', 'ERR_BACKUP_BACKING_OFF']) {
        const response = await post(app);
        const text = await expectNoPath(response);
        expect([response.status, JSON.parse(text)]).toEqual([503, expect.objectContaining({ statusCode: 503, code })]);
        expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
      }
      // The operator is told.
      expect(app.output()).toContain(app.directory);
    });
  });

  test('the page’s example runs no method whose client has gone while it waited for its backup', async () => {
    await withApp({ ...example, having: 'clientGone' }, {}, async (app) => {
      // As long as another process is making a backup.
      const other = new Database(path.join(app.directory, '.app_backup.lock'));
      const gone = new AbortController();
      try {
        other.exec('BEGIN EXCLUSIVE');
        const refused = expect(post(app, gone.signal)).rejects.toThrow('aborted');
        await app.printed('a backup begins');
        gone.abort();
        await refused;
        await app.printed('a client has gone');
      } finally {
        other.close();
      }
      const response = await post(app);
      expect(response.ok).toBe(true);
      expect(await response.json()).toMatchObject({ id: 1 });
      expect(app.backups()).toHaveLength(1);
    });
  });

  test('without it, the framework’s own error handler shows no path, in development neither', async () => {
    const options = "onFailure: 'abort'";
    const development = { NODE_ENV: 'development', SETTINGS_DEBUG: 'true' };
    await withApp({ ...example, options }, development, async (app) => {
      fs.rmSync(app.directory, { recursive: true });
      for (let i = 0; i < 2; i++) {
        const response = await post(app);
        await expectNoPath(response);
        expect([response.status, response.headers.has('retry-after')]).toEqual([status, retryAfter]);
      }
      expect(app.rows().calls).toBe(0);
    });
  });
});
