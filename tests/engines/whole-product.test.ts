import fs from 'node:fs';
import { BackupService, withAutoBackup } from 'sqlite-autobackup';
import { createDashboard } from 'sqlite-autobackup/dashboard';
import { ROOT, useCli } from '../cli/support';
import { memoryLogger } from '../support/memory-logger';
import { useTempFolder } from '../support/temp-folder';
import { RqliteClient } from './support/rqlite-client';
import { RqliteCluster } from './support/rqlite-cluster';
import { makeShop, salesIn, serviceOn } from './support/shop';

const cli = useCli();
const temp = useTempFolder();

let cluster: RqliteCluster;
let client: RqliteClient;
let directory: string;

beforeEach(async () => {
  directory = temp.file('backups');
  fs.mkdirSync(directory);
  cluster = await RqliteCluster.start(temp.file('cluster'), { nodes: 1 });
  client = new RqliteClient(cluster);
  await makeShop(client, 0);
  await client.execute('INSERT INTO sales VALUES (1), (2), (3)');
});
afterEach(() => cluster.stop());

test('a protected function on rqlite: the backup is taken before the first call, and not again', async () => {
  const service = serviceOn(cluster.urls, directory);
  const remove = withAutoBackup(() => client.execute('DELETE FROM sales WHERE id = 3'), { service, label: 'remove' });
  await remove();
  const [backup, ...more] = await service.listBackups();
  expect(more).toHaveLength(0);
  expect(backup).toMatchObject({ label: 'remove', verified: 'quick' });
  expect(await salesIn(service, backup!.name)).toBe(3);
  await remove();
  expect(await service.listBackups()).toHaveLength(1);
});

test('the command line takes, checks, lists, compares and restores by the configuration file', async () => {
  const config = temp.file('autobackup.config.cjs');
  fs.writeFileSync(
    config,
    `const { rqlite } = require(${JSON.stringify(`${ROOT}/dist/rqlite.js`)});
     module.exports = {
       database: rqlite({ nodes: ${JSON.stringify(cluster.urls)}, name: 'shop.db' }),
       directory: ${JSON.stringify(directory)},
     };`,
  );
  const run = async (...args: string[]): ReturnType<typeof cli.run> => {
    const ran = await cli.run([...args, '--config', config, '--json']);
    expect({ args, ...ran, code: ran.code }).toMatchObject({ code: 0 });
    return ran;
  };
  const created = (await run('create')).json<{ backup: { name: string } }>();
  await run('verify', 'latest', '--level', 'drill');
  expect((await run('status')).json<{ database: { path: string } }>().database.path).toContain('rqlite at http');
  expect((await run('doctor')).json<{ ok: boolean }>().ok).toBe(true);
  await client.execute('DELETE FROM sales WHERE id > 1');
  const { tables } = (await run('diff', 'latest')).json<{ tables: { name: string; removed: number }[] }>();
  expect(tables.find(({ name }) => name === 'sales')).toMatchObject({ removed: 2 });
  await run('restore', 'latest', '--yes');
  expect(await client.ask('SELECT count(*) FROM sales')).toBe(3);
  expect(JSON.stringify(created)).toContain('shop_backup_');
});

test('the dashboard shows the cluster, takes a backup and puts it back', async () => {
  const service = serviceOn(cluster.urls, directory);
  const { name } = await service.createBackup();
  await client.execute('DELETE FROM sales');
  const dashboard = createDashboard(service, {
    authorize: () => ({ view: true, create: true, restore: true }),
    logger: memoryLogger(),
  });
  const at = (path: string, init?: RequestInit): Promise<Response> =>
    Promise.resolve(dashboard.fetch(new Request(`http://127.0.0.1${path}`, init)));
  const page = await at('/');
  expect(page.status).toBe(200);
  expect(await page.text()).toContain(name);
  expect(await (await at('/api/status')).json()).toMatchObject({ database: { journalMode: 'wal' }, backupCount: 1 });
  const headers = { 'content-type': 'application/json', origin: 'http://127.0.0.1' };
  const restored = await at(`/api/backups/${name}/restore?wait=1`, { method: 'POST', headers, body: '{}' });
  expect({ status: restored.status, answer: await restored.text() }).toMatchObject({ status: 200 });
  expect(await client.ask('SELECT count(*) FROM sales')).toBe(3);
});

test('with a source "directory" is required, and what is no source is refused', () => {
  const { source } = serviceOn(cluster.urls, directory);
  expect(() => new BackupService({ database: source! })).toThrow(/"directory" is missing/);
  const broken = { name: 'shop.db', description: 'x' } as never;
  expect(() => new BackupService({ database: broken, directory })).toThrow(/"database"/);
});
