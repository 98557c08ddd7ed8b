import fs from 'node:fs';
import path from 'node:path';
import { checkLedger } from '../support/databases';
import { ROOT, useCli, useShop } from './support';

const cli = useCli();
const shop = useShop();

/** The shop with a store: a folder that stands for another disk. */
function configure(host = 'shop-1', more = '') {
  fs.mkdirSync(shop.file('nas'), { recursive: true });
  shop.write(
    'autobackup.config.cjs',
    `const { directoryStore } = require(${JSON.stringify(ROOT)});
     module.exports = { database: 'app.db', copies: [directoryStore(${JSON.stringify(shop.file('nas'))}, { host: ${JSON.stringify(host)}, compress: 'gzip' })] ${more} };`,
  );
}
const run = (...args: string[]) => cli.run(args, { cwd: shop.path });

async function create(): Promise<string> {
  const { code, json } = await run('create', '--json');
  expect(code).toBe(0);
  return json<{ backup: { name: string } }>().backup.name;
}

test('create waits until the store has the backup, and status and list show it', async () => {
  configure();
  const { code, stdout } = await run('create');
  expect(code).toBe(0);
  const [, name] = /Created (\S+)/.exec(stdout)!;
  expect(stdout).toContain(`Copied ${name} to ${shop.file('nas')}`);
  expect(fs.readdirSync(shop.file('nas', 'shop-1')).sort()).toEqual(
    [`${name}.gz`, name!.replace(/db$/, 'json')].sort(),
  );
  expect((await run('status')).stdout).toMatch(/^copies +\S+nas +1 copy, .* newest shipped/m);
  expect((await run('status', '--json')).json()).toMatchObject({
    copies: [
      { store: shop.file('nas'), host: 'shop-1', copyCount: 1, pending: [], pendingSince: null, lastError: null },
    ],
  });
  expect((await run('list', '--json')).json()).toMatchObject({ backups: [{ name, copies: [{ state: 'copied' }] }] });
  expect(await run('ship')).toMatchObject({ code: 3 });
  expect((await run('doctor')).stdout).toMatch(/^ok +copies +\S+nas answers, and has 1 of 1 backup\.$/m);
});

test('a store that is down is a warning of create; ship fails with its reason, and copies when it is back', async () => {
  configure();
  fs.rmdirSync(shop.file('nas'));
  const created = await run('create');
  expect(created.code).toBe(0);
  expect(created.stderr).toContain(shop.file('nas'));
  const failed = await run('ship', '--json');
  expect(failed.code).toBe(1);
  expect(failed.json()).toMatchObject({
    ok: false,
    stores: [{ shipped: [], errors: [{ code: 'ERR_BACKUP_STORE_MISSING' }] }],
  });
  expect((await run('status')).stdout).toContain('1 backup pending');
  const down = await run('doctor');
  expect(down.code).toBe(1);
  expect(down.stdout).toMatch(/^FAIL +copies +.*nas/m);
  fs.mkdirSync(shop.file('nas'));
  expect((await run('doctor')).stdout).toMatch(/^WARN +copies +.* lacks 1 backup.*\n +-> .*sqlite-autobackup ship/m);
  const shipped = await run('ship');
  expect(shipped).toMatchObject({ code: 0 });
  expect(shipped.stdout).toContain('Copied');
});

test('pull brings a copy to a machine that has only the program: latest, by name, from before a moment', async () => {
  configure();
  const first = await create();
  const second = await create();
  fs.mkdirSync(shop.file('empty'));
  const there = (...args: string[]) => cli.run(['pull', ...args], { cwd: shop.file('empty') });
  const latest = await there('latest', '--from', shop.file('nas'), '--to', 'app.db', '--json');
  expect(latest).toMatchObject({ code: 0 });
  expect(latest.json()).toMatchObject({ name: second, host: 'shop-1', path: shop.file('empty', 'app.db') });
  expect(checkLedger(shop.file('empty', 'app.db'))).toEqual({ entries: 1 });
  expect((await there(first, '--from', shop.file('nas'), '--to', 'one.db')).stdout).toContain(`Pulled ${first}`);

  const again = await there('latest', '--from', shop.file('nas'), '--to', 'app.db');
  expect(again.code).toBe(1);
  expect(again.stderr).toContain('Nothing is overwritten');
  const early = await there('latest', '--from', shop.file('nas'), '--before', '2020-01-01', '--to', 'x.db');
  expect(early.code).toBe(1);
  expect(early.stderr).toContain('has no copy from before');
});

