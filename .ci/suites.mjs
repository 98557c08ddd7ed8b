// Runs npm scripts, whatever fails, and counts what passed: `node .ci/suites.mjs build lint test:unit`. After `--beside` comes a
// second row, which runs beside the first as soon as the build is done: half of the suites wait for servers and browsers.
// A script test:… ends in a call of jest, which counts for itself; any other is one check.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { linesOf, printFailures } from './failures.mjs';
import { jestFile, printTable, RESULTS, resultFile, sumOf } from './results.mjs';

const args = process.argv.slice(2);
const suites = args.filter((arg) => arg !== '--beside');
const split = args.includes('--beside') ? args.indexOf('--beside') : args.length;
const [first, second] = [args.slice(0, split), args.slice(split + 1)];

/** Of the output of what has failed. */
const TAIL_LINES = 30;

fs.mkdirSync(RESULTS, { recursive: true });
for (const file of suites.flatMap((suite) => [resultFile(suite), jestFile(suite)])) fs.rmSync(file, { force: true });

// What comes after it tests what it would have built.
if (first[0] !== 'build' || (await run(first.shift())).failed === 0) await Promise.all([runRow(first), runRow(second)]);

printTable(suites);
// CI says it at its very end.
if (!process.env.CI) printFailures(suites);
process.exitCode = sumOf(suites).failed > 0 ? 1 : 0;

async function runRow(row) {
  for (const suite of row) await run(suite);
}

async function run(suite) {
  const startedAt = Date.now();
  const result = suite.startsWith('test:') ? await runJest(suite) : await runCheck(suite);
  const seconds = Math.round((Date.now() - startedAt) / 1000);
  fs.writeFileSync(resultFile(suite), JSON.stringify({ ...result, seconds }));
  return result;
}

async function runCheck(suite) {
  const { succeeded, tail } = await npmRun(suite);
  return succeeded ? { passed: 1, failed: 0 } : { passed: 0, failed: 1, tail };
}

async function runJest(suite) {
  const output = jestFile(suite);
  fs.rmSync(output, { force: true });
  const { succeeded, tail } = await npmRun(`${suite} -- --json --outputFile=${output}`);
  // If jest could not even start, there is none.
  const counts = fs.existsSync(output) ? JSON.parse(fs.readFileSync(output, 'utf8')) : {};
  const { numPassedTests: passed = 0, numFailedTests = 0, numRuntimeErrorTestSuites = 0 } = counts;
  const failed = numFailedTests + numRuntimeErrorTestSuites;
  return succeeded ? { passed, failed } : { passed, failed: Math.max(failed, 1), tail };
}

/** Two rows must not mix their lines: then each suite's output comes when it has ended. */
async function npmRun(command) {
  const isAlone = second.length === 0;
  if (isAlone) console.log(`\n=== npm run ${command}`);
  // Who looks at it sees colours and progress.
  const isWatched = isAlone && process.stdout.isTTY;
  const stdio = isWatched ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'];
  // One string and a shell: on Windows npm is a script.
  const child = spawn(`npm run ${command}`, { shell: true, stdio });
  const chunks = [];
  const keep = (data) => {
    chunks.push(data);
    if (isAlone) process.stdout.write(data);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  const status = await new Promise((resolve) => child.on('close', resolve));
  const output = Buffer.concat(chunks).toString();
  if (!isAlone) process.stdout.write(`\n=== npm run ${command}\n${output}`);
  return { succeeded: status === 0, tail: isWatched ? ['see above'] : linesOf(output).slice(-TAIL_LINES) };
}
