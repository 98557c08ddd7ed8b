// A folder in which the packed package and its tests run on another Node, with another better-sqlite3.
const { execFileSync, execSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const ROOT = path.join(__dirname, '..', '..');
const WORKSPACES = path.join(ROOT, 'build', 'nodes');
exports.ROOT = ROOT;
exports.WORKSPACES = WORKSPACES;

const LEFT_OUT = new Set(['node_modules', 'build', 'dist', 'coverage', '.git']);

/**
 * `build/nodes/<name>`: what is packed of dist/, a copy of the tests, and a node_modules that is `modules`. All that is not
 * in there (jest, what the package depends on) is found in the repository's own node_modules, above it.
 */
exports.makeWorkspace = (name, modules) => {
  const folder = path.join(WORKSPACES, name);
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  for (const entry of fs.readdirSync(ROOT)) {
    if (LEFT_OUT.has(entry)) continue;
    fs.cpSync(path.join(ROOT, entry), path.join(folder, entry), { recursive: true, filter: isWanted });
  }
  // What lies in dist/ now, by way of the tarball: what would not be in it is not there either.
  const [{ filename }] = JSON.parse(
    execSync(`npm pack --json --ignore-scripts --pack-destination "${folder}"`, { cwd: ROOT, stdio: 'pipe' }),
  );
  execFileSync('tar', ['-xzf', filename, '--strip-components=1'], { cwd: folder });
  fs.rmSync(path.join(folder, filename));
  fs.symlinkSync(modules, path.join(folder, 'node_modules'));
  return folder;
};

function isWanted(file) {
  return !LEFT_OUT.has(path.basename(file));
}

/** tests/runtimes/node_modules, with the newer Nodes and better-sqlite3 13; `npm ci --prefix tests/runtimes` fills it. */
exports.NEWER_MODULES = path.join(__dirname, 'node_modules');

/** The program of the newest release with that major version which the lockfile has. */
exports.nodeProgram = (major) => {
  const program = path.join(exports.NEWER_MODULES, `node${major}`, 'bin', 'node');
  if (fs.existsSync(program)) return program;
  throw new Error(`"${program}" is missing: run "npm ci --prefix tests/runtimes" (its Nodes are for Linux on x64).`);
};
