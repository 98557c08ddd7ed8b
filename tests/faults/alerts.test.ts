import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import Database from 'better-sqlite3';
import { SMTPServer } from 'smtp-server';
import { BackupService, directoryStore } from 'sqlite-autobackup';
import type { BackupServiceOptions, NotifyOptions } from 'sqlite-autobackup';
import { addEntry, createLedger } from '../support/databases';
import { memoryLogger } from '../support/memory-logger';
import { until, useScripts } from '../support/processes';
import { useReceiver } from '../support/receivers';
import type { Conduct } from '../support/receivers';
import { useTempFolder } from '../support/temp-folder';

const start = useScripts();
const folder = useTempFolder();
const receiver = useReceiver();
const database = () => folder.file('app.db');
const told = () => receiver.bodies().map(({ state, kind }) => `${state} ${kind}`);
const monitors: (() => void)[] = [];
afterEach(() => {
  for (const stop of monitors.splice(0)) stop();
});

beforeEach(() => {
  const db = createLedger(database(), 'wal');
  addEntry(db);
  db.close();
});

function setUp(notify: NotifyOptions = {}, options: Partial<BackupServiceOptions> = {}) {
  const logger = memoryLogger();
  const all = { webhook: `${receiver.url}/hook`, ...notify };
  return { logger, service: new BackupService({ database: database(), logger, notify: all, ...options }) };
}

/** Moves the database away, lets a backup fail, and puts it back. */
async function failOnce(service: BackupService) {
  fs.renameSync(database(), folder.file('away'));
  await expect(service.createBackup()).rejects.toMatchObject({ code: 'ERR_BACKUP_SOURCE_MISSING' });
  fs.renameSync(folder.file('away'), database());
}

test('a failure is told once however many calls fail, and once that a backup was taken again', async () => {
  const { service } = setUp();
  for (let i = 0; i < 3; i++) await failOnce(service);
  await service.createBackup();
  await service.createBackup();
  await service.whenIdle();
  expect(told()).toEqual(['begun failed', 'recovered failed']);
  expect(receiver.bodies()[0]).toMatchObject({
    level: 'critical',
    database: 'app.db',
    text: expect.stringContaining('[ERR_BACKUP_SOURCE_MISSING]') as string,
  });
});

test('a heartbeat is told of each attempt, and of a failure with its error', async () => {
  const { service } = setUp({ heartbeat: `${receiver.url}/ping/uuid` });
  await service.createBackup({ label: 'nightly' });
  await failOnce(service);
  await service.whenIdle();
  const beats = receiver.received.filter(({ path }) => path.startsWith('/ping'));
  expect(beats.map(({ path }) => path)).toEqual([
    '/ping/uuid/start',
    '/ping/uuid',
    '/ping/uuid/start',
    '/ping/uuid/fail',
  ]);
  expect(beats[3]!.body).toContain('There is no database at');
});

test("Uptime Kuma's push monitor is told up and down", async () => {
  const { service } = setUp({ heartbeat: `${receiver.url}/api/push/token?status=up&msg=OK` });
  await service.createBackup();
  await failOnce(service);
  await service.whenIdle();
  const beats = receiver.received.filter(({ path }) => path.startsWith('/api'));
  expect(beats.map(({ path }) => new URL(path, receiver.url).searchParams.get('status'))).toEqual(['up', 'down']);
});

test.each<Conduct>(['500', 'reset', 'hang', 'slow'])(
  'a receiver that answers with %s delays no backup, and the message arrives in the end',
  async (conduct) => {
    receiver.conduct = conduct;
    const { service, logger } = setUp();
    await failOnce(service);
    await receiver.has(1);
    // It has not answered yet, or wrongly; the backup does not wait for it.
    await service.createBackup();
    if (conduct !== 'slow') {
      await until(() => logger.lines.some((line) => line.includes('did not reach webhook')));
      receiver.conduct = 'ok';
    }
    await until(() => told().at(-1) === 'recovered failed');
    const ids = new Set(receiver.bodies().map(({ id }) => id));
    expect(ids.size).toBe(2);
    expect(logger.lines.filter((line) => line.startsWith('error'))).toHaveLength(1);
  },
);

test('mail arrives over SMTP, with the title as its subject', async () => {
  const mails: string[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, _session, done) {
      let text = '';
      stream.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
      stream.on('end', () => {
        mails.push(text);
        done();
      });
    },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.server.address() as AddressInfo;
    const mail = { transport: `smtp://127.0.0.1:${port}`, from: 'backups@example.com', to: ['ops@example.com'] };
    const { service } = setUp({ mail });
    await failOnce(service);
    await service.whenIdle();
    await until(() => mails.length === 1);
    expect(mails[0]).toMatch(/^Subject: A backup failed: app\.db on /m);
    expect(mails[0]).toMatch(/^To: ops@example\.com/m);
    expect(mails[0]).toContain('ERR_BACKUP_SOURCE_MISSING');
  } finally {
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
});

