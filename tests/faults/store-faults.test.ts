import crypto from 'node:crypto';
import { inspect } from 'node:util';
import fs from 'node:fs';
import path from 'node:path';
import { BackupService, directoryStore, listCopies, pullBackup } from 'sqlite-autobackup';
import { s3Store } from 'sqlite-autobackup/s3';
import { createLedger } from '../support/databases';
import { rejectionOf, thrownBy } from '../support/errors';
import { memoryLogger } from '../support/memory-logger';
import { runNode } from '../support/run-node';
import { s3StandIn } from '../support/s3-stand-in';
import type { StandIn } from '../support/s3-stand-in';
import { withoutFirstLook } from '../support/stores';
import { useTempFolder } from '../support/temp-folder';

const folder = useTempFolder();
const ROOT = path.join(__dirname, '..', '..');
const SECRET = 'wJalrXUtnFEMI-not-to-be-seen';
const credentials = { accessKeyId: 'AKIA', secretAccessKey: SECRET };

let server: StandIn;
beforeEach(async () => {
  server = await s3StandIn();
});
afterEach(() => server.close());

const storeAt = (more = {}) =>
  s3Store({ bucket: 'bucket', endpoint: server.endpoint, credentials, host: 'shop-1', ...more });

async function* text(content: string | Buffer) {
  yield Buffer.from(content as string);
}

/** A service with one backup, and a store on the stand-in that this process or a child serves. */
async function backedUp(more = {}) {
  createLedger(folder.file('app.db'), 'wal').close();
  const store = storeAt(more);
  const logger = memoryLogger();
  const service = withoutFirstLook(
    () => new BackupService({ database: folder.file('app.db'), logger, copies: [store] }),
  );
  const backup = await new BackupService({ database: folder.file('app.db'), logger }).createBackup();
  return { store, service, backup };
}

describe('a server that misbehaves', () => {
  test('without If-None-Match (501) gets each put again without it, after a second look; what is there still stays', async () => {
    server.noConditions = true;
    const { store, service, backup } = await backedUp();
    expect(await service.shipPending()).toMatchObject([{ shipped: [backup.name], errors: [] }]);
    expect(await listCopies(store)).toMatchObject([{ name: backup.name, sha256: backup.sha256 }]);
    const key = `shop-1/${backup.name}`;
    const about = server.requests.filter((request) => /^(PUT|HEAD)/.test(request) && request.includes(key));
    expect(about).toEqual([`HEAD ${key}`, `PUT ${key} if-none-match`, `HEAD ${key}`, `PUT ${key}`]);
    await rejectionOf(store.put(key, text('another'))).then(({ code }) => expect(code).toBe('ERR_BACKUP_COPY_EXISTS'));
    expect(server.objects.get(key)!.length).toBe(backup.sizeBytes);
  });

  test.each(['same token', 'new tokens'] as const)('sends the first page for ever, with %s: an error', async (how) => {
    server.endlessList = how;
    // Without objects, and with one.
    expect(await rejectionOf(storeAt().list(''))).toMatchObject({ code: 'ERR_BACKUP_STORE_FAILED' });
    server.objects.set('shop-1/app_backup_20261124_093000.db', Buffer.from('x'));
    expect(await rejectionOf(storeAt().list(''))).toMatchObject({ code: 'ERR_BACKUP_STORE_FAILED' });
    expect(server.requests.length).toBeLessThan(how === 'same token' ? 5 : 200);
  });

  test.each(['', '<html><body>Log in, please</body></html>', '<?xml version="1.0"?><ListBucketResult/>'])(
    'answers a list with 200 and %j: an error, and not an empty store',
    async (answer) => {
      const { service } = await backedUp();
      await service.shipPending();
      server.listText = answer;
      expect(await rejectionOf(storeAt().list(''))).toMatchObject({ code: 'ERR_BACKUP_STORE_FAILED' });
      expect(await rejectionOf(service.pullBackup('latest'))).toMatchObject({ code: 'ERR_BACKUP_STORE_FAILED' });
    },
  );

  test('has bad objects among good ones: each is one entry with a problem, and the good copy is found', async () => {
    const { store, service, backup } = await backedUp();
    await service.shipPending();
    const stem = (n: number) => `shop-1/app_backup_2026010${n}_000000`;
    const plant = (n: number, manifest: string | Buffer) => {
      server.objects.set(`${stem(n)}.db`, Buffer.from('x'));
      server.objects.set(`${stem(n)}.json`, Buffer.from(manifest as string));
    };
    plant(1, Buffer.alloc(1_100_000, 0x20));
    plant(2, '{"half');
    plant(3, '{}');
    server.broken.add(`${stem(3)}.json`);
    plant(4, JSON.stringify({ ...backup.manifest, name: '../../../etc/app_backup_20260104_000000.db' }));
    server.objects.set('../app_backup_20260105_000000.db', Buffer.from('x'));
    server.objects.set('shop-1//app_backup_20260105_000000.db', Buffer.from('x'));
    // Beside the good one: an object of the same stem, which must not hide it.
    server.objects.set(`shop-1/${backup.name.replace(/db$/, 'sqlite')}`, Buffer.from('x'));
    const copies = await listCopies(store);
    const found = Object.fromEntries(copies.map(({ key, problem }) => [key, problem]));
    expect(found).toEqual({
      [`shop-1/${backup.name}`]: undefined,
      [`shop-1/${backup.name.replace(/db$/, 'sqlite')}`]: 'unreadable manifest',
      ...Object.fromEntries([1, 2, 3, 4].map((n) => [`${stem(n)}.db`, 'unreadable manifest'])),
    });
    expect(await pullBackup({ from: store, database: 'app.db', to: folder.file('back.db') })).toMatchObject({
      name: backup.name,
    });
  });

  test('of which nothing can be read is an error, not a list of bad copies', async () => {
    const { store, service, backup } = await backedUp();
    await service.shipPending();
    server.broken.add(`shop-1/${backup.name.replace(/db$/, 'json')}`);
    expect((await rejectionOf(listCopies(store))).code).toBe('ERR_BACKUP_STORE_DENIED');
  });
});

