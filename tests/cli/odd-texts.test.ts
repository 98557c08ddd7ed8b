import Database from 'better-sqlite3';
import fs from 'node:fs';
import path from 'node:path';
import vm from 'node:vm';
import { describeProgram } from '#dist/cli/describe.js';
import { buildProgram } from '#dist/cli/program.js';
import { useCli, useShop } from './support';

const cli = useCli();
const shop = useShop();

const ODD = 'x\nFORGED 1\u001b[2J\u001b[31m\u202e\u2028FORGED 2\u0007\r\u009b\u0085FORGED 3';
const DATABASE = 'a\nFORGED\u202e\u001b[31m.db';

/** What is not ours begins behind something that is, and nothing that is not visible is printed. */
const isBad = (line: string): boolean =>
  /^\s*FORGED|[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u.test(line.replaceAll('\t', ''));

/** A database, a table with a trigger and rows, and two stores, one of them missing: all with names of that kind. */
function layOut(): void {
  const db = new Database(shop.file(DATABASE));
  db.exec(
    `CREATE TABLE "${ODD}" (id INTEGER PRIMARY KEY, "c${ODD}"); CREATE TABLE log (a);
     CREATE TRIGGER "t${ODD}" AFTER INSERT ON "${ODD}" BEGIN INSERT INTO log VALUES (1); END`,
  );
  db.prepare(`INSERT INTO "${ODD}" VALUES (1, ?)`).run(ODD);
  db.close();
  const library = JSON.stringify(path.join(__dirname, '..', '..', 'dist', 'index.js'));
  const [there, gone] = ['there\nFORGED', 'gone\nFORGED'].map((name) => path.join(shop.path, name)) as [string, string];
  fs.mkdirSync(there);
  const options = (stores: string) =>
    `const { directoryStore } = require(${library});
     module.exports = { database: ${JSON.stringify(DATABASE)}, copies: [${stores}],
       notify: { webhook: { url: 'http://127.0.0.1:1/hook', format: 'json' } } };`;
  const store = (folder: string) => `directoryStore(${JSON.stringify(folder)}, { host: 'h' })`;
  shop.write('c.cjs', options(store(there)));
  shop.write('two.cjs', options(`${store(there)}, ${store(gone)}`));
}

/** Without the rows that a backup has. */
function change(): void {
  const db = new Database(shop.file(DATABASE));
  db.exec(`DELETE FROM "${ODD}"; CREATE TABLE "new${ODD}" (a)`);
  db.close();
}

test('no name, label, value or error of others adds a line, hides one or colours it, in any command', async () => {
  layOut();
  const run = async (...args: string[]) => {
    const { stdout, stderr } = await cli.run(args, { cwd: shop.path });
    // A config of an odd name would be no file here.
    expect({ args, bad: `${stdout}${stderr}`.split('\n').filter(isBad) }).toEqual({ args, bad: [] });
    return stdout + stderr;
  };
  const c = (...args: string[]) => run(...args, '--config', 'c.cjs');
  expect(await c('create', '--label', ODD)).toContain('Created');
  change();
  const first = shop.list().find((name) => /_backup_\d{8}_\d{6}\.db$/.test(name))!;
  const page = path.join(shop.path, 'changes.html');
  const lost = ['--table', ODD, '--removed'];
  const used: [command: string, ...args: string[]][] = [
    ...([['status'], ['list'], ['list', '--remote'], ['log'], ['doctor'], ['verify', '--all'], ['verify', '--remote', '--from', path.join(shop.path, 'there\nFORGED')]] as [string][]), // prettier-ignore
    ['diff', first],
    ['diff', first, '--table', ODD, '--html', page],
    ['recover', first, ...lost, '--dry-run'],
    ['recover', first, ...lost],
    ['recover', first, ...lost, '--yes'],
    ['query', first, `SELECT * FROM "${ODD}"`],
    ['query', first, `SELECT ${ODD}`],
    ['run', '--assert', `SELECT 0 /* ${ODD} */`, '--', 'true', ODD],
    ['protect', 'latest'],
    ['unprotect', 'latest'],
    ['restore', first],
    ['restore', first, '--yes'],
    ['restore', `no${ODD}`],
    ['delete', `none${ODD}`],
    ['delete', first],
    ['delete', first, '--yes'],
    ['import', `none${ODD}.db`],
    ['import', path.join(shop.path, first), '--label', ODD],
    ['pull', 'latest', '--to', `pulled\nFORGED.db`],
    ['prune', '--keep-last', '1', '--dry-run'],
    ['prune', '--keep-last', '1'],
    ['check'],
    ['check', '--nagios'],
    ['notify', 'test'],
    ['completion', 'bash'],
  ];
  for (const args of used) {
    const said = await c(...args);
    // The command has come to what it prints of others.
    if (args[1] === first) expect(said).not.toContain('There is no backup');
  }
  for (const args of [['ship'], ['create'], ['status'], ['doctor'], ['check']])
    await run(...args, '--config', 'two.cjs');
  expect(await run('check', '--nagios', '--config', `none${ODD}.cjs`)).toMatch(/^BACKUP UNKNOWN - /);
  await run('status', '--database', `none${ODD}.db`);
  await run(`stat${ODD}`);
  await run('init', '--database', DATABASE, '--yes');
  // What init wrote can be read.
  expect(() => new vm.Script(fs.readFileSync(shop.file('autobackup.config.cjs'), 'utf8'))).not.toThrow();

  const html = fs.readFileSync(page, 'utf8');
  // Line breaks are white space there.
  expect(html.split(/[\r\n]+/).filter((line) => /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u.test(line))).toEqual([]);
  const { commands } = describeProgram(buildProgram({ writeOut() {}, writeErr() {} }, async () => {}));
  const missing = commands.filter(
    ({ name }) => !['create', 'ship', 'init', ...used.map(([each]) => each)].includes(name),
  );
  expect(missing).toEqual([]);
});
