import Database from 'better-sqlite3';
import fs from 'node:fs';
import path from 'node:path';
import { describeProgram } from '#dist/cli/describe.js';
import { buildProgram } from '#dist/cli/program.js';
import { backupNames } from '../support/whole-backups';
import { useCli, useShop } from './support';

const cli = useCli();
const shop = useShop();

test('--quiet: every end that is not 0 or "nothing to do" says why on standard error, in every command, and nothing on standard output', async () => {
  const library = JSON.stringify(path.join(__dirname, '..', '..', 'dist', 'index.js'));
  fs.mkdirSync(shop.file('nas'));
  shop.write(
    'autobackup.config.cjs',
    `const { directoryStore } = require(${library});
     const nas = directoryStore(${JSON.stringify(shop.file('nas'))}, { host: 'h' });
     const gone = directoryStore(${JSON.stringify(shop.file('gone'))}, { host: 'h' });
     const app = { database: ${JSON.stringify(shop.database)}, copies: [nas] };
     module.exports = { app, down: { ...app, copies: [gone], notify: { webhook: 'http://127.0.0.1:1/' } } };`,
  );
  const quiet = (...args: string[]) => cli.run(['--quiet', ...args], { cwd: shop.path });
  const app = ['--service', 'app'];
  const down = ['--service', 'down'];
  const create = await quiet('create', ...app);
  expect(create).toMatchObject({ code: 0, stdout: '', stderr: '' });
  const [name] = backupNames(shop.path) as [string];
  // Another one, of other contents, and its copy: both are damaged then.
  const db = new Database(shop.database);
  db.exec('CREATE TABLE more (a)');
  db.close();
  await quiet('create', ...app);
  const bad = backupNames(shop.path).find((each) => each !== name)!;
  for (const file of [shop.file(bad), path.join(shop.file('nas'), 'h', bad)]) fs.appendFileSync(file, 'x');

  const failing: [code: number, said: RegExp, args: [string, ...string[]]][] = [
    [1, /none\.db/, ['status', '--database', 'none.db']],
    [1, /does not exist/, ['list', '--database', shop.database, '--directory', 'none']],
    [1, /gone/, ['list', '--remote', ...down]],
    [1, /none\.db/, ['create', '--database', 'none.db']],
    [13, new RegExp(bad), ['verify', bad, ...app]],
    [13, new RegExp(bad), ['verify', '--all', ...app]],
    [13, new RegExp(bad), ['verify', bad, '--remote', ...app]],
    [13, /assertion failed|FALSE|SELECT 0/, ['verify', name, '--assert', 'SELECT 0', ...app]],
    [13, new RegExp(bad), ['restore', bad, '--yes', ...app]],
    [2, /--yes/, ['restore', name, ...app]],
    [1, /no backup "none"/, ['diff', 'none', ...app]],
    [2, /none/, ['recover', name, '--table', 'none', '--removed', ...app]],
    [2, /syntax error/, ['query', name, 'SELECT ,', ...app]],
    [7, /failed \(7\)/, ['run', ...app, '--', 'sh', '-c', 'exit 7']],
    [13, /assertion is false[^]*SELECT 0/i, ['run', '--assert', 'SELECT 0', ...app, '--', 'true']],
    [5, /rehearsal failed \(5\)/, ['run', '--rehearse', '--env', 'X={}', ...app, '--', 'sh', '-c', 'exit 5']],
    [1, /gone/, ['ship', ...down]],
    [13, new RegExp(bad), ['pull', bad, '--to', 'back.db', '--from', shop.file('nas'), '--host', 'h', '--database', 'app.db']],
    [1, /none\.db/, ['import', 'none.db', ...app]],
    [2, /Which backups/, ['prune', '--database', shop.file('other.db')]],
    [1, /no backup "none"/, ['protect', 'none', ...app]],
    [1, /no backup "none"/, ['unprotect', 'none', ...app]],
    [1, /no backup "none"/, ['delete', 'none', ...app]],
    [2, /not a date/, ['log', '--before', 'soon', ...app]],
    [1, /verification|backups/, ['doctor', ...app]],
    [1, /./, ['check', ...down]],
    [2, /CRITICAL|gone/, ['check', '--nagios', ...down]],
    [3, /UNKNOWN/, ['check', '--nagios', '--service', 'none']],
    [1, /127\.0\.0\.1/, ['notify', 'test', ...down]],
    [2, /configuration already/, ['init', '--yes']],
    [2, /tcsh/, ['completion', 'tcsh']],
  ]; // prettier-ignore
  const wrong: object[] = [];
  for (const [code, said, args] of failing) {
    const ran = await quiet(...args);
    const ok =
      ran.code === code && ran.stdout === '' && said.test(ran.stderr) && /^(error|warning): /m.test(ran.stderr);
    if (!ok)
      wrong.push({ args, expected: { code, said }, got: { code: ran.code, stdout: ran.stdout, stderr: ran.stderr } });
  }
  expect(wrong).toEqual([]);
  const { commands } = describeProgram(buildProgram({ writeOut() {}, writeErr() {} }, async () => {}));
  const used = failing.map(([, , [command]]) => command);
  expect(commands.filter((command) => !used.includes(command.name))).toEqual([]);
});