describe('what would be a secret', () => {
  test('is in no print of a store, and in no error of a store that is given for its name', async () => {
    const { store, service } = await backedUp();
    expect(store.recipe!.args).toMatchObject([{ credentials }]);
    const errors = [
      await rejectionOf(service.pullBackup('latest', { from: store as never })),
      await rejectionOf(service.listCopies({ from: store as never })),
      await rejectionOf(service.verifyCopy('latest', { from: store as never })),
      thrownBy(() => storeAt({ credentials: SECRET })),
      thrownBy(() => storeAt({ endpoint: `AKIA:${SECRET}@s3.example.com` })),
      thrownBy(() => storeAt({ endpoint: `ftp://AKIA:${SECRET}@s3.example.com` })),
      thrownBy(() => storeAt({ encrypt: { recipients: [`AGE-SECRET-KEY-1${'Q'.repeat(58)}`] } })),
      thrownBy(() => storeAt({ clientOptions: [{ credentials }] as never, concurrency: credentials as never })),
    ];
    const named = storeAt({ endpoint: `https://AKIA:${SECRET}@s3.example.com` });
    const shown = [store, named, service.copies, { ...store }, ...errors].flatMap((each) => [
      inspect(each, { depth: 9 }),
      JSON.stringify(each),
      each instanceof Error ? `${each.message} ${each.stack}` : '',
    ]);
    expect(shown.filter((each) => each.includes(SECRET) || each.includes('QQQQQ'))).toEqual([]);
  });
});

test('a store that hangs keeps no finished process alive, neither in the background nor after shipPending() was cancelled', () => {
  fs.mkdirSync(folder.file('remote'));
  createLedger(folder.file('app.db'), 'wal').close();
  // A server that takes the connection and never answers, in a process that outlives the app.
  const ended = runNode<string[]>(
    `
    const net = require('node:net'), { spawn, once } = { ...require('node:child_process'), ...require('node:events') };
    const [root, database] = process.argv.slice(-2);
    const app = \`
      const { BackupService, directoryStore } = require(\${JSON.stringify(root)});
      const { s3Store } = require(\${JSON.stringify(root)} + '/dist/s3.js');
      const [database, endpoint, how] = process.argv.slice(-3);
      const hung = { ...directoryStore(require('node:path').dirname(database) + '/remote', { host: 'h' }) };
      hung.put = () => new Promise(() => {});
      const store = how.startsWith('s3')
        ? s3Store({ bucket: 'bucket', endpoint, credentials: { accessKeyId: 'a', secretAccessKey: 'b' }, host: 'h' }) : hung;
      const logger = { info() {}, warn() {}, error() {} };
      const service = new BackupService({ database, logger, copies: [store] });
      (async () => {
        await service.createBackup();
        const alive = setInterval(() => {}, 1_000);
        while (!(await service.status()).copies[0].shippingNow) await new Promise((next) => setTimeout(next, 20));
        if (how.endsWith('cancelled')) await service.shipPending({ signal: AbortSignal.timeout(300) }).catch(() => {});
        clearInterval(alive);
        console.log(how);
      })();\`;
    const server = net.createServer((socket) => { socket.on('error', () => {}); socket.resume(); });
    server.listen(0, '127.0.0.1', async () => {
      const said = [];
      for (const how of ['s3 background', 's3 cancelled', 'own background', 'own cancelled']) {
        const child = spawn(process.execPath, ['-e', app, '--', database, 'http://127.0.0.1:' + server.address().port, how]);
        let text = '';
        child.stdout.on('data', (chunk) => (text += chunk));
        child.stderr.on('data', (chunk) => (text += chunk));
        const [code] = await once(child, 'close');
        said.push(text.trim() + ' ' + code);
      }
      server.close();
      console.log(JSON.stringify(said));
      process.exit();
    });`,
    { args: [ROOT, folder.file('app.db')] },
  );
  expect(ended).toEqual(['s3 background 0', 's3 cancelled 0', 'own background 0', 'own cancelled 0']);
});

