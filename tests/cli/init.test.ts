import fs from 'node:fs';
import { ROOT, useCli, useShop } from './support';

const cli = useCli();
const shop = useShop();
const run = (...args: string[]) => cli.run(args, { cwd: shop.path });

/** The package where the written file looks for it. */
function install(): void {
  fs.mkdirSync(shop.file('node_modules'));
  fs.symlinkSync(ROOT, shop.file('node_modules', 'sqlite-autobackup'), 'junction');
}

test.each([
  ['CommonJS', {}, 'autobackup.config.cjs', "const config = require('./autobackup.config.cjs');"],
  ['ES modules', { type: 'module' }, 'autobackup.config.mjs', "import config from './autobackup.config.mjs';"],
  ['Nest', { dependencies: { '@nestjs/core': '11' } }, 'autobackup.config.cjs', 'AutoBackupModule.forRoot(config)'],
])(
  'init in an app of %s writes a file that the next command reads, and says what to do next',
  async (_, manifest, file, step) => {
    shop.write('package.json', JSON.stringify(manifest));
    install();
    const { code, stdout } = await run('init', '--yes');
    expect(code).toBe(0);
    expect(stdout).toContain(`Wrote ${shop.file(file)}`);
    expect(stdout).toContain(step);
    expect((await run('create', '--json')).json()).toMatchObject({ status: 'created' });
    expect((await run('list', '--json')).json<{ directory: string }>().directory).toBe(shop.path);
  },
);

test('init never overwrites, and does nothing without a yes', async () => {
  const asked = await run('init');
  expect([asked.code, shop.list()]).toEqual([2, ['app.db']]);
  shop.write('autobackup.config.json', '{}');
  const { code, stderr } = await run('init', '--yes');
  expect(code).toBe(2);
  expect(stderr).toContain('There is a configuration already');
  expect(fs.readFileSync(shop.file('autobackup.config.json'), 'utf8')).toBe('{}');
});

test('of several databases one must be named; backups, and what is in node_modules, are none', async () => {
  fs.mkdirSync(shop.file('node_modules', 'x'), { recursive: true });
  for (const name of ['app_backup_20261124_093000.db', 'node_modules/x/cache.db']) shop.write(name, '');
  fs.mkdirSync(shop.file('data'));
  shop.write('data/archive.sqlite', '');
  const { code, stderr } = await run('init', '--yes');
  expect(code).toBe(2);
  expect(stderr).toContain('There are several databases: app.db, data/archive.sqlite.');
  expect((await run('init', '--yes', '--database', 'data/archive.sqlite')).code).toBe(0);
  expect(fs.readFileSync(shop.file('autobackup.config.cjs'), 'utf8')).toContain("'data/archive.sqlite'");
});
