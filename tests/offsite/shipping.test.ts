import { execFileSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { BackupService, listCopies, pullBackup, verifyCopy } from 'sqlite-autobackup';
import type { Backup } from 'sqlite-autobackup';
import type { S3StoreOptions } from 'sqlite-autobackup/s3';
import { addEntry, checkLedger, createLedger } from '../support/databases';
import { rejectionOf } from '../support/errors';
import { memoryLogger } from '../support/memory-logger';
import { childrenOf, isRunning, until, useScripts } from '../support/processes';
import { nextEvent, withoutFirstLook } from '../support/stores';
import { useTempFolder } from '../support/temp-folder';
import { ceph, client, credentials, keysIn, newBucket, storeIn, unfinishedUploads } from './support/buckets';
import { admin, startGateway } from './support/ceph';
import { slowProxy } from './support/slow-proxy';

const start = useScripts();
const folder = useTempFolder();
const MB = 1_000_000;
const PARTS = { partSizeBytes: 5 * 1024 * 1024 };
/** What the background tries again comes after the test, however long that takes. */
const LATER = { retryAfter: '1h' };

let bucket = '';
beforeEach(async () => {
  bucket = await newBucket();
});

/** A database with that much in it, and backups of it that nothing has shipped. */
async function backedUp(megabytes = 1, count = 1): Promise<Backup[]> {
  const db = createLedger(folder.file('app.db'), 'wal', megabytes * MB);
  const service = new BackupService({ database: folder.file('app.db'), logger: memoryLogger() });
  const backups: Backup[] = [];
  for (let i = 0; i < count; i++) {
    addEntry(db);
    backups.push(await service.createBackup());
  }
  db.close();
  return backups;
}

function serviceWith(options: Partial<S3StoreOptions> = {}) {
  const store = storeIn(bucket, options);
  return {
    store,
    service: new BackupService({ database: folder.file('app.db'), logger: memoryLogger(), copies: [store] }),
  };
}

/** An app of its own that works with the bucket; see fixtures/shipper.js. */
function app(work: object, options: Partial<S3StoreOptions> = {}) {
  const store = { bucket, endpoint: ceph().endpoint, credentials: credentials(), host: 'shop-1', ...options };
  const args = [JSON.stringify({ database: folder.file('app.db'), store, ...work })];
  return start(path.join(__dirname, 'fixtures', 'shipper.js'), args);
}

async function objectBytes(key: string): Promise<Buffer> {
  const { Body } = await client().send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  return Buffer.from(await Body!.transformToByteArray());
}

async function replaceObject(key: string, change: (bytes: Buffer) => Buffer): Promise<void> {
  const bytes = change(await objectBytes(key));
  await client().send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: bytes }));
}

const sha256 = (bytes: Buffer) => crypto.createHash('sha256').update(bytes).digest('hex');

/** The one copy of `backup` is whole, its manifest describes it, and nothing else is in the bucket. */
async function expectWholeCopy(backup: Backup): Promise<void> {
  const manifest = `shop-1/${backup.name.replace(/db$/, 'json')}`;
  expect(await keysIn(bucket)).toEqual([`shop-1/${backup.name}`, manifest]);
  expect(sha256(await objectBytes(`shop-1/${backup.name}`))).toBe(backup.sha256);
  expect(await unfinishedUploads(bucket)).toEqual([]);
}

