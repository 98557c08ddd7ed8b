import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { inspect } from 'node:util';
import type { BackupErrorCode, BackupService } from 'sqlite-autobackup';
import { rqlite } from 'sqlite-autobackup/rqlite';
import type { RqliteOptions } from 'sqlite-autobackup/rqlite';
import { useTempFolder } from '../support/temp-folder';
import { RqliteClient } from './support/rqlite-client';
import { RqliteCluster } from './support/rqlite-cluster';
import { makeShop, salesIn, Seller, serviceOn } from './support/shop';

const temp = useTempFolder();
const pem = (name: string): string => path.join(__dirname, 'fixtures', `${name}.pem`);

let cluster: RqliteCluster | undefined;
let directory: string;

beforeEach(() => {
  directory = temp.file('backups');
  fs.mkdirSync(directory);
});
afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

/** For what is expected not to answer. */
const impatient = { timeout: '1s', leaderTimeout: '2s' } as const;

async function startCluster(options: Parameters<typeof RqliteCluster.start>[1] = {}): Promise<RqliteCluster> {
  cluster = await RqliteCluster.start(temp.file('cluster'), options);
  return cluster;
}

/** The attempt fails with this code, and leaves nothing. */
async function failsWith(code: BackupErrorCode, service: BackupService): Promise<void> {
  await expect(service.createBackup()).rejects.toMatchObject({ code, hint: expect.stringMatching(/\w/) });
  expect(await service.listBackups()).toHaveLength(0);
  expect(fs.readdirSync(directory).filter((name) => /_backup_|partial/.test(name))).toHaveLength(0);
}

test('where no node listens, the error says that none can be reached', async () => {
  await failsWith('ERR_BACKUP_SOURCE_UNREACHABLE', serviceOn(['http://127.0.0.1:1'], directory, impatient));
});

test('without a quorum there is no leader, and no backup of an older state', async () => {
  const running = await startCluster();
  await makeShop(new RqliteClient(running), 0);
  const leader = await running.leader();
  for (const index of [0, 1, 2]) if (index !== leader) await running.kill(index);
  // Until the one that is left has noticed, it names the one that led.
  await failsWith('ERR_BACKUP_SOURCE_NO_LEADER', serviceOn(running.urls, directory, { leaderTimeout: '8s' }));
});

test('a leader that hangs is given up, and the next one is asked', async () => {
  const running = await startCluster();
  const client = new RqliteClient(running);
  await makeShop(client, 1);
  await client.execute('INSERT INTO sales VALUES (1)');
  const leader = await running.leader();
  running.signal(leader, 'SIGSTOP');
  try {
    // First the one that hangs.
    const nodes = [running.urls[leader]!, ...running.urls.filter((_, index) => index !== leader)];
    const { name } = await serviceOn(nodes, directory, { timeout: '1s' }).createBackup();
    expect(await salesIn(serviceOn(nodes, directory), name)).toBe(1);
  } finally {
    running.signal(leader, 'SIGCONT');
  }
});

test('where the only node hangs, the attempt ends with a code', async () => {
  const running = await startCluster({ nodes: 1 });
  await running.leader();
  running.signal(0, 'SIGSTOP');
  try {
    await failsWith('ERR_BACKUP_SOURCE_UNREACHABLE', serviceOn(running.urls, directory, impatient));
  } finally {
    running.signal(0, 'SIGCONT');
  }
});

test('behind a load balancer, which asks another node each time, the leader is found and restored into', async () => {
  const { urls } = await startCluster();
  await makeShop(new RqliteClient({ urls }), 1);
  let asked = 0;
  const balancer = http.createServer((request, response) => {
    const { method, headers, url = '' } = request;
    const passed = http.request(new URL(url, urls[asked++ % urls.length]), { method, headers }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    });
    passed.on('error', () => response.destroy());
    request.pipe(passed);
  });
  await new Promise<void>((resolve) => balancer.listen(0, '127.0.0.1', resolve));
  try {
    const service = serviceOn([`http://127.0.0.1:${(balancer.address() as AddressInfo).port}`], directory);
    // Three, so that whom it asks first is each of the nodes once.
    const names: string[] = [];
    for (let i = 0; i < 3; i++) {
      names.push((await service.createBackup()).name);
      asked = i + 1;
    }
    // On a busy machine the nodes may elect another leader meanwhile, whose first entry of the log looks like somebody's write.
    await service.restoreBackup(names[0]!, { whileWritten: true });
  } finally {
    balancer.closeAllConnections();
    await new Promise((resolve) => balancer.close(resolve));
  }
});

