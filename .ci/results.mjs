// What suites.mjs has counted.
import fs from 'node:fs';

/** Relative, with slashes: it becomes part of a command line on every system. */
export const RESULTS = 'build/results';
export const resultFile = (suite) => `${RESULTS}/${suite.replaceAll(':', '-')}.json`;
/** jest's own report of it. */
export const jestFile = (suite) => `${RESULTS}/${suite.replaceAll(':', '-')}-jest.json`;

/** A suite that left no result did not run, which is a failure. */
export function resultOf(suite) {
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
