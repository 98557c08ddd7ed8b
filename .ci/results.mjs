// What suites.mjs has counted. As a command, `node .ci/results.mjs build lint test:unit`, its last line is the sum.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Relative, with slashes: it becomes part of a command line on every system. */
export const RESULTS = 'build/results';
export const resultFile = (suite) => `${RESULTS}/${suite.replaceAll(':', '-')}.json`;

/** A suite that left no result did not run, which is a failure. */
function resultOf(suite) {
  const file = resultFile(suite);
  return fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : { passed: 0, failed: 1, seconds: 0 };
}

export function sumOf(suites) {
  const results = suites.map(resultOf);
  const sum = (key) => results.reduce((total, result) => total + result[key], 0);
  return { passed: sum('passed'), failed: sum('failed') };
}

export function printTable(suites) {
  console.log('\n                    passed  failed  seconds');
  for (const suite of suites) {
    const { passed, failed, seconds } = resultOf(suite);
    const cells = [passed, failed, seconds].map((number) => String(number).padStart(8));
    console.log(`  ${suite.padEnd(16)}${cells.join('')}`);
  }
}

if (path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const suites = process.argv.slice(2);
  const { passed, failed } = sumOf(suites);
  printTable(suites);
  console.log(`\n${passed} passed, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
}