test('a user needs the permissions that the docs name, and its password is shown nowhere', async () => {
  const users = [
    { username: 'admin', password: 'a', perms: ['all'] },
    { username: 'backup', password: 'b-secret', perms: ['status', 'query', 'backup'] },
    { username: 'reader', password: 'c', perms: ['query'] },
  ];
  fs.writeFileSync(temp.file('auth.json'), JSON.stringify(users));
  const { urls } = await startCluster({ nodes: 1, args: ['-auth', temp.file('auth.json')] });
  const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
  const admin = { authorization: basic('admin:a') };
  await cluster!.leader(admin);
  await new RqliteClient({ urls }, admin).execute('CREATE TABLE t (a)');

  const as = (username: string, password: string): BackupService =>
    serviceOn(urls, directory, { auth: { username, password } });
  await failsWith('ERR_BACKUP_SOURCE_DENIED', serviceOn(urls, directory));
  await failsWith('ERR_BACKUP_SOURCE_DENIED', as('backup', 'wrong'));
  await failsWith('ERR_BACKUP_SOURCE_DENIED', as('reader', 'c'));
  const service = as('backup', 'b-secret');
  const { name } = await service.createBackup();
  await expect(service.restoreBackup(name)).rejects.toMatchObject({ code: 'ERR_BACKUP_SOURCE_DENIED' });
  expect(await service.listBackups()).toHaveLength(1);

  const status = await service.status();
  const shown = inspect([service, service.source, status], { depth: 9 }) + JSON.stringify([service.source, status]);
  expect(shown).not.toContain('b-secret');
  expect(shown).not.toContain(basic('backup:b-secret'));
});

test('TLS: a certificate of an own authority is trusted where "tls" has it, and nowhere else', async () => {
  const args = ['-http-cert', pem('node'), '-http-key', pem('node-key')];
  const { urls } = await startCluster({ nodes: 1, scheme: 'https', args });
  const ca = (name: string): Partial<RqliteOptions> => ({
    tls: { ca: fs.readFileSync(pem(name), 'utf8') },
    leaderTimeout: '30s',
  });
  const trusting = serviceOn(urls, directory, ca('ca'));
  const { name } = await trusting.createBackup();
  expect(await trusting.verifyBackup(name, { level: 'full' })).toMatchObject({ ok: true });
  await trusting.deleteBackup(name);
  await failsWith('ERR_BACKUP_SOURCE_TLS', serviceOn(urls, directory, ca('other-ca')));
  await failsWith('ERR_BACKUP_SOURCE_TLS', serviceOn(urls, directory));
  const tls = { ca: fs.readFileSync(pem('ca'), 'utf8'), cert: fs.readFileSync(pem('other-ca'), 'utf8') };
  const notItsKey = { ...tls, key: fs.readFileSync(pem('node-key'), 'utf8') };
  await failsWith('ERR_BACKUP_SOURCE_TLS', serviceOn(urls, directory, { tls: notItsKey }));
});

test('a restore is refused while somebody writes, and changes nothing; whileWritten takes the risk', async () => {
  const running = await startCluster({ nodes: 1 });
  const client = new RqliteClient(running);
  await makeShop(client, 0);
  const service = serviceOn(running.urls, directory);
  const { name } = await service.createBackup();
  const seller = new Seller(client);
  try {
    await seller.next();
    await expect(service.restoreBackup(name)).rejects.toMatchObject({ code: 'ERR_BACKUP_RESTORE_BUSY' });
    expect(await service.listBackups()).toHaveLength(1);
    expect(Number(await client.ask('SELECT count(*) FROM sales'))).toBeGreaterThanOrEqual(seller.acknowledged - 1);
    const before = seller.acknowledged;
    const { safetyBackup } = await service.restoreBackup(name, { whileWritten: true });
    expect(await salesIn(service, safetyBackup!)).toBeGreaterThanOrEqual(before);
    expect(Number(await client.ask('SELECT min(id) FROM sales'))).toBeGreaterThan(before);
  } finally {
    await seller.stop();
  }
});

test('wrong options are refused with a sentence, and no secret in it', () => {
  const options = { nodes: ['http://127.0.0.1:4001'], name: 'shop.db' };
  const wrong: [object, RegExp][] = [
    [{ nodes: [] }, /"nodes"/],
    [{ nodes: ['http://user:secret@127.0.0.1:4001'] }, /"nodes"/],
    [{ nodes: ['http://127.0.0.1:4001', 'https://127.0.0.1:4002'] }, /"nodes"/],
    [{ name: '../shop.db' }, /"name"/],
    [{ name: 'shop.json' }, /"name"/],
    [{ auth: 'user:secret' }, /"auth"/],
    [{ auth: { username: '', password: 'secret' } }, /"auth/],
    [{ tls: { ca: '/etc/ssl/own-ca.pem' } }, /"tls.ca" .*PEM text/],
    [{ tls: { cert: '-----BEGIN CERTIFICATE----- AAAA' } }, /"tls.cert"/],
    [{ tls: { key: '-----BEGIN PRIVATE KEY----- secret' } }, /"tls.key" is not shown/],
    [{ timeout: 'soon' }, /"timeout"/],
    [{ node: 'http://127.0.0.1:4001' }, /no option "node"/],
  ];
  for (const [given, message] of wrong) {
    expect(() => rqlite({ ...options, ...given })).toThrow(message);
    expect(() => rqlite({ ...options, ...given })).not.toThrow(/secret/);
  }
});
