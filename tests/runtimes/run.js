// node run.js [--newest] [--node=24] [--all] [--json --outputFile=FILE]: the core's suites, on the packed build, on newer Nodes than this
// one, or on one of them. better-sqlite3 13 brings its binaries. --all: also with the better-sqlite3 of
// package-lock.json, compiled for each Node.
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { compiledModules } = require('./compile.js');
const { makeWorkspace, nodeProgram, NEWER_MODULES, ROOT } = require('./workspace.js');

const NODES = [22, 24, 26];
const PROJECTS = ['unit', 'integration', 'runtimes'];

const options = process.argv.slice(2);
const outputFile = options.find((option) => option.startsWith('--outputFile='))?.slice('--outputFile='.length);

const nodes = NODES.filter(
  (major) =>
    (!options.includes('--newest') || major === NODES.at(-1)) &&
    (!options.some((option) => option.startsWith('--node=')) || options.includes(`--node=${major}`)),
);
const entries = nodes.flatMap((major) => [
  { major, modules: () => NEWER_MODULES },
  ...(options.includes('--all') ? [{ major, modules: () => compiledModules(nodeProgram(major)) }] : []),
]);
const results = entries.map(runSuites);
printTable(results);

const sum = (key) => results.reduce((total, result) => total + result[key], 0);
if (outputFile !== undefined) {
  // What .ci/suites.mjs reads of jest's own report.
  const testResults = results.flatMap((result) => result.testResults);
  const counts = { numPassedTests: sum('passed'), numFailedTests: sum('failed') };
  fs.writeFileSync(outputFile, JSON.stringify({ ...counts, testResults }));
}
process.exitCode = sum('failed') > 0 ? 1 : 0;

function runSuites({ major, modules: modulesFor }) {
  const program = nodeProgram(major);
  const startedAt = Date.now();
  const modules = modulesFor();
  const { version } = require(path.join(modules, 'better-sqlite3', 'package.json'));
  const title = `Node ${major}, better-sqlite3 ${version}`;
  console.log(`\n--- ${title}`);

  const workspace = makeWorkspace(`node${major}-better-sqlite3-${version}`, modules);
  const report = path.join(workspace, 'jest-report.json');
  const jest = path.join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
  const { status } = spawnSync(program, [jest, '--selectProjects', ...PROJECTS, '--json', `--outputFile=${report}`], {
    cwd: workspace,
    // Where a test starts npm or a tool, that runs on this Node too.
    env: { ...process.env, PATH: path.dirname(program) + path.delimiter + process.env.PATH },
    stdio: ['ignore', 'ignore', 'inherit'],
  });

  const counts = fs.existsSync(report) ? JSON.parse(fs.readFileSync(report, 'utf8')) : {};
  const { numPassedTests: passed = 0, numFailedTests = 0, numRuntimeErrorTestSuites = 0, testResults = [] } = counts;
  const failed = Math.max(numFailedTests + numRuntimeErrorTestSuites, status === 0 ? 0 : 1);
  if (failed === 0) fs.rmSync(workspace, { recursive: true });
  return { title, passed, failed, testResults, seconds: Math.round((Date.now() - startedAt) / 1000) };
}

function printTable(rows) {
  console.log(`\n  ${''.padEnd(32)}  passed  failed  seconds`);
  for (const { title, passed, failed, seconds } of rows) {
    console.log(`  ${title.padEnd(32)}${[passed, failed, seconds].map((count) => String(count).padStart(8)).join('')}`);
  }
}