test('a mail server that falls silent is left, so that an app which ends does not wait for it', async () => {
  let left = false;
  const server = net.createServer((socket) => {
    socket.write('220 shop ESMTP\r\n');
    // And nothing more.
    socket.on('error', () => {}).on('close', () => (left = true));
    socket.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.address() as AddressInfo;
    const transport = { host: '127.0.0.1', port, ignoreTLS: true };
    const { service, logger } = setUp({ mail: { transport, from: 'a@example.com', to: 'b@example.com' } });
    await failOnce(service);
    await service.whenIdle();
    await until(() => left);
    expect(logger.lines.join('\n')).toContain('did not reach mail');
  } finally {
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
});

test('two processes that see the same failure raise one alarm, and one of them tells that it is over', async () => {
  const apps = [0, 1].map(() => start('alarm-app.js', [database(), `${receiver.url}/hook`]));
  for (const app of apps) expect(await app.next()).toBe('ready');
  fs.renameSync(database(), folder.file('away'));
  const codes = await Promise.all(apps.map((app) => app.ask('attempt')));
  expect(codes).toEqual(['ERR_BACKUP_SOURCE_MISSING', 'ERR_BACKUP_SOURCE_MISSING']);
  for (const app of apps) await app.ask('idle');
  expect(told().filter((each) => each.endsWith('failed'))).toEqual(['begun failed']);
  fs.renameSync(folder.file('away'), database());
  expect(await Promise.all(apps.map((app) => app.ask('attempt')))).toEqual(['created', 'created']);
  for (const app of apps) await app.ask('idle');
  expect(told().filter((each) => each.endsWith('failed'))).toEqual(['begun failed', 'recovered failed']);
});

test('a closed shop raises no alarm, however old its backup; one whose database has changed does, and recovers', async () => {
  const { service } = setUp({ overdueAfter: 0 }, { interval: 0 });
  const db = new Database(database());
  addEntry(db);
  await service.createBackup();
  // Closing moves the WAL into the database file: it changes, and nothing in it does.
  db.close();
  expect((await service.lookForAlarms()).alarms).toEqual([]);
  const open = new Database(database());
  expect((await service.lookForAlarms()).alarms).toEqual([]);
  addEntry(open);
  expect((await service.lookForAlarms()).alarms).toMatchObject([{ kind: 'overdue', level: 'critical' }]);
  open.close();
  expect((await service.lookForAlarms()).alarms).toMatchObject([{ kind: 'overdue', level: 'critical' }]);
  await service.createBackup();
  expect((await service.lookForAlarms()).alarms).toEqual([]);
  await service.whenIdle();
  expect(told()).toEqual(['begun overdue', 'recovered overdue']);
});

test('in rollback-journal mode too, what was not written to is not overdue', async () => {
  const db = new Database(database());
  db.pragma('journal_mode = DELETE');
  const { service } = setUp({ overdueAfter: 0 }, { interval: 0 });
  await service.createBackup();
  const later = new Date(Date.now() + 60_000);
  fs.utimesSync(database(), later, later);
  expect((await service.lookForAlarms()).alarms).toEqual([]);
  addEntry(db);
  expect((await service.lookForAlarms()).alarms).toMatchObject([{ kind: 'overdue' }]);
  db.close();
});

test.each(['wal', 'delete'])('%s: what changes no row is no change: VACUUM, a read, a checkpoint', async (mode) => {
  const { service } = setUp({ overdueAfter: 0 }, { interval: 0 });
  const db = new Database(database());
  db.pragma(`journal_mode = ${mode}`);
  db.exec('CREATE TABLE notes (text); INSERT INTO notes VALUES (randomblob(90000)); DELETE FROM notes;');
  await service.createBackup();
  db.prepare('SELECT count(*) FROM entries').get();
  expect((await service.lookForAlarms()).alarms).toEqual([]);
  db.exec('VACUUM');
  expect((await service.lookForAlarms()).alarms).toEqual([]);
  db.pragma('wal_checkpoint(TRUNCATE)');
  expect((await service.lookForAlarms()).alarms).toEqual([]);
  db.exec('CREATE INDEX notes_text ON notes (text)');
  expect((await service.lookForAlarms()).alarms).toMatchObject([{ kind: 'overdue' }]);
  db.exec('DROP INDEX notes_text');
  expect((await service.lookForAlarms()).alarms).toEqual([]);
  db.prepare('UPDATE entries SET rowid = rowid + 1000').run();
  expect((await service.lookForAlarms()).alarms).toMatchObject([{ kind: 'overdue' }]);
  db.close();
});

test('an app that is killed leaves its alarm to whoever looks next, which tells when it is over', async () => {
  const app = start('alarm-app.js', [database(), `${receiver.url}/hook`, '1h']);
  expect(await app.next()).toBe('ready');
  await app.ask('fail');
  expect(told().filter((each) => each.endsWith('failed'))).toEqual(['begun failed']);
  app.kill();
  await app.ended;
  const { service } = setUp();
  expect((await service.lookForAlarms()).alarms).toContainEqual(expect.objectContaining({ kind: 'failed' }));
  await service.createBackup();
  await service.whenIdle();
  expect(told().filter((each) => each.endsWith('failed'))).toEqual(['begun failed', 'recovered failed']);
});

test('the monitor finds a backup that has rotted and a copy that is not made, each within one interval, and their end', async () => {
  fs.mkdirSync(folder.file('nas'));
  const nas = directoryStore(folder.file('nas'), { host: 'shop', retryAfter: '100ms' });
  const { service } = setUp({ copiesPendingFor: 0 }, { copies: [nas] });
  fs.renameSync(folder.file('nas'), folder.file('unmounted'));
  const backup = await service.createBackup();
  monitors.push(service.startMonitor({ every: 200 }));
  await until(() => told().includes('begun copies-behind'));
  fs.renameSync(folder.file('unmounted'), folder.file('nas'));
  await until(() => told().includes('recovered copies-behind'));

  const bytes = fs.readFileSync(backup.path);
  fs.writeFileSync(backup.path, Buffer.from(bytes).fill(0x55, 4_200, 4_300));
  expect((await service.verifyBackup(backup.name)).ok).toBe(false);
  await until(() => told().includes('begun verification-failed'));
  fs.writeFileSync(backup.path, bytes);
  expect((await service.verifyBackup(backup.name)).ok).toBe(true);
  await until(() => told().includes('recovered verification-failed'));

  const [copy] = await service.listCopies();
  const stored = folder.file('nas', copy!.key);
  const good = fs.readFileSync(stored);
  fs.chmodSync(stored, 0o600);
  fs.writeFileSync(stored, Buffer.from(good).fill(0x55, 4_200, 4_300));
  expect((await service.verifyCopy(copy!.name)).ok).toBe(false);
  await until(() => told().includes('begun copy-damaged'));
  fs.writeFileSync(stored, good);
  expect((await service.verifyCopy(copy!.name)).ok).toBe(true);
  await until(() => told().includes('recovered copy-damaged'));
  await service.whenIdle();
  // Each once, though the monitor has looked all the time.
  expect(told().filter((each, i) => told().indexOf(each) !== i)).toEqual([]);
});

const linux = process.platform === 'linux';
(linux ? test : test.skip)(
  'a disk that fills up is told although the alarm cannot be kept on it, and once when it has room',
  async () => {
    const disk = folder.file('disk');
    fs.mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk]);
    try {
      const { service } = setUp({}, { directory: disk });
      await service.createBackup();
      monitors.push(service.startMonitor({ every: 200 }));
      const hog = `${disk}/somebody-else`;
      const handle = fs.openSync(hog, 'w');
      // To the last byte: not even a record of a hundred bytes has room.
      expect(() => {
        for (;;) fs.writeSync(handle, Buffer.alloc(4_096));
      }).toThrow('ENOSPC');
      fs.closeSync(handle);
      await until(() => told().includes('begun disk-low'));
      fs.rmSync(hog);
      await until(() => told().includes('recovered disk-low'));
      await service.createBackup();
      await service.whenIdle();
      expect(told().filter((each) => each.endsWith('disk-low'))).toEqual(['begun disk-low', 'recovered disk-low']);
    } finally {
      for (const stop of monitors.splice(0)) stop();
      execFileSync('umount', ['-l', disk]);
    }
  },
);