describe('there and back', () => {
  test('compressed and encrypted: Debian’s age and gunzip open the object, and an empty machine becomes a running database', async () => {
    const key = execFileSync('age-keygen', { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    const [identity] = /AGE-SECRET-KEY-1\w+/.exec(key)!;
    const [recipient] = /age1\w+/.exec(key)!;
    fs.writeFileSync(folder.file('key.txt'), key);
    const [backup] = await backedUp(8);
    const options = { compress: 'gzip', encrypt: { recipients: [recipient] }, ...PARTS } as const;
    const { service, store } = serviceWith(options);
    const [report] = await service.shipPending();
    expect(report).toMatchObject({ shipped: [backup!.name], errors: [] });
    const object = `shop-1/${backup!.name}.gz.age`;
    expect(await keysIn(bucket)).toContain(object);

    fs.writeFileSync(folder.file('object'), await objectBytes(object));
    const opened = execFileSync('sh', ['-c', `age -d -i key.txt object | gunzip`], {
      cwd: folder.path,
      maxBuffer: 1e9,
    });
    expect(sha256(opened)).toBe(backup!.sha256);

    // Nothing but the package, the bucket and the identity.
    const target = folder.file('new-machine.db');
    const pulled = await app({ pull: { to: target, identities: [identity] } }).next();
    expect(pulled).toMatchObject({ name: backup!.name, host: 'shop-1', path: target, sha256: backup!.sha256 });
    expect(checkLedger(target)).toEqual({ entries: 1 });
    expect(fs.statSync(target).mode & 0o777).toBe(0o600);

    const refused = await rejectionOf(pullBackup({ from: store, to: folder.file('never.db') }));
    expect(refused.code).toBe('ERR_BACKUP_COPY_ENCRYPTED');
    expect(refused.message).toContain(recipient);
    expect(fs.existsSync(folder.file('never.db'))).toBe(false);
    expect(await verifyCopy({ from: store })).toMatchObject({ ok: true, level: 'hash' });
    const drilled = await app({ verify: { level: 'full', identities: [identity] } }).next();
    expect(drilled).toMatchObject({ ok: true, level: 'full', problems: [] });
  });

  test('s3cmd and rclone get the very bytes of an object that is neither compressed nor encrypted', async () => {
    const [backup] = await backedUp(8);
    await serviceWith(PARTS).service.shipPending();
    const { accessKeyId, secretAccessKey } = credentials();
    const host = new URL(ceph().endpoint).host;
    // rclone 1.60 knows no bundle of certificates, and none is needed here.
    const { AWS_CA_BUNDLE: _, ...env } = process.env;
    const rclone = execFileSync(
      'rclone',
      [
        'cat',
        `:s3:${bucket}/shop-1/${backup!.name}`,
        '--config',
        folder.file('none'),
        '--s3-provider',
        'Ceph',
        '--s3-endpoint',
        ceph().endpoint,
        '--s3-access-key-id',
        accessKeyId,
        '--s3-secret-access-key',
        secretAccessKey,
      ],
      { maxBuffer: 1e9, stdio: ['ignore', 'pipe', 'pipe'], env },
    );
    expect(sha256(rclone)).toBe(backup!.sha256);
    const s3cmd = [
      `--access_key=${accessKeyId}`,
      `--secret_key=${secretAccessKey}`,
      `--host=${host}`,
      `--host-bucket=${host}`,
      '--no-ssl',
      '--config=/dev/null',
      '--quiet',
    ];
    execFileSync('s3cmd', [...s3cmd, 'get', `s3://${bucket}/shop-1/${backup!.name}`, folder.file('got.db')]);
    expect(checkLedger(folder.file('got.db'))).toEqual({ entries: 1 });
  });

  test('a point in time, by name or from before a moment; into a folder it is a backup again', async () => {
    const [first, second, third] = await backedUp(1, 3);
    const { service, store } = serviceWith({ compress: 'gzip' });
    await service.shipPending();
    const at = (before: Date | undefined, to: string, name?: string) => pullBackup({ from: store, name, before, to });
    expect(await at(undefined, folder.file('3.db'))).toMatchObject({ name: third!.name });
    expect(await at(new Date(third!.manifest!.createdAt), folder.file('2.db'))).toMatchObject({ name: second!.name });
    expect(await at(undefined, folder.file('1.db'), first!.name)).toMatchObject({ name: first!.name });
    expect([1, 2, 3].map((n) => checkLedger(folder.file(`${n}.db`)).entries)).toEqual([1, 2, 3]);
    expect((await rejectionOf(at(new Date(0), folder.file('0.db')))).code).toBe('ERR_BACKUP_COPY_NOT_FOUND');

    // A new machine of the same name takes up where the old one ended: its newest copy is a backup that is fresh.
    fs.mkdirSync(folder.file('new'));
    const machine = withoutFirstLook(
      () =>
        new BackupService({
          database: folder.file('new', 'app.db'),
          logger: memoryLogger(),
          copies: [storeIn(bucket, { compress: 'gzip' })],
        }),
    );
    expect(await machine.pullBackup('latest')).toMatchObject({ path: folder.file('new', third!.name) });
    expect(machine.getLatestBackup()).toMatchObject({ name: third!.name, sha256: third!.sha256, verified: 'quick' });
    expect((await machine.shipPending())[0]).toMatchObject({ shipped: [third!.name], pending: [], errors: [] });
    expect(await keysIn(bucket)).toHaveLength(6);
  });

  test('several machines in one bucket: each lists and prunes its own, all are shown, and nobody guesses', async () => {
    const [backup] = await backedUp();
    for (const host of ['shop-1', 'shop-2']) await serviceWith({ host }).service.shipPending();
    const { service, store } = serviceWith();
    expect((await service.listCopies()).map(({ host }) => host)).toEqual(['shop-1']);
    expect((await service.listCopies({ allHosts: true })).map(({ host }) => host).sort()).toEqual(['shop-1', 'shop-2']);
    const error = await rejectionOf(pullBackup({ from: store, to: folder.file('x.db') }));
    expect(error.code).toBe('ERR_BACKUP_OPTIONS');
    expect(error.message).toContain('"shop-1", "shop-2"');
    expect(await pullBackup({ from: store, host: 'shop-2', to: folder.file('x.db') })).toMatchObject({
      host: 'shop-2',
      name: backup!.name,
    });
  });
});

describe('what goes wrong on the way', () => {
  test('the gateway is killed in the middle of an upload in parts and comes back: the copy is made, nothing is left over', async () => {
    const [backup] = await backedUp(30);
    const gateway = await startGateway(ceph());
    const proxy = await slowProxy(gateway.endpoint, 15 * MB, 12 * MB);
    try {
      const { service } = serviceWith({ ...PARTS, ...LATER, endpoint: proxy.endpoint });
      const shipping = service.shipPending();
      await proxy.held;
      await gateway.kill();
      proxy.release();
      const [report] = await shipping;
      expect(report!.errors).toMatchObject([{ code: 'ERR_BACKUP_STORE_FAILED' }]);
      expect(report!.pending).toEqual([backup!.name]);
      expect(await unfinishedUploads(bucket)).toEqual([`shop-1/${backup!.name}`]);
      expect((await service.status()).copies[0]!.lastError).toMatchObject({ failures: 1, name: backup!.name });

      await gateway.restart();
      expect((await service.shipPending())[0]).toMatchObject({ shipped: [backup!.name], errors: [] });
      await expectWholeCopy(backup!);
    } finally {
      await proxy.close();
      await gateway.kill();
    }
  });

  test('the app is killed in the middle of an upload in parts: the next process makes the copy, nothing is left over', async () => {
    const [backup] = await backedUp(30);
    const proxy = await slowProxy(ceph().endpoint, 15 * MB, 12 * MB);
    try {
      const first = app({ ship: true }, { ...PARTS, endpoint: proxy.endpoint });
      await proxy.held;
      // Its child would clear the upload away: this is the power cut, in which nobody does.
      const child = childrenOf(first.pid);
      first.kill();
      for (const pid of child) process.kill(pid, 'SIGKILL');
      await first.ended;
      proxy.release();
      expect(await keysIn(bucket)).toEqual([]);
      expect(await unfinishedUploads(bucket)).toEqual([`shop-1/${backup!.name}`]);
      const second = app({ ship: true }, { ...PARTS, endpoint: proxy.endpoint });
      expect(await second.next()).toBe('ready');
      expect(await second.next()).toMatchObject({ copied: backup!.name });
      expect(await second.next()).toMatchObject({ shipped: [backup!.name], pending: [], errors: [] });
      await expectWholeCopy(backup!);
    } finally {
      await proxy.close();
    }
  });

  test('an app that is killed alone leaves nothing: its child clears the upload away before it ends', async () => {
    const [backup] = await backedUp(30);
    const proxy = await slowProxy(ceph().endpoint, 15 * MB, 12 * MB);
    try {
      const first = app({ ship: true }, { ...PARTS, endpoint: proxy.endpoint });
      await proxy.held;
      expect(await unfinishedUploads(bucket)).toEqual([`shop-1/${backup!.name}`]);
      const [child] = childrenOf(first.pid);
      first.kill();
      proxy.release();
      await until(() => !isRunning(child!));
      expect(await keysIn(bucket)).toEqual([]);
      expect(await unfinishedUploads(bucket)).toEqual([]);
    } finally {
      await proxy.close();
    }
  });

  test('two processes that ship the same backups make one copy of each', async () => {
    const backups = await backedUp(4, 3);
    const apps = [app({}), app({})];
    for (const each of apps) expect(await each.next()).toBe('ready');
    for (const each of apps) each.tell('go');
    const copied: string[] = [];
    for (const each of apps) {
      for (;;) {
        const line = await each.next<{ copied?: string; errors?: unknown[]; pending?: string[] }>();
        if (line.copied !== undefined) copied.push(line.copied);
        else {
          expect(line).toMatchObject({ errors: [], pending: [] });
          break;
        }
      }
    }
    expect(copied.sort()).toEqual(backups.map(({ name }) => name));
    expect(await keysIn(bucket)).toHaveLength(6);
    expect(await unfinishedUploads(bucket)).toEqual([]);
  });

  test('a full bucket: said so, nothing half is left, and with more room the copy is made', async () => {
    const [backup] = await backedUp(12);
    const quota = (size: number) =>
      admin(
        ceph(),
        'quota',
        'set',
        '--quota-scope=bucket',
        '--uid=test',
        `--bucket=${bucket}`,
        `--max-size=${size}`,
        '--max-objects=-1',
      );
    await quota(6 * MB);
    await admin(ceph(), 'quota', 'enable', '--quota-scope=bucket', '--uid=test', `--bucket=${bucket}`);
    const { service } = serviceWith({ ...PARTS, ...LATER, concurrency: 1 });
    const [report] = await service.shipPending();
    expect(report!.errors).toMatchObject([{ code: 'ERR_BACKUP_STORE_FULL' }]);
    expect(report!.errors[0]!.hint).toContain('quota');
    expect(await keysIn(bucket)).toEqual([]);
    expect(await unfinishedUploads(bucket)).toEqual([]);
    await quota(100 * MB);
    expect((await service.shipPending())[0]).toMatchObject({ shipped: [backup!.name], errors: [] });
    await expectWholeCopy(backup!);
  });

  test('a slow line delays the copy, and neither the backup nor the protected method', async () => {
    const [before] = await backedUp(10);
    const proxy = await slowProxy(ceph().endpoint, 4 * MB, MB);
    try {
      const { service } = serviceWith({ ...PARTS, endpoint: proxy.endpoint });
      const shipping = service.shipPending();
      await proxy.held;
      const { status } = await service.backupIfDue();
      const made = await service.createBackup();
      expect(status).toBe('fresh');
      expect(await keysIn(bucket)).toEqual([]);
      expect((await service.status()).copies[0]).toMatchObject({
        shippingNow: before!.name,
        pending: [made.name, before!.name],
      });
      proxy.release();
      expect((await shipping)[0]).toMatchObject({ shipped: [before!.name, made.name], errors: [] });
    } finally {
      await proxy.close();
    }
  });

  test('a wrong secret and a bucket that is not there fail the copy with their reason, never the backup', async () => {
    await backedUp();
    const store = storeIn(bucket, { credentials: { ...credentials(), secretAccessKey: 'wrong' } });
    const missing = storeIn('no-such-bucket');
    const service = new BackupService({
      database: folder.file('app.db'),
      logger: memoryLogger(),
      copies: [store, missing],
    });
    const failed = nextEvent(service, 'copy-failed');
    await service.createBackup();
    const reports = await service.shipPending();
    expect(reports.map(({ errors }) => errors[0]!.code)).toEqual([
      'ERR_BACKUP_STORE_DENIED',
      'ERR_BACKUP_STORE_MISSING',
    ]);
    expect((await failed).error.code).toMatch(/DENIED|MISSING/);
    expect((await service.status()).warnings.join('\n')).toMatch(/secret[^]*no-such-bucket/);
  });
});

describe('what has gone bad in the bucket', () => {
  test.each([
    ['a bit has flipped', (bytes: Buffer) => ((bytes[bytes.length >> 1]! ^= 1), bytes)],
    ['the object was cut short', (bytes: Buffer) => bytes.subarray(0, bytes.length / 2)],
    ['the object was replaced by another one', () => Buffer.from('hello')],
  ])('%s: verifying finds it, pulling refuses it and writes nothing', async (_what, change) => {
    const [backup] = await backedUp();
    const { service, store } = serviceWith({ compress: 'gzip' });
    await service.shipPending();
    const key = `shop-1/${backup!.name}.gz`;
    await replaceObject(key, change);
    const [copy] = await listCopies(store);
    if (copy!.problem) {
      expect(copy!.problem).toBe('damaged');
      expect((await rejectionOf(verifyCopy({ from: store, name: backup!.name }))).code).toBe('ERR_BACKUP_COPY_DAMAGED');
    } else {
      expect(await service.verifyCopy(backup!.name)).toMatchObject({ ok: false, level: 'hash' });
      expect(await service.verifyCopy(backup!.name, { level: 'quick' })).toMatchObject({ ok: false });
    }
    const error = await rejectionOf(pullBackup({ from: store, name: backup!.name, to: folder.file('back.db') }));
    expect(error.code).toBe('ERR_BACKUP_COPY_DAMAGED');
    expect(folder.list().filter((name) => name.startsWith('back'))).toEqual([]);
  });

  test('an object without a manifest is listed as such, is not the latest, is not pulled, and is shipped anew', async () => {
    const [older, newer] = await backedUp(1, 2);
    const { service, store } = serviceWith();
    await service.shipPending();
    const manifest = `shop-1/${newer!.name.replace(/db$/, 'json')}`;
    await client().send(new DeleteObjectCommand({ Bucket: bucket, Key: manifest }));
    expect(await listCopies(store)).toMatchObject([
      { name: newer!.name, problem: 'no manifest' },
      { name: older!.name },
    ]);
    expect(await pullBackup({ from: store, to: folder.file('a.db') })).toMatchObject({ name: older!.name });
    const error = await rejectionOf(pullBackup({ from: store, name: newer!.name, to: folder.file('b.db') }));
    expect(error).toMatchObject({ code: 'ERR_BACKUP_COPY_DAMAGED' });
    expect(error.message).toContain('no manifest');
  });
});
