import fs from 'node:fs';
import { BackupService, keep } from 'sqlite-autobackup';
import { DAY, writeBackup } from '../support/planted-backups';
import { backupNames } from '../support/whole-backups';
import { useCli, useShop } from './support';

// Retention by somebody who does not know the app's policy.

const cli = useCli();
const shop = useShop();
const run = (...args: string[]) => cli.run(args, { cwd: shop.path });
const quiet = { info() {}, warn() {}, error() {} };
const app = (retention: ReturnType<typeof keep>) =>
  new BackupService({ database: shop.file('app.db'), retention, logger: quiet });

/** Three years, one a month, and thirty of this week. */
beforeEach(() => {
  for (let month = 1; month <= 36; month += 1) writeBackup(shop.path, new Date(Date.now() - month * 31 * DAY));
});

test('create without a configuration prunes nothing', async () => {
  expect((await run('create', '--database', 'app.db')).code).toBe(0);
  expect(backupNames(shop.path)).toHaveLength(37);
  expect(fs.existsSync(shop.file('.app_backup.policy.json'))).toBe(false);
});

test('prune without a configuration wants rules, and applies those that it is given', async () => {
  const none = await run('prune', '--database', 'app.db');
  expect(none).toMatchObject({ code: 2 });
  expect(none.stderr).toContain('--keep-last 20');
  expect(backupNames(shop.path)).toHaveLength(36);
  expect(await run('prune', '--database', 'app.db', '--keep-last', '5x')).toMatchObject({ code: 2 });

  expect(await run('prune', '--database', 'app.db', '--keep-last', '5', '--keep-yearly', '1')).toMatchObject({
    code: 0,
  });
  expect(backupNames(shop.path)).toHaveLength(5);
});

test("prune without a configuration applies the app's policy, which the folder keeps", async () => {
  await app(keep({ last: 2, monthly: 12 })).createBackup();
  const after = backupNames(shop.path);
  expect(after.length).toBeLessThan(20);
  expect(fs.statSync(shop.file('.app_backup.policy.json')).mode & 0o777).toBe(0o600);
  // A script that was given no policy does not apply its default either.
  await new BackupService({ database: shop.file('app.db'), logger: quiet }).createBackup();
  const pruned = await run('prune', '--database', 'app.db');
  expect(pruned.code).toBe(3);
  expect(backupNames(shop.path).length).toBeLessThanOrEqual(after.length + 1);
});

test('an app whose policy was changed tells it at its next look and its next prune, without a new backup', async () => {
  const record = () => JSON.parse(fs.readFileSync(shop.file('.app_backup.policy.json'), 'utf8')) as object;
  await app(keep({ last: 2, monthly: 12 })).createBackup();
  expect((await app(keep({ last: Infinity })).backupIfDue()).status).toBe('fresh');
  expect(record()).toMatchObject({ retention: { last: 'Infinity' } });
  expect(app(keep({ last: 7 })).backupIfDueSync().status).toBe('fresh');
  expect(record()).toMatchObject({ retention: { last: 7 } });
  await app(keep({ last: 60 })).pruneBackups({ dryRun: true });
  expect(record()).toMatchObject({ retention: { last: 7 } });
  await app(keep({ last: 60 })).pruneBackups();
  expect(record()).toMatchObject({ retention: { last: 60 } });
  // Rules that somebody gives by hand are not the app's.
  await run('prune', '--database', 'app.db', '--keep-last', '59');
  expect(record()).toMatchObject({ retention: { last: 60 } });
});

test("nobody without a policy removes anything where the record of the app's is lost or out of date", async () => {
  await app(keep({ last: Infinity })).createBackup();
  const record = fs.readFileSync(shop.file('.app_backup.policy.json'), 'utf8');
  fs.rmSync(shop.file('.app_backup.policy.json'));
  const warnings: string[] = [];
  const script = new BackupService({
    database: shop.file('app.db'),
    logger: { ...quiet, warn: (line) => warnings.push(line) },
  });
  await script.createBackup();
  expect(backupNames(shop.path)).toHaveLength(38);
  expect(warnings).toContainEqual(expect.stringContaining('its record is missing'));

  fs.writeFileSync(
    shop.file('.app_backup.policy.json'),
    record.replace('"Infinity"', '1').replace(/"at": "\d{4}/, '"at": "2020'),
  );
  await script.createBackup();
  expect((await script.pruneBackups()).removed).toEqual([]);
  expect(backupNames(shop.path)).toHaveLength(39);
});

test("a policy that is code is the app's alone", async () => {
  await app((backups) => ({
    keep: backups.map((backup) => ({ backup, reasons: ['all'] })),
    remove: [],
  })).createBackup();
  expect(await run('prune', '--database', 'app.db')).toMatchObject({ code: 2 });
  const script = new BackupService({ database: shop.file('app.db'), logger: quiet });
  expect((await script.pruneBackups()).removed).toEqual([]);
  expect(backupNames(shop.path)).toHaveLength(37);
});

test('--database reads the configuration of that database, here or beside it, and no other', async () => {
  shop.write('autobackup.config.cjs', 'module.exports = { database: "app.db", retention: { last: 3 } };');
  expect((await cli.run(['create', '--database', shop.file('app.db')], { cwd: '/' })).code).toBe(0);
  expect(backupNames(shop.path)).toHaveLength(3);

  shop.write('autobackup.config.cjs', 'module.exports = { database: "other.db", retention: { last: 1 } };');
  fs.rmSync(shop.file('.app_backup.policy.json'));
  expect((await run('create', '--database', 'app.db')).code).toBe(0);
  expect(backupNames(shop.path)).toHaveLength(4);

  // It is code, so nobody else may have been able to write it.
  shop.write('autobackup.config.cjs', 'module.exports = { database: "app.db", retention: { last: 1 } };');
  fs.chmodSync(shop.file('autobackup.config.cjs'), 0o666);
  expect((await cli.run(['create', '--database', shop.file('app.db')], { cwd: '/' })).code).toBe(0);
  expect(backupNames(shop.path)).toHaveLength(5);
});
