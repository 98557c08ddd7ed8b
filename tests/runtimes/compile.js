// better-sqlite3 as package-lock.json has it, compiled for another Node. npm's packages of Node bring the headers for that, so
// it takes no network. Some 45 s each; the result stays in build/nodes.
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { ROOT, WORKSPACES } = require('./workspace.js');

/** A node_modules with nothing but better-sqlite3 for the Node `program`. */
exports.compiledModules = (program) => {
  const original = path.join(ROOT, 'node_modules', 'better-sqlite3');
  const { version } = JSON.parse(fs.readFileSync(path.join(original, 'package.json'), 'utf8'));
  const nodeVersion = execFileSync(program, ['--version'], { encoding: 'utf8' }).trim();
  const modules = path.join(WORKSPACES, `better-sqlite3-${version}-for-node-${nodeVersion}`, 'node_modules');
  const copy = path.join(modules, 'better-sqlite3');
  if (fs.existsSync(path.join(copy, 'build', 'Release', 'better_sqlite3.node'))) return modules;

  fs.rmSync(modules, { recursive: true, force: true });
  fs.cpSync(original, copy, { recursive: true, filter: (file) => path.relative(original, file) !== 'build' });
  execFileSync(program, [nodeGyp(), 'rebuild', '--release', `--nodedir=${path.join(path.dirname(program), '..')}`], {
    cwd: copy,
    env: { ...process.env, PATH: path.dirname(program) + path.delimiter + process.env.PATH },
    // What it says is part of the error, if it fails.
    stdio: 'pipe',
  });
  return modules;
};

/** npm's own; this is run by npm. */
function nodeGyp() {
  const npm = process.env.npm_execpath;
  if (npm === undefined) throw new Error('Start this with "npm run test:nodes -- --all": npm brings node-gyp.');
  return path.join(path.dirname(npm), '..', 'node_modules', 'node-gyp', 'bin', 'node-gyp.js');
}
