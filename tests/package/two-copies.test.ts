import { execSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { createLedger } from '../support/databases';
import { useTempFolder } from '../support/temp-folder';
import { unpackInto } from '../support/packed-package';
import { resultOf, useConsumer } from './consumer';

// Two parts of an app, each with a copy of its own of the package, of two versions: npm installs them so when their ranges differ.
const consumer = useConsumer();
const temp = useTempFolder();
const NEXT = '0.1.1';

beforeAll(() => {
  const first = unpackInto(consumer.file('shop'), consumer.tarball);
  // A real second tarball, of the next version.
  const next = consumer.file('next-version');
  fs.cpSync(first, next, { recursive: true });
  const packageJson = JSON.parse(fs.readFileSync(path.join(next, 'package.json'), 'utf8')) as object;
  fs.writeFileSync(path.join(next, 'package.json'), JSON.stringify({ ...packageJson, version: NEXT }));
  execSync('npm pack --silent --ignore-scripts', { cwd: next, stdio: 'pipe' });
  unpackInto(consumer.file('plugin'), path.join(next, `sqlite-autobackup-${NEXT}.tgz`));
  for (const part of ['shop', 'plugin']) {
    consumer.write(`${part}/package.json`, { name: part, private: true });
    consumer.write(
      `${part}/index.cjs`,
      `module.exports = {
        ...require('sqlite-autobackup'),
        ...require('sqlite-autobackup/testing'),
        ...require('sqlite-autobackup/dashboard'),
        version: require('sqlite-autobackup/package.json').version,
      };`,
    );
  }
});
beforeEach(() => {
  createLedger(temp.file('app.db'), 'wal').close();
  createLedger(temp.file('orders.db'), 'wal').close();
});

/** Runs the body of an async function in a process with both; it has the files of both databases, too. */
function inBoth<T>(body: string): Promise<T> {
  const script = `
    const shop = require('./shop/index.cjs');
    const plugin = require('./plugin/index.cjs');
    const silent = { info() {}, warn() {}, error() {} };
    const [app, orders] = ${JSON.stringify([temp.file('app.db'), temp.file('orders.db')])};
    (async () => { ${body} })().then((result) => console.log(JSON.stringify(result)));`;
  return resultOf<T>(consumer.node(['-e', script]));
}

test('they are two copies, of two versions', async () => {
  const seen = await inBoth('return [shop.version, plugin.version, shop.BackupService === plugin.BackupService];');
  expect(seen).toEqual([consumer.packageJson.version, NEXT, false]);
});

test('what one has configured protects the methods of both, and both may say the same configuration', async () => {
  const seen = await inBoth(`
    const options = () => ({ database: app, logger: silent });
    const service = shop.configureAutoBackup({ ...options(), retention: shop.keep({ last: 3 }) });
    const same = plugin.configureAutoBackup({ ...options(), retention: plugin.keep({ last: 3 }) }) === service;
    await plugin.withAutoBackup(async () => {}, { label: 'of the plugin' })();
    const different = await (async () => plugin.configureAutoBackup({ database: orders, logger: silent }))().catch((e) => e);
    const [{ manifest }] = await service.listBackups();
    return {
      same, label: manifest.label,
      code: different.code, known: shop.isBackupError(different, 'ERR_BACKUP_ALREADY_CONFIGURED'),
      instance: different instanceof shop.BackupError,
    };`);
  expect(seen).toEqual({
    same: true,
    label: 'of the plugin',
    code: 'ERR_BACKUP_ALREADY_CONFIGURED',
    known: true,
    instance: false,
  });
});

test('a service, a policy and a refusal of the one are what they are for the other', async () => {
  const seen = await inBoth(`
    const service = new plugin.BackupService({ database: orders, logger: silent, retention: shop.keep({ last: 2 }) });
    const method = shop.withAutoBackup(async () => 'ran', { service });
    const twice = plugin.withAutoBackup(method, { service, label: 'twice' });
    const ran = await twice();
    const { backupCount } = await service.status();
    const dashboard = shop.createDashboard(service, { authorize: () => ({ view: true }), basePath: '/backups' });
    const page = await dashboard.fetch(new Request('http://127.0.0.1/backups/api/status'));
    const strict = shop.withAutoBackup(async () => 'ran', {
      service: new plugin.BackupService({ database: app + '.gone', logger: silent }), onFailure: 'abort',
    });
    const refused = await strict().catch((error) => error);
    return {
      ran, backupCount, page: page.status,
      refused: [refused.code, refused.status, plugin.refusalOf(refused).status, shop.refusalOf(refused).status],
    };`);
  expect(seen).toEqual({
    ran: 'ran',
    backupCount: 1,
    page: 200,
    refused: ['ERR_BACKUP_SOURCE_MISSING', 503, 503, 503],
  });
});

test('a test that wants no backups has none from either', async () => {
  const seen = await inBoth(`
    const again = plugin.withoutBackups();
    const ran = [await shop.withAutoBackup(async () => 'shop')(), await plugin.withAutoBackup(async () => 'plugin')()];
    again();
    const refused = await shop.withAutoBackup(async () => 'shop')().catch((error) => error.code);
    shop.configureAutoBackup({ database: app, logger: silent });
    plugin.resetAutoBackup();
    const reset = await shop.withAutoBackup(async () => 'shop')().catch((error) => error.code);
    return [ran, refused, reset];`);
  expect(seen).toEqual([['shop', 'plugin'], 'ERR_BACKUP_NOT_CONFIGURED', 'ERR_BACKUP_NOT_CONFIGURED']);
});

test('both lock the same lock: of two attempts at the same time, one after the other is made', async () => {
  const seen = await inBoth<{ due: string[]; count: number }>(`
    const services = [shop, plugin].map(({ BackupService }) => new BackupService({ database: app, logger: silent }));
    const outcomes = await Promise.all(services.map((service) => service.backupIfDue()));
    return { due: outcomes.map(({ status }) => status).sort(), count: (await services[0].status()).backupCount };`);
  expect(seen).toEqual({ due: ['created', 'fresh'], count: 1 });
});
