import fs from 'node:fs';
import path from 'node:path';
import { createLedger } from '../support/databases';
import { useTempFolder } from '../support/temp-folder';
import { resultOf, ROOT, run, tool, useConsumer } from './consumer';

const temp = useTempFolder();
const consumer = useConsumer();

const packageOf = (file: string) => /.*node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/.exec(file)?.[0] ?? '';

test('importing the entry point loads no hono; the first dashboard loads one, and never better-sqlite3', async () => {
  const { imported, created } = await resultOf<{ imported: string[]; created: string[] }>(
    consumer.node(['plain/dashboard-loaded.cjs']),
  );
  expect(imported.filter((file) => /hono|valibot|better-sqlite3|winston/.test(packageOf(file)))).toEqual([]);
  const honos = new Set(created.map(packageOf).filter((folder) => /[\\/]hono$/.test(folder)));
  expect(honos.size).toBe(1);
  expect(created.filter((file) => /better-sqlite3|winston/.test(packageOf(file)))).toEqual([]);
});

test('the packed dashboard serves in an ES module', async () => {
  createLedger(temp.file('app.db'), 'wal').close();
  const serving = consumer.node(['plain/dashboard-serve.mjs'], { DATABASE: temp.file('app.db') });
  expect(await resultOf(serving)).toEqual({ kind: 'never-drilled', style: 200 });
});

test.each([
  ['nodenext', { module: 'nodenext' }],
  ['as of old', { module: 'commonjs', moduleResolution: 'node10', ignoreDeprecations: '6.0' }],
])('its types hold, library checks and all: %s', async (name, options) => {
  const project = `types/dashboard ${name}`;
  consumer.write(`${project}/package.json`, { type: 'commonjs' });
  consumer.write(
    `${project}/app.ts`,
    `import { BackupService } from 'sqlite-autobackup';
    import { createDashboard } from 'sqlite-autobackup/dashboard';
    import type { Dashboard, DashboardRights } from 'sqlite-autobackup/dashboard';
    const rights: DashboardRights = { view: true };
    const dashboard: Dashboard<string> = createDashboard(new BackupService({ database: 'app.db' }), {
      authorize: async (request, user: string) => request.method === 'GET' && user === 'owner' && rights,
    });
    export const answer: Promise<Response> = dashboard.fetch(new Request('http://localhost/'), 'owner');
    // @ts-expect-error authorize is required
    createDashboard(new BackupService({ database: 'app.db' }), {});
    // @ts-expect-error there is no such right
    createDashboard(new BackupService({ database: 'app.db' }), { authorize: () => ({ everything: true }) });
    `,
  );
  const compilerOptions = {
    ...options,
    target: 'es2022',
    strict: true,
    skipLibCheck: false,
    noEmit: true,
    types: ['node'],
  };
  consumer.write(`${project}/tsconfig.json`, { compilerOptions });
  const { code, output } = await run([tool('typescript', 'tsc'), '-p', consumer.file(project)], consumer.folder);
  expect({ code, output }).toEqual({ code: 0, output: '' });
});

describe('without hono', () => {
  /** The packed package outside this repository, with what it depends on, and with some of the optional packages. */
  function install(...optional: string[]): string {
    const modules = temp.file('node_modules');
    fs.mkdirSync(path.join(modules, '@hono'), { recursive: true });
    fs.cpSync(consumer.installed, path.join(modules, 'sqlite-autobackup'), { recursive: true });
    for (const name of Object.keys(consumer.packageJson.dependencies)) {
      fs.symlinkSync(path.join(ROOT, 'node_modules', name), path.join(modules, name), 'junction');
    }
    for (const name of optional) {
      fs.cpSync(path.join(ROOT, 'node_modules', name), path.join(modules, name), { recursive: true });
    }
    fs.copyFileSync(consumer.file('plain', 'dashboard-failing.cjs'), temp.file('app.cjs'));
    return temp.file('app.cjs');
  }

  test.each<[string, string[]]>([
    ['neither package', []],
    ['hono alone', ['hono']],
  ])('with %s, the error says what to install', async (_, optional) => {
    expect(await resultOf(run([install(...optional)], temp.path))).toEqual({
      code: 'ERR_BACKUP_PEER_MISSING',
      message: expect.stringContaining('npm install hono @hono/node-server'),
    });
  });

  test('with both, there is none', async () => {
    const app = install('hono', '@hono/node-server');
    expect(await resultOf(run([app], temp.path))).toEqual({ code: 'none' });
  });
});