test('a monitor keeps no process alive, and ends when it is told to', async () => {
  const script = `
    const { BackupService } = require('sqlite-autobackup');
    const silent = { info() {}, warn() {}, error() {} };
    new BackupService({ database: process.argv[1], logger: silent }).startMonitor({ every: '1h' });
  `;
  execFileSync(process.execPath, ['-e', script, database()], { cwd: `${__dirname}/../..`, timeout: 120_000 });
  const { service } = setUp({ heartbeat: `${receiver.url}/ping` });
  const stop = service.startMonitor({ every: 100 });
  await receiver.has(2);
  stop();
  await service.whenIdle();
  const count = receiver.received.length;
  const { service: other } = setUp({ heartbeat: `${receiver.url}/ping` });
  other.startMonitor({ every: 100 });
  await receiver.has(count + 3);
  await other.shutDown();
  const beats = () => receiver.received.filter(({ path }) => path.startsWith('/ping'));
  const after = beats().length;
  await service.createBackup();
  await service.whenIdle();
  expect(
    beats()
      .map(({ path }) => path)
      .slice(after),
  ).toEqual(['/ping/start', '/ping']);
});

test('what was restored over the live database is told; a restore elsewhere is not', async () => {
  const { service } = setUp();
  const { name } = await service.createBackup();
  await service.restoreBackup(name, { to: folder.file('elsewhere.db') });
  await service.restoreBackup(name);
  await service.whenIdle();
  expect(told()).toEqual(['moment restored']);
});
