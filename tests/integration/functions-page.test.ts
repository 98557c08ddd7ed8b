import fs from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { startApp } from '../frameworks/app-process';
import type { RunningApp } from '../frameworks/app-process';
import { CLOSE } from '../frameworks/requests';

const ROOT = path.join(__dirname, '..', '..');
const SUPPORT = path.join(ROOT, 'tests', 'frameworks', 'support');

/** The page's first example as it stands, but for its database. */
function buildExample(): string {
  const page = fs.readFileSync(path.join(ROOT, 'docs', 'functions.md'), 'utf8');
  const [, example] = /^```ts\n([^]*?)^```$/m.exec(page)!;
  const source = example!.replace(
    "database: 'instance/app.db'",
    'database: process.env.DATABASE, directory: process.env.BACKUPS',
  );
  expect(source).toContain('process.env.DATABASE');
  // Inside the repository, where the package finds itself and hono.
  const folder = path.join(ROOT, 'build', 'functions-page');
  fs.mkdirSync(folder, { recursive: true });
  const file = path.join(folder, 'example.js');
  const compilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022, esModuleInterop: true };
  fs.writeFileSync(file, ts.transpileModule(source, { compilerOptions }).outputText);
  return file;
}

const post = (app: RunningApp, headers: Record<string, string>) =>
  fetch(`${app.url}/invoices`, {
    method: 'POST',
    headers: { ...CLOSE, ...headers },
    body: JSON.stringify({ customer: 'Ana' }),
  });

async function withExample(use: (app: RunningApp) => Promise<void>): Promise<void> {
  const args = ['--require', path.join(SUPPORT, 'announce-port.js'), buildExample()];
  const app = await startApp({ cwd: ROOT, args, service: 'default' });
  try {
    await use(app);
  } finally {
    expect({ code: await app.stop(), output: app.output() }).toMatchObject({ code: 0 });
  }
}

test('the Hono example of docs/functions.md takes one backup, before the first invoice of somebody who is logged in', async () => {
  await withExample(async (app) => {
    expect((await post(app, {})).status).toBe(401);
    expect(app.backups()).toEqual([]);
    for (let i = 0; i < 2; i++) {
      const response = await post(app, { 'x-user': 'ana' });
      expect([response.status, await response.json()]).toEqual([201, { customer: 'Ana' }]);
      expect(app.backups()).toEqual([expect.objectContaining({ label: 'createInvoice' })]);
    }
  });
});

test('it answers 503 with Retry-After while there is no backup', async () => {
  await withExample(async (app) => {
    fs.rmSync(app.directory, { recursive: true });
    const response = await post(app, { 'x-user': 'ana' });
    expect([response.status, Number(response.headers.get('retry-after')) > 0]).toEqual([503, true]);
  });
});
