import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { addEntry } from '../support/databases';
import { useReceiver } from '../support/receivers';
import { keysOf, ROOT, useCli, useShop } from './support';

const cli = useCli();
const shop = useShop();
const receiver = useReceiver();

/** Due at once, and overdue at once. */
function configure(notify: object = {}) {
  const all = { webhook: `${receiver.url}/hook`, overdueAfter: 0, ...notify };
  const options = { database: shop.database, interval: 0, notify: all };
  shop.write('autobackup.config.json', JSON.stringify(options));
}
const check = (...args: string[]) => cli.run(['check', ...args], { cwd: shop.path });
const states = () => receiver.bodies().map(({ state, kind }) => `${state} ${kind}`);

function change() {
  const db = new Database(shop.database);
  addEntry(db);
  db.close();
}

test('check says nothing on a good day, what is wrong on a bad one, tells it once, and once that it is over', async () => {
  configure();
  await cli.run(['create'], { cwd: shop.path });
  expect(await check('--quiet')).toMatchObject({ code: 0, stdout: '', stderr: '' });
  change();
  const bad = await check('--quiet');
  expect(bad).toMatchObject({ code: 1, stdout: '' });
  expect(bad.stderr).toContain('CRITICAL  overdue  A backup has been due since');
  const document = (await check('--json')).json<{ ok: boolean; alarms: object[] }>();
  expect(document).toMatchObject({ ok: false, alarms: [{ kind: 'overdue', level: 'critical' }] });
  expect(keysOf(document.alarms)).toEqual(['[].kind', '[].level', '[].text']);
  expect(states()).toEqual(['begun overdue']);
  await cli.run(['create'], { cwd: shop.path });
  expect((await check()).stdout).toMatch(/^OK {2}newest backup .*, 2 backups\n$/);
  expect(states()).toEqual(['begun overdue', 'recovered overdue']);
});

test('--nagios prints one line with numbers, and ends with 0, 1, 2 or 3', async () => {
  configure();
  const none = await check('--nagios');
  expect(none).toMatchObject({ code: 1, stdout: expect.stringMatching(/^BACKUP WARNING - There is no backup yet\./) });
  await cli.run(['create'], { cwd: shop.path });
  const good = await check('--nagios');
  expect(good.code).toBe(0);
  expect(good.stdout).toMatch(/^BACKUP OK - newest backup .*, 1 backup \| age=\d+s backups=1 free=\d+B pending=0\n$/);
  change();
  expect(await check('--nagios')).toMatchObject({
    code: 2,
    stdout: expect.stringMatching(/^BACKUP CRITICAL - A backup has been due since [^|]* \| age=/),
  });
  const unknown = await check('--nagios', '--config', 'none.cjs');
  expect(unknown).toMatchObject({ code: 3, stdout: expect.stringMatching(/^BACKUP UNKNOWN - /) });
});

test('notify test sends one message to each receiver, and says which have got it', async () => {
  configure({
    heartbeat: `${receiver.url}/ping`,
    webhook: [{ url: `${receiver.url}/hook` }, { url: 'http://127.0.0.1:9/s3cret' }],
  });
  const ran = await cli.run(['notify', 'test'], { cwd: shop.path });
  expect(ran.code).toBe(1);
  expect(ran.stdout).toContain('sent    webhook 127.0.0.1:');
  expect(ran.stdout).toContain('FAILED  webhook 127.0.0.1:9');
  expect(ran.stdout).toContain('sent    heartbeat 127.0.0.1:');
  expect(ran.stdout + ran.stderr).not.toContain('s3cret');
  expect(receiver.received.map((each) => each.path).sort()).toEqual(['/hook', '/ping', '/ping/start']);
  expect(receiver.bodies()).toMatchObject([
    { kind: 'test', text: expect.stringContaining('This is a test') as string },
  ]);
});

test('notify test without receivers says what to set', async () => {
  const { code, stderr } = await cli.run(['notify', 'test', '--database', shop.database], { cwd: shop.path });
  expect(code).toBe(2);
  expect(stderr).toContain('Set "notify" in the configuration file.');
});

const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;
(hasSystemd ? test : test.skip)('the units in the documents are ones that systemd takes', () => {
  const page = fs.readFileSync(path.join(ROOT, 'docs', 'alerts.md'), 'utf8');
  const units = [...page.matchAll(/^```ini\n# (\S+)\n([^]*?)^```$/gm)];
  expect(units.map(([, name]) => name)).toEqual(['shop-backup-check.service', 'shop-backup-check.timer']);
  for (const [, name, text] of units) {
    // A user and a program that there are here.
    shop.write(name!, text!.replace('User=shop', 'User=root').replace('/usr/bin/npx', process.execPath));
  }
  const files = units.map(([, name]) => shop.file(name!));
  const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', ...files], { encoding: 'utf8' });
  expect(stderr.split('\n').filter((line) => line.includes('shop-backup-check'))).toEqual([]);
  expect(status).toBe(0);
});

test('the line for cron in the documents runs as cron runs it, with what it prints', async () => {
  configure();
  await cli.run(['create'], { cwd: shop.path });
  const page = fs.readFileSync(path.join(ROOT, 'docs', 'alerts.md'), 'utf8');
  const [, command] = /^7 \* \* \* \* {2}(cd \/srv\/shop && npx sqlite-autobackup check --quiet)$/m.exec(page)!;
  const main = path.join(ROOT, 'dist', 'cli', 'main.js');
  const here = command!.replace('/srv/shop', shop.path).replace('npx sqlite-autobackup', `${process.execPath} ${main}`);
  const asCron = () => spawnSync('/bin/sh', ['-c', here], { env: { PATH: '/usr/bin:/bin' }, encoding: 'utf8' });
  expect(asCron()).toMatchObject({ status: 0, stdout: '', stderr: '' });
  change();
  // Spawned synchronously: nobody answers at the receiver meanwhile, and the line is printed all the same.
  configure({ webhook: 'http://127.0.0.1:9/hook' });
  expect(asCron()).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining('overdue') });
});
