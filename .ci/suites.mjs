// Runs npm scripts one after the other, whatever fails, and counts what passed: `node .ci/suites.mjs build lint test:unit`.
// A script test:… ends in a call of jest, which counts for itself; any other is one check.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { printTable, RESULTS, resultFile, sumOf } from './results.mjs';

const suites = process.argv.slice(2);
fs.mkdirSync(RESULTS, { recursive: true });
for (const suite of suites) fs.rmSync(resultFile(suite), { force: true });

for (const suite of suites) {
  console.log(`\n=== npm run ${suite}`);
  const startedAt = Date.now();
  const result = suite.startsWith('test:') ? runJest(suite) : runCheck(suite);
  fs.writeFileSync(
    resultFile(suite),
    JSON.stringify({ ...result, seconds: Math.round((Date.now() - startedAt) / 1000) }),
  );
  // What comes after it tests what it would have built.
  if (suite === 'build' && result.failed > 0) break;
}

printTable(suites);
process.exitCode = sumOf(suites).failed > 0 ? 1 : 0;

function runCheck(suite) {
  return npmRun(suite) ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

function runJest(suite) {
  const output = `${RESULTS}/jest-output.json`;
  fs.rmSync(output, { force: true });
  const succeeded = npmRun(`${suite} -- --json --outputFile=${output}`);
  // If jest could not even start, there is none.
  const counts = fs.existsSync(output) ? JSON.parse(fs.readFileSync(output, 'utf8')) : {};
  const { numPassedTests: passed = 0, numFailedTests = 0, numRuntimeErrorTestSuites = 0 } = counts;
  const failed = numFailedTests + numRuntimeErrorTestSuites;
  return { passed, failed: succeeded ? failed : Math.max(failed, 1) };
}

function npmRun(command) {
  // One string and a shell: on Windows npm is a script.
  const { status } = spawnSync(`npm run ${command}`, { shell: true, stdio: ['ignore', 'inherit', 'inherit'] });
  return status === 0;
}