describe('an encrypted store', () => {
  const recipients = ['age1yt3tfqlfrwdwx0z0ynwplcr6qxcxfaqycuprpmy89nr83ltx74tqdpszlw'];

  test('does not take a plain copy for one of its own: not as the latest, and not by its name', async () => {
    fs.mkdirSync(folder.file('remote'));
    createLedger(folder.file('app.db'), 'wal').close();
    const plain = directoryStore(folder.file('remote'), { host: 'shop-1' });
    const logger = memoryLogger();
    const service = withoutFirstLook(
      () => new BackupService({ database: folder.file('app.db'), logger, copies: [plain] }),
    );
    const { name } = await service.createBackup();
    await service.shipPending();
    const encrypted = directoryStore(folder.file('remote'), { host: 'shop-1', encrypt: { recipients } });
    expect(await listCopies(encrypted)).toMatchObject([{ name, problem: 'not encrypted' }]);
    const error = await rejectionOf(pullBackup({ from: encrypted, name, to: folder.file('back.db') }));
    expect(error).toMatchObject({ code: 'ERR_BACKUP_COPY_DAMAGED' });
    expect(error.hint).toContain('without "encrypt"');
    expect((await rejectionOf(pullBackup({ from: encrypted, to: folder.file('back.db') }))).code).toBe(
      'ERR_BACKUP_COPY_NOT_FOUND',
    );
    expect(await pullBackup({ from: plain, to: folder.file('back.db') })).toMatchObject({ name });
  });
});

test('an older copy that somebody put under the newest name is found out by this machine’s own record', async () => {
  const remote = folder.file('remote', 'shop-1');
  fs.mkdirSync(remote, { recursive: true });
  createLedger(folder.file('app.db'), 'wal').close();
  const store = directoryStore(folder.file('remote'), { host: 'shop-1' });
  const logger = memoryLogger();
  const service = withoutFirstLook(
    () => new BackupService({ database: folder.file('app.db'), logger, copies: [store] }),
  );
  const older = await service.createBackup();
  const newer = await service.createBackup();
  await service.shipPending();
  const manifestOf = (name: string) => path.join(remote, name.replace(/db$/, 'json'));
  const manifest = JSON.parse(fs.readFileSync(manifestOf(older.name), 'utf8')) as { copy: object };
  const bytes = fs.readFileSync(path.join(remote, older.name));
  // Other bytes that are a whole copy by everything that stands in the store.
  bytes.writeUInt32BE(77, 60);
  const sha256 = crypto.createHash('sha256').update(bytes).digest('hex');
  fs.writeFileSync(path.join(remote, newer.name), bytes);
  const forged = { ...manifest, name: newer.name, createdAt: newer.manifest!.createdAt, sha256 };
  fs.writeFileSync(
    manifestOf(newer.name),
    JSON.stringify({ ...forged, copy: { ...manifest.copy, object: newer.name, sha256 } }),
  );
  expect((await listCopies(store))[0]).toMatchObject({ name: newer.name, sha256 });
  const problem = 'not the copy that was shipped';
  expect((await service.listCopies())[0]).toMatchObject({ name: newer.name, problem });
  const ignored = [{ key: `shop-1/${newer.name}`, problem }];
  expect(await service.verifyCopy('latest')).toMatchObject({ name: older.name, ignored });
  expect((await rejectionOf(service.pullBackup(newer.name))).message).toContain(problem);
});