test.each([
  [['pull', 'latest', '--from', 's3://', '--to', 'x.db'], 'not the address of a bucket'],
  [['pull', 'latest', '--from', 's3://bucket?endpiont=x', '--to', 'x.db'], 'not the address of a bucket'],
  [['pull', 'latest', '--from', 'no-such-folder', '--to', 'x.db'], 'neither a store of the configuration nor a folder'],
  [['pull', 'latest', '--from', '.', '--before', 'soon', '--to', 'x.db'], '--before "soon"'],
  // Of these JavaScript makes dates: in 2001, on 1 December, in UTC, on 12 November.
  ...['copy 5', '2026-11-31', '2026-11', '11/12/2026', '2026-11-20Z', '2026-11-20T25:00'].map(
    (moment): [string[], string] => [
      ['pull', 'latest', '--from', '.', '--before', moment, '--to', 'x.db'],
      `--before "${moment}"`,
    ],
  ),
  [['pull', 'latest', '--from', 's3://bucket/100%', '--to', 'x.db'], 'not the address of a bucket'],
  [['pull', 'latest', '--from', 's3://bucket/shop #1', '--to', 'x.db'], 'not the address of a bucket'],
  [['pull', 'latest', '--from', '.', '--identity', 'no-file', '--to', 'x.db'], '"no-file"'],
  [['pull', 'latest', '--from', '.'], '--to'],
  [['list', '--remote', '--database', 'app.db'], 'Which store?'],
  [['restore', 'latest', '--before', '2026-11-20', '--database', 'app.db'], '--from'],
  [['ship', '--database', 'app.db'], 'no store to copy to'],
])('%j is wrong usage, and says what is missing', async (args, said) => {
  const { code, stderr } = await run(...args);
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(said) as string });
  expect(fs.existsSync(shop.file('x.db'))).toBe(false);
});

test('--before counts in local time, unless a zone is given', async () => {
  configure();
  const name = await create();
  const { createdAt } = JSON.parse(fs.readFileSync(shop.file(name.replace(/db$/, 'json')), 'utf8')) as {
    createdAt: string;
  };
  const beside = (seconds: number) => new Date(Date.parse(createdAt) + seconds * 1_000);
  const utc = (date: Date) => date.toISOString();
  const local = (date: Date) => new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
  const tries: [string, number][] = [
    [local(beside(2)), 0],
    [local(beside(2)).replace('T', ' '), 0],
    [utc(beside(2)), 0],
    [utc(beside(3600)).replace('Z', '+01:00'), 1],
    [local(beside(-2)), 1],
    [utc(beside(-2)), 1],
  ];
  for (const [i, [moment, expected]] of tries.entries()) {
    const { code, stderr } = await run('pull', 'latest', '--from', 'nas', '--before', moment, '--to', `back-${i}.db`);
    expect({ moment, code, stderr }).toEqual({ moment, code: expected, stderr: expect.any(String) as string });
  }
});

test('restore --from fetches a copy whose backup is gone here, and puts it in the place of the database', async () => {
  configure();
  const name = await create();
  for (const file of shop.list().filter((each) => each.includes('backup_'))) fs.rmSync(shop.file(file));
  shop.fill(1_000_000);
  const { code, stdout } = await run('restore', 'latest', '--from', shop.file('nas'), '--yes');
  expect(code).toBe(0);
  expect(stdout).toContain(`Restored ${name}`);
  expect(fs.existsSync(shop.file(name))).toBe(true);
  expect(checkLedger(shop.database)).toEqual({ entries: 1 });
});

test('list --all-hosts shows the copies of every machine; verify --remote finds the one that has rotted', async () => {
  configure('shop-2');
  await create();
  configure('shop-1');
  expect((await run('ship')).code).toBe(0);
  const own = await run('list', '--remote', '--json');
  expect(own.json<{ copies: object[] }>().copies).toMatchObject([{ host: 'shop-1', problem: null, compress: 'gzip' }]);
  const all = await run('list', '--all-hosts');
  expect(all.stdout).toMatch(/shop-1[^]*shop-2|shop-2[^]*shop-1/);

  expect((await run('verify', '--remote')).stdout).toMatch(/^ok .*hash/m);
  expect(await run('verify', 'latest', '--remote', '--level', 'drill')).toMatchObject({ code: 0 });
  const [object] = fs.readdirSync(shop.file('nas', 'shop-1')).filter((each) => each.endsWith('.gz'));
  const file = path.join(shop.file('nas', 'shop-1'), object!);
  const bytes = fs.readFileSync(file);
  bytes[bytes.length >> 1]! ^= 1;
  fs.writeFileSync(file, bytes);
  const bad = await run('verify', '--remote', '--all', '--json');
  expect(bad.code).toBe(13);
  expect(bad.json()).toMatchObject({ ok: false, results: [{ ok: false, host: 'shop-1' }] });
});
