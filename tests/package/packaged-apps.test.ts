import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { packInto } from '../support/packed-package';
import { useTempFolder } from '../support/temp-folder';
import { ROOT } from './consumer';

// Apps as they are packaged by real tools, which `npm run test:package` installs into tests/package/tools.
const TOOLS = path.join(__dirname, 'tools', 'node_modules');
const linux = process.platform === 'linux' ? describe : describe.skip;
const temp = useTempFolder();

/** Starts it and waits for its end. The last line that it printed is JSON. */
function runApp<T>(command: string, args: readonly string[]): T {
  const { stdout, stderr, error } = spawnSync(command, args, {
    cwd: temp.path,
    encoding: 'utf8',
    timeout: 300_000,
    killSignal: 'SIGKILL',
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  if (error) throw error;
  const last = stdout.trim().split('\n').at(-1)!;
  if (!last.startsWith('{')) throw new Error(`${stdout}${stderr}`);
  return JSON.parse(last) as T;
}

function createDatabase(): void {
  const db = new Database(temp.file('app.db'));
  db.exec('CREATE TABLE things (name TEXT); INSERT INTO things VALUES (1), (2)');
  db.close();
}

describe("Yarn Plug'n'Play, with the package inside an archive", () => {
  beforeEach(() => {
    createDatabase();
    const tarball = packInto(temp.path);
    const { dependencies } = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
    };
    // What it depends on is taken from this repository, so that nothing is fetched or compiled.
    const links = Object.keys(dependencies).map((name) => [name, `link:${path.join(ROOT, 'node_modules', name)}`]);
    const manifest = {
      name: 'app',
      private: true,
      dependencies: { 'sqlite-autobackup': `file:./${path.basename(tarball)}` },
    };
    fs.writeFileSync(
      temp.file('package.json'),
      JSON.stringify({ ...manifest, resolutions: Object.fromEntries(links) }),
    );
    fs.writeFileSync(temp.file('yarn.lock'), '');
    const settings = [
      'nodeLinker: pnp',
      'enableTelemetry: false',
      'enableGlobalCache: false',
      'enableNetwork: false',
      'enableImmutableInstalls: false',
    ];
    fs.writeFileSync(temp.file('.yarnrc.yml'), `${settings.join('\n')}\nglobalFolder: ${temp.file('.yarn-global')}\n`);
    execFileSync(process.execPath, [yarn, 'install'], { cwd: temp.path, stdio: 'pipe' });
  });
  const yarn = path.join(TOOLS, '@yarnpkg', 'cli-dist', 'bin', 'yarn.js');

  test('all that a child does works: backup, drill, query, restore, a copy sent, verified and brought back', () => {
    fs.writeFileSync(
      temp.file('app.js'),
      `const { BackupService, directoryStore, pullBackup, verifyCopy } = require('sqlite-autobackup');
       const fs = require('node:fs');
       fs.mkdirSync('store');
       const from = directoryStore(__dirname + '/store');
       const copies = [from];
       const service = new BackupService({ database: __dirname + '/app.db', copies, assertions: ['SELECT count(*) = 2 FROM things'] });
       (async () => {
         const { name } = await service.createBackup();
         await service.shipPending();
         const second = service.createBackupSync().name;
         const drill = await service.verifyBackup(name, { level: 'drill' });
         const query = await service.queryBackup(name, 'SELECT count(*) FROM things');
         const restored = await service.restoreBackup(name);
         const copy = await verifyCopy({ from, level: 'full', scratch: __dirname });
         const pulled = await pullBackup({ from, to: __dirname + '/back.db' });
         await service.shutDown();
         console.log();
         console.log(JSON.stringify({ main: require.resolve('sqlite-autobackup'), distinct: name !== second, drill: drill.ok,
           rows: query.rows, method: restored.method, copy: copy.ok, pulled: fs.statSync(pulled.path).size > 0 }));
       })();`,
    );
    const { main, ...rest } = runApp<{ main: string }>(process.execPath, [yarn, 'node', 'app.js']);
    expect(main).toContain('.zip/node_modules/sqlite-autobackup/');
    expect(rest).toEqual({ distinct: true, drill: true, rows: [[2]], method: 'online', copy: true, pulled: true });
  });

  test('its program runs', () => {
    const printed = execFileSync(
      process.execPath,
      [yarn, 'sqlite-autobackup', 'create', '--database', 'app.db', '--json'],
      {
        cwd: temp.path,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    );
    const { backup } = JSON.parse(printed) as { backup: { name: string } };
    expect(temp.list()).toContain(backup.name);
  });
});

linux('a single executable application', () => {
  test('takes no backup, says why at once and again when one is asked for, and does not start itself', () => {
    createDatabase();
    fs.writeFileSync(
      temp.file('app.js'),
      `const fs = require('node:fs');
       fs.appendFileSync('starts', 'x');
       const { BackupService } = require('node:module').createRequire(${JSON.stringify(path.join(ROOT, 'tests', 'x.js'))})('sqlite-autobackup');
       const logged = [];
       const logger = { info() {}, warn: (line) => logged.push(line), error: (line) => logged.push(line) };
       const service = new BackupService({ database: process.cwd() + '/app.db', logger });
       const codeOf = (act) => Promise.resolve().then(act).then(() => 'done', (error) => error.code);
       (async () => {
         const codes = [];
         for (const call of ['check', 'createBackup', 'createBackupSync', 'backupIfDue', 'backupIfDueSync']) codes.push(await codeOf(() => service[call]()));
         console.log(JSON.stringify({ codes, logged }));
       })();`,
    );
    fs.writeFileSync(
      temp.file('sea.json'),
      JSON.stringify({ main: 'app.js', output: 'app.blob', disableExperimentalSEAWarning: true }),
    );
    execFileSync(process.execPath, ['--experimental-sea-config', 'sea.json'], { cwd: temp.path, stdio: 'pipe' });
    fs.copyFileSync(process.execPath, temp.file('app'));
    const inject = [path.join(TOOLS, 'postject', 'dist', 'cli.js'), 'app', 'NODE_SEA_BLOB', 'app.blob'];
    const fuse = ['--sentinel-fuse', 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2'];
    execFileSync(process.execPath, [...inject, ...fuse], { cwd: temp.path, stdio: 'pipe' });

    const { codes, logged } = runApp<{ codes: string[]; logged: string[] }>(temp.file('app'), []);
    expect(codes.slice(0, 3)).toEqual(Array(3).fill('ERR_BACKUP_CHILD_FAILED'));
    expect(codes).not.toContain('ERR_BACKUP_TIMEOUT');
    expect(logged[0]).toContain(`"${temp.file('app')}" is the app itself, not Node.`);
    expect(logged[0]).toContain('A single executable application cannot start one: run the app with Node.');
    expect(fs.readFileSync(temp.file('starts'), 'utf8')).toBe('x');
    expect(temp.list().filter((name) => name.includes('backup'))).toEqual([]);
  });
});
