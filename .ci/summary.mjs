// node .ci/summary.mjs build lint test:unit …: how long each of these took, what has failed of them, and, in the last line, the sum.
import { printFailures } from './failures.mjs';
import { printTable, sumOf } from './results.mjs';

const suites = process.argv.slice(2);
const { passed, failed } = sumOf(suites);
printTable(suites);
printFailures(suites);
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
