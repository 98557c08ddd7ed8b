import fs from 'node:fs';
import os from 'node:os';
import { useCli, useShop } from './support';

const cli = useCli();
const shop = useShop();
const run = (...args: string[]) => cli.run([...args, '--database', 'app.db'], { cwd: shop.path });

test('log shows what was done and by whom, newest first, and fits the width of the terminal', async () => {
  expect((await run('log')).stdout).toBe(`Nothing is recorded in "${shop.path}".\n`);
  await run('create', '--label', 'before the upgrade');
  await run('verify');
  const { stdout, code } = await run('log');
  const [header, verified, made] = stdout.trimEnd().split('\n');
  expect(code).toBe(0);
  expect(header).toMatch(/^WHEN +WHO +WHAT$/);
  expect(verified).toMatch(/verified app_backup_\w+\.db \(quick\): good$/);
  expect(made).toContain(`${os.userInfo().username} (cli)  made `);
  expect(made).toMatch(/, before the upgrade$/);

  const screen = await cli.onTerminal(['log', '--database', 'app.db'], { cwd: shop.path }).ended;
  for (const line of screen.stdout.split(/\r?\n/)) expect(line.length).toBeLessThanOrEqual(100);
});

test('a failed restore and a bad line in the file are no problem for log', async () => {
  await run('create');
  fs.appendFileSync(shop.file('.app_backup.activity.jsonl'), '{"formatVersion":1,"at":"2026');
  const [backup] = shop.list().filter((name) => /^app_backup.*db$/.test(name));
  fs.writeFileSync(shop.file(backup!), Buffer.alloc(8192, 7));
  await run('restore', backup!, '--yes');
  const { activity } = (await run('log', '--json', '--limit', '1')).json<{ activity: Record<string, unknown>[] }>();
  expect(activity).toHaveLength(1);
  expect(activity[0]).toMatchObject({ action: 'failed', of: 'restore', code: 'ERR_BACKUP_DAMAGED', name: backup });
});

test('log and list say a label in the words of the option labels, before its name', async () => {
  shop.write(
    'autobackup.config.cjs',
    `module.exports = { database: 'app.db', labels: { 'InvoicesController.remove': 'before an invoice was deleted' } };`,
  );
  await run('create', '--label', 'InvoicesController.remove');
  const words = 'before an invoice was deleted (InvoicesController.remove)';
  expect((await run('log')).stdout).toContain(words);
  expect((await run('list')).stdout).toContain(words);
});
